package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"go.temporal.io/sdk/activity"
)

// BenchmarksName is the activity type of Benchmarks.
const BenchmarksName = "GatherBenchmarks"

// BenchmarksResult names the staged results; zero when the report asks for none.
type BenchmarksResult struct {
	Results Ref `json:"results"`
}

// benchmarkLine is one node's result as it is staged.
type benchmarkLine struct {
	Node string          `json:"node"`
	At   time.Time       `json:"at,omitzero"` // zero where the time is unknown
	Raw  json.RawMessage `json:"raw"`
}

// GatherBenchmarks stages the nodes' kube-bench results that were there at the interval's end.
type GatherBenchmarks struct {
	Store      *Store
	Benchmarks Benchmarks
}

// Execute copies the results in the order of the source, which is by node and time.
func (a *GatherBenchmarks) Execute(ctx context.Context, params PartParams) (BenchmarksResult, error) {
	plan, err := a.Store.readPlan(ctx, params.Plan)
	if err != nil {
		return BenchmarksResult{}, err
	}
	ref, err := a.Store.write(ctx, a.Store.staging(ctx)+"benchmarks.ndjson.zst", true, func(w io.Writer) (int64, error) {
		encoder := json.NewEncoder(w)
		rows := int64(0)
		err := a.Benchmarks.Each(ctx, func(node string, at time.Time, raw []byte) error {
			activity.RecordHeartbeat(ctx, node)
			if at.After(plan.Interval.End) {
				return nil
			}
			rows++
			return encoder.Encode(benchmarkLine{Node: node, At: at, Raw: raw})
		})
		return rows, err
	})
	if err != nil {
		return BenchmarksResult{}, fmt.Errorf("read benchmark results: %w", err)
	}
	return BenchmarksResult{Results: ref}, nil
}
