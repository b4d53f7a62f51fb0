package policy_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/resource"
)

// denied is how the tests write "not let through".
const denied = "-"

func by(e policy.Exposure) string {
	if !e.Allowed {
		return denied
	}
	return e.By
}

// gnp writes a GlobalNetworkPolicy of ingress rules.
func gnp(name, rules string) string { return gnpIn("default", name, rules) }

func gnpIn(tier, name, rules string) string {
	return calico("GlobalNetworkPolicy", name, fmt.Sprintf(`{tier: %s, types: [Ingress], ingress: [%s]}`, tier, rules))
}

func tiers() map[string]*resource.TierSpec {
	first, second := 1.0, 2.0
	return map[string]*resource.TierSpec{"sec": {Order: &first}, "app": {Order: &second, DefaultAction: "Pass"}}
}

// truthCase is some policies and what they mean for ingress.
type truthCase struct {
	name            string
	manifests       []string
	isolated        bool
	internet, other string // by what; denied for not at all
}

const (
	isolated    = true
	notIsolated = false
	openRule    = "GlobalNetworkPolicy(open) rule 1"
)

var open = gnp("open", "{action: Allow}")

func runTruth(t *testing.T, cases []truthCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			w := world{tiers: tiers(), sets: []netSet{public}}
			got := w.outcome(t, tc.manifests...).Ingress
			require.Equal(t, tc.isolated, got.Isolated, "isolated")
			require.Equal(t, tc.internet, by(got.Internet), "internet")
			require.Equal(t, tc.other, by(got.OtherNamespace), "other namespace")
		})
	}
}

func TestTruthByTiersAndOrder(t *testing.T) {
	runTruth(t, []truthCase{
		{"no policy", nil, notIsolated, "no policy", "no policy"},
		{"a policy without rules denies", []string{gnp("a", "")}, isolated, denied, denied},
		{"a policy of the other direction does not", []string{calico("GlobalNetworkPolicy", "a", "{types: [Egress]}")}, notIsolated, "no policy", "no policy"},
		{"the deciding rule is named", []string{gnp("a", "{action: Log}, {action: Deny, source: {nets: [8.8.8.8/32]}}, {action: Allow}")}, isolated,
			"GlobalNetworkPolicy(a) rule 3", "GlobalNetworkPolicy(a) rule 3"},
		{"a deny before the allow", []string{gnp("a", "{action: Deny}, {action: Allow}")}, isolated, denied, denied},
		{"a deny in a policy of an earlier order", []string{
			calico("GlobalNetworkPolicy", "z", "{order: 1, types: [Ingress], ingress: [{action: Deny}]}"), open}, isolated, denied, denied},
		{"no order comes last", []string{open, calico("GlobalNetworkPolicy", "z", "{order: 9e9, types: [Ingress], ingress: [{action: Deny}]}")}, isolated, denied, denied},
		{"of one order the name decides", []string{gnp("a", "{action: Deny}"), open}, isolated, denied, denied},
		{"a deny in an earlier tier", []string{gnpIn("sec", "sec.z", "{action: Deny}"), open}, isolated, denied, denied},
		{"an allow in an earlier tier", []string{gnpIn("sec", "sec.z", "{action: Allow}"), gnp("a", "{action: Deny}")}, isolated,
			"GlobalNetworkPolicy(sec.z) rule 1", "GlobalNetworkPolicy(sec.z) rule 1"},
		{"Pass skips the rest of the tier", []string{gnpIn("sec", "sec.a", "{action: Pass}, {action: Deny}"), open}, isolated, openRule, openRule},
		{"so that what follows in it allows nothing", []string{gnpIn("sec", "sec.a", "{action: Pass}, {action: Allow}"), gnp("a", "")}, isolated, denied, denied},
		{"Pass-only policies, Pass tiers: the truth says what they really do (rule)", []string{gnpIn("sec", "sec.a", "{action: Pass}")}, notIsolated,
			"end of tiers, passed by GlobalNetworkPolicy(sec.a) rule 1", "end of tiers, passed by GlobalNetworkPolicy(sec.a) rule 1"},
		{"Pass-only policies, Pass tiers: the truth says what they really do (tier)", []string{gnpIn("app", "app.a", "")}, notIsolated,
			`end of tiers, passed by the default of tier "app"`, `end of tiers, passed by the default of tier "app"`},
		{"a limited Pass still lets something through", []string{gnpIn("sec", "sec.a", "{action: Pass, protocol: TCP, destination: {ports: [80]}}")}, notIsolated,
			"end of tiers, passed by GlobalNetworkPolicy(sec.a) rule 1", "end of tiers, passed by GlobalNetworkPolicy(sec.a) rule 1"},
		{"a tier's default denies where no rule matched", []string{gnpIn("sec", "sec.a", "{action: Pass, source: {nets: [10.0.0.0/8]}}"), open}, isolated, denied, openRule},
		{"kube-admin comes first and passes", []string{gnpIn("kube-admin", "kube-admin.a", ""), gnp("a", "")}, isolated, denied, denied},
		{"kube-baseline comes last", []string{gnpIn("kube-baseline", "kube-baseline.a", "{action: Deny}"), open}, isolated, openRule, openRule},
		{"a tier that is not known comes last and claims nothing", []string{gnpIn("gone", "gone.a", "")}, notIsolated,
			`end of tiers, passed by the default of tier "gone"`, `end of tiers, passed by the default of tier "gone"`},
		{"Staged policies never protect", []string{calico("StagedGlobalNetworkPolicy", "a", "{types: [Ingress]}")}, notIsolated, "no policy", "no policy"},
	})
}

