package kube

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

// step is something that happens in a cluster. rows are those of audit-log.md that it makes the API server write.
type step struct {
	name string
	rows []int
	do   func(t *testing.T, s *auditScene)
}

// rowsNotPlayed are the rows that no step makes the API server write, and why.
var rowsNotPlayed = map[int]string{
	7:  "needs a kubelet that repeats itself",
	14: "the last subtest: no event tells",
	37: "needs an API server that is started again beside its watches; rotation itself happens all through the test",
	40: "about every line of a refused request", 42: "about every line", 44: "about every delete",
	43: "the recommended policy leaves managed fields out",
}

// TestEveryRowIsPlayedOrExplained: audit-log.md has 44 rows.
func TestEveryRowIsPlayedOrExplained(t *testing.T) {
	played := map[int]bool{}
	for _, step := range auditSteps {
		for _, row := range step.rows {
			played[row] = true
		}
	}
	for row := 1; row <= 44; row++ {
		require.NotEqual(t, played[row], rowsNotPlayed[row] != "", "row %d is either played or explained", row)
	}
}

var auditSteps = []step{
	{"a shop begins", []int{22, 26, 27, 33, 36, 39}, func(t *testing.T, s *auditScene) {
		s.Kubectl(t, "create", "namespace", shop)
		s.Apply(t, shopPolicies)
		for _, app := range []string{"web", "cart", "batch"} {
			s.Kubectl(t, "-n", shop, "create", "deployment", app, "--image=app", "--replicas=3")
			s.Kubectl(t, "-n", shop, "expose", "deployment", app, "--port=80")
			s.settled(t, shop, "app="+app, 3)
		}
	}},
	{"scaling", []int{5, 29}, func(t *testing.T, s *auditScene) {
		s.Kubectl(t, "-n", shop, "scale", "deployment/web", "--replicas=6")
		s.settled(t, shop, "app=web", 6)
		s.Kubectl(t, "-n", shop, "scale", "deployment/web", "--replicas=2")
		s.settled(t, shop, "app=web", 2)
	}},
	{"deleted pods", []int{5, 6, 11}, func(t *testing.T, s *auditScene) {
		s.Kubectl(t, "-n", shop, "delete", "pod", "-l", "app=web")
		s.settled(t, shop, "app=web", 2)
		s.Kubectl(t, "-n", shop, "delete", "pod", "-l", "app=cart", "--force", "--grace-period=0")
		s.settled(t, shop, "app=cart", 3)
	}},
	{"evictions and a drained node", []int{8, 21}, func(t *testing.T, s *auditScene) {
		s.Kubectl(t, "-n", shop, "create", "poddisruptionbudget", "cart", "--selector=app=cart", "--min-available=3")
		s.until(t, "the budget is known", func() bool {
			return s.Kubectl(t, "-n", shop, "get", "pdb", "cart", "-o", "jsonpath={.status.currentHealthy}") == "3"
		})
		pod := s.Kubectl(t, "-n", shop, "get", "pods", "-l", "app=cart", "-o", "jsonpath={.items[0].metadata.name}")
		eviction := `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"` + pod + `","namespace":"shop"}}`
		code, _ := s.call(t, http.MethodPost, "/api/v1/namespaces/shop/pods/"+pod+"/eviction", eviction)
		require.Equal(t, http.StatusTooManyRequests, code)
		s.Kubectl(t, "-n", shop, "delete", "pdb", "cart")
		s.Kubectl(t, "drain", "kwok-0", "--force", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s")
		s.Kubectl(t, "uncordon", "kwok-0")
		s.settled(t, shop, "app=cart", 3)
		s.settled(t, shop, "app=web", 2)
		s.settled(t, shop, "app=batch", 3)
	}},
	{"edited policies", []int{18, 22, 23, 24, 30, 32}, func(t *testing.T, s *auditScene) {
		policy := "networkpolicies.networking.k8s.io/web"
		s.Kubectl(t, "-n", shop, "patch", policy, "--type=json", "-p", `[{"op":"replace","path":"/spec/podSelector","value":{"matchLabels":{"app":"cart"}}}]`)
		s.Kubectl(t, "-n", shop, "patch", policy, "--type=merge", "-p", `{"metadata":{"labels":{"by":"merge"}}}`)
		s.Kubectl(t, "-n", shop, "patch", policy, "--type=merge", "-p", `{"metadata":{"labels":{"by":"merge"}}}`)
		s.Kubectl(t, "-n", shop, "label", policy, "seen=yes", "--as", "jane", "--as-group", "system:masters")
		s.Apply(t, strings.Replace(webPolicy, "app: web", "app: batch", 1), "--server-side", "--force-conflicts")
		s.Apply(t, strings.Replace(webPolicy, "app: web", "app: batch", 1), "--server-side", "--force-conflicts")
		file := filepath.Join(t.TempDir(), "policy.yaml")
		require.NoError(t, os.WriteFile(file, []byte(webPolicy), 0o600))
		s.Kubectl(t, "replace", "--force", "-f", file)
	}},
	{"dry runs", []int{16, 17}, func(t *testing.T, s *auditScene) {
		s.Kubectl(t, "-n", shop, "delete", "networkpolicies.networking.k8s.io/web", "--dry-run=server")
		s.Kubectl(t, "delete", "namespace", shop, "--dry-run=server")
		s.Kubectl(t, "-n", shop, "create", "serviceaccount", "never", "--dry-run=server")
		s.Kubectl(t, "-n", shop, "label", "pod", "-l", "app=web", "never=yes", "--dry-run=server")
		s.Apply(t, strings.Replace(webPolicy, "name: web", "name: never", 1), "--server-side", "--dry-run=server")
		s.Kubectl(t, "delete", "--raw", "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies?dryRun=All")
	}},
	{"refused writes", []int{19, 20, 21}, func(t *testing.T, s *auditScene) {
		viewer := s.Users["viewer"]
		s.Refused(t, "--kubeconfig", viewer, "-n", shop, "delete", "networkpolicies.networking.k8s.io/web")
		s.Refused(t, "--kubeconfig", viewer, "-n", shop, "create", "serviceaccount", "never")
		s.Refused(t, "-n", shop, "create", "serviceaccount", "default")
		s.Refused(t, "-n", "nowhere", "create", "serviceaccount", "never")
		s.Refused(t, "-n", shop, "label", "pod", "nobody", "a=b")
		code, _ := s.call(t, http.MethodPatch, "/api/v1/namespaces/shop/serviceaccounts/default", "{}", "Content-Type", "text/plain")
		require.Equal(t, http.StatusUnsupportedMediaType, code)
		code, _ = s.call(t, http.MethodPut, "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/web",
			`{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"web","namespace":"shop","resourceVersion":"1"},"spec":{"podSelector":{}}}`)
		require.Equal(t, http.StatusConflict, code)
		code, _ = s.call(t, http.MethodPost, "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies",
			`{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"never"},"spec":{"podSelector":{},"policyTypes":["Sideways"]}}`)
		require.Equal(t, http.StatusUnprocessableEntity, code)
		require.Equal(t, http.StatusUnauthorized, s.anonymous(t, "/api/v1/namespaces/shop"))
	}},
	{"writes that an admission policy refuses", []int{19}, func(t *testing.T, s *auditScene) { s.admission(t) }},
	{"finalizers", []int{1, 3}, func(t *testing.T, s *auditScene) {
		s.Apply(t, strings.Replace(webPolicy, "name: web", "name: kept\n  finalizers: [example.org/hold]", 1))
		s.Kubectl(t, "-n", shop, "delete", "networkpolicies.networking.k8s.io/kept", "--wait=false")
		s.Kubectl(t, "-n", shop, "patch", "networkpolicies.networking.k8s.io/kept", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
		s.Apply(t, strings.Replace(webPolicy, "name: web", "name: held\n  finalizers: [example.org/hold]", 1))
		s.Kubectl(t, "-n", shop, "delete", "networkpolicies.networking.k8s.io/held", "--wait=false")
	}},
	{"foreground and orphan deletion", []int{4}, func(t *testing.T, s *auditScene) {
		s.Kubectl(t, "-n", shop, "delete", "deployment", "batch", "--cascade=foreground")
		s.settled(t, shop, "app=batch", 0)
		s.Kubectl(t, "-n", shop, "delete", "service", "batch", "--cascade=foreground")
		s.Kubectl(t, "-n", shop, "delete", "deployment", "web", "--cascade=orphan")
		s.settled(t, shop, "app=web", 2)
	}},
	{"collections", []int{9, 10}, func(t *testing.T, s *auditScene) {
		for n := range 3 {
			s.Apply(t, strings.Replace(webPolicy, "name: web", fmt.Sprintf("name: many-%d\n  labels: {many: 'yes'}", n), 1))
			s.Apply(t, strings.NewReplacer("name: db", fmt.Sprintf("name: many-%d\n  labels: {many: 'yes'}", n)).Replace(calicoPolicy))
		}
		s.Kubectl(t, "delete", "--raw", "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies?labelSelector=many%3Dyes")
		s.Kubectl(t, "delete", "--raw", "/apis/projectcalico.org/v3/namespaces/shop/networkpolicies?labelSelector=many%3Dyes")
		s.Kubectl(t, "delete", "--raw", "/api/v1/namespaces/shop/pods?labelSelector=app%3Dcart")
		s.settled(t, shop, "app=cart", 3)
	}},
	{"sub-resources and accounts", []int{28, 29, 31, 41}, func(t *testing.T, s *auditScene) {
		s.Kubectl(t, "-n", shop, "create", "serviceaccount", "robot")
		s.Kubectl(t, "-n", shop, "create", "token", "robot")
		pod := s.Kubectl(t, "-n", shop, "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[0].metadata.name}")
		s.Kubectl(t, "-n", shop, "patch", "pod", pod, "--subresource=ephemeralcontainers", "--type=strategic", "-p",
			`{"spec":{"ephemeralContainers":[{"name":"debug","image":"busybox"}]}}`)
		s.Kubectl(t, "-n", shop, "patch", "pod", pod, "--subresource=status", "--type=merge", "-p", `{"status":{"phase":"Failed","reason":"Evicted"}}`)
		nets := make([]string, 6000)
		for i := range nets {
			nets[i] = fmt.Sprintf("%q", fmt.Sprintf("203.%d.%d.0/24", i/250, i%250))
		}
		code, answer := s.call(t, http.MethodPost, "/apis/projectcalico.org/v3/globalnetworksets",
			`{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkSet","metadata":{"name":"large"},"spec":{"nets":[`+strings.Join(nets, ",")+`]}}`)
		require.Equal(t, http.StatusCreated, code, answer)
	}},
	{"services by PUT, and away", []int{2, 25}, func(t *testing.T, s *auditScene) {
		code, answer := s.call(t, http.MethodPut, "/api/v1/namespaces/shop/services/put",
			`{"apiVersion":"v1","kind":"Service","metadata":{"name":"put","namespace":"shop"},"spec":{"ports":[{"port":80}],"selector":{"app":"cart"}}}`)
		require.Equal(t, http.StatusCreated, code, answer)
		s.Kubectl(t, "-n", shop, "delete", "service", "web")
		s.until(t, "its slices are gone", func() bool {
			return s.Kubectl(t, "-n", shop, "get", "endpointslices", "-l", "kubernetes.io/service-name=web", "-o", "name") == ""
		})
	}},
	{"an audit id that is used again", []int{34}, func(t *testing.T, s *auditScene) {
		const id = "11111111-2222-4333-8444-555555555555"
		policy := `{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"NAME"},"spec":{"podSelector":{}}}`
		const path = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies"
		for _, name := range []string{"first", "second", "first"} {
			code, answer := s.call(t, http.MethodPost, path, strings.Replace(policy, "NAME", name, 1), "Audit-ID", id)
			require.Equal(t, http.StatusCreated, code, answer)
			code, answer = s.call(t, http.MethodDelete, path+"/first", "", "Audit-ID", id)
			require.Contains(t, []int{http.StatusOK, http.StatusNotFound}, code, answer)
		}
	}},
	{"writers that race through two servers", []int{35, 38}, func(t *testing.T, s *auditScene) {
		var writers sync.WaitGroup
		for n, server := range []string{s.Server, s.Second, s.Server, s.Second} {
			writers.Go(func() {
				for i := range 25 {
					body := fmt.Sprintf(`{"metadata":{"labels":{"race":"%d-%d"}}}`, n, i)
					code, _ := s.through(server).call(t, http.MethodPatch, "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/web", body,
						"Content-Type", "application/merge-patch+json")
					if code != http.StatusOK && code != http.StatusConflict {
						t.Errorf("the patch is answered with %d", code)
					}
				}
			})
		}
		writers.Wait()
		s.Kubectl(t, "--kubeconfig", s.SecondKubeconfig, "-n", shop, "create", "serviceaccount", "through-the-second")
	}},
	{"requests whose clients gave up", nil, func(t *testing.T, s *auditScene) {
		s.giveUp(t, 60)
		facts := factsOf(t, s.AuditLogs, s.first)
		require.Contains(t, strings.Join(facts.Unsettled, "\n"), "create NetworkPolicy.networking.k8s.io/v1(shop/gave-up-")
	}},
	{"a namespace that ends", []int{12, 13, 33}, func(t *testing.T, s *auditScene) {
		s.Kubectl(t, "create", "namespace", "short")
		s.Apply(t, strings.ReplaceAll(shopPolicies, "namespace: shop", "namespace: short"))
		s.Kubectl(t, "-n", "short", "create", "deployment", "brief", "--image=app", "--replicas=2")
		s.settled(t, "short", "app=brief", 2)
		s.Kubectl(t, "delete", "namespace", "short", "--timeout=120s")
	}},
	{"the same names again", []int{30}, func(t *testing.T, s *auditScene) {
		s.Kubectl(t, "create", "namespace", "short")
		s.Kubectl(t, "-n", "short", "create", "deployment", "brief", "--image=app", "--replicas=1")
		s.settled(t, "short", "app=brief", 1)
	}},
	{"a node that is removed", []int{15}, func(t *testing.T, s *auditScene) {
		s.Kubectl(t, "delete", "node", "kwok-1")
		s.until(t, "its pods are gone", func() bool {
			return s.Kubectl(t, "get", "pods", "-A", "--field-selector=spec.nodeName=kwok-1", "-o", "name") == ""
		})
		s.settled(t, shop, "app=cart", 3)
		s.settled(t, "short", "app=brief", 1)
	}},
}

// admissionPolicy refuses every write of policies that are named "guarded".
const admissionPolicy = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: guard}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
    - {apiGroups: [networking.k8s.io], apiVersions: [v1], resources: [networkpolicies], operations: [CREATE, UPDATE, DELETE]}
  validations:
  - {expression: "(oldObject != null ? oldObject : object).metadata.name != 'guarded'", message: guarded policies stay as they are}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: guard}
