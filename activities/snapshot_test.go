package activities_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/activities/porttest"
	"github.com/probity/probity/internal/blob"
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

	p.bucket = &blob.Memory{}
	cluster := clusterOf(shopObjects(t), midnight)
	p.cluster = cluster
	require.Equal(t, taken, p.snapshot(t))
	before := readSnapshot(t, p, midnight)
	cluster.Live = true
	require.Equal(t, taken, p.snapshot(t), "lists that had to be made again leave nothing")
	p.bucket = &blob.Memory{}
	require.Equal(t, taken, p.snapshot(t))
	require.Equal(t, before, readSnapshot(t, p, midnight))
}

func TestSnapshotOfTheSameMomentThatSaysSomethingElse(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	p.snapshot(t)
	p.cluster = clusterOf(shopObjects(t)[1:], midnight)
	_, err := step[activities.SnapshotResult](t, p, activities.SnapshotName, activities.SnapshotParams{})
	_ = requireFailure(t, err, activities.FailureConflict, true)

	cluster := clusterOf(shopObjects(t)[1:], midnight)
	cluster.Live, p.cluster = true, cluster
	_, err = step[activities.SnapshotResult](t, p, activities.SnapshotName, activities.SnapshotParams{})
	_ = requireFailure(t, err, activities.FailureUnavailable, false)
	require.ErrorContains(t, err, "begun in the same second", "another attempt has another moment")
}

func TestSnapshotSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	cluster := clusterOf(shopObjects(t), midnight)
	cluster.Listing.Forbidden = map[string]string{"core.pods": "pods is forbidden: no right to list"}
	cluster.Listing.Absent = []string{"projectcalico.org.tiers"}
	cluster.Listing.Notes = []string{"a note"}
	p.cluster = cluster
	taken := p.snapshot(t)
	require.True(t, taken.Partial)
	require.Equal(t, cluster.Listing.Forbidden, taken.Missing)
	snapshot := readSnapshot(t, p, midnight)
	require.True(t, snapshot.Partial)
	require.Equal(t, []string{"core.pods"}, snapshot.MissingKinds(), "what the cluster does not have is not missing")
	require.Equal(t, []string{"a note"}, snapshot.Notes)
	for _, kind := range snapshot.Kinds {
		if kind.Kind == "core.pods" {
			require.Equal(t, "pods is forbidden: no right to list", kind.Missing)
			require.Empty(t, kind.Key)
		}
		require.Equal(t, kind.Kind == "projectcalico.org.tiers", kind.Absent)
	}
	b := p.run(t)
	require.Contains(t, b.files[evidence.ProvenanceName], "a note", "what a snapshot says of itself is part of the provenance")
	require.Equal(t, evidence.Partial, b.Verdict)
	require.Contains(t, b.reasons(t), "the snapshot lacks core.pods: pods is forbidden: no right to list")
	require.NotContains(t, b.reasons(t), "tiers")
}

func TestSnapshotOfALiveCluster(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	cluster := clusterOf(shopObjects(t), midnight)
	cluster.Live, p.cluster = true, cluster
	cluster.Listing.Complete = midnight.Add(9 * time.Second)
	cluster.Listing.Kinds = map[string]activities.ListedKind{"core.pods": {Time: midnight.Add(4 * time.Second), Version: "812"}}
	require.Equal(t, midnight, p.snapshot(t).At)
	snapshot := readSnapshot(t, p, midnight)
	require.Equal(t, midnight.Add(9*time.Second), snapshot.Holds())
	require.Equal(t, "memory", snapshot.Source)
	for _, kind := range snapshot.Kinds {
		if kind.Kind == "core.pods" {
			require.Equal(t, "812", kind.Version)
			require.Equal(t, midnight.Add(4*time.Second), kind.Time)
		} else {
			require.Equal(t, midnight, kind.Time)
		}
	}
}

// broken gives some pods, and then cannot go on: refused tells whether it says so or fails.
type broken struct {
	*porttest.Cluster
	refused bool
}

func (b broken) Each(ctx context.Context, to activities.Receiver) (activities.ClusterListing, error) {
	listing, err := b.Cluster.Each(ctx, to)
	if err != nil {
		return listing, err
	}
	if err := to.Begin(resource.Pod); err != nil {
		return listing, err
	}
	for range 100 {
		if err := to.Object(json.RawMessage(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}`)); err != nil {
			return listing, err
		}
	}
	if !b.refused {
		return listing, errOutage
	}
	listing.Forbidden = map[string]string{"core.pods": "refused half-way"}
	return listing, nil
}

func TestSnapshotOfAKindThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	cluster := clusterOf(shopObjects(t), midnight)
	cluster.Listing.Absent = []string{"core.pods"}
	pods := layout(t).Snapshot(midnight) + "core.pods.ndjson.zst"

	p.cluster = broken{cluster, false}
	_, err := step[activities.SnapshotResult](t, p, activities.SnapshotName, activities.SnapshotParams{})
	require.ErrorContains(t, err, errOutage.Error())
	require.NotContains(t, keysBelow(t, p.bucket, ""), pods, "half a kind is never archived")

	p.cluster = broken{cluster, true}
	require.Equal(t, map[string]string{"core.pods": "refused half-way"}, p.snapshot(t).Missing)
	require.NotContains(t, keysBelow(t, p.bucket, ""), pods)
	readSnapshot(t, p, midnight)
}

func TestSnapshotWithoutACluster(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	p.cluster = nil
	_, err := step[activities.SnapshotResult](t, p, activities.SnapshotName, activities.SnapshotParams{})
	_ = requireFailure(t, err, activities.FailureInvalidInput, true)
	require.ErrorContains(t, err, "--inputs-cluster")
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
