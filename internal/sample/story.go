package sample

import (
	"fmt"
	"net/http"
	"time"

	"github.com/probity/probity/internal/resource"
)

// Event is one scripted event of the day.
type Event struct {
	ID string `json:"id"`
	// Sentence says what happened and what a report must say about it.
	Sentence string    `json:"sentence"`
	From     time.Time `json:"from"`    // UTC
	To       time.Time `json:"to"`      // equal to From for a moment
	Objects  []string  `json:"objects"` // that it is about, as reports print them; a node's name for benchmarks
	Checks   []Check   `json:"checks"`
}

// The reports of the folder reports/.
const (
	inventory     = "daily-inventory"
	networkAccess = "daily-shop-network-access"
	policyAudit   = "daily-policy-audit"
	cisBenchmark  = "daily-cis-benchmark"
)

// tell adds an event to the story.
func (w *world) tell(e Event) { w.story = append(w.story, e) }

func podKey(p *pod) string { return p.key().String() }

// planStory puts the scripted events on the agenda, in the order in which they begin. What they are about is chosen now, so
// that the story reads the same whatever the day makes of it.
func (w *world) planStory() {
	w.planQuietPeers()
	w.planInternetOnce()
	w.planPolicyGap()
	w.planDeniedConnection()
	w.planScopeVisit()
	w.planOpenedPort()
	w.planNamespaceGone()
	w.planRefusedDelete()
	w.planShortPod()
	w.planBenchmark()
}

// planQuietPeers tells of what does not change, so that a report that calls everything unprotected is found out too.
func (w *world) planQuietPeers() {
	payment, proxy := w.app("shop/payment").pods[0], w.app("kube-system/kube-proxy").pods[0]
	points, picker := w.app("loyalty/api").pods[0], w.app("warehouse/picker").pods[1]
	row := func(p *pod, expect map[string]string, lists map[string][]string) Check {
		return Check{Report: inventory, File: "endpoints.csv", Where: map[string]string{"endpoint": podKey(p)}, Expect: expect, Lists: lists}
	}
	w.tell(Event{
		ID: "steady", From: w.clock(0, 0, 0), To: w.clock(24, 0, 0),
		Sentence: "A payment pod was protected all day in both directions; a pod on the host's network is listed and never protected; a loyalty pod " +
			"ran with Envoy; a picker pod has only a staged policy, which protects nobody.",
		Objects: []string{podKey(payment), podKey(proxy), podKey(points), podKey(picker)},
		Checks: []Check{
			row(payment, map[string]string{"ingressProtected": "true", "egressProtected": "true", "envoyEnabled": "false"},
				map[string][]string{
					"appliedPolicies": {"NetworkPolicy(shop/application.payment)", "GlobalNetworkPolicy(security.block-list)"},
					"services":        {"Service.v1(shop/payment)"},
				}),
			row(proxy, map[string]string{"ingressProtected": "false", "egressProtected": "false"}, nil),
			row(points, map[string]string{"envoyEnabled": "true", "ingressProtected": "true"}, nil),
			row(picker, map[string]string{"ingressProtected": "false"}, nil),
		},
	})
}

func (w *world) planInternetOnce() {
	p := w.app("shop/ads").pods[0]
	at := w.clock(6, 42, 17)
	w.at(at, func() { w.once(party{pod: p}, party{addr: visitor(w.flows.rnd)}, dial(nil, 443)) })
	w.tell(Event{
		ID: "internet-once", From: at, To: at, Objects: []string{podKey(p)},
		Sentence: "A pod of the ads service opened one connection to the internet, at 06:42, and never again.",
		Checks: []Check{{
			Report: networkAccess, File: "endpoints.csv", Where: map[string]string{"endpoint": podKey(p)},
			Lists: map[string][]string{"endpointsReceivingTrafficFromThisEndpoint": {"Public"}},
		}, {
			Report: networkAccess, File: "flows.csv", Line: []string{"ads-", "Public", "443", "allow"},
		}},
	})
}