func TestTruthByDenies(t *testing.T) {
	runTruth(t, []truthCase{
		{"denied CIDRs are subtracted", []string{gnp("a", "{action: Deny, source: {nets: [0.0.0.0/1, 128.0.0.0/1, '::/0']}}, {action: Allow}")}, isolated, denied, denied},
		{"what is left is exposed", []string{gnp("a", "{action: Deny, source: {nets: [0.0.0.0/1, 128.0.0.0/1]}}, {action: Allow}")}, isolated,
			"GlobalNetworkPolicy(a) rule 2", "GlobalNetworkPolicy(a) rule 2"},
		{"notNets are not denied", []string{gnp("a", "{action: Deny, source: {notNets: [8.8.8.8/32]}}, {action: Allow}")}, isolated, "GlobalNetworkPolicy(a) rule 2", denied},
		{"an IP version", []string{gnp("a", "{action: Deny, ipVersion: 6}, {action: Deny, ipVersion: 4}, {action: Allow}")}, isolated, denied, denied},
		{"an allowed CIDR inside a denied one", []string{gnp("a", "{action: Deny, source: {nets: [8.0.0.0/8]}}, {action: Allow, source: {nets: [8.8.8.8/32]}}")}, isolated, denied, denied},
		{"conditional denies do not cover: protocol", []string{gnp("a", "{action: Deny, protocol: UDP}, {action: Allow}")}, isolated, "GlobalNetworkPolicy(a) rule 2", "GlobalNetworkPolicy(a) rule 2"},
		{"conditional denies do not cover: ports", []string{gnp("a", "{action: Deny, protocol: TCP, source: {ports: [80]}}, {action: Allow}")}, isolated, "GlobalNetworkPolicy(a) rule 2", "GlobalNetworkPolicy(a) rule 2"},
		{"conditional denies do not cover: the local side", []string{gnp("a", "{action: Deny, destination: {nets: [10.0.0.1/32]}}, {action: Allow}")}, isolated, "GlobalNetworkPolicy(a) rule 2", "GlobalNetworkPolicy(a) rule 2"},
		{"conditional denies do not cover: HTTP", []string{gnp("a", "{action: Deny, http: {methods: [GET]}}, {action: Allow}")}, isolated, "GlobalNetworkPolicy(a) rule 2", "GlobalNetworkPolicy(a) rule 2"},
		{"conditional denies do not cover: selector", []string{gnp("a", "{action: Deny, source: {selector: has(x)}}, {action: Allow}")}, isolated, "GlobalNetworkPolicy(a) rule 2", "GlobalNetworkPolicy(a) rule 2"},
		{"conditional denies do not cover: notSelector", []string{gnp("a", "{action: Deny, source: {notSelector: has(x)}}, {action: Allow}")}, isolated, "GlobalNetworkPolicy(a) rule 2", "GlobalNetworkPolicy(a) rule 2"},
		{"conditional denies do not cover: services", []string{gnp("a", "{action: Deny, source: {services: {name: x, namespace: bank}}}, {action: Allow}")}, isolated, "GlobalNetworkPolicy(a) rule 2", "GlobalNetworkPolicy(a) rule 2"},
		{"a deny of every namespace's pods covers them, and not the internet", []string{gnp("a", "{action: Deny, source: {namespaceSelector: all()}}, {action: Allow}")}, isolated,
			"GlobalNetworkPolicy(a) rule 2", denied},
		{"a deny of all() endpoints covers all pods", []string{gnp("a", "{action: Deny, source: {selector: all()}}, {action: Allow}")}, isolated, "GlobalNetworkPolicy(a) rule 2", denied},
	})
}

