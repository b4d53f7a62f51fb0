package flow

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecidingPolicy(t *testing.T) {
	type list = []string
	for _, c := range []struct {
		name     string
		policies map[string]any
		want     string
	}{
		{"namespaced", map[string]any{"enforced_policies": list{"0|app|shop/app.cart|allow|0"}}, "NetworkPolicy(shop/app.cart) rule 1"},
		{"global", map[string]any{"enforced_policies": list{"0|security|security.block|deny|3"}}, "GlobalNetworkPolicy(security.block) rule 4"},
		{"kubernetes", map[string]any{"enforced_policies": list{"0|default|shop/knp.default.cart.v2|allow|1"}}, "NetworkPolicy.networking.k8s.io/v1(shop/cart.v2) rule 2"},
		{"profile", map[string]any{"enforced_policies": list{"0|__PROFILE__|__PROFILE__.kns.shop|allow|0"}}, "profile:kns.shop rule 1"},
		{"tier default", map[string]any{"enforced_policies": list{"1|app|shop/app.cart|deny|-1"}}, "NetworkPolicy(shop/app.cart) tier default"},
		{"rule unknown", map[string]any{"enforced_policies": list{"1|app|shop/app.cart|deny|-2"}}, "NetworkPolicy(shop/app.cart)"},
		{"an old record without a rule", map[string]any{"all_policies": list{"0|default|policy-demo/default.access-nginx|allow"}}, "NetworkPolicy(policy-demo/default.access-nginx)"},
		{"the last one in the order of indices decides", map[string]any{"all_policies": list{
			"1|app-shop|shop/app-shop.checkout|deny|-1", "0|security|security.tenants|pass|0"}}, "NetworkPolicy(shop/app-shop.checkout) tier default"},
		{"indices are numbers", map[string]any{"enforced_policies": list{"10|b|b.y|allow|0", "9|a|a.x|allow|0"}}, "GlobalNetworkPolicy(b.y) rule 1"},
		{"a pass never decides", map[string]any{"enforced_policies": list{"0|a|a.x|allow|0", "1|b|b.y|pass|0"}}, "GlobalNetworkPolicy(a.x) rule 1"},
		{"a staged one never decides", map[string]any{"all_policies": list{
			"0|a|a.x|allow|0", "1|a|shop/a.staged:y|deny|0", "2|default|shop/staged:knp.default.z|deny|0", "3|a|staged:a.q|deny|0"}}, "GlobalNetworkPolicy(a.x) rule 1"},
		{"enforced before all", map[string]any{"all_policies": list{"5|b|b.y|deny|0"}, "enforced_policies": list{"0|a|a.x|allow|0"}}, "GlobalNetworkPolicy(a.x) rule 1"},
		{"all where enforced is empty", map[string]any{"all_policies": list{"5|b|b.y|deny|0"}, "enforced_policies": list{}}, "GlobalNetworkPolicy(b.y) rule 1"},
		{"pending ones do not matter", map[string]any{"pending_policies": list{"5|b|b.y|deny|0"}, "transit_policies": list{"5|b|b.y|deny|0"}}, ""},
		{"two rules of one index: the order does not matter", map[string]any{"enforced_policies": list{"0|a|a.x|allow|2", "0|a|a.x|allow|1"}}, "GlobalNetworkPolicy(a.x) rule 2"},
		{"one entry without a list", map[string]any{"enforced_policies": "0|a|a.x|allow|2"}, "GlobalNetworkPolicy(a.x) rule 3"},
		{"entries that are no policies", map[string]any{"enforced_policies": list{"", "x", "a|b|c|allow|0", "0|a||allow|0", "0|a|a.x|allow|first", "1|2|3|4|5|6"}}, ""},
		{"names of newer releases", map[string]any{"enforced_policies": list{"0|app|np:shop/cart|allow|1"}}, "NetworkPolicy(shop/app.cart) rule 2"},
		{"names of newer releases, global", map[string]any{"enforced_policies": list{"0|app|gnp:app.cart|allow|1"}}, "GlobalNetworkPolicy(app.cart) rule 2"},
		{"names of newer releases, kubernetes", map[string]any{"enforced_policies": list{"0|default|knp:shop/cart|allow|1"}}, "NetworkPolicy.networking.k8s.io/v1(shop/cart) rule 2"},
		{"names of newer releases, cluster", map[string]any{"enforced_policies": list{"0|kube-admin|kcnp:base|deny|1"}}, "ClusterNetworkPolicy.policy.networking.k8s.io/v1alpha2(base) rule 2"},
		{"names of newer releases, profile", map[string]any{"enforced_policies": list{"0|__PROFILE__|pro:kns.shop|allow|0"}}, "profile:kns.shop rule 1"},
		{"names of newer releases, staged", map[string]any{"enforced_policies": list{"0|app|snp:shop/cart|allow|0", "0|app|sgnp:x|allow|0", "0|default|sknp:shop/x|allow|0"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := reduce(t, Options{}, enterprise(t, map[string]any{"policies": c.policies}))
			require.Equal(t, c.want, all(t, r)[0].Policy)
		})
	}
}

func TestDecidingPolicyOfGoldmane(t *testing.T) {
	type hit = map[string]any
	for _, c := range []struct {
		name string
		hits []any
		want string
	}{
		{"namespaced", []any{hit{"kind": 1, "namespace": "shop", "name": "cart", "tier": "app", "action": 1}}, "NetworkPolicy(shop/app.cart) rule 1"},
		{"global", []any{hit{"kind": 2, "name": "security.block", "tier": "security", "action": 2, "rule_index": 4}}, "GlobalNetworkPolicy(security.block) rule 5"},
		{"kubernetes", []any{hit{"kind": 6, "namespace": "shop", "name": "cart", "tier": "default", "action": 1, "rule_index": 1}}, "NetworkPolicy.networking.k8s.io/v1(shop/cart) rule 2"},
		{"cluster", []any{hit{"kind": 7, "name": "base", "tier": "kube-admin", "action": 2}}, "ClusterNetworkPolicy.policy.networking.k8s.io/v1alpha2(base) rule 1"},
		{"profile", []any{hit{"kind": 9, "name": "kns.shop", "action": 1}}, "profile:kns.shop rule 1"},
		{"end of tier", []any{hit{"kind": 10, "tier": "app", "action": 2, "trigger": hit{"kind": 1, "namespace": "shop", "name": "cart", "tier": "app"}}}, "NetworkPolicy(shop/app.cart) tier default"},
		{"end of tier without trigger", []any{hit{"kind": 10, "tier": "app", "action": 2}}, "Tier(app) tier default"},
		{"end of tier by a staged policy", []any{hit{"kind": 10, "tier": "app", "action": 2, "trigger": hit{"kind": 3, "name": "x"}}}, ""},
		{"pass, then decided, in any order", []any{
			hit{"kind": 1, "namespace": "shop", "name": "cart", "tier": "app", "action": 1, "policy_index": 1},
			hit{"kind": 2, "name": "all", "tier": "security", "action": 3}}, "NetworkPolicy(shop/app.cart) rule 1"},
		{"staged never", []any{hit{"kind": 3, "namespace": "shop", "name": "x", "action": 1}, hit{"kind": 4, "name": "x", "action": 1}, hit{"kind": 5, "name": "x", "action": 1}}, ""},
		{"unknown kind", []any{hit{"kind": 77, "name": "x", "action": 1}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := reduce(t, Options{}, goldmane(t, map[string]any{"policies": map[string]any{"enforced_policies": c.hits}}, nil))
			require.Equal(t, c.want, all(t, r)[0].Policy)
		})
	}
}
