package timeline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

// anEnd is the end of an object by its key, uid and version as a log may show them.
func anEnd(tick_ int, obj *resource.Object, uid, version string) resource.Change {
	return resource.Change{Time: tick(tick_), ID: resource.ID{Key: obj.ID.Key, UID: uid}, Version: version}
}

// The rows of decisions.md, "Time and changes", and the items of audit-log.md that are a timeline's business.

func TestInterval(t *testing.T) {
	for _, tc := range []struct {
		name     string
		baseline []*resource.Object
		changes  []resource.Change
		want     interval.Interval
	}{
		{"the state at the start is the snapshot and the changes before it", nil, []resource.Change{becomes(1, pod("cart"))}, span(10, 20)},
		{"a change at the start belongs to it", nil, []resource.Change{becomes(10, pod("cart"))}, span(10, 20)},
		{"an end at the start leaves no duration", []*resource.Object{pod("cart")}, []resource.Change{ends(10, pod("cart"))}, interval.Interval{}},
		{"a change at the end does not", nil, []resource.Change{becomes(20, pod("cart"))}, interval.Interval{}},
		{"an end at the end does not", []*resource.Object{pod("cart")}, []resource.Change{ends(20, pod("cart"))}, span(10, 20)},
		{"several changes with one timestamp are one instant", nil, []resource.Change{becomes(12, pod("cart")), ends(12, pod("cart"))}, interval.Interval{}},
		{"nanoseconds count", nil, []resource.Change{{Time: tick(20).Add(-time.Nanosecond), ID: pod("cart").ID, Object: pod("cart")}},
			interval.Interval{Start: tick(20).Add(-time.Nanosecond), End: tick(20)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := story{baseline: tc.baseline, changes: tc.changes}
			if tc.want.IsZero() {
				require.Empty(t, s.result(t).Lives)
				return
			}
			require.Equal(t, tc.want, spanOf(s.life(t)))
		})
	}
}

func TestWhatComesAfterTheEndDoesNotShow(t *testing.T) {
	s := story{baseline: []*resource.Object{pod("cart"), deny("")}}
	want := s.result(t)
	s.changes = []resource.Change{
		becomes(20, pod("cart", node("node-2"), phase("Failed"), label("x", "y"))), ends(21, deny("")), becomes(22, pod("web")), becomes(23, namespace("shop")),
	}
	got := s.result(t)
	require.EqualValues(t, 4, got.Counts.Applied-want.Counts.Applied)
	got.Counts = want.Counts
	require.Equal(t, want, got)
}

func TestOrderOfOneObjectsChangesIsByResourceVersion(t *testing.T) {
	old, newer := deny("", at("9")), deny("app == 'web'", at("10"))
	for _, tc := range []struct {
		name      string
		changes   []resource.Change
		protected bool
		stale     int64
	}{
		{"an older version that is stamped later is dropped (audit-log.md 35)", []resource.Change{becomes(5, newer), becomes(6, old)}, false, 1},
		{"versions are numbers, not text", []resource.Change{becomes(5, old), becomes(6, newer)}, false, 0},
		{"of one instant the higher version counts", []resource.Change{becomes(5, newer), becomes(5, old)}, false, 0},
		{"the same version again is the same state (audit-log.md 18)", []resource.Change{becomes(5, old), becomes(6, deny("app == 'web'", at("9")))}, true, 0},
		{"without versions the order counts", []resource.Change{becomes(5, deny("")), becomes(6, deny("app == 'web'"))}, false, 0},
		{"a version that is no number cannot be compared", []resource.Change{becomes(5, deny("", at("x"))), becomes(6, deny("app == 'web'", at("a")))}, false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			result := story{baseline: []*resource.Object{pod("cart")}, changes: tc.changes}.result(t)
			require.Equal(t, tc.protected, result.Lives[0].Flags.IngressProtected)
			require.Equal(t, tc.stale, result.Counts.Stale)
		})
	}
}

