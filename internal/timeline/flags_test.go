package timeline_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

// The names of these tests are the rows of decisions.md, "Policies and flags", as far as they concern more than one instant or more
// than policies alone; package policy has the others.

func TestProtectedIsANDOverTime(t *testing.T) {
	for _, tc := range []struct {
		name      string
		changes   []resource.Change
		protected bool
	}{
		{"throughout", nil, true},
		{"without the policy for an instant", []resource.Change{ends(12, deny("", uid("1"))), becomes(13, deny("", uid("2")))}, false},
		{"replaced at one instant", []resource.Change{ends(12, deny("", uid("1"))), becomes(12, deny("", uid("2")))}, true},
		{"a policy that stops selecting", []resource.Change{becomes(12, deny("app == 'web'", uid("1")))}, false},
		{"a pod that leaves the selector", []resource.Change{becomes(12, pod("cart", label("app", "web")))}, false},
		{"until after the end", []resource.Change{ends(20, deny("", uid("1")))}, true},
		{"gone before the start", []resource.Change{ends(5, deny("", uid("1")))}, false},
		{"gone and back before the start", []resource.Change{ends(5, deny("", uid("1"))), becomes(10, deny("", uid("2")))}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			life := story{baseline: []*resource.Object{pod("cart"), deny("app == 'cart'", uid("1"))}, changes: tc.changes}.life(t)
			require.Equal(t, tc.protected, life.Flags.IngressProtected)
			require.Equal(t, tc.protected, life.Flags.EgressProtected)
			require.Equal(t, tc.protected, life.Ingress.Isolated)
		})
	}
}

func TestExposedIsOROverTime(t *testing.T) {
	open := global("open", v3.Rule{Action: v3.Allow})
	for _, tc := range []struct {
		name    string
		changes []resource.Change
		exposed bool
	}{
		{"never", nil, false},
		{"for an instant", []resource.Change{becomes(12, open), ends(13, open)}, true},
		{"without duration", []resource.Change{becomes(12, open), ends(12, open)}, false},
		{"before the start", []resource.Change{becomes(3, open), ends(10, open)}, false},
		{"from the end on", []resource.Change{becomes(20, open)}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			life := story{baseline: []*resource.Object{pod("cart"), deny("")}, changes: tc.changes}.life(t)
			require.Equal(t, tc.exposed, life.Flags.IngressFromInternet)
			require.Equal(t, tc.exposed, life.Ingress.Internet.Allowed)
			require.Equal(t, tc.exposed, len(life.Policies) == 2)
		})
	}
	t.Run("the first instant, and what decided then", func(t *testing.T) {
		other := global("a-more-open", v3.Rule{Action: v3.Log}, v3.Rule{Action: v3.Allow})
		life := story{baseline: []*resource.Object{pod("cart"), deny("")}, changes: []resource.Change{becomes(12, open), becomes(14, other), ends(15, open)}}.life(t)
		require.Equal(t, timeline.Exposure{Allowed: true, By: "GlobalNetworkPolicy(open) rule 1", Since: tick(12)}, life.Ingress.Internet)
	})
}

func TestStagedPolicies(t *testing.T) {
	staged := &resource.Object{ID: named(resource.StagedNetworkPolicy, "shop", "default.deny"), Policy: deny("app == 'cart'").Policy}
	elsewhere := &resource.Object{ID: named(resource.StagedNetworkPolicy, "shop", "default.web"), Policy: deny("app == 'web'").Policy}
	result := story{baseline: []*resource.Object{pod("cart"), staged, elsewhere}}.result(t)
	require.Zero(t, result.Lives[0].Flags, "never protect")
	require.Empty(t, result.Lives[0].Policies, "never in appliedPolicies")
	require.Equal(t, keys(staged), result.Lives[0].Staged)
	require.Equal(t, []timeline.PolicyUse{{Key: staged.ID.Key, InScope: true}, {Key: elsewhere.ID.Key}}, result.Policies,
		"in policy-audit they count where their selection would apply")
}

