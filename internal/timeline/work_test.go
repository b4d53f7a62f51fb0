package timeline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/timeline"
)

// TestWorkOfAChange counts what is looked at for each kind of change, on clusters of 1,000 and of 20,000 pods that are equally
// dense: a hundred pods and a hundred policies for each namespace, twenty policies for the whole cluster. What a change costs must follow
// what it can touch, never the size of the cluster. (That a large cluster takes longer all the same is the processor's cache.)
func TestWorkOfAChange(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(s *scene)
		most   float64 // for each change
	}{
		{"a replaced pod", (*scene).replacePod, 1.5},
		{"a pod's status", (*scene).status, 0},
		{"an edited label", (*scene).relabel, 1.5},
		{"an edited policy of a namespace", func(s *scene) { s.editPolicy(1 + s.rand.IntN(49)) }, 15},
	} {
		t.Run(test.name, func(t *testing.T) {
			small, large := workOf(t, 1_000, 3, test.change), workOf(t, 20_000, 3, test.change)
			t.Logf("%.2f and %.2f for each change", small, large)
			require.LessOrEqual(t, small, test.most)
			require.InDelta(t, small, large, 0.1*small, "the work of a change grew with the pods")
		})
	}
}

// TestWorkOfAGlobalPolicy: an edit of a policy that selects a share of all pods has that share to look at, and no more.
func TestWorkOfAGlobalPolicy(t *testing.T) {
	edit := func(s *scene) { s.editPolicy(0) }
	small, large := workOf(t, 1_000, 0, edit), workOf(t, 20_000, 0, edit)
	require.InDelta(t, 20*small, large, 10*small)
	require.Less(t, large, 20_000/podsPerApp*1.1, "it looks at classes of pods, not at pods")
}

// workOf plays a change many times and says what each one took, after it was played a few times for each pod.
func workOf(t *testing.T, pods, warm int, change func(*scene)) float64 {
	t.Helper()
	s := newScene(pods, pods)
	tl, err := timeline.New(timeline.Options{Interval: interval.Interval{Start: sceneStart.Add(time.Minute), End: sceneStart.AddDate(1, 0, 0)}, PodsNeedNode: true})
	require.NoError(t, err)
	for _, obj := range s.objects {
		require.NoError(t, tl.Baseline(obj))
	}
	apply := func(least int) int {
		s.changes = s.changes[:0]
		for len(s.changes) < least {
			change(s)
		}
		for i := range s.changes {
			require.NoError(t, tl.Apply(s.changes[i]))
		}
		return len(s.changes)
	}
	apply(1 + warm*pods)
	before := tl.Work()
	n := apply(200)
	return float64(tl.Work()-before) / float64(n)
}