func (w *world) planPolicyGap() {
	from, until := w.clock(9, 12, 4), w.clock(10, 12, 31)
	p := w.policy(resource.NetworkPolicy, "shop", "application.cart")
	again := *p
	w.at(from, func() { w.repeal(dana, p) })
	w.at(until, func() { w.enact(robin.impersonating("sre-on-call"), &again) })
	cart := w.app("shop/cart").pods[0]
	name := p.object.key().String()
	w.tell(Event{
		ID: "policy-gap", From: from, To: until, Objects: []string{name, podKey(cart)},
		Sentence: "The cart's policy was deleted by dana@shop.example at 09:12 and created again an hour later: the cart pods were not protected " +
			"throughout, though they were at both ends of the day.",
		Checks: []Check{{
			Report: inventory, File: "endpoints.csv", Where: map[string]string{"endpoint": podKey(cart)},
			Expect: map[string]string{"ingressProtected": "false", "egressProtected": "true"}, Lists: map[string][]string{"appliedPolicies": {name}},
		}, {
			Report: policyAudit, File: "changes.csv", Line: []string{name, "delete", "dana@shop.example"},
		}, {
			Report: policyAudit, File: "changes.csv", Line: []string{name, "create", "sre-on-call"},
		}},
	})
}

func (w *world) planDeniedConnection() {
	at := w.clock(11, 26, 40)
	from, to := w.app("sandbox/scratch").pods[0], w.app("shop/payment").pods[1]
	w.at(at, func() { w.once(party{pod: from}, party{pod: to}, dial(w.app("shop/payment"), 0)) })
	w.tell(Event{
		ID: "denied-connection", From: at, To: at, Objects: []string{podKey(from), podKey(to)},
		Sentence: "A scratch pod of the sandbox tried to reach a payment pod at 11:26, and the payment service's policy denied it.",
		Checks: []Check{{
			Report: networkAccess, File: "flows.csv", Line: []string{from.Name, to.Name, "deny", "application.payment"},
		}, {
			Report: networkAccess, File: "endpoints.csv", Where: map[string]string{"endpoint": podKey(to)},
			Lists: map[string][]string{"endpointsGeneratingTrafficToThisEndpoint": {podKey(from)}},
		}},
	})
}

func (w *world) planScopeVisit() {
	from, until := w.clock(12, 0, 9), w.clock(14, 0, 2)
	p := w.app("warehouse/picker").pods[0]
	other := w.app("warehouse/picker").pods[1]
	w.at(from, func() {
		w.patch(alex, p.object, fragment("labels", "part-of", "shop"), func() { p.Labels["part-of"] = "shop" })
	})
	w.at(until, func() {
		w.patch(alex, p.object, fragment("labels", "part-of", nil), func() { delete(p.Labels, "part-of") })
	})
	where := func(p *pod) map[string]string { return map[string]string{"endpoint": podKey(p)} }
	w.tell(Event{
		ID: "scope-visit", From: from, To: until, Objects: []string{podKey(p)},
		Sentence: "A picker pod of the warehouse bore the shop's label from 12:00 to 14:00: it is in the shop's report, and its neighbour is not.",
		Checks: []Check{
			{Report: networkAccess, File: "endpoints.csv", Where: where(p)},
			{Report: networkAccess, File: "endpoints.csv", Where: where(other), Absent: true},
		},
	})
}

func (w *world) planOpenedPort() {
	from, until := w.clock(13, 5, 44), w.clock(13, 25, 52)
	p := w.policy(resource.NetworkPolicy, "shop", "application.checkout")
	before := p.ingress
	w.at(from, func() {
		w.amend(dana, p, func() {
			p.ingress = append(before[:len(before):len(before)], allow("TCP", 5050, peer{nets: []string{"0.0.0.0/0"}}))
		})
	})
	w.at(until, func() { w.amend(robin, p, func() { p.ingress = before }) })
	checkout := w.app("shop/checkout").pods[0]
	name := p.object.key().String()
	w.tell(Event{
		ID: "opened-port", From: from, To: until, Objects: []string{name, podKey(checkout)},
		Sentence: "The checkout's policy was edited at 13:05 to let 0.0.0.0/0 in, and closed again twenty minutes later: the checkout pods were " +
			"open to the internet in the interval.",
		Checks: []Check{{
			Report: networkAccess, File: "endpoints.csv", Where: map[string]string{"endpoint": podKey(checkout)},
			Expect: map[string]string{"ingressFromInternet": "true", "ingressProtected": "true"},
		}, {
			Report: policyAudit, File: "changes.csv", Line: []string{name, "update", "dana@shop.example", "0.0.0.0/0"},
		}, {
			Report: policyAudit, File: "changes.csv", Line: []string{name, "update", "robin@shop.example"},
		}},
	})
}

