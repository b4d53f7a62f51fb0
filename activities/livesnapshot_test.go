package activities_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/evidence"
)

// take archives a snapshot of the objects that was begun at one time and holds from another one on.
func take(t *testing.T, p *pipeline, objects []json.RawMessage, at, holds time.Time) {
	t.Helper()
	cluster := clusterOf(objects, at)
	cluster.Live, cluster.Listing.Complete, p.cluster = true, holds, cluster
	p.snapshot(t)
}

// TestBaselineHoldsAtTheStart: a snapshot that was being taken when the interval began shows what began since, and lacks what
// ended: the one before it is the baseline.
func TestBaselineHoldsAtTheStart(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		holds time.Duration // from the interval's start
		want  time.Time
	}{
		{"it holds just then", 0, midnight.Add(-2 * time.Second)},
		{"it holds a second later", time.Second, midnight.Add(-6 * time.Hour)},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := shop(t, inventory)
			take(t, p, shopObjects(t), midnight.Add(-6*time.Hour), midnight.Add(-6*time.Hour).Add(4*time.Second))
			take(t, p, shopObjects(t), midnight.Add(-2*time.Second), midnight.Add(test.holds))
			b := p.run(t)
			require.Equal(t, evidence.Complete, b.Verdict)
			require.Equal(t, test.want, b.manifest.Provenance.Snapshot.Time)
			require.Contains(t, b.files[evidence.ProvenanceName], "the resources of the followed kinds at "+test.want.Format(time.RFC3339)+", complete at ")
		})
	}
	t.Run("there is no other", func(t *testing.T) {
		p := shop(t, inventory)
		take(t, p, shopObjects(t), midnight.Add(-2*time.Second), midnight.Add(time.Second))
		require.Contains(t, p.run(t).reasons(t), "insufficient no-snapshot")
	})
}

// TestChangesWhileASnapshotIsTaken: of what changes then, nobody can tell from the times whether the snapshot shows it.
func TestChangesWhileASnapshotIsTaken(t *testing.T) {
	t.Parallel()
	deleted := midnight.Add(6 * time.Hour) // the policy db-from-web, and a tenth of a second
	without := func(t *testing.T, part string) []json.RawMessage {
		return slices.DeleteFunc(shopObjects(t), func(object json.RawMessage) bool { return strings.Contains(string(object), part) })
	}
	const policy = `"uid":"u-db-from-web"`
	for _, test := range []struct {
		name       string
		objects    []json.RawMessage
		at, holds  time.Duration // from the deletion
		difference bool
	}{
		{"the list was before it", shopObjects(t), -2 * time.Second, 3 * time.Second, false},
		{"the list was after it", without(t, policy), -2 * time.Second, 3 * time.Second, false},
		{"shown long after", shopObjects(t), time.Second, 6 * time.Second, true},
		{"missing long before", without(t, policy), -6 * time.Second, -time.Second, true},
		{"something else is missing", without(t, `"kind":"ServiceAccount"`), -2 * time.Second, 3 * time.Second, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.NotEmpty(t, test.objects)
			p := shop(t, inventory)
			want := p.run(t).files["downloads/endpoints.csv"]
			take(t, p, test.objects, deleted.Add(test.at), deleted.Add(test.holds))
			b := p.run(t)
			if test.difference {
				require.Contains(t, b.reasons(t), "partial differences: 1 objects")
				return
			}
			require.Equal(t, evidence.Complete, b.Verdict, b.reasons(t))
			require.Equal(t, want, b.files["downloads/endpoints.csv"], "nothing is corrected")
		})
	}
}

func TestLaterSnapshotThatLacksKinds(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	want := p.run(t).files["downloads/endpoints.csv"]
	cluster := clusterOf(shopObjects(t), midnight.Add(3*time.Hour))
	cluster.Listing.Forbidden = map[string]string{"core.pods": "list pods: forbidden for x"}
	p.cluster = cluster
	p.snapshot(t)
	b := p.run(t)
	require.Equal(t, evidence.Complete, b.Verdict, "what it could not read is not gone: "+b.reasons(t))
	require.Equal(t, want, b.files["downloads/endpoints.csv"])
}
