package timeline_test

import (
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

func seq(objs ...*resource.Object) iter.Seq[*resource.Object] { return slices.Values(objs) }

// TestSnapshotAndLogDisagree: the later snapshot wins, so the difference must be listed.
func TestSnapshotAndLogDisagree(t *testing.T) {
	order := 5.0
	tier := func(action string) *resource.Object {
		return &resource.Object{ID: named(resource.Tier, "", "sec"), Tier: &resource.TierSpec{Order: &order, DefaultAction: action}}
	}
	set := func(nets ...string) *resource.Object {
		return &resource.Object{ID: named(resource.GlobalNetworkSet, "", "set"), Nets: nets}
	}
	a, b := resource.Backend{Pod: "shop/a", IP: "10.0.0.1"}, resource.Backend{Pod: "shop/b"}
	service := &resource.Object{ID: named(resource.Service, "shop", "web"), Service: &resource.ServiceSpec{}}
	for _, tc := range []struct {
		name           string
		known, snapped *resource.Object
		want           string
	}{
		{"missing", nil, pod("cart"), "missing"},
		{"unexpected", pod("cart"), nil, "unexpected"},
		{"the same pod", pod("cart", at("1")), pod("cart", at("2")), ""},
		{"another uid: its re-creation was not logged", pod("cart"), pod("cart", uid("other")), "uid"},
		{"a uid that one side does not have", pod("cart"), pod("cart", uid("")), ""},
		{"labels of a pod", pod("cart"), pod("cart", label("x", "y")), "labels"},
		{"a pod's account", pod("cart"), pod("cart", func(o *resource.Object) { o.Pod.ServiceAccount = "other" }), "serviceAccount"},
		{"a pod on its host's network", pod("cart"), pod("cart", hostNetwork), "hostNetwork"},
		{"a pod's node", pod("cart"), pod("cart", node("other")), "node"},
		{"a node that is not shown", pod("cart", node("")), pod("cart"), ""},
		{"a pod that finished", pod("cart"), pod("cart", phase("Failed")), "phase"},
		{"a phase that is not shown", pod("cart"), pod("cart", phase("")), ""},
		{"labels of a namespace", namespace("x"), namespace("x", label("x", "y")), "labels"},
		{"labels of a host endpoint", host("x"), host("x", label("x", "y")), "labels"},
		{"a policy's selector", deny(""), deny("all()"), "spec"},
		{"a policy's rules", kubernetesDeny("k"), with(kubernetesDeny("k"), func(o *resource.Object) { o.Policy.Kubernetes = nil }), "spec"},
		{"labels of a policy decide nothing", deny(""), deny("", label("x", "y")), ""},
		{"a tier", tier("Deny"), tier("Pass"), "spec"},
		{"the same tier", tier("Deny"), tier("Deny"), ""},
		{"nets", set("10.0.0.0/8"), set("10.0.0.0/9"), "nets"},
		{"nets in another order", set("10.0.0.0/8", "x"), set("x", "10.0.0.0/8"), ""},
		{"labels of a set", set(), with(set(), label("x", "y")), "labels"},
		{"addresses", slice("s", "x", a), slice("s", "x", a, b), "addresses"},
		{"addresses in another order", slice("s", "x", a, b), slice("s", "x", b, a), ""},
		{"another service", slice("s", "x", a), slice("s", "y", a), "addresses"},
		{"a service", service, with(service, label("x", "y")), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var s story
			var snapshot []*resource.Object
			var key resource.Key
			if tc.known != nil {
				s.changes, key = []resource.Change{becomes(12, tc.known)}, tc.known.ID.Key
			}
			if tc.snapped != nil {
				snapshot, key = []*resource.Object{tc.snapped}, tc.snapped.ID.Key
			}
			tl, _ := s.replay(t)
			var want []timeline.Difference
			if tc.want != "" {
				want = []timeline.Difference{{Object: key, What: tc.want}}
			}
			require.Equal(t, want, tl.Diff(seq(snapshot...)))
		})
	}
}

func TestDiffIsSortedAndBeforeTheEnd(t *testing.T) {
	tl, err := timeline.New(timeline.Options{Interval: storySpan})
	require.NoError(t, err)
	require.NoError(t, tl.Baseline(deny("")))
	require.NoError(t, tl.Apply(becomes(12, pod("web"))))
	require.NoError(t, tl.Apply(becomes(12, pod("cart"))))
	want := []timeline.Difference{
		{Object: namespace("shop").ID.Key, What: "missing"}, {Object: pod("cart").ID.Key, What: "unexpected"},
		{Object: pod("web").ID.Key, What: "labels"}, {Object: deny("").ID.Key, What: "unexpected"},
	}
	require.Equal(t, want, tl.Diff(seq(pod("web", label("x", "y")), namespace("shop"), namespace("shop"))))
	require.ErrorContains(t, tl.Apply(becomes(12, pod("late"))), "the state at 2026-11-21T00:00:12Z was compared already")
	require.NoError(t, tl.Apply(becomes(13, pod("next"))))
	result, err := tl.Finish()
	require.NoError(t, err)
	require.Len(t, result.Lives, 3)
}
