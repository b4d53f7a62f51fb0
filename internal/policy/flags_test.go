package policy_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/policy"
)

// print lists the flags of one direction: P protected, I internet, N other namespace.
func print(flags policy.Flags, egress bool) string {
	names := []struct {
		in, out policy.Flags
		name    string
	}{
		{policy.IngressProtected, policy.EgressProtected, "P"},
		{policy.IngressFromInternet, policy.EgressToInternet, "I"},
		{policy.IngressFromOtherNamespace, policy.EgressToOtherNamespace, "N"},
	}
	var out strings.Builder
	for _, n := range names {
		if flags&n.in != 0 && !egress || flags&n.out != 0 && egress {
			out.WriteString(n.name)
		}
	}
	return out.String()
}

var (
	public  = netSet{policy.Labels{Own: policy.LabelSet{{Name: "set", Value: "public"}}}, []string{"10.0.0.0/8", "8.8.8.0/24"}}
	private = netSet{policy.Labels{Own: policy.LabelSet{{Name: "set", Value: "private"}}}, []string{"10.0.0.0/8"}}
	ofShop  = netSet{policy.Labels{Own: policy.LabelSet{{Name: "set", Value: "shop"}}, Namespace: shop}, []string{"8.8.8.0/24"}}
	bank    = &policy.Profile{Name: "bank", Known: true, Labels: policy.LabelSet{{Name: "team", Value: "red"}}}
	ofBank  = netSet{policy.Labels{Own: policy.LabelSet{{Name: "set", Value: "bank"}}, Namespace: bank}, []string{"8.8.8.0/24"}}
)

// TestPublishedFlagsOfOneAllowRule follows calico-compliance.md section 3, "Definitions", and decisions.md. Each peer is tried as
// the source of an ingress rule and as the destination of an egress rule, in a NetworkPolicy and in a GlobalNetworkPolicy.
func TestPublishedFlagsOfOneAllowRule(t *testing.T) {
	for _, tc := range []struct {
		name, peer         string
		namespaced, global string
		sets               []netSet
	}{
		{"neither selector nor CIDR", `{}`, "PIN", "PIN", nil},
		{"ports only", `{ports: [80]}`, "PIN", "PIN", nil},
		{"a private CIDR", `{nets: [10.1.0.0/16]}`, "P", "P", nil},
		{"a public CIDR", `{nets: [8.8.8.8/32]}`, "PI", "PI", nil},
		{"a CIDR is private only if all of it is", `{nets: [10.0.0.0/7]}`, "PI", "PI", nil},
		{"one public CIDR of two", `{nets: [10.0.0.0/8, 8.8.8.8/32]}`, "PI", "PI", nil},
		{"IPv6 and special ranges are public unless set (IPv6)", `{nets: [fd00::/8]}`, "PI", "PI", nil},
		{"IPv6 and special ranges are public unless set (link local)", `{nets: [169.254.0.0/16]}`, "PI", "PI", nil},
		{"notNets is no CIDR", `{notNets: [0.0.0.0/0]}`, "PIN", "PIN", nil},
		{"domains alone count as open", `{domains: [example.com]}`, "PIN", "PIN", nil},
		{"a services match is never the internet", `{services: {name: x, namespace: shop}}`, "PN", "PN", nil},
		{"a selector", `{selector: app == 'x'}`, "P", "PN", nil},
		{"a selector and a public CIDR", `{selector: app == 'x', nets: [8.8.8.8/32]}`, "P", "P", nil},
		{"a peer limited to namespaces is not the internet", `{namespaceSelector: team == 'blue'}`, "PN", "PN", nil},
		{"a peer limited to service accounts is not the internet", `{serviceAccounts: {names: [x]}}`, "P", "PN", nil},
		{"an empty serviceAccounts match limits nothing", `{serviceAccounts: {}}`, "PIN", "PIN", nil},
		{"notSelector in a namespaced policy is a selector, in a global one it is none", `{notSelector: app == 'x'}`, "P", "PIN", nil},
		{"namespaceSelector: global() has a namespaceSelector", `{namespaceSelector: global()}`, "PN", "PN", nil},
		{"a selector that matches a network set with a public net", `{selector: set == 'public', namespaceSelector: global()}`, "PIN", "PIN", []netSet{public}},
		{"within the peer's scope: a global set is not in the own namespace", `{selector: set == 'public'}`, "P", "PIN", []netSet{public}},
		{"a selector that matches a private network set", `{selector: set == 'private', namespaceSelector: global()}`, "PN", "PN", []netSet{private}},
		{"a set of the own namespace", `{selector: set == 'shop'}`, "PI", "PIN", []netSet{ofShop}},
		{"a set of another namespace is not in scope", `{selector: set == 'bank'}`, "P", "PIN", []netSet{ofBank}},
		{"unless namespaceSelector says so", `{selector: has(set), namespaceSelector: team == 'red'}`, "PIN", "PIN", []netSet{ofBank}},
		{"sets inherit pcns labels, so that namespaceSelector alone selects them", `{namespaceSelector: team == 'red'}`, "PIN", "PIN", []netSet{ofBank}},
		{"a set that notSelector excludes", `{selector: set == 'shop', notSelector: has(set)}`, "P", "PN", []netSet{ofShop}},
		{"sets have no service account", `{selector: set == 'shop', serviceAccounts: {names: [clerk]}}`, "P", "PN", []netSet{ofShop}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := world{sets: tc.sets}
			for kind, want := range map[string]string{"NetworkPolicy": tc.namespaced, "GlobalNetworkPolicy": tc.global} {
				ingress := w.outcome(t, calico(kind, "a", fmt.Sprintf(`{types: [Ingress], ingress: [{action: Allow, source: %s}]}`, tc.peer)))
				require.Equal(t, want, print(ingress.Flags, false), "%s, ingress", kind)
				require.Empty(t, print(ingress.Flags, true))
				egress := w.outcome(t, calico(kind, "a", fmt.Sprintf(`{types: [Egress], egress: [{action: Allow, destination: %s}]}`, tc.peer)))
				require.Equal(t, want, print(egress.Flags, true), "%s, egress", kind)
				require.Empty(t, print(egress.Flags, false))
			}
		})
	}
}