func TestTruthByPeers(t *testing.T) {
	runTruth(t, []truthCase{
		{"a selector is not the internet", []string{gnp("a", "{action: Allow, source: {selector: has(x)}}")}, isolated, denied, "GlobalNetworkPolicy(a) rule 1"},
		{"but its network sets are", []string{gnp("a", "{action: Allow, source: {selector: has(set)}}")}, isolated, "GlobalNetworkPolicy(a) rule 1", "GlobalNetworkPolicy(a) rule 1"},
		{"within the rule's own CIDRs", []string{gnp("a", "{action: Allow, source: {selector: has(set), nets: [10.0.0.0/8]}}")}, isolated, denied, "GlobalNetworkPolicy(a) rule 1"},
		{"public addresses are not pods", []string{gnp("a", "{action: Allow, source: {nets: [8.8.8.0/24]}}")}, isolated, "GlobalNetworkPolicy(a) rule 1", denied},
		{"private addresses may be pods", []string{gnp("a", "{action: Allow, source: {nets: [10.0.0.0/8]}}")}, isolated, denied, "GlobalNetworkPolicy(a) rule 1"},
		{"so may IPv6 ones, which are public too", []string{gnp("a", "{action: Allow, source: {nets: ['2001:db8::/32']}}")}, isolated, "GlobalNetworkPolicy(a) rule 1", "GlobalNetworkPolicy(a) rule 1"},
		{"the own namespace is not another", []string{gnp("a", "{action: Allow, source: {namespaceSelector: projectcalico.org/name == 'shop'}}")}, isolated, denied, denied},
		{"another one is", []string{gnp("a", "{action: Allow, source: {namespaceSelector: 'projectcalico.org/name in {\"bank\", \"shop\"}'}}")}, isolated, denied, "GlobalNetworkPolicy(a) rule 1"},
		{"global() is no namespace", []string{gnp("a", "{action: Allow, source: {selector: has(x), namespaceSelector: global()}}")}, isolated, denied, denied},
		{"a service of the own namespace", []string{gnp("a", "{action: Allow, source: {services: {name: x, namespace: shop}}}")}, isolated, denied, denied},
		{"a service of another", []string{gnp("a", "{action: Allow, source: {services: {name: x, namespace: bank}}}")}, isolated, denied, "GlobalNetworkPolicy(a) rule 1"},
		{"a namespaced policy's selector stays in the namespace", []string{calico("NetworkPolicy", "a", "{ingress: [{action: Allow, source: {selector: all()}}]}")}, isolated, denied, denied},
	})
}

