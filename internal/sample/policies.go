package sample

import (
	"maps"
	"slices"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/resource"
)

func netSets() []*netSet {
	return []*netSet{
		{name: "block-list", labels: map[string]string{"threat": "known"}, nets: []string{"198.51.100.0/24", "203.0.113.128/25"}},
		{name: "payment-provider", labels: map[string]string{"external": "payment-provider"}, nets: []string{"203.0.113.16/28"}},
		{namespace: "shop", name: "partners", labels: map[string]string{"partner": "true"}, nets: []string{"192.0.2.128/26"}},
	}
}

func allow(protocol string, port uint16, from peer) rule {
	return rule{action: v3.Allow, peer: from, protocol: protocol, ports: []uint16{port}}
}

func appPeer(a *app, from string) peer {
	p := peer{labels: map[string]string{"app": a.name}}
	if a.namespace != from {
		p.namespaces = map[string]string{"kubernetes.io/metadata.name": a.namespace}
	}
	return p
}

// callers lists the peers that call an app, sorted by name.
func callers(apps []*app, called *app) []peer {
	found := map[string]peer{}
	for _, a := range apps {
		for _, c := range a.calls {
			if c.to == called.id() {
				found[a.id()] = appPeer(a, called.namespace)
			}
		}
	}
	var peers []peer
	for _, id := range slices.Sorted(maps.Keys(found)) {
		peers = append(peers, found[id])
	}
	return peers
}

// servicePolicy lets in whoever calls an app, and nobody else.
func servicePolicy(apps []*app, a *app) *policy {
	p := &policy{
		kind: resource.NetworkPolicy, namespace: a.namespace, name: "application." + a.name, tier: "application", order: 100,
		selects: map[string]string{"app": a.name}, ingress: []rule{},
	}
	for _, from := range callers(apps, a) {
		p.ingress = append(p.ingress, allow(a.proto(), a.port, from))
	}
	return p
}

// policyCatalogue lists the policies of a fresh cluster. No global policy has the direction Ingress for pods: whether a pod is
// protected at its entrance is each service's own doing, as the story needs it.
func policyCatalogue(apps []*app) []*policy {
	anyNamespace := map[string]string{}
	pods := map[string]string{"projectcalico.org/orchestrator": "k8s"}
	list := []*policy{
		{kind: resource.GlobalNetworkPolicy, name: "security.block-list", tier: "security", order: 10, selects: pods, egress: []rule{
			{action: v3.Deny, peer: peer{labels: map[string]string{"threat": "known"}}}, {action: v3.Pass},
		}},
		{kind: resource.GlobalNetworkPolicy, name: "platform.dns", tier: "platform", order: 10, selects: pods, egress: []rule{
			allow("UDP", 53, peer{labels: map[string]string{"k8s-app": "kube-dns"}, namespaces: anyNamespace}), {action: v3.Pass},
		}},
		{kind: resource.GlobalNetworkPolicy, name: "platform.hosts", tier: "platform", order: 20, selects: map[string]string{"host-endpoint": "true"},
			ingress: []rule{allow("TCP", 22, peer{nets: []string{"10.0.0.0/8"}}), {action: v3.Allow, peer: peer{nets: []string{"10.0.0.0/8"}}}}},
		{kind: resource.StagedGlobalNetworkPolicy, name: "platform.lockdown", tier: "platform", order: 30,
			selects: map[string]string{"app": "statements"},
			egress:  []rule{{action: v3.Deny, peer: peer{nets: []string{"0.0.0.0/0"}}}}},
		{kind: resource.NetworkPolicy, namespace: "kube-system", name: "application.dns", tier: "application", order: 10,
			selects: map[string]string{"k8s-app": "kube-dns"}, ingress: []rule{allow("UDP", 53, peer{namespaces: anyNamespace})}},
		{kind: resource.NetworkPolicy, namespace: "ingress", name: "application.gateway", tier: "application", order: 10,
			selects: map[string]string{"app": "gateway"}, ingress: []rule{allow("TCP", 8443, peer{nets: []string{"0.0.0.0/0"}})}},
	}
	for _, a := range apps {
		switch {
		case a.namespace == "shop" || a.id() == "monitoring/prometheus" || a.id() == "logging/store":
			list = append(list, servicePolicy(apps, a))
		case a.namespace == "accounts" && a.name != "statements":
			list = append(list, kubernetesPolicy(apps, a))
		case a.id() == "warehouse/stock":
			staged := servicePolicy(apps, a)
			staged.kind = resource.StagedNetworkPolicy
			list = append(list, staged)
		}
	}
	payment := list[slices.IndexFunc(list, func(p *policy) bool { return p.name == "application.payment" })]
	payment.egress = []rule{allow("TCP", 443, peer{labels: map[string]string{"external": "payment-provider"}, global: true})}
	return append(list, namespacePolicies()...)
}

func kubernetesPolicy(apps []*app, a *app) *policy {
	p := servicePolicy(apps, a)
	p.kind, p.name, p.tier, p.order = resource.KubernetesNetworkPolicy, a.name, "default", 1000
	return p
}

func namespacePolicies() []*policy {
	knp := func(namespace, name string) *policy {
		return &policy{kind: resource.KubernetesNetworkPolicy, namespace: namespace, name: name, tier: "default", order: 1000, ingress: []rule{}}
	}
	accounts, sandbox := knp("accounts", "default-deny"), knp("sandbox", "default-deny")
	loyalty, picker := knp("loyalty", "mesh-only"), knp("warehouse", "picker")
	loyalty.ingress = []rule{
		{action: v3.Allow, peer: peer{labels: map[string]string{}}},
		{action: v3.Allow, peer: peer{namespaces: map[string]string{"kubernetes.io/metadata.name": "ingress"}}},
	}
	loyalty.egress = []rule{{action: v3.Allow, peer: peer{labels: map[string]string{}}}}
	picker.kind = resource.StagedKubernetesNetworkPolicy
	picker.selects = map[string]string{"app": "picker"}
	return []*policy{accounts, sandbox, loyalty, picker, {
		kind: resource.NetworkPolicy, namespace: "sandbox", name: "application.trial", tier: "application", order: 100,
		selects: map[string]string{"app": "trial"}, ingress: []rule{allow("TCP", 8080, peer{labels: map[string]string{"app": "scratch"}})},
	}}
}
