package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/activities/porttest"
	"github.com/probity/probity/internal/evidence"
)

func TestNodesWithoutAnyResult(t *testing.T) {
	t.Parallel()
	t.Run("are listed as not evaluated", func(t *testing.T) {
		b := shop(t, cisBenchmark).run(t)
		require.Equal(t, evidence.Partial, b.Verdict)
		require.Equal(t, "partial not-evaluated: node node-2 is not evaluated\n", b.reasons(t))
		require.Contains(t, b.files["downloads/node-summary.csv"], "node-2,")
		require.Contains(t, b.files[evidence.ProvenanceName], "node node-2 is not evaluated: it has no result")
		require.Equal(t, midnight, b.manifest.Provenance.Snapshot.Time, "the snapshot that told of it is named")
	})
	t.Run("are not known without a snapshot, which is no reason to be silent", func(t *testing.T) {
		p := shop(t, cisBenchmark)
		p.cluster = nil
		b := p.run(t)
		require.Equal(t, evidence.Complete, b.Verdict)
		require.Nil(t, b.manifest.Provenance.Snapshot)
		require.NotContains(t, b.files["downloads/node-summary.csv"], "node-2")
		require.Contains(t, b.files[evidence.ProvenanceName], "nodes without any result are not known")
	})
	t.Run("of kinds that the snapshot lacks only nodes matter", func(t *testing.T) {
		for kind, want := range map[string]string{
			"core.pods":  "partial not-evaluated: node node-2 is not evaluated\n",
			"core.nodes": "partial missing-kinds: the snapshot lacks core.nodes: forbidden\npartial no-records: snapshot: no records at all\n",
		} {
			p := shop(t, cisBenchmark)
			cluster := clusterOf(shopObjects(t), midnight)
			cluster.Listing.Forbidden = map[string]string{kind: "forbidden"}
			p.cluster = cluster
			p.snapshot(t)
			require.Equal(t, want, p.run(t).reasons(t), kind)
		}
	})
}

func TestBenchmarkResults(t *testing.T) {
	t.Parallel()
	good := shopFile(t, "benchmarks/node-1/20261124T020000Z.json")
	p := shop(t, cisBenchmark)
	p.cluster = nil
	t.Run("after the interval are left out", func(t *testing.T) {
		p.benchmarks = &porttest.Benchmarks{Results: []porttest.Result{
			{Node: "node-1", At: midnight.Add(time.Hour), Raw: good}, {Node: "node-2", At: midnight.Add(25 * time.Hour), Raw: good}}}
		b := p.run(t)
		require.Contains(t, b.files["downloads/node-summary.csv"], "node-1")
		require.NotContains(t, b.files["downloads/node-summary.csv"], "node-2")
	})
	t.Run("that cannot be read are named, and hide no other", func(t *testing.T) {
		p.benchmarks = &porttest.Benchmarks{Results: []porttest.Result{
			{Node: "node-1", At: midnight, Raw: good}, {Node: "node-2", At: midnight, Raw: []byte(`{"Controls":"none"}`)}}}
		b := p.run(t)
		require.Equal(t, evidence.Partial, b.Verdict)
		require.Contains(t, b.reasons(t), "partial unreadable-objects: benchmark result of node-2: ")
		require.Contains(t, b.files["downloads/node-summary.csv"], "node-1,1.36,MED,1,1,0,2")
	})
	t.Run("that cannot be listed fail the step", func(t *testing.T) {
		p.benchmarks = &porttest.Benchmarks{Gone: "the share"}
		_, err := p.try(t)
		require.ErrorContains(t, err, "GatherBenchmarks: read benchmark results: list the share")
		_ = requireFailure(t, err, activities.FailureUnavailable, false)
	})
}
