package workflows

import (
	"encoding/json"
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
)

// ReportInput starts a Report: one report over one interval.
type ReportInput struct {
	Cluster string `json:"cluster"`
	Report  string `json:"report"`
	// Definition is the GlobalReport as it was when the run was asked for, JSON.
	Definition json.RawMessage   `json:"definition"`
	Interval   interval.Interval `json:"interval"`
	Trigger    evidence.Trigger  `json:"trigger"`
	// By is who asked for the run, when it was not the schedule.
	By    string `json:"by,omitempty"`
	Retry Retry  `json:"retry,omitzero"`
}

// ReportResult is what became of the run.
type ReportResult struct {
	activities.Sealed
}

// Progress answers the query of that name.
type Progress struct {
	Stage string `json:"stage"`
	Done  int    `json:"done"`  // steps of the stage that are done
	Total int    `json:"total"` // steps of the stage in all
}

// gatherParallel bounds the steps of one report that read logs at one time.
const gatherParallel = 2

type reportRun struct {
	in       ReportInput
	progress Progress
	plan     activities.PlanResult
	// hadSnapshot is set once the first snapshot was taken: another plan must not ask for another.
	hadSnapshot bool
}

// Report plans, gathers, computes, renders and seals. It fails when a step fails for good; the outcome is recorded in the
// bucket either way.
func Report(ctx workflow.Context, in ReportInput) (ReportResult, error) {
	run := &reportRun{in: in}
	ctx, err := run.onQueue(ctx)
	if err != nil {
		return ReportResult{}, err
	}
	if err := run.setup(ctx); err != nil {
		return ReportResult{}, err
	}
	sealed, err := run.steps(ctx)
	run.finish(ctx, sealed, err)
	if err != nil {
		return ReportResult{}, err
	}
	return ReportResult{Sealed: *sealed}, nil
}

// onQueue has the activities run where the definition's jobNodeSelector says: on workers that were started for it.
func (r *reportRun) onQueue(ctx workflow.Context) (workflow.Context, error) {
	selector, err := report.NodeSelectorOf(r.in.Definition)
	if err != nil {
		return nil, activities.InvalidInput(err)
	}
	return workflow.WithTaskQueue(ctx, SelectorQueue(workflow.GetInfo(ctx).TaskQueueName, selector)), nil
}

func (r *reportRun) setup(ctx workflow.Context) error {
	return workflow.SetQueryHandler(ctx, QueryProgress, func() (Progress, error) { return r.progress, nil })
}

// stage tells the Temporal UI and the progress query where the run is.
func (r *reportRun) stage(ctx workflow.Context, name string, total int) {
	r.progress = Progress{Stage: name, Total: total}
	r.show(ctx)
}

func (r *reportRun) show(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("**%s** of %s, %s · %s · %d of %d",
		r.in.Report, r.in.Cluster, r.in.Interval, r.progress.Stage, r.progress.Done, r.progress.Total))
}

func (r *reportRun) done(ctx workflow.Context) {
	r.progress.Done++
	r.show(ctx)
}

func (r *reportRun) steps(ctx workflow.Context) (*activities.Sealed, error) {
	gathered, err := r.planAndGather(ctx)
	if err != nil {
		return nil, err
	}
	r.stage(ctx, "compute", 1)
	var computed activities.ComputeResult
	err = workflow.ExecuteActivity(chunk(ctx, r.in.Retry, "compute "+r.plan.Type), activities.ComputeName,
		activities.ComputeParams{Plan: r.plan.Plan, Gathered: gathered}).Get(ctx, &computed)
	if err != nil {
		return nil, err
	}
	r.stage(ctx, "render", 1)
	var rendered activities.RenderResult
	err = workflow.ExecuteActivity(chunk(ctx, r.in.Retry, "render downloads"), activities.RenderName,
		activities.RenderParams{Plan: r.plan.Plan, Computed: computed}).Get(ctx, &rendered)
	if err != nil {
		return nil, err
	}
	r.stage(ctx, "seal", 1)
	var sealed activities.Sealed
	err = workflow.ExecuteActivity(publish(ctx, r.in.Retry, "seal bundle: "+string(computed.Verdict)), activities.SealName,
		activities.SealParams{Plan: r.plan.Plan, Computed: computed, Rendered: rendered}).Get(ctx, &sealed)
	if err != nil {
		return nil, err
	}
	return &sealed, nil
}

// maxPlans is how often a run is planned: logs are rotated in hours, and read in minutes.
const maxPlans = 3

// planAndGather plans anew when a log was rotated between the plan and the reading.
func (r *reportRun) planAndGather(ctx workflow.Context) (gathered activities.Gathered, err error) {
	for n := 1; ; n++ {
		if err := r.makePlan(ctx); err != nil {
			return gathered, err
		}
		gathered, err = r.gather(ctx)
		var failure *temporal.ApplicationError
		if n == maxPlans || !errors.As(err, &failure) || failure.Type() != activities.FailureOutdated {
			return gathered, err
		}
		workflow.GetLogger(ctx).Warn("a log was rotated since the run was planned; planning anew", "report", r.in.Report, "error", err)
	}
}

