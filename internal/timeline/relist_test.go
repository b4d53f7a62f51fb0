package timeline_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

// found is an object of a list that was made at a time.
func found(tick_ int, list int64, obj *resource.Object) resource.Change {
	c := becomes(tick_, obj)
	c.List = list
	return c
}

// whole is the end of a list of that number, which has so many objects, at version 9.
func whole(tick_ int, list int64, kind resource.Kind, count int64) resource.Change {
	return resource.Change{Time: tick(tick_), ID: resource.ID{Key: resource.Key{Kind: kind}}, Version: "9", List: list, Whole: &resource.WholeList{Count: count}}
}

// TestListAfterAGap: what a whole list does not have is gone, what it has is as it shows, and what happened later is not touched.
func TestListAfterAGap(t *testing.T) {
	kind := deny("").ID.Kind
	for _, tc := range []struct {
		name      string
		changes   []resource.Change
		protected bool // at the end
		counts    timeline.Counts
	}{
		{"it is in the list", []resource.Change{found(12, 1, deny("", at("5"))), whole(12, 1, kind, 1)}, true, timeline.Counts{Applied: 2}},
		{"it is not", []resource.Change{whole(12, 1, kind, 0)}, false, timeline.Counts{Applied: 1, Unlisted: 1}},
		{"a list of another kind", []resource.Change{whole(12, 1, resource.Pod, 0)}, true, timeline.Counts{Applied: 1, Unlisted: 1}},
		{"the list shows another state", []resource.Change{found(12, 1, deny("app == 'x'", at("8"))), whole(12, 1, kind, 1)}, false, timeline.Counts{Applied: 2}},
		{"an older state in the list is no news, and the object is there", []resource.Change{becomes(11, deny("", at("7"))), found(12, 1, deny("app == 'x'", at("6"))), whole(12, 1, kind, 1)}, true,
			timeline.Counts{Applied: 2, Stale: 1}},
		{"what changed after the list stays", []resource.Change{becomes(11, deny("", at("12"))), whole(12, 1, kind, 0)}, true, timeline.Counts{Applied: 2}},
		{"a list of which an object is missing here ends nothing", []resource.Change{whole(12, 1, kind, 3)}, true, timeline.Counts{Applied: 1, BrokenLists: 1}},
		{"the objects of another list do not count", []resource.Change{found(12, 1, deny("", at("5"))), whole(12, 2, kind, 0)}, false, timeline.Counts{Applied: 2, Unlisted: 1}},
		{"a second list", []resource.Change{found(12, 1, deny("", at("5"))), whole(12, 1, kind, 1), whole(14, 2, kind, 0)}, false, timeline.Counts{Applied: 3, Unlisted: 1}},
		{"it comes back", []resource.Change{whole(12, 1, kind, 0), becomes(14, deny("", uid("other"), at("15")))}, true, timeline.Counts{Applied: 2, Unlisted: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tl, result := story{baseline: []*resource.Object{pod("cart"), deny("", at("4"))}, changes: tc.changes}.replay(t)
			differs := slices.ContainsFunc(tl.Diff(seq(pod("cart"), deny("", uid("")))), func(d timeline.Difference) bool {
				return d.Object == deny("").ID.Key
			})
			require.Equal(t, tc.protected, !differs)
			tc.counts.Baseline = 2
			require.Equal(t, tc.counts, result.Counts)
		})
	}
}

// TestListOfAKindWithManyObjects: only what the list lacks ends, and what went with its namespace is not ended twice.
func TestListOfAKindWithManyObjects(t *testing.T) {
	tl, result := story{baseline: []*resource.Object{namespace("shop"), pod("a"), pod("b"), pod("c"), deny("")}, changes: []resource.Change{
		found(12, 7, pod("a")), found(12, 7, pod("c")), whole(12, 7, resource.Pod, 2),
		whole(13, 8, resource.Namespace, 0),
	}}.replay(t)
	require.EqualValues(t, 2, result.Counts.Unlisted, "a pod, and the namespace")
	require.Empty(t, tl.Diff(seq()), "what was in the namespace went with it")
}