func TestASelectorThatMatchesNetworkSets(t *testing.T) {
	set := func(kind resource.Kind, namespace string, nets ...string) *resource.Object {
		return with(&resource.Object{ID: named(kind, namespace, "set"), Nets: nets}, label("role", "partner"))
	}
	shared := set(resource.GlobalNetworkSet, "", "10.0.0.0/8", "8.8.8.0/24")
	own := set(resource.NetworkSet, "shop", "8.8.8.0/24")
	private := set(resource.GlobalNetworkSet, "", "10.0.0.0/8")
	partner := v3.EntityRule{Selector: "role == 'partner'"}
	anywhere := global("partner", v3.Rule{Action: v3.Allow, Source: partner})
	inShop := deny("", func(o *resource.Object) { o.Policy.Ingress = []v3.Rule{{Action: v3.Allow, Source: partner}} })
	byTeam := deny("", func(o *resource.Object) {
		o.Policy.Ingress = []v3.Rule{{Action: v3.Allow, Source: v3.EntityRule{Selector: "role == 'partner'", NamespaceSelector: "team == 'blue'"}}}
	})
	blue := namespace("shop", label("team", "blue"))
	for _, tc := range []struct {
		name     string
		objects  []*resource.Object
		changes  []resource.Change
		internet bool
	}{
		{"no set", []*resource.Object{anywhere}, nil, false},
		{"a global set", []*resource.Object{anywhere, shared}, nil, true},
		{"a private one", []*resource.Object{anywhere, private}, nil, false},
		{"whose net cannot be read", []*resource.Object{anywhere, set(resource.GlobalNetworkSet, "", "x")}, nil, true},
		{"that gets a public net later", []*resource.Object{anywhere, private}, []resource.Change{becomes(12, shared)}, true},
		{"that gets its label later", []*resource.Object{anywhere, with(shared, label("role", "none"))}, []resource.Change{becomes(12, shared)}, true},
		{"that comes and goes within an instant", []*resource.Object{anywhere}, []resource.Change{becomes(12, shared), ends(12, shared)}, false},
		{"that was gone before the start", []*resource.Object{anywhere, shared}, []resource.Change{ends(9, shared)}, false},
		{"a policy that comes after the set", []*resource.Object{shared}, []resource.Change{becomes(12, anywhere)}, true},
		{"within the peer's scope: own namespace", []*resource.Object{inShop, own}, nil, true},
		{"within the peer's scope: not a global set", []*resource.Object{inShop, shared}, nil, false},
		{"NetworkSets inherit pcns.*", []*resource.Object{byTeam, own, blue}, nil, true},
		{"over time", []*resource.Object{byTeam, own}, []resource.Change{becomes(12, blue)}, true},
		{"GlobalNetworkSets have their own labels only", []*resource.Object{byTeam, shared, blue}, nil, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			life := story{baseline: append(tc.objects, pod("cart"), kubernetesDeny("k")), changes: tc.changes}.life(t)
			require.Equal(t, tc.internet, life.Flags.IngressFromInternet)
			require.Equal(t, tc.internet, life.Ingress.Internet.Allowed)
		})
	}
}

func TestANetworkSetThatEndsNoLongerExposes(t *testing.T) {
	set := with(&resource.Object{ID: named(resource.GlobalNetworkSet, "", "set"), Nets: []string{"8.8.8.0/24"}}, label("role", "partner"))
	partner := global("partner", v3.Rule{Action: v3.Allow, Source: v3.EntityRule{Selector: "role == 'partner'"}})
	for name, change := range map[string]resource.Change{
		"gone":           ends(12, set),
		"not selected":   becomes(12, with(set, label("role", "none"))),
		"without nets":   becomes(12, with(set, func(o *resource.Object) { o.Nets = nil })),
		"other policies": becomes(12, with(partner, func(o *resource.Object) { o.Policy.Ingress = nil })),
	} {
		t.Run(name, func(t *testing.T) {
			lives := story{baseline: []*resource.Object{set, partner, pod("cart")}, changes: []resource.Change{change, becomes(13, pod("web"))}}.result(t).Lives
			require.True(t, lives[0].Flags.IngressFromInternet, "for who was there before")
			require.False(t, lives[1].Flags.IngressFromInternet, "for who came later")
			require.False(t, lives[1].Ingress.Internet.Allowed)
		})
	}
}

func TestPrivateAddressesAreASetting(t *testing.T) {
	p := global("open", v3.Rule{Action: v3.Allow, Source: v3.EntityRule{Nets: []string{"100.64.0.0/10"}}})
	for name, tc := range map[string]struct {
		private []netip.Prefix
		want    bool
	}{
		"RFC 1918 by default": {nil, true},
		"as set":              {[]netip.Prefix{netip.MustParsePrefix("100.64.0.0/10")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			life := story{opts: timeline.Options{PrivateNets: tc.private}, baseline: []*resource.Object{pod("cart"), p}}.life(t)
			require.Equal(t, tc.want, life.Flags.IngressFromInternet)
		})
	}
}

func TestEnvoyIsANDOverTime(t *testing.T) {
	meshed := pod("cart", func(o *resource.Object) { o.Pod.Envoy = true })
	require.True(t, story{baseline: []*resource.Object{meshed}}.life(t).Flags.Envoy)
	require.False(t, story{baseline: []*resource.Object{meshed}, changes: []resource.Change{becomes(12, pod("cart")), becomes(13, meshed)}}.life(t).Flags.Envoy)
	require.False(t, story{baseline: []*resource.Object{host("eth0")}}.life(t).Flags.Envoy)
}