// makePlan plans, and takes the cluster's first snapshot when there is none at all.
func (r *reportRun) makePlan(ctx workflow.Context) error {
	r.stage(ctx, "plan", 1)
	params := activities.PlanParams{Definition: r.in.Definition, Interval: r.in.Interval, Trigger: r.in.Trigger, HadSnapshot: r.hadSnapshot}
	plan := func() error {
		var fresh activities.PlanResult // what an earlier plan had and this one lacks must not stay
		err := workflow.ExecuteActivity(quick(ctx, r.in.Retry, "plan "+r.in.Interval.String()), activities.PlanName, params).Get(ctx, &fresh)
		r.plan = fresh
		return err
	}
	if err := plan(); err != nil || !r.plan.WantsSnapshot {
		return err
	}
	r.stage(ctx, "snapshot", 1)
	var taken activities.SnapshotResult
	err := workflow.ExecuteActivity(chunk(ctx, r.in.Retry, "first snapshot of the cluster"),
		activities.SnapshotName, activities.SnapshotParams{}).Get(ctx, &taken)
	if err != nil {
		return err
	}
	params.HadSnapshot, r.hadSnapshot = true, true
	return plan()
}

// gather reads the logs in parallel, a bounded number of partitions at one time.
func (r *reportRun) gather(ctx workflow.Context) (activities.Gathered, error) {
	total := r.plan.AuditPartitions + r.plan.FlowPartitions
	if r.plan.Benchmarks {
		total++
	}
	r.stage(ctx, "gather", total)
	out := activities.Gathered{
		Changes: make([]activities.ChangesResult, r.plan.AuditPartitions),
		Flows:   make([]activities.FlowsResult, r.plan.FlowPartitions),
	}
	group := newFanOut(ctx, gatherParallel)
	for i := range out.Changes {
		params := activities.PartParams{Plan: r.plan.Plan, Index: i}
		summary := fmt.Sprintf("audit logs %d/%d", i+1, len(out.Changes))
		group.run(func(ctx workflow.Context) error {
			defer r.done(ctx)
			return workflow.ExecuteActivity(chunk(ctx, r.in.Retry, summary), activities.ChangesName, params).
				Get(ctx, &out.Changes[i])
		})
	}
	for i := range out.Flows {
		params := activities.PartParams{Plan: r.plan.Plan, Index: i}
		summary := fmt.Sprintf("flow logs %d/%d", i+1, len(out.Flows))
		group.run(func(ctx workflow.Context) error {
			defer r.done(ctx)
			return workflow.ExecuteActivity(chunk(ctx, r.in.Retry, summary), activities.FlowsName, params).
				Get(ctx, &out.Flows[i])
		})
	}
	if r.plan.Benchmarks {
		group.run(func(ctx workflow.Context) error {
			defer r.done(ctx)
			return workflow.ExecuteActivity(chunk(ctx, r.in.Retry, "benchmark results"), activities.BenchmarksName,
				activities.PartParams{Plan: r.plan.Plan}).Get(ctx, &out.Benchmarks)
		})
	}
	return out, group.wait(ctx)
}

// finish records what became of the interval and clears the staging area. It runs on a context of its own, so that a
// cancelled run leaves its record too; when the record itself cannot be written the run still says what failed.
func (r *reportRun) finish(ctx workflow.Context, sealed *activities.Sealed, failure error) {
	free, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if temporal.IsCanceledError(failure) {
		// Perhaps it was cancelled because no worker serves its jobNodeSelector: the cluster's own workers tell what became of it.
		free = workflow.WithTaskQueue(free, workflow.GetInfo(ctx).TaskQueueName)
	}
	params := activities.OutcomeParams{
		Report: r.in.Report, Type: r.plan.Type, Interval: r.in.Interval, Trigger: r.in.Trigger, By: r.in.By,
		Sealed: sealed, Started: workflow.GetInfo(ctx).WorkflowStartTime.UTC(), Finished: workflow.Now(ctx).UTC(),
	}
	summary := "record outcome: failed"
	if sealed != nil {
		summary = "record outcome: " + string(sealed.Verdict)
	}
	if failure != nil {
		params.Cause = causeOf(failure)
		if temporal.IsCanceledError(failure) {
			summary = "record outcome: cancelled"
		}
	}
	logger := workflow.GetLogger(ctx)
	err := workflow.ExecuteActivity(publish(free, r.in.Retry, summary), activities.OutcomeName, params).Get(free, nil)
	if err != nil {
		logger.Error("the outcome could not be recorded", "report", r.in.Report, "interval", r.in.Interval.String(), "error", err)
	}
	err = workflow.ExecuteActivity(quick(free, r.in.Retry, "clear staging"), activities.SweepName,
		activities.SweepParams{}).Get(free, nil)
	if err != nil {
		logger.Warn("the staging area was not cleared; it expires by age", "report", r.in.Report, "error", err)
	}
	if failure == nil {
		r.stage(free, "done: "+string(sealed.Verdict), 0)
	}
}
