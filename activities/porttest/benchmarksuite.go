package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/benchmark"
)

// BenchmarkSource makes sources of kube-bench results.
type BenchmarkSource = Source[activities.Benchmarks, []Result]

// TestBenchmarks is the contract of activities.Benchmarks.
func TestBenchmarks(t *testing.T, source BenchmarkSource) {
	runSuite(t, source, map[string]func(*testing.T, BenchmarkSource){
		"by node and time":             testResultOrder,
		"none":                         testNoResults,
		"the caller's failure ends it": testResultsCallerFails,
		"cancellation ends it":         testResultsCanceled,
		"not there":                    testResultsMissing,
	})
}

// scan is a small kube-bench result that can be told from others.
func scan(id string) []byte {
	return []byte(`{"Controls":[{"id":"` + id + `","tests":[]}],"Totals":{}}`)
}

func results() []Result {
	return []Result{
		{"worker-2", from.Add(6 * time.Hour), scan("late")},
		{"worker-1", time.Time{}, scan("no time")},
		{"worker-2", from, scan("early")},
		{"cp-1", to, scan("only")},
	}
}

// readResults gives what a source holds as "node time id".
func readResults(t *testing.T, b activities.Benchmarks) []string {
	t.Helper()
	var out []string
	require.NoError(t, b.Each(t.Context(), func(node string, at time.Time, raw []byte) error {
		result, err := benchmark.ReadResult(raw)
		require.NoError(t, err)
		stamp := "unknown"
		if !at.IsZero() {
			require.Equal(t, time.UTC, at.Location())
			stamp = at.Format(time.RFC3339)
		}
		out = append(out, node+" "+stamp+" "+result.Controls[0].ID)
		return nil
	}))
	return out
}

func testResultOrder(t *testing.T, source BenchmarkSource) {
	b := source.Open(t, results())
	want := []string{
		"cp-1 2026-11-25T00:00:00Z only", "worker-1 unknown no time",
		"worker-2 2026-11-24T00:00:00Z early", "worker-2 2026-11-24T06:00:00Z late",
	}
	require.Equal(t, want, readResults(t, b))
	require.Equal(t, want, readResults(t, b), "a second reading, by another attempt, gives the same")
	require.NotEmpty(t, b.Describe())
}

func testNoResults(t *testing.T, source BenchmarkSource) {
	require.Empty(t, readResults(t, source.Open(t, nil)))
}

func testResultsCallerFails(t *testing.T, source BenchmarkSource) {
	calls := 0
	err := source.Open(t, results()).Each(t.Context(), func(string, time.Time, []byte) error {
		calls++
		return errCaller
	})
	require.ErrorIs(t, err, errCaller)
	require.Equal(t, 1, calls)
}

func testResultsCanceled(t *testing.T, source BenchmarkSource) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := source.Open(t, results()).Each(ctx, func(string, time.Time, []byte) error {
		calls++
		cancel()
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, calls)
}

func testResultsMissing(t *testing.T, source BenchmarkSource) {
	b, named := source.Missing(t)
	err := b.Each(t.Context(), func(string, time.Time, []byte) error { return nil })
	require.ErrorContains(t, err, named)
}