func TestPublishedFlags(t *testing.T) {
	for _, tc := range []struct {
		name            string
		world           world
		ingress, egress string
		manifests       []string
	}{
		{"no policy", world{}, "", "", nil},
		{"rules are not inspected: a policy without rules protects", world{}, "P", "P", []string{calico("NetworkPolicy", "a", `{types: [Ingress, Egress]}`)}},
		{"Pass-only policies, Pass tiers: protect in the published flag", world{}, "P", "",
			[]string{calico("GlobalNetworkPolicy", "kube-admin.a", `{tier: kube-admin, types: [Ingress], ingress: [{action: Pass}]}`)}},
		{"Deny, Pass and Log rules do not count", world{}, "P", "", []string{
			calico("GlobalNetworkPolicy", "a", `{types: [Ingress], ingress: [{action: Deny}, {action: Pass}, {action: Log}]}`)}},
		{"earlier denies and order are ignored on purpose", world{}, "PIN", "", []string{
			calico("GlobalNetworkPolicy", "a", `{order: 1, types: [Ingress], ingress: [{action: Deny}]}`), open}},
		{"Rules of a direction that types leaves out: void", world{}, "P", "", []string{
			calico("GlobalNetworkPolicy", "a", `{types: [Ingress], egress: [{action: Allow}]}`)}},
		{"the local side of a rule is not the peer", world{}, "P", "", []string{
			calico("GlobalNetworkPolicy", "a", `{types: [Ingress], ingress: [{action: Allow, source: {nets: [10.0.0.0/8]}, destination: {nets: [8.8.8.8/32]}}]}`)}},
		{"other namespace is for pods only", world{hosts: true}, "PI", "", []string{open}},
		{"Staged policies: never protect", world{}, "", "", []string{calico("StagedGlobalNetworkPolicy", "a", `{types: [Ingress], ingress: [{action: Allow}]}`)}},
		{"Kubernetes: no from", world{}, "PIN", "", []string{kubernetes("a", `{podSelector: {}, ingress: [{}]}`)}},
		{"Kubernetes: ports and no from", world{}, "PIN", "", []string{kubernetes("a", `{podSelector: {}, ingress: [{ports: [{port: 80}]}]}`)}},
		{"Kubernetes: a podSelector", world{}, "P", "", []string{kubernetes("a", `{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}`)}},
		{"Kubernetes: a namespaceSelector", world{}, "PN", "", []string{kubernetes("a", `{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}`)}},
		{"Kubernetes: a public ipBlock", world{}, "P", "PI", []string{
			kubernetes("a", `{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}]}`)}},
		{"Kubernetes: network sets are never peers", world{sets: []netSet{public, ofShop}}, "PN", "", []string{
			kubernetes("a", `{podSelector: {}, ingress: [{from: [{podSelector: {}}, {namespaceSelector: {}, podSelector: {matchExpressions: [{key: set, operator: Exists}]}}]}]}`)}},
		{"an unreadable allow rule exposes, and its policy does not protect", world{}, "IN", "", []string{
			calico("NetworkPolicy", "a", `{ingress: [{action: Allow, source: {selector: "("}}]}`)}},
		{"an unreadable Kubernetes peer too", world{}, "IN", "", []string{
			kubernetes("a", `{podSelector: {}, ingress: [{from: [{podSelector: {matchExpressions: [{key: x, operator: Gt}]}}]}]}`)}},
		{"an unreadable deny rule does not expose", world{}, "", "", []string{
			calico("NetworkPolicy", "a", `{ingress: [{action: Deny, source: {selector: "("}}]}`)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			flags := tc.world.outcome(t, tc.manifests...).Flags
			require.Equal(t, tc.ingress, print(flags, false), "ingress")
			require.Equal(t, tc.egress, print(flags, true), "egress")
		})
	}
}

func TestPrivateAddressesAreASetting(t *testing.T) {
	e := policy.NewEvaluator([]netip.Prefix{netip.MustParsePrefix("100.64.0.0/11"), netip.MustParsePrefix("100.96.0.0/11"), netip.MustParsePrefix("fd00::/8")})
	for _, tc := range []struct{ net, want string }{
		{"100.64.0.0/10", "P"}, // all of it is private, by two nets together
		{"fd00:1::/32", "P"},
		{"10.0.0.0/8", "PI"}, // RFC 1918 is only the default
	} {
		t.Run(tc.net, func(t *testing.T) {
			p := e.Compile(read(t, calico("NetworkPolicy", "a", `{ingress: [{action: Allow, source: {nets: ["`+tc.net+`"]}}]}`)))
			active := e.Activate(p, policy.Tier{}, func(*policy.Peer) policy.Nets { return policy.Nets{} })
			require.Equal(t, tc.want, print(e.Evaluate([]*policy.Active{active}, "shop").Flags, false))
		})
	}
}