func TestEndOfAnObject(t *testing.T) {
	first, second := deny("", uid("1"), at("5")), deny("", uid("2"), at("8"))
	for _, tc := range []struct {
		name      string
		changes   []resource.Change
		protected bool // at the end
		counts    timeline.Counts
	}{
		{"an end may repeat the version (audit-log.md 3, 12)", []resource.Change{anEnd(12, first, "1", "5")}, false, timeline.Counts{Applied: 1}},
		{"an end may have none (audit-log.md 1)", []resource.Change{anEnd(12, first, "1", "")}, false, timeline.Counts{Applied: 1}},
		{"the end of a known uid is final, however old its version (audit-log.md 9)", []resource.Change{anEnd(12, first, "1", "2")}, false, timeline.Counts{Applied: 1}},
		{"an end without a uid applies by name", []resource.Change{anEnd(12, first, "", "")}, false, timeline.Counts{Applied: 1}},
		{"but not when it is older than the object", []resource.Change{anEnd(12, first, "", "4")}, true, timeline.Counts{Stale: 1}},
		{"a late end of the old uid does not end the new life", []resource.Change{becomes(12, second), anEnd(13, first, "1", "5")}, true, timeline.Counts{Applied: 1, Stale: 1}},
		{"a late end of a uid that was never seen neither", []resource.Change{becomes(12, second), anEnd(13, first, "0", "")}, true, timeline.Counts{Applied: 1, Stale: 1}},
		{"a late update does not resurrect", []resource.Change{anEnd(12, first, "1", ""), becomes(13, deny("", uid("1"), at("6")))}, false, timeline.Counts{Applied: 1, Stale: 1}},
		{"nor one without a uid, by its version", []resource.Change{anEnd(12, first, "1", "7"), becomes(13, deny("", uid(""), at("6")))}, false, timeline.Counts{Applied: 1, Stale: 1}},
		{"nor one of the life before", []resource.Change{becomes(12, second), anEnd(13, second, "2", ""), becomes(14, deny("", uid("1"), at("6")))}, false, timeline.Counts{Applied: 2, Stale: 1}},
		{"nor does one replace the new life", []resource.Change{becomes(12, second), becomes(13, deny("app == 'x'", uid("1")))}, true, timeline.Counts{Applied: 1, Stale: 1}},
		{"a new life after the end", []resource.Change{anEnd(12, first, "1", ""), becomes(12, second)}, true, timeline.Counts{Applied: 1, Stale: 1}},
		{"a second end is late", []resource.Change{anEnd(12, first, "1", ""), anEnd(13, first, "1", "")}, false, timeline.Counts{Applied: 1, Stale: 1}},
		{"the end of what was never seen", []resource.Change{anEnd(12, namespace("x"), "9", "")}, true, timeline.Counts{Orphaned: 1}},
		{"is remembered", []resource.Change{anEnd(12, namespace("x"), "9", ""), becomes(13, namespace("x", uid("9")))}, true, timeline.Counts{Orphaned: 1, Stale: 1}},
		{"a binding of what was never seen", []resource.Change{binds(12, pod("x"), "n")}, true, timeline.Counts{Orphaned: 1}},
		{"a binding of another life", []resource.Change{binds(12, pod("cart", uid("other")), "n")}, true, timeline.Counts{Stale: 1}},
		{"a binding of an ended life", []resource.Change{ends(12, pod("cart")), binds(13, pod("cart"), "n")}, true, timeline.Counts{Applied: 1, Stale: 1}},
		{"a uid that was not known is learnt", []resource.Change{becomes(12, deny("", uid(""), at("6"))), anEnd(13, first, "other", "")}, true, timeline.Counts{Applied: 1, Stale: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tl, result := story{baseline: []*resource.Object{pod("cart"), first}, changes: tc.changes}.replay(t)
			missing := false
			for _, difference := range tl.Diff(seq(pod("cart"), deny("", uid("")))) {
				missing = missing || difference == timeline.Difference{Object: first.ID.Key, What: "missing"}
			}
			require.Equal(t, tc.protected, !missing)
			tc.counts.Baseline = 2
			require.Equal(t, tc.counts, result.Counts)
		})
	}
}

