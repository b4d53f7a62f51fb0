package timeline_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

// The names of these tests are the rows of decisions.md, "Endpoints and scope".

func TestWhenIsAPodAnEndpoint(t *testing.T) {
	created := pod("cart", node(""), phase("Pending"))
	for _, tc := range []struct {
		name     string
		needNode bool
		baseline []*resource.Object
		changes  []resource.Change
		want     interval.Interval // zero: never
	}{
		{"from its snapshot on", true, []*resource.Object{pod("cart")}, nil, span(10, 20)},
		{"from its creation event on, where the node is never shown", false, nil, []resource.Change{becomes(12, created)}, span(12, 20)},
		{"where the log shows binding, from being bound to a node", true, nil, []resource.Change{becomes(12, created), binds(13, created, "n")}, span(13, 20)},
		{"where the log shows status, from being bound to a node", true, nil, []resource.Change{becomes(12, created), becomes(14, pod("cart"))}, span(14, 20)},
		{"never bound", true, nil, []resource.Change{becomes(12, created)}, interval.Interval{}},
		{"bound in the snapshot's time", true, []*resource.Object{created}, []resource.Change{binds(5, created, "n")}, span(10, 20)},
		{"a binding before its creation at the same time", true, nil, []resource.Change{binds(12, created, "n"), becomes(12, created)}, span(12, 20)},
		{"a later state without a node keeps it", true, nil, []resource.Change{becomes(12, created), binds(13, created, "n"), becomes(14, created)}, span(13, 20)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := story{opts: timeline.Options{PodsNeedNode: tc.needNode}, baseline: tc.baseline, changes: tc.changes}
			if tc.want.IsZero() {
				require.Empty(t, s.result(t).Lives)
				return
			}
			require.Equal(t, tc.want, spanOf(s.life(t)))
		})
	}
}

func TestTerminatingPods(t *testing.T) {
	terminating := pod("cart", func(o *resource.Object) { o.Deleting = true })
	s := story{baseline: []*resource.Object{pod("cart")}, changes: []resource.Change{becomes(12, terminating), ends(15, terminating)}}
	require.Equal(t, span(10, 15), spanOf(s.life(t)), "still endpoints; the end is the removal from the API")
}

func TestFinishedPods(t *testing.T) {
	for _, finished := range []string{"Succeeded", "Failed"} {
		t.Run(finished+": stop being endpoints when they finish; they stay in the report", func(t *testing.T) {
			done := pod("cart", phase(finished))
			s := story{baseline: []*resource.Object{pod("cart"), deny("")}, changes: []resource.Change{
				becomes(13, done), ends(14, deny("")), becomes(15, pod("cart", phase(""))), ends(16, done),
			}}
			life := s.life(t)
			require.Equal(t, span(10, 13), spanOf(life))
			require.True(t, life.Flags.IngressProtected, "what happens after it finished does not matter")
		})
		t.Run(finished+" before the interval: not in it", func(t *testing.T) {
			s := story{baseline: []*resource.Object{pod("cart", phase(finished))}, changes: []resource.Change{ends(15, pod("cart"))}}
			require.Empty(t, s.result(t).Lives)
		})
	}
}

func TestHostNetworkPods(t *testing.T) {
	everywhere := global("open", v3.Rule{Action: v3.Allow})
	proxy := pod("proxy", hostNetwork, func(o *resource.Object) { o.Pod.Envoy = true })
	life := story{baseline: []*resource.Object{proxy, deny(""), everywhere, kubernetesDeny("k")}}.life(t)
	require.True(t, life.HostNetwork, "in scope and listed, marked as host-network")
	require.Empty(t, life.Policies, "no workload policy applies")
	require.Zero(t, life.Flags, "never protected")
	for _, truth := range []timeline.Truth{life.Ingress, life.Egress} {
		require.False(t, truth.Isolated)
		require.Equal(t, timeline.Exposure{Allowed: true, By: "host network", Since: tick(10)}, truth.Internet)
		require.Equal(t, truth.Internet, truth.OtherNamespace)
	}
}