func TestServicesOfAnEndpoint(t *testing.T) {
	byName, byIP := resource.Backend{Pod: "shop/cart", IP: "10.0.0.1"}, resource.Backend{IP: "10.0.0.1"}
	other := resource.Backend{Pod: "shop/web", IP: "10.0.0.1"}
	endpoints := &resource.Object{ID: named(resource.Endpoints, "shop", "old"), Backends: &resource.BackendsSpec{Service: "old", Addresses: []resource.Backend{byName}}}
	for _, tc := range []struct {
		name     string
		pod      *resource.Object
		baseline []*resource.Object
		changes  []resource.Change
		want     []string
	}{
		{"from EndpointSlices and Endpoints united", pod("cart"), []*resource.Object{slice("a", "new", byName), endpoints}, nil, []string{"new", "old"}},
		{"two slices of one service", pod("cart"), []*resource.Object{slice("a", "x", byName), slice("b", "x", byName)}, nil, []string{"x"}},
		{"targetRef first: the address of another pod's does not count", pod("cart", ips("10.0.0.1")), []*resource.Object{slice("a", "x", other)}, nil, nil},
		{"the address alone", pod("cart", ips("10.0.0.1")), []*resource.Object{slice("a", "x", byIP)}, nil, []string{"x"}},
		{"address only for pods that are not host-network", pod("cart", ips("10.0.0.1"), hostNetwork), []*resource.Object{slice("a", "x", byIP)}, nil, nil},
		{"targetRef for those too", pod("cart", hostNetwork), []*resource.Object{slice("a", "x", byName)}, nil, []string{"x"}},
		{"a slice of no service", pod("cart"), []*resource.Object{slice("a", "", byName)}, nil, nil},
		{"every one that contained it at any moment", pod("cart"), nil, []resource.Change{
			becomes(12, slice("a", "x", other, byName)), becomes(13, slice("a", "x", other)), becomes(14, slice("b", "y", byName)), ends(15, slice("b", "y"))}, []string{"x", "y"}},
		{"at a moment of some length", pod("cart"), nil, []resource.Change{becomes(12, slice("a", "x", byName)), ends(12, slice("a", "x", byName))}, nil},
		{"before the interval", pod("cart"), []*resource.Object{slice("a", "x", byName)}, []resource.Change{becomes(9, slice("a", "x"))}, nil},
		{"a slice before its pod", pod("web"), []*resource.Object{slice("a", "x", byName)}, []resource.Change{becomes(12, pod("cart")), ends(12, pod("web"))}, []string{"x"}},
		{"a slice whose service changes", pod("cart"), []*resource.Object{slice("a", "x", byName)}, []resource.Change{becomes(12, slice("a", "y", byName))}, []string{"x", "y"}},
		{"a pod that was no endpoint when the slice came", pod("cart"), nil, []resource.Change{
			becomes(12, pod("cart", phase("Failed"))), becomes(13, slice("a", "x", byName)), becomes(14, pod("cart"))}, []string{"x"}},
		{"an address that the pod gets later", pod("cart"), []*resource.Object{slice("a", "x", byIP)}, []resource.Change{becomes(12, pod("cart", ips("10.0.0.1")))}, []string{"x"}},
		{"an address that the log does not show any more is kept", pod("cart", ips("10.0.0.1")), nil, []resource.Change{
			becomes(12, pod("cart", phase(""), label("x", "y"))), becomes(13, slice("a", "x", byIP))}, []string{"x"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lives := story{baseline: append(tc.baseline, tc.pod), changes: tc.changes}.result(t).Lives
			var got []string
			for _, key := range lives[0].Services {
				require.Equal(t, resource.Service, key.Kind)
				require.Equal(t, "shop", key.Namespace)
				got = append(got, key.Name)
			}
			require.Equal(t, tc.want, got)
		})
	}
}

func TestTiersOverTime(t *testing.T) {
	deny := global("sec.deny", v3.Rule{Action: v3.Deny})
	deny.Policy.Tier = "sec"
	open := global("open", v3.Rule{Action: v3.Allow})
	order := func(o float64) *resource.Object {
		return &resource.Object{ID: named(resource.Tier, "", "sec"), Tier: &resource.TierSpec{Order: &o}}
	}
	s := story{baseline: []*resource.Object{pod("cart"), deny, open, order(1)}}
	require.False(t, s.life(t).Ingress.Internet.Allowed, "the tier comes first")
	s.changes = []resource.Change{becomes(12, order(2e6)), becomes(13, order(1))}
	life := s.life(t)
	require.Equal(t, timeline.Exposure{Allowed: true, By: "GlobalNetworkPolicy(open) rule 1", Since: tick(12)}, life.Ingress.Internet)
}