spec: {policyName: guard, validationActions: [Deny, Audit]}
`

// admission has an admission policy refuse a create, an update, two patches and a delete, which change nothing, and then the deletion
// of a collection, which has begun by then.
func (s *auditScene) admission(t *testing.T) {
	t.Helper()
	const path = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies"
	policy := func(name string) string {
		return `{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"` + name + `","labels":{"guarded":"yes"}},"spec":{"podSelector":{}}}`
	}
	code, answer := s.call(t, http.MethodPost, path, policy("guarded"))
	require.Equal(t, http.StatusCreated, code, answer)
	s.Apply(t, admissionPolicy)
	s.until(t, "the admission policy is in force", func() bool {
		code, _ := s.call(t, http.MethodDelete, path+"/guarded?dryRun=All", "")
		return code == http.StatusUnprocessableEntity
	})
	code, answer = s.call(t, http.MethodPost, path, policy("free"))
	require.Equal(t, http.StatusCreated, code, answer)
	for _, refused := range [][]string{
		{http.MethodPost, path, policy("guarded")},
		{http.MethodPut, path + "/guarded", policy("guarded")},
		{http.MethodPatch, path + "/guarded", `{"spec":{"podSelector":{"matchLabels":{"app":"web"}}}}`, "Content-Type", "application/merge-patch+json"},
		{http.MethodPatch, path + "/guarded?fieldManager=me&force=true", policy("guarded"), "Content-Type", "application/apply-patch+yaml"},
		{http.MethodDelete, path + "/guarded", ""},
	} {
		code, answer := s.call(t, refused[0], refused[1], refused[2], refused[3:]...)
		require.Equal(t, http.StatusUnprocessableEntity, code, answer)
		require.Contains(t, answer, "guarded policies stay as they are")
	}
	// Of the collection some are deleted, until one is refused; the event names none of them.
	code, answer = s.call(t, http.MethodDelete, path+"?labelSelector=guarded%3Dyes", "")
	require.Equal(t, http.StatusUnprocessableEntity, code, answer)
	code, answer = s.call(t, http.MethodGet, path+"/free", "")
	require.Equal(t, http.StatusNotFound, code, answer)
	s.until(t, "the log is written", func() bool {
		return strings.Contains(strings.Join(factsOf(t, s.AuditLogs, s.first).Unsettled, "\n"), "deletecollection NetworkPolicy.networking.k8s.io/v1(shop/), answered with 422")
	})
	// What is gone without the log telling has an end that it does tell.
	code, answer = s.call(t, http.MethodPost, path, policy("free"))
	require.Equal(t, http.StatusCreated, code, answer)
	s.Kubectl(t, "-n", shop, "delete", "networkpolicies.networking.k8s.io/free")
	s.Kubectl(t, "delete", "validatingadmissionpolicy/guard", "validatingadmissionpolicybinding/guard")
}

// giveUp writes and hangs up at once, again and again: what became of each request only the server knows.
func (s *auditScene) giveUp(t *testing.T, times int) {
	t.Helper()
	for n := range times {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*200*time.Microsecond)
		path := "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies"
		body := fmt.Sprintf(`{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"gave-up-%d"},"spec":{"podSelector":{}}}`, n%7)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Server+path, strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		if answer, err := s.http.Do(request); err == nil {
			answer.Body.Close()
		}
		cancel()
		if n%3 == 2 {
			s.call(t, http.MethodDelete, fmt.Sprintf("%s/gave-up-%d", path, n%7), "")
		}
	}
	for n := range 7 { // what was created without the log telling has an end that it does tell
		s.Kubectl(t, "-n", shop, "delete", "--ignore-not-found", fmt.Sprintf("networkpolicies.networking.k8s.io/gave-up-%d", n))
	}
}

// TestAuditLogsTellWhatHappened plays every step and requires, after each, that the state replayed from the logs of both API servers is
// what a fresh list says and what independent watches say.
func TestAuditLogsTellWhatHappened(t *testing.T) {
	t.Parallel()
	s := newAuditScene(t)
	logs := s.archive(t)
	both, alone := s.recorded(t)
	for _, step := range auditSteps {
		ok := t.Run(step.name, func(t *testing.T) {
			step.do(t, s)
			s.compare(t)
		})
		if !ok {
			t.Logf("the rest is not played after %q", step.name)
			return
		}
	}
	require.True(t, s.rotated(t), "the log was rotated meanwhile")
	for _, by := range []*way{logs, both, alone} {
		t.Run("reports of all that by "+by.name, func(t *testing.T) { s.requireReports(t, by) })
	}

	t.Run("a removed definition takes its objects with it, and no event tells", func(t *testing.T) {
		s.Kubectl(t, "delete", "crd", "globalnetworksets.projectcalico.org")
		last := s.fresh(t)
		require.Equal(t, []timeline.Difference{{Object: resource.Key{Kind: resource.GlobalNetworkSet, Name: "large"}, What: "unexpected"}}, replayed(t, s.AuditLogs, s.first, last))
	})
}

// fresh lists everything once nothing changes any more, and waits until that moment is over.
func (s *auditScene) fresh(t *testing.T) snapshotTaken {
	t.Helper()
	last := takeOne(t, s.Cluster)
	s.rest(t, last)
	return last
}

func (s *auditScene) compare(t *testing.T) {
	t.Helper()
	var last snapshotTaken
	s.until(t, "lists and watches agree", func() bool { // the servers' own writes, as of endpoints, come a moment later
		last = s.fresh(t)
		return maps.Equal(stateOf(t, last.objects), s.watched.state(t))
	})
	require.Empty(t, replayed(t, s.AuditLogs, s.first, last))
}

func (s *auditScene) rotated(t *testing.T) bool {
	t.Helper()
	files, err := os.ReadDir(s.AuditLogs[0])
	require.NoError(t, err)
	return len(files) > 1
}

const webPolicy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
`

const calicoPolicy = `
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata:
  name: db
  namespace: shop
spec: {tier: security, order: 10, selector: app == 'cart', ingress: [{action: Allow}], types: [Ingress]}
`

const shopPolicies = webPolicy + "---" + calicoPolicy + `---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 100}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security.deny}
spec: {tier: security, selector: all(), egress: [{action: Deny, destination: {nets: [203.0.113.0/24]}}, {action: Pass}], types: [Egress]}
---
apiVersion: projectcalico.org/v3
kind: StagedGlobalNetworkPolicy
metadata: {name: security.later}
spec: {tier: security, selector: all(), types: [Ingress]}
---
apiVersion: projectcalico.org/v3
kind: NetworkSet
metadata: {name: partners, namespace: shop, labels: {role: partner}}
spec: {nets: [198.51.100.0/24]}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: kwok-0-eth0, labels: {role: node}}
spec: {node: kwok-0, interfaceName: eth0, expectedIPs: [192.0.2.1]}
`