func TestHostEndpoints(t *testing.T) {
	eth0 := host("eth0", label("zone", "edge"))
	for _, tc := range []struct {
		name      string
		selection v3.EndpointsSelection
		in        bool
	}{
		{"in scope by the report's selector", v3.EndpointsSelection{Selector: "zone == 'edge'"}, true},
		{"not selected", v3.EndpointsSelection{Selector: "zone == 'core'"}, false},
		{"any namespaces term excludes them", v3.EndpointsSelection{Namespaces: &v3.NamesAndLabelsMatch{Selector: "!has(x)"}}, false},
		{"even an empty namespaces term", v3.EndpointsSelection{Namespaces: &v3.NamesAndLabelsMatch{}}, false},
		{"even an empty serviceAccounts term", v3.EndpointsSelection{ServiceAccounts: &v3.NamesAndLabelsMatch{}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			result := story{opts: timeline.Options{Scope: scope(t, tc.selection)}, baseline: []*resource.Object{eth0}}.result(t)
			require.Equal(t, tc.in, len(result.Lives) == 1)
		})
	}
	t.Run("what a report says of one", func(t *testing.T) {
		p := global("open", v3.Rule{Action: v3.Allow})
		life := story{baseline: []*resource.Object{eth0, p, deny("")}}.life(t)
		require.Equal(t, eth0.ID, life.ID)
		require.Equal(t, "node-1", life.Node)
		require.Equal(t, "node-1", life.AggregateName)
		require.Empty(t, life.ServiceAccount)
		require.Equal(t, keys(p), life.Policies)
		require.Equal(t, timeline.Flags{IngressProtected: true, IngressFromInternet: true}, life.Flags)
		require.Zero(t, life.Ingress.OtherNamespace)
	})
}

func TestEndpointOutOfScopeForPartOfTheInterval(t *testing.T) {
	in, out := pod("cart", label("pci", "true")), pod("cart")
	s := story{
		opts:     timeline.Options{Scope: scope(t, v3.EndpointsSelection{Selector: "pci == 'true'"})},
		baseline: []*resource.Object{out, deny("")},
		changes:  []resource.Change{becomes(12, in), becomes(14, out), becomes(16, in), ends(18, deny(""))},
	}
	t.Run("in the report", func(t *testing.T) {
		require.Equal(t, []interval.Interval{span(12, 14), span(16, 20)}, s.life(t).Scope)
		require.Equal(t, span(10, 20), spanOf(s.life(t)))
	})
	t.Run("its flags cover every instant at which it existed, in scope or not", func(t *testing.T) {
		s := s
		s.changes = []resource.Change{becomes(12, in), becomes(14, out), ends(15, deny(""))}
		life := s.life(t)
		require.False(t, life.Flags.IngressProtected)
		sameTime(t, tick(15), life.Ingress.Internet.Since)
		require.Equal(t, keys(deny("")), life.Policies)
	})
	t.Run("never in scope: not in the report", func(t *testing.T) {
		s := s
		s.changes = nil
		require.Empty(t, s.result(t).Lives)
	})
}

func TestSameNameNewUID(t *testing.T) {
	first, second := pod("cart", uid("1")), pod("cart", uid("2"))
	t.Run("two lives, two rows with times", func(t *testing.T) {
		lives := story{baseline: []*resource.Object{first}, changes: []resource.Change{ends(12, first), becomes(14, second)}}.result(t).Lives
		require.Len(t, lives, 2)
		require.Equal(t, "1", lives[0].ID.UID)
		require.Equal(t, span(10, 12), spanOf(lives[0]))
		require.Equal(t, "2", lives[1].ID.UID)
		require.Equal(t, span(14, 20), spanOf(lives[1]))
	})
	t.Run("the new one ends the old one whose end is not logged", func(t *testing.T) {
		lives := story{baseline: []*resource.Object{first}, changes: []resource.Change{becomes(14, second)}}.result(t).Lives
		require.Len(t, lives, 2)
		require.Equal(t, span(10, 14), spanOf(lives[0]))
		require.Equal(t, span(14, 20), spanOf(lives[1]))
	})
}

