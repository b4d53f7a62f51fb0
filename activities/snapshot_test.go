package activities_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/resource"
)

func readSnapshot(t *testing.T, p *pipeline, at time.Time) evidence.Snapshot {
	t.Helper()
	folder := layout(t).Snapshot(at)
	body, err := p.bucket.Get(t.Context(), folder+evidence.ManifestName)
	require.NoError(t, err)
	defer body.Close()
	snapshot, err := evidence.ReadSnapshot([]byte(readAll(t, body)))
	require.NoError(t, err)
	checked, err := evidence.VerifySnapshot(t.Context(), catalogue.New(p.bucket, layout(t)).Reader(), folder, snapshot)
	require.NoError(t, err)
	require.Empty(t, checked.Faults)
	return snapshot
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	taken := p.snapshot(t)
	require.Equal(t, activities.SnapshotResult{Key: layout(t).Snapshot(midnight) + evidence.ManifestName, At: midnight, Objects: 12}, taken)
	snapshot := readSnapshot(t, p, midnight)
	require.Len(t, snapshot.Kinds, len(resource.Kinds()), "each kind is there, or it is said why not")
	require.Equal(t, taken, p.snapshot(t), "a second attempt finds it")

	turned := shopObjects(t)
	slices.Reverse(turned)
	indented := make([]json.RawMessage, len(turned))
	for i, object := range turned {
		var value any
		require.NoError(t, json.Unmarshal(object, &value))
		spaced, err := json.MarshalIndent(value, "", "   ")
		require.NoError(t, err)
		indented[i] = spaced
	}
	p.cluster = clusterOf(indented, midnight)
	require.Equal(t, taken, p.snapshot(t), "the order and the spelling of objects do not show")
}

func TestSnapshotOfTheSameMomentThatSaysSomethingElse(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	p.snapshot(t)
	p.cluster = clusterOf(shopObjects(t)[1:], midnight)
	_, err := step[activities.SnapshotResult](t, p, activities.SnapshotName, activities.SnapshotParams{})
	_ = requireFailure(t, err, activities.FailureConflict, true)
}

func TestSnapshotSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	cluster := clusterOf(shopObjects(t), midnight)
	cluster.Listing.Forbidden = map[string]string{"core.pods": "pods is forbidden: no right to list"}
	cluster.Listing.Absent = []string{"projectcalico.org.tiers"}
	cluster.Listing.Notes = []string{"a note"}
	p.cluster = cluster
	require.True(t, p.snapshot(t).Partial)
	snapshot := readSnapshot(t, p, midnight)
	require.Equal(t, []string{"core.pods", "projectcalico.org.tiers"}, snapshot.MissingKinds())
	require.Equal(t, []string{"a note"}, snapshot.Notes)
	for _, kind := range snapshot.Kinds {
		if kind.Kind == "core.pods" {
			require.Equal(t, "pods is forbidden: no right to list", kind.Missing)
			require.Empty(t, kind.Key)
		}
	}
	require.Contains(t, p.run(t).files[evidence.ProvenanceName], "a note", "what a snapshot says of itself is part of the provenance")
}

func TestSnapshotWithoutACluster(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	p.cluster = nil
	_, err := step[activities.SnapshotResult](t, p, activities.SnapshotName, activities.SnapshotParams{})
	_ = requireFailure(t, err, activities.FailureInvalidInput, true)
	require.ErrorContains(t, err, "set --inputs-cluster")
}

func TestKilledSnapshot(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 9, len(resource.Kinds())} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			p := shop(t, inventory)
			whole := p.bucket
			p.bucket = dies(whole, n)
			_, err := step[activities.SnapshotResult](t, p, activities.SnapshotName, activities.SnapshotParams{})
			require.ErrorContains(t, err, errOutage.Error())
			p.bucket = whole
			p.snapshot(t)
			readSnapshot(t, p, midnight)
		})
	}
}