func TestAGapWithoutThePolicy(t *testing.T) {
	first, second := deny("", uid("1")), deny("", uid("2"))
	s := story{baseline: []*resource.Object{pod("cart"), first}, changes: []resource.Change{
		{Time: tick(12), ID: first.ID}, {Time: tick(12).Add(10 * time.Millisecond), ID: second.ID, Object: second},
	}}
	life := s.life(t)
	require.False(t, life.Flags.IngressProtected, "kubectl replace --force: some 10 ms without the policy (audit-log.md 30)")
	require.Equal(t, keys(first), life.Policies, "one policy to a report")
}

func TestContentsOfADeletedNamespace(t *testing.T) {
	account := &resource.Object{ID: named(resource.ServiceAccount, "shop", "default")}
	baseline := []*resource.Object{
		namespace("shop"), namespace("bank"), account, pod("cart"), deny(""), kubernetesDeny("k"), slice("a", "x", resource.Backend{Pod: "shop/cart"}),
		with(pod("cart"), func(o *resource.Object) { o.ID = named(resource.Pod, "bank", "till") }),
	}
	s := story{baseline: baseline, changes: []resource.Change{ends(15, namespace("shop"))}}
	tl, result := s.replay(t)
	require.Len(t, result.Lives, 2)
	require.Equal(t, "bank", result.Lives[0].ID.Namespace)
	require.Equal(t, span(10, 20), spanOf(result.Lives[0]))
	require.Equal(t, span(10, 15), spanOf(result.Lives[1]), "ends what is in it, at the same instant")
	require.True(t, result.Lives[1].Flags.IngressProtected, "a policy does not end before the pods that it protects")
	require.Empty(t, tl.Diff(seq(baseline[1], baseline[7])), "nothing is left of it")

	t.Run("at their own events where those are logged", func(t *testing.T) {
		s := story{baseline: baseline, changes: []resource.Change{ends(13, pod("cart")), ends(14, deny("")), ends(15, namespace("shop"))}}
		result := s.result(t)
		require.Equal(t, span(10, 13), spanOf(result.Lives[1]))
	})
	t.Run("late events of what was in it change nothing", func(t *testing.T) {
		s := story{baseline: baseline, changes: []resource.Change{ends(15, namespace("shop")), becomes(16, pod("cart", label("late", ""))), ends(17, pod("cart"))}}
		result := s.result(t)
		require.Len(t, result.Lives, 2)
		require.EqualValues(t, 2, result.Counts.Stale)
	})
	t.Run("re-created", func(t *testing.T) {
		again := namespace("shop", uid("again"), label("team", "red"))
		s := story{
			opts:     timeline.Options{Scope: scope(t, v3.EndpointsSelection{Selector: "pcns.team == 'red'"})},
			baseline: baseline, changes: []resource.Change{ends(15, namespace("shop")), becomes(16, again), becomes(17, pod("cart", uid("again")))},
		}
		life := s.life(t)
		require.Equal(t, span(17, 20), spanOf(life))
		require.False(t, life.Flags.IngressProtected)
	})
}

func TestServiceTakesItsEndpointsAlong(t *testing.T) {
	service := &resource.Object{ID: named(resource.Service, "shop", "web")}
	addresses := func(name string) *resource.Object {
		return &resource.Object{ID: named(resource.Endpoints, "shop", name), Backends: &resource.BackendsSpec{Service: name}}
	}
	sliced := slice("web-x", "web", resource.Backend{Pod: "shop/cart"})
	s := story{baseline: []*resource.Object{service, addresses("web"), addresses("other"), sliced}, changes: []resource.Change{ends(15, service)}}
	tl, _ := s.replay(t)
	require.Empty(t, tl.Diff(seq(addresses("other"), sliced)), "its slices have events of their own, and so have other services")
}