func TestTruthOfWhatCannotBeRead(t *testing.T) {
	runTruth(t, []truthCase{
		{"an unreadable allow may let anything through", []string{gnp("a", "{action: Allow, source: {selector: '('}}")}, notIsolated, "GlobalNetworkPolicy(a) rule 1", "GlobalNetworkPolicy(a) rule 1"},
		{"an unreadable deny denies nothing, and its policy's default cannot be relied on", []string{gnp("a", "{action: Deny, source: {nets: [x]}}")}, notIsolated,
			`end of tiers, passed by policies of tier "default" that cannot be read`, `end of tiers, passed by policies of tier "default" that cannot be read`},
		{"unless another policy of the tier can", []string{gnp("a", "{action: Deny, source: {nets: [x]}}"), gnp("b", "")}, isolated, denied, denied},
	})
}

func TestTruthOfKubernetesPolicies(t *testing.T) {
	runTruth(t, []truthCase{
		{"Kubernetes policies have order 1000", []string{kubernetes("a", "{podSelector: {}, ingress: [{}]}"),
			calico("GlobalNetworkPolicy", "z", "{order: 999, types: [Ingress], ingress: [{action: Deny}]}")}, isolated, denied, denied},
		{"and rules are numbered as written", []string{kubernetes("a", "{podSelector: {}, ingress: [{from: [{podSelector: {}}, {podSelector: {}}]}, {from: [{namespaceSelector: {}}]}, {ports: [{port: 80}]}]}")}, isolated,
			"NetworkPolicy.networking.k8s.io/v1(shop/a) rule 3", "NetworkPolicy.networking.k8s.io/v1(shop/a) rule 2"},
		{"an ipBlock without its exceptions", []string{kubernetes("a", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 198.18.0.0/15, 240.0.0.0/4]}}]}]}")}, isolated,
			"NetworkPolicy.networking.k8s.io/v1(shop/a) rule 1", denied},
	})
}

func TestTruthOfEgress(t *testing.T) {
	p := calico("NetworkPolicy", "a", "{types: [Egress], egress: [{action: Deny, destination: {nets: [8.0.0.0/8]}}, {action: Allow, destination: {domains: [example.com]}}]}")
	got := world{}.outcome(t, p)
	require.Equal(t, "no policy", by(got.Ingress.Internet))
	require.True(t, got.Egress.Isolated)
	require.Equal(t, "NetworkPolicy(shop/a) rule 2", by(got.Egress.Internet), "a domain may have any public address")
}

func TestTruthOfHostEndpoints(t *testing.T) {
	host := func(name, spec string) string { return calico("GlobalNetworkPolicy", name, spec) }
	for _, tc := range []struct {
		name      string
		manifests []string
		isolated  bool
		internet  string
	}{
		{"untracked policies come first", []string{
			host("a", "{doNotTrack: true, applyOnForward: true, types: [Ingress], ingress: [{action: Deny}]}"),
			host("b", "{preDNAT: true, applyOnForward: true, types: [Ingress], ingress: [{action: Allow}]}"), host("c", "{types: [Ingress], ingress: [{action: Allow}]}")}, true, denied},
		{"then those before DNAT", []string{
			host("b", "{preDNAT: true, applyOnForward: true, types: [Ingress], ingress: [{action: Deny}]}"), host("c", "{types: [Ingress], ingress: [{action: Allow}]}")}, true, denied},
		{"neither denies by default", []string{host("b", "{preDNAT: true, applyOnForward: true, types: [Ingress], ingress: []}")}, false,
			"end of tiers, passed by the end of the untracked and pre-DNAT policies"},
		{"tracked ones do", []string{host("b", "{preDNAT: true, applyOnForward: true, types: [Ingress]}"), host("c", "{types: [Ingress]}")}, true, denied},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := world{hosts: true}.outcome(t, tc.manifests...).Ingress
			require.Equal(t, tc.isolated, got.Isolated)
			require.Equal(t, tc.internet, by(got.Internet))
			require.Equal(t, policy.Exposure{}, got.OtherNamespace)
		})
	}
}