func TestWhichLabelsDoesAReportsSelectorSee(t *testing.T) {
	baseline := []*resource.Object{
		namespace("shop", label("team", "blue")), pod("cart"),
		with(&resource.Object{ID: named(resource.ServiceAccount, "shop", "default")}, label("level", "1")),
	}
	for _, tc := range []struct {
		name      string
		selection v3.EndpointsSelection
		in        bool
	}{
		{"its own", v3.EndpointsSelection{Selector: "app == 'cart'"}, true},
		{"the namespace's, inherited", v3.EndpointsSelection{Selector: "pcns.team == 'blue'"}, true},
		{"the service account's, inherited", v3.EndpointsSelection{Selector: "pcsa.level == '1'"}, true},
		{"those that Calico adds", v3.EndpointsSelection{Selector: "projectcalico.org/namespace == 'shop' && projectcalico.org/orchestrator == 'k8s'"}, true},
		{"not a namespace's without the prefix", v3.EndpointsSelection{Selector: "team == 'blue'"}, false},
		{"namespaces by name", v3.EndpointsSelection{Namespaces: &v3.NamesAndLabelsMatch{Names: []string{"bank", "shop"}}}, true},
		{"namespaces by another name", v3.EndpointsSelection{Namespaces: &v3.NamesAndLabelsMatch{Names: []string{"bank"}}}, false},
		{"namespaces by label", v3.EndpointsSelection{Namespaces: &v3.NamesAndLabelsMatch{Selector: "team == 'blue'"}}, true},
		{"names AND selector", v3.EndpointsSelection{Namespaces: &v3.NamesAndLabelsMatch{Names: []string{"shop"}, Selector: "team == 'red'"}}, false},
		{"service accounts by bare name", v3.EndpointsSelection{ServiceAccounts: &v3.NamesAndLabelsMatch{Names: []string{"default"}}}, true},
		{"service accounts by label", v3.EndpointsSelection{ServiceAccounts: &v3.NamesAndLabelsMatch{Selector: "level == '2'"}}, false},
		{"the three are ANDed", v3.EndpointsSelection{Selector: "app == 'web'", Namespaces: &v3.NamesAndLabelsMatch{Names: []string{"shop"}}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			result := story{opts: timeline.Options{Scope: scope(t, tc.selection)}, baseline: baseline}.result(t)
			require.Equal(t, tc.in, len(result.Lives) == 1)
		})
	}
	t.Run("over time", func(t *testing.T) {
		s := story{
			opts:     timeline.Options{Scope: scope(t, v3.EndpointsSelection{Namespaces: &v3.NamesAndLabelsMatch{Selector: "team == 'red'"}})},
			baseline: baseline, changes: []resource.Change{becomes(12, namespace("shop", label("team", "red"))), becomes(13, namespace("shop"))},
		}
		require.Equal(t, []interval.Interval{span(12, 13)}, s.life(t).Scope)
	})
}

func TestWhatIsInScopeWithNoSelection(t *testing.T) {
	for name, opts := range map[string]timeline.Options{
		"nil":   {},
		"empty": {Scope: scope(t, v3.EndpointsSelection{})},
	} {
		t.Run(name+": every endpoint", func(t *testing.T) {
			result := story{opts: opts, baseline: []*resource.Object{pod("cart"), pod("proxy", hostNetwork), host("eth0")}}.result(t)
			require.Len(t, result.Lives, 3)
		})
	}
}

func TestNewScopeNamesTheField(t *testing.T) {
	for want, selection := range map[string]v3.EndpointsSelection{
		"endpoints.selector: parse selector at character 5":          {Selector: "app = 'x'"},
		"endpoints.namespaces.selector: parse selector at character": {Namespaces: &v3.NamesAndLabelsMatch{Selector: "("}},
		"endpoints.serviceAccounts.selector: parse selector at":      {ServiceAccounts: &v3.NamesAndLabelsMatch{Selector: "("}},
	} {
		t.Run(want, func(t *testing.T) {
			_, err := timeline.NewScope(&selection)
			require.ErrorContains(t, err, want)
		})
	}
}