func TestPolicyAuditRestrictedToEndpoints(t *testing.T) {
	inScope := scope(t, v3.EndpointsSelection{Selector: "app == 'cart'"})
	forWeb := deny("app == 'web'", func(o *resource.Object) { o.ID = named(resource.NetworkPolicy, "shop", "default.web") })
	broken := deny("app = 'web'", func(o *resource.Object) { o.ID = named(resource.NetworkPolicy, "shop", "default.broken") })
	s := story{opts: timeline.Options{Scope: inScope}, baseline: []*resource.Object{pod("cart"), pod("web"), deny("app == 'cart'"), forWeb, broken}}
	for _, tc := range []struct {
		name    string
		changes []resource.Change
		want    []timeline.PolicyUse
	}{
		{"applied to an endpoint in scope; nobody can tell for one that cannot be parsed", nil, []timeline.PolicyUse{
			{Key: broken.ID.Key, InScope: true}, {Key: deny("").ID.Key, InScope: true}, {Key: forWeb.ID.Key}}},
		{"including the instant before a deletion", []resource.Change{ends(11, deny(""))}, []timeline.PolicyUse{
			{Key: broken.ID.Key, InScope: true}, {Key: deny("").ID.Key, InScope: true}, {Key: forWeb.ID.Key}}},
		{"and after a creation", []resource.Change{becomes(19, kubernetesDeny("k"))}, []timeline.PolicyUse{
			{Key: kubernetesDeny("k").ID.Key, InScope: true}, {Key: broken.ID.Key, InScope: true}, {Key: deny("").ID.Key, InScope: true}, {Key: forWeb.ID.Key}}},
		{"not outside of the interval", []resource.Change{ends(5, deny("")), becomes(20, kubernetesDeny("k"))}, []timeline.PolicyUse{
			{Key: broken.ID.Key, InScope: true}, {Key: forWeb.ID.Key}}},
		{"a policy that selects later", []resource.Change{becomes(15, with(forWeb, func(o *resource.Object) { o.Policy.Selector = "" }))}, []timeline.PolicyUse{
			{Key: broken.ID.Key, InScope: true}, {Key: deny("").ID.Key, InScope: true}, {Key: forWeb.ID.Key, InScope: true}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := s
			s.changes = tc.changes
			require.Equal(t, tc.want, s.result(t).Policies)
		})
	}
}

func TestWarnings(t *testing.T) {
	noTier := deny("", func(o *resource.Object) { o.Policy.Tier = "gone" })
	set := &resource.Object{ID: named(resource.GlobalNetworkSet, "", "set"), Nets: []string{"10.0.0.0/8", "nonsense"}}
	for _, tc := range []struct {
		name   string
		object *resource.Object
		of     resource.Key
		reason string
	}{
		{"a selector that cannot be parsed", deny("app = 'x'"), deny("").ID.Key, `selector "app = 'x'": parse selector at character 5`},
		{"a tier that is not known", noTier, noTier.ID.Key, "its tier gone is not known"},
		{"a net that cannot be read", set, set.ID.Key, "net nonsense is neither a CIDR nor an address"},
		{"a namespace that was not seen", pod("cart"), resource.Key{Kind: resource.Namespace, Name: "shop"}, "its labels are not known"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for when, s := range map[string]story{
				"in the snapshot": {baseline: []*resource.Object{tc.object}},
				"changed":         {changes: []resource.Change{becomes(12, tc.object)}},
			} {
				warnings := s.result(t).Warnings
				require.Len(t, warnings, 1, when)
				require.Equal(t, tc.of, warnings[0].Object)
				require.Contains(t, warnings[0].Reason, tc.reason)
			}
			require.Empty(t, story{changes: []resource.Change{becomes(20, tc.object)}}.result(t).Warnings, "not after the interval")
		})
	}
	t.Run("never protected", func(t *testing.T) {
		life := story{baseline: []*resource.Object{namespace("shop"), pod("cart"), deny("app = 'x'")}}.life(t)
		require.Zero(t, life.Flags)
		require.Empty(t, life.Policies)
	})
}