func (w *world) planNamespaceGone() {
	from := w.clock(14, 30, 0)
	trial := w.app("sandbox/trial").pods[0]
	end := w.planNamespaceEnd(from, robin, "sandbox")
	w.tell(Event{
		ID: "namespace-gone", From: from, To: end, Objects: []string{"Namespace.v1(sandbox)", podKey(trial)},
		Sentence: "The namespace sandbox was deleted at 14:30 with all that it held: its pods are in the report, and were protected to their end.",
		Checks: []Check{{
			Report: inventory, File: "endpoints.csv", Where: map[string]string{"endpoint": podKey(trial)},
			Expect: map[string]string{"ingressProtected": "true"}, Lists: map[string][]string{"appliedPolicies": {"NetworkPolicy(sandbox/application.trial)"}},
		}, {
			Report: inventory, File: "namespaces.csv", Where: map[string]string{"namespace": "Namespace.v1(sandbox)"},
			Expect: map[string]string{"ingressProtected": "true"},
		}, {
			Report: policyAudit, File: "changes.csv", Line: []string{"NetworkPolicy(sandbox/application.trial)", "delete", "namespace-controller"},
		}},
	})
}

func (w *world) planRefusedDelete() {
	at := w.clock(16, 40, 21)
	p := w.policy(resource.GlobalNetworkPolicy, "", "security.block-list")
	w.at(at, func() {
		w.refuse(request{by: mallory, verb: "delete", ref: w.refTo(p.object), code: http.StatusForbidden})
	})
	w.tell(Event{
		ID: "refused-delete", From: at, To: at, Objects: []string{p.object.key().String()},
		Sentence: "mallory@contractor.example tried to delete the block list's policy at 16:40 and was refused.",
		Checks: []Check{
			{Report: policyAudit, File: "refused.csv", Line: []string{p.object.key().String(), "delete", "mallory@contractor.example", "403"}},
			{Report: policyAudit, File: "changes.csv", Line: []string{"mallory@contractor.example"}, Absent: true},
		},
	})
}

func (w *world) planShortPod() {
	from, until := w.clock(18, 20, 13), w.clock(18, 30, 40)
	a := &app{namespace: "shop", name: "debug-shell", noService: true, hash: "no-hash"}
	p := a.draft()
	p.app, p.GenerateName, p.Name = nil, "", "debug-shell"
	p.Labels = map[string]string{"run": "debug-shell"}
	p.spec.ServiceAccountName = "default"
	w.at(from, func() {
		w.create(dana, p.object)
		w.launch(p, "worker-2")
	})
	w.at(until, func() { w.stop(dana, p) })
	w.tell(Event{
		ID: "short-pod", From: from, To: until, Objects: []string{podKey(p)},
		Sentence: "A shell pod lived for ten minutes in the shop, between two snapshots, with no policy at its entrance.",
		Checks: []Check{{
			Report: inventory, File: "endpoints.csv", Where: map[string]string{"endpoint": podKey(p)},
			Expect: map[string]string{"ingressProtected": "false", "egressProtected": "true"},
		}},
	})
}

func (w *world) planBenchmark() {
	at := w.clock(2, 10, 0)
	where := func(node string) map[string]string { return map[string]string{"nodeName": node, "testIndex": weakTest} }
	w.tell(Event{
		ID: "weak-node", From: at, To: at, Objects: []string{weakNode},
		Sentence: fmt.Sprintf("The benchmark of %s failed on anonymous access to the kubelet, which the other workers refuse.", weakNode),
		Checks: []Check{
			{Report: cisBenchmark, File: "failed-tests.csv", Where: where(weakNode), Expect: map[string]string{"status": "FAIL"}},
			{Report: cisBenchmark, File: "failed-tests.csv", Where: where("worker-1"), Absent: true},
		},
	})
}
