package starter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/workflows"
)

// Runs starts reports, backfills and snapshots by hand.
type Runs struct {
	client   client.Client
	settings Settings
}

// NewRuns returns a starter of runs behind the client.
func NewRuns(c client.Client, settings Settings) *Runs { return &Runs{client: c, settings: settings} }

// ErrRunning tells that the same run is active already.
var ErrRunning = errors.New("already running")

// ErrNoInterval tells that a backfill would have nothing to do.
var ErrNoInterval = errors.New("no interval to report on")

// Report starts a manual run of one report over one interval. The same run may be repeated once it has ended.
func (r *Runs) Report(
	ctx context.Context, def *report.Definition, raw json.RawMessage, iv interval.Interval, by string,
) (client.WorkflowRun, error) {
	run, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       workflows.ReportID(r.settings.Cluster, def.Name, evidence.Manual, iv),
		TaskQueue:                r.settings.TaskQueue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		TypedSearchAttributes:    workflows.Subject{Cluster: r.settings.Cluster, Report: def.Name, Type: def.TypeName, Trigger: evidence.Manual, Interval: iv}.Attributes(),
		StaticSummary:            workflows.RunSummary(def.TypeName, def.Name, iv),

		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, workflows.ReportName, workflows.ReportInput{
		Cluster: r.settings.Cluster, Report: def.Name, Definition: raw, Interval: iv, Trigger: evidence.Manual, By: by,
		Retry: r.settings.Retry,
	})
	return run, startError(err, def.Name, iv)
}

// Backfill starts a run for each interval of the report's schedule within the range.
func (r *Runs) Backfill(
	ctx context.Context, def *report.Definition, raw json.RawMessage, span interval.Interval,
) (client.WorkflowRun, error) {
	if def.Schedule == nil {
		return nil, fmt.Errorf("%w: report %s has no schedule; use `probity run` with --start and --end", ErrNoInterval, def.Name)
	}
	if len(report.Within(*def.Schedule, span.Start, span.End)) == 0 {
		return nil, fmt.Errorf("%w: no whole one of %s (%s) lies in %s; widen the range", ErrNoInterval, def.Name, def.Schedule, span)
	}
	run, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       workflows.BackfillID(r.settings.Cluster, def.Name, span),
		TaskQueue:                r.settings.TaskQueue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		TypedSearchAttributes:    workflows.Subject{Cluster: r.settings.Cluster, Report: def.Name, Type: def.TypeName, Trigger: evidence.Backfill, Interval: span}.Attributes(),
		StaticSummary:            "backfill " + workflows.RunSummary(def.TypeName, def.Name, span),

		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, workflows.BackfillName, workflows.BackfillInput{
		Cluster: r.settings.Cluster, Report: def.Name, Type: def.TypeName, Definition: raw, Schedule: def.Schedule.String(), Range: span,
		Parallel: r.settings.MaxActive, Retry: r.settings.Retry,
	})
	return run, startError(err, def.Name, span)
}

// Snapshot starts a snapshot of the cluster, or joins the one that is being taken.
func (r *Runs) Snapshot(ctx context.Context, cluster string) (client.WorkflowRun, error) {
	run, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       workflows.SnapshotScheduleID(cluster) + "/manual",
		TaskQueue:                r.settings.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "snapshot of " + cluster,
		TypedSearchAttributes:    temporal.NewSearchAttributes(workflows.ClusterKey.ValueSet(cluster)),
	}, workflows.SnapshotName, workflows.SnapshotInput{Cluster: cluster, Retry: r.settings.Retry})
	if err != nil {
		return nil, fmt.Errorf("start snapshot of %s: %w", cluster, err)
	}
	return run, nil
}

func startError(err error, name string, iv interval.Interval) error {
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	switch {
	case errors.As(err, &started):
		return fmt.Errorf("report %s over %s is %w: wait for it, or cancel it in the Temporal UI", name, iv, ErrRunning)
	case err != nil:
		return fmt.Errorf("start report %s over %s: %w", name, iv, err)
	}
	return nil
}

// Progress asks a running report or backfill how far it is.
func (r *Runs) Progress(ctx context.Context, run client.WorkflowRun) (workflows.Progress, error) {
	var progress workflows.Progress
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	value, err := r.client.QueryWorkflow(ctx, run.GetID(), run.GetRunID(), workflows.QueryProgress)
	if err != nil {
		return progress, fmt.Errorf("ask %s for its progress: %w", run.GetID(), err)
	}
	return progress, value.Get(&progress)
}
