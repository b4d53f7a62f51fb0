package timeline_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

const worldEnd = 60

var worldSpan = interval.Interval{Start: tick(8), End: tick(50)}

// history is one random cluster and what happens to it.
type history struct {
	baseline  []*resource.Object
	changes   []resource.Change
	selection *v3.EndpointsSelection
	needNode  bool
	trees     trees
}

func drawHistory(t *rapid.T) history {
	g := newGenerator(t)
	g.busy = g.chance(25)
	h := history{baseline: g.baseline(rapid.IntRange(0, 25).Draw(t, "objects")), trees: g.trees}
	h.changes = g.history(rapid.IntRange(0, 100).Draw(t, "changes"), worldEnd)
	h.needNode = rapid.Bool().Draw(t, "needNode")
	if g.chance(50) {
		h.selection = &v3.EndpointsSelection{Selector: g.selector(40, "app", "env", "pcns.team")}
		if g.chance(30) {
			h.selection.Namespaces = &v3.NamesAndLabelsMatch{Names: pick(g, nil, []string{"a"}), Selector: g.selector(50, "team")}
		}
		if g.chance(20) {
			h.selection.ServiceAccounts = &v3.NamesAndLabelsMatch{Names: pick(g, nil, []string{"n1"}), Selector: g.selector(50, "level")}
		}
	}
	return h
}

func (h *history) replay(t require.TestingT, baseline []*resource.Object, changes []resource.Change) (*timeline.Timeline, *timeline.Result) {
	scope, err := timeline.NewScope(h.selection)
	require.NoError(t, err)
	tl, err := timeline.New(timeline.Options{Interval: worldSpan, Scope: scope, PodsNeedNode: h.needNode})
	require.NoError(t, err)
	for _, obj := range baseline {
		require.NoError(t, tl.Baseline(obj))
	}
	for _, c := range changes {
		require.NoError(t, tl.Apply(c))
	}
	result, err := tl.Finish()
	require.NoError(t, err)
	return tl, result
}

// requireSame compares the elements one by one, so that a failure shows the one that differs and not all.
func requireSame[E any](t require.TestingT, want, got []E) {
	for i := range min(len(want), len(got)) {
		x, err := json.Marshal(want[i])
		require.NoError(t, err)
		y, err := json.Marshal(got[i])
		require.NoError(t, err)
		require.Equal(t, string(x), string(y))
	}
	require.Len(t, got, len(want))
}

// TestOracle compares the timeline with the brute force of oracle_test.go.
func TestOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		o := newOracle(worldSpan, &h.trees)
		o.selection, o.needNode = h.selection, h.needNode
		for _, obj := range h.baseline {
			o.objects[obj.ID.Key] = obj
		}
		o.replay(h.changes)
		lives, uses := o.result()
		_, result := h.replay(t, h.baseline, h.changes)
		requireSame(t, lives, result.Lives)
		requireSame(t, uses, result.Policies)
	})
}

// TestOrderDoesNotShow gives the snapshot, and the changes of each instant, in other orders.
func TestOrderDoesNotShow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		_, want := h.replay(t, h.baseline, h.changes)
		shuffled := slices.Clone(h.changes)
		for i := 0; i < len(shuffled); {
			j := i
			for j < len(shuffled) && shuffled[j].Time.Equal(shuffled[i].Time) {
				j++
			}
			copy(shuffled[i:j], rapid.Permutation(shuffled[i:j]).Draw(t, "instant"))
			i = j
		}
		_, got := h.replay(t, rapid.Permutation(h.baseline).Draw(t, "baseline"), shuffled)
		requireSame(t, want.Lives, got.Lives)
		require.Equal(t, want, got)
	})
}

// TestDiffOfItself replays a history, and compares the end with the oracle's: nothing may differ.
func TestDiffOfItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		o := newOracle(interval.Interval{}, &h.trees) // it need not evaluate anything
		for _, obj := range h.baseline {
			o.objects[obj.ID.Key] = obj
		}
		o.replay(h.changes)
		tl, _ := h.replay(t, h.baseline, h.changes)
		require.Empty(t, tl.Diff(func(yield func(*resource.Object) bool) {
			for _, obj := range o.objects {
				if !yield(obj) {
					return
				}
			}
		}))
	})
}