func TestHostNetworkIsNeverProtected(t *testing.T) {
	got := policy.HostNetwork()
	require.Zero(t, got.Flags)
	for _, truth := range []policy.Truth{got.Ingress, got.Egress} {
		require.False(t, truth.Isolated)
		require.Equal(t, "host network", by(truth.Internet))
		require.Equal(t, "host network", by(truth.OtherNamespace))
	}
}

func TestOrderOfEvaluationDoesNotDependOnTheOrderGiven(t *testing.T) {
	a, b, c := gnpIn("sec", "sec.a", "{action: Pass}"), gnp("b", "{action: Deny, source: {nets: [8.8.8.8/32]}}"), gnp("c", "{action: Allow}")
	w := world{tiers: tiers()}
	want := w.outcome(t, a, b, c)
	for _, order := range [][]string{{a, c, b}, {b, a, c}, {b, c, a}, {c, a, b}, {c, b, a}} {
		require.Equal(t, want, w.outcome(t, order...))
	}
}

func TestTierOf(t *testing.T) {
	order := 5.0
	inf := math.Inf(1)
	for _, tc := range []struct {
		name  string
		spec  *resource.TierSpec
		want  policy.Tier
		known bool
	}{
		{"default", nil, policy.Tier{Name: "default", Order: 1e6}, true},
		{"default", &resource.TierSpec{}, policy.Tier{Name: "default", Order: 1e6}, true},
		{"kube-admin", nil, policy.Tier{Name: "kube-admin", Order: 1e3, Pass: true}, true},
		{"kube-admin", &resource.TierSpec{Order: &order}, policy.Tier{Name: "kube-admin", Order: 5, Pass: true}, true},
		{"kube-baseline", nil, policy.Tier{Name: "kube-baseline", Order: 1e7, Pass: true}, true},
		{"sec", &resource.TierSpec{Order: &order}, policy.Tier{Name: "sec", Order: 5}, true},
		{"sec", &resource.TierSpec{DefaultAction: "Pass"}, policy.Tier{Name: "sec", Order: inf, Pass: true}, true},
		{"sec", &resource.TierSpec{DefaultAction: "Deny"}, policy.Tier{Name: "sec", Order: inf}, true},
		{"sec", nil, policy.Tier{Name: "sec", Order: inf, Pass: true}, false},
	} {
		t.Run(fmt.Sprintf("%s %v", tc.name, tc.spec), func(t *testing.T) {
			got, known := policy.TierOf(tc.name, tc.spec)
			require.Equal(t, tc.want, got)
			require.Equal(t, tc.known, known)
		})
	}
}

func TestLocal(t *testing.T) {
	for _, tc := range []struct {
		peer               string
		namespaced, global bool
	}{
		{"{}", false, false},
		{"{nets: [10.0.0.0/8]}", false, false},
		{"{selector: has(x)}", true, false},
		{"{namespaceSelector: global()}", false, false},
		{"{namespaceSelector: team == 'blue'}", false, false},
		{"{namespaceSelector: projectcalico.org/name == 'shop'}", true, true},
		{"{services: {name: x, namespace: shop}}", true, true},
	} {
		t.Run(tc.peer, func(t *testing.T) {
			for kind, want := range map[string]bool{"NetworkPolicy": tc.namespaced, "GlobalNetworkPolicy": tc.global} {
				require.Equal(t, want, compile(t, calico(kind, "a", "{ingress: [{action: Allow, source: "+tc.peer+"}]}")).Local(), kind)
			}
		})
	}
}
