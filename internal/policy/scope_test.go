package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/policy"
)

// TestSelects follows calico-compliance.md section 9, "Scoping", and the rows of decisions.md in the names.
func TestSelects(t *testing.T) {
	const yes, no = true, false
	for _, tc := range []struct {
		name      string
		manifest  string
		pod, host bool
	}{
		{"a global policy selects everything", calico("GlobalNetworkPolicy", "a", "{}"), yes, yes},
		{"by the own labels", calico("GlobalNetworkPolicy", "a", `{selector: app == 'cart'}`), yes, yes},
		{"by other labels", calico("GlobalNetworkPolicy", "a", `{selector: app == 'web'}`), no, no},
		{"a namespaced policy selects pods of its namespace", calico("NetworkPolicy", "a", "{}"), yes, no},
		{"and no others", "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: a, namespace: bank}\nspec: {}", no, no},
		{"namespaceSelector sees the namespace's labels", calico("GlobalNetworkPolicy", "a", `{namespaceSelector: team == 'blue'}`), yes, no},
		{"and its name", calico("GlobalNetworkPolicy", "a", `{namespaceSelector: projectcalico.org/name == 'shop'}`), yes, no},
		{"and not the pod's", calico("GlobalNetworkPolicy", "a", `{namespaceSelector: app == 'cart'}`), no, no},
		{"namespaceSelector and selector are ANDed", calico("GlobalNetworkPolicy", "a", `{selector: app == 'web', namespaceSelector: team == 'blue'}`), no, no},
		{"serviceAccountSelector sees the account's labels", calico("NetworkPolicy", "a", `{serviceAccountSelector: level == '1'}`), yes, no},
		{"serviceAccountSelector that does not match", calico("NetworkPolicy", "a", `{serviceAccountSelector: level == '2'}`), no, no},
		{"all() inside a GlobalNetworkPolicy with a namespaceSelector: has a namespace", calico("GlobalNetworkPolicy", "a", `{namespaceSelector: all()}`), yes, no},
		{"all() as its selector: has a namespace", calico("GlobalNetworkPolicy", "a", `{selector: all(), namespaceSelector: "!has(red)"}`), yes, no},
		{"all() inside an expression: has a namespace", calico("GlobalNetworkPolicy", "a", `{selector: "!all() || app == 'web'", namespaceSelector: "!has(red)"}`), no, yes},
		{"all() inside a GlobalNetworkPolicy with a serviceAccountSelector: has a service account", calico("GlobalNetworkPolicy", "a", `{serviceAccountSelector: all()}`), yes, no},
		{"a text that only looks like all() is left alone", calico("GlobalNetworkPolicy", "a", `{selector: "app != 'all()'", namespaceSelector: "!has(red)"}`), yes, yes},
		{"a negative namespaceSelector alone matches host endpoints too, as in Calico", calico("GlobalNetworkPolicy", "a", `{namespaceSelector: "!has(red)"}`), yes, yes},
		{"doNotTrack, preDNAT: apply to host endpoints only (doNotTrack)", calico("GlobalNetworkPolicy", "a", `{doNotTrack: true, applyOnForward: true}`), no, yes},
		{"doNotTrack, preDNAT: apply to host endpoints only (preDNAT)", calico("GlobalNetworkPolicy", "a", `{preDNAT: true, applyOnForward: true}`), no, yes},
		{"Kubernetes: the empty podSelector", kubernetes("a", `{podSelector: {}}`), yes, no},
		{"Kubernetes: matchLabels", kubernetes("a", `{podSelector: {matchLabels: {app: cart}}}`), yes, no},
		{"Kubernetes: matchLabels of another", kubernetes("a", `{podSelector: {matchLabels: {app: cart, x: z}}}`), no, no},
		{"Kubernetes: In", kubernetes("a", `{podSelector: {matchExpressions: [{key: app, operator: In, values: [web, cart]}]}}`), yes, no},
		{"Kubernetes: NotIn", kubernetes("a", `{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web, cart]}]}}`), no, no},
		{"Kubernetes: NotIn an absent label", kubernetes("a", `{podSelector: {matchExpressions: [{key: x, operator: NotIn, values: [web]}]}}`), yes, no},
		{"Kubernetes: Exists", kubernetes("a", `{podSelector: {matchExpressions: [{key: x, operator: Exists}]}}`), no, no},
		{"Kubernetes: DoesNotExist", kubernetes("a", `{podSelector: {matchExpressions: [{key: x, operator: DoesNotExist}]}}`), yes, no},
		{"staged policies select like others", calico("StagedGlobalNetworkPolicy", "a", `{stagedAction: Delete, selector: app == 'cart'}`), yes, yes},
		{"a selector that cannot be parsed selects nothing", calico("GlobalNetworkPolicy", "a", `{selector: app = 'cart'}`), no, no},
		{"neither does a namespaceSelector", calico("GlobalNetworkPolicy", "a", `{namespaceSelector: "app =="}`), no, no},
		{"nor an operator that does not exist", kubernetes("a", `{podSelector: {matchExpressions: [{key: x, operator: Gt, values: ["1"]}]}}`), no, no},
		{"nor a label name that is more than one", kubernetes("a", `{podSelector: {matchLabels: {"x) || all() || has(y": "1"}}}`), no, no},
		{"nor a value that ends itself", kubernetes("a", `{podSelector: {matchLabels: {x: '" || all() || x == "'}}}`), no, no},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := compile(t, tc.manifest)
			require.Equal(t, tc.pod, p.Selects(cart), "the pod")
			require.Equal(t, tc.host, p.Selects(host), "the host endpoint")
			require.Equal(t, p.Scope == nil, len(p.Problems) > 0)
		})
	}
}