func TestContractIsChecked(t *testing.T) {
	fresh := func() *timeline.Timeline {
		tl, err := timeline.New(timeline.Options{Interval: storySpan})
		require.NoError(t, err)
		return tl
	}
	t.Run("an interval that does not end after its start", func(t *testing.T) {
		_, err := timeline.New(timeline.Options{Interval: span(5, 5)})
		require.ErrorContains(t, err, "give an end that is later than the start")
	})
	t.Run("unsorted changes", func(t *testing.T) {
		tl := fresh()
		require.NoError(t, tl.Apply(becomes(12, pod("cart"))))
		require.ErrorContains(t, tl.Apply(becomes(11, pod("cart"))), "Pod.v1(shop/cart): 2026-11-21T00:00:11Z is before the previous change at 2026-11-21T00:00:12Z")
	})
	t.Run("a snapshot after a change", func(t *testing.T) {
		tl := fresh()
		require.NoError(t, tl.Apply(becomes(12, pod("cart"))))
		require.ErrorContains(t, tl.Baseline(pod("web")), "the snapshot must be complete before the first change")
	})
	t.Run("a change after the end of the replay", func(t *testing.T) {
		tl := fresh()
		_, err := tl.Finish()
		require.NoError(t, err)
		require.ErrorContains(t, tl.Apply(becomes(12, pod("cart"))), "the replay is finished")
		require.Error(t, tl.Baseline(pod("web")))
	})
	t.Run("finishing twice gives the same", func(t *testing.T) {
		tl := fresh()
		first, err := tl.Finish()
		require.NoError(t, err)
		second, err := tl.Finish()
		require.NoError(t, err)
		require.Same(t, first, second)
	})
	t.Run("an object of another name", func(t *testing.T) {
		c := becomes(12, pod("cart"))
		c.ID.Name = "web"
		require.ErrorContains(t, fresh().Apply(c), "Pod.v1(shop/web): the object is another one, Pod.v1(shop/cart)")
	})
	t.Run("no kind", func(t *testing.T) {
		require.ErrorContains(t, fresh().Apply(resource.Change{Time: tick(1)}), "needs a followed kind and a name")
	})
	t.Run("parts that are missing", func(t *testing.T) {
		for _, kind := range resource.Kinds() {
			namespace := ""
			if kind.Namespaced() {
				namespace = "shop"
			}
			obj := &resource.Object{ID: named(kind, namespace, "x")}
			switch kind {
			case resource.Namespace, resource.Node, resource.ServiceAccount, resource.Service, resource.NetworkSet, resource.GlobalNetworkSet:
				require.NoError(t, fresh().Baseline(obj))
				require.NoError(t, fresh().Apply(becomes(1, obj)))
			default:
				require.ErrorContains(t, fresh().Baseline(obj), "lacks the part", kind.Collection())
				require.ErrorContains(t, fresh().Apply(becomes(1, obj)), "lacks the part", kind.Collection())
			}
		}
	})
}

func TestBaselineGivenTwice(t *testing.T) {
	for _, tc := range []struct {
		name          string
		first, second *resource.Object
		want          string // the error
		protected     bool
	}{
		{"the same state", deny("", at("5")), deny("", at("5")), "", true},
		{"the newer version counts", deny("", at("9")), deny("app == 'web'", at("10")), "", false},
		{"in any order", deny("app == 'web'", at("10")), deny("", at("9")), "", false},
		{"two states with nothing to tell the newer one", deny(""), deny("app == 'web'"), "given twice, and spec differs", false},
		{"another uid with nothing to tell the newer one", deny("", uid("1")), deny("", uid("2")), "given twice, and uid differs", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tl, err := timeline.New(timeline.Options{Interval: storySpan})
			require.NoError(t, err)
			require.NoError(t, tl.Baseline(pod("cart")))
			require.NoError(t, tl.Baseline(tc.first))
			err = tl.Baseline(tc.second)
			if tc.want != "" {
				require.ErrorContains(t, err, tc.want)
				return
			}
			require.NoError(t, err)
			result, err := tl.Finish()
			require.NoError(t, err)
			require.Equal(t, tc.protected, result.Lives[0].Flags.IngressProtected)
		})
	}
}
