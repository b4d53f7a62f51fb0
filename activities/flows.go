package activities

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"go.temporal.io/sdk/activity"

	"github.com/probity/probity/internal/flow"
)

// FlowsName is the activity type of Flows.
const FlowsName = "GatherFlows"

// FlowsResult names the encoded groups of one partition.
type FlowsResult struct {
	Groups Ref       `json:"groups"`
	Read   ReadStats `json:"read"`
}

// Flows reduces one partition of the flow logs to groups.
type Flows struct {
	Store     *Store
	Flows     FlowLog
	MaxGroups int // groups held before they are spilled
}

// Execute reads the partition. Its object depends on the plan and the index alone, so another attempt writes the same.
func (a *Flows) Execute(ctx context.Context, params PartParams) (FlowsResult, error) {
	plan, err := a.Store.readPlan(ctx, params.Plan)
	if err != nil {
		return FlowsResult{}, err
	}
	reducer := flow.NewReducer(flow.Options{
		Interval: plan.Interval, MaxGroups: a.MaxGroups, Spill: scratchSpill{a.Store.Scratch},
	})
	defer func() { _ = reducer.Close() }() // the runs are temporary files: what cannot be removed goes with the scratch folder
	read, err := a.Flows.Reduce(ctx, plan.Flows[params.Index], reducer, func(bytes int64) {
		activity.RecordHeartbeat(ctx, bytes)
	})
	if err != nil {
		return FlowsResult{}, fmt.Errorf("read flow logs: %w", err)
	}
	slices.Sort(read.Damaged)
	ref, err := a.Store.write(ctx, fmt.Sprintf("%sflows-%04d.ndjson.zst", a.Store.staging(ctx), params.Index), true,
		func(w io.Writer) (int64, error) { return reducer.Stats().Used, reducer.Encode(w) })
	return FlowsResult{Groups: ref, Read: read}, err
}

// scratchSpill keeps a reducer's runs in temporary files.
type scratchSpill struct{ folder string }

// Create begins a run.
func (s scratchSpill) Create() (flow.SpillRun, error) {
	file, err := os.CreateTemp(s.folder, "probity-*")
	if err != nil {
		return nil, fmt.Errorf("create temporary file: %w", err)
	}
	return &scratchRun{file}, nil
}

type scratchRun struct{ *os.File }

// Open reads the run from its start.
func (r *scratchRun) Open() (io.ReadCloser, error) { return os.Open(r.Name()) }

// Remove frees the run.
func (r *scratchRun) Remove() error { return os.Remove(r.Name()) }