func TestProblemsNameTheField(t *testing.T) {
	for _, tc := range []struct{ name, manifest, want string }{
		{"selector", calico("GlobalNetworkPolicy", "a", `{selector: "app = 'x'"}`), `selector "app = 'x'": parse selector at character 5`},
		{"namespaceSelector", calico("GlobalNetworkPolicy", "a", `{namespaceSelector: "a =="}`), `namespaceSelector "a ==": `},
		{"serviceAccountSelector", calico("NetworkPolicy", "a", `{serviceAccountSelector: "("}`), `serviceAccountSelector "(": `},
		{"podSelector", kubernetes("a", `{podSelector: {matchExpressions: [{key: x, operator: Gt}]}}`), `podSelector: operator "Gt" of label "x" is none of In`},
		{"a rule's selector", calico("NetworkPolicy", "a", `{ingress: [{action: Allow}, {action: Allow, source: {selector: "("}}]}`), `ingress rule 2: selector "(": `},
		{"a rule's notSelector", calico("NetworkPolicy", "a", `{egress: [{action: Deny, destination: {notSelector: "("}}]}`), `egress rule 1: notSelector "(": `},
		{"a rule's account selector", calico("NetworkPolicy", "a", `{ingress: [{action: Deny, source: {serviceAccounts: {selector: "("}}}]}`), `ingress rule 1: serviceAccounts.selector "(": `},
		{"a rule's account name", calico("NetworkPolicy", "a", `{ingress: [{action: Deny, source: {serviceAccounts: {names: ["\""]}}}]}`), `ingress rule 1: serviceAccounts.names`},
		{"a rule's nets", calico("NetworkPolicy", "a", `{ingress: [{action: Deny, source: {nets: [10.0.0.0/99]}}]}`), `ingress rule 1: nets ["10.0.0.0/99"]`},
		{"a rule's notNets", calico("NetworkPolicy", "a", `{ingress: [{action: Deny, source: {notNets: [x]}}]}`), `ingress rule 1: notNets ["x"]`},
		{"a Kubernetes peer", kubernetes("a", `{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: x, operator: Gt}]}}]}]}`), `ingress rule 1: namespaceSelector: operator "Gt"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := compile(t, tc.manifest)
			require.Len(t, p.Problems, 1)
			require.Contains(t, p.Problems[0], tc.want)
		})
	}
}

func TestSameScope(t *testing.T) {
	base := calico("GlobalNetworkPolicy", "a", `{selector: app == 'cart'}`)
	for _, tc := range []struct {
		name, other string
		same        bool
	}{
		{"itself", base, true},
		{"other rules", calico("GlobalNetworkPolicy", "a", `{selector: app == "cart", ingress: [{action: Allow}]}`), true},
		{"another selector", calico("GlobalNetworkPolicy", "a", `{selector: app == 'web'}`), false},
		{"host endpoints only", calico("GlobalNetworkPolicy", "a", `{selector: app == 'cart', preDNAT: true, applyOnForward: true}`), false},
		{"not to be parsed", calico("GlobalNetworkPolicy", "a", `{selector: "("}`), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.Equal(t, tc.same, compile(t, base).SameScope(compile(t, tc.other)))
			require.Equal(t, tc.same, compile(t, tc.other).SameScope(compile(t, base)))
		})
	}
}

func TestDirected(t *testing.T) {
	for _, tc := range []struct {
		name, manifest  string
		ingress, egress bool
	}{
		{"no types, no rules", calico("NetworkPolicy", "a", `{}`), true, false},
		{"no types, egress rules", calico("NetworkPolicy", "a", `{egress: [{action: Allow}]}`), false, true},
		{"no types, both", calico("NetworkPolicy", "a", `{ingress: [{action: Allow}], egress: [{action: Allow}]}`), true, true},
		{"types", calico("NetworkPolicy", "a", `{types: [Egress], ingress: [{action: Allow}]}`), false, true},
		{"Kubernetes policy without policyTypes (a manifest on disk): Ingress", kubernetes("a", `{podSelector: {}}`), true, false},
		{"Kubernetes policy without policyTypes, with egress rules: both", kubernetes("a", `{podSelector: {}, egress: [{}]}`), true, true},
		{"Kubernetes policyTypes", kubernetes("a", `{podSelector: {}, policyTypes: [Egress]}`), false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := compile(t, tc.manifest)
			require.Equal(t, tc.ingress, p.Directed(policy.Ingress))
			require.Equal(t, tc.egress, p.Directed(policy.Egress))
		})
	}
}
