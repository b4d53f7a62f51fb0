package starter

import (
	"context"
	"fmt"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	commonpb "go.temporal.io/api/common/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/workflows"
)

// Active is what runs for one report now.
type Active struct {
	Reports []report.Job
	// Ticks are those that wait for logs to settle or for a slot; there is one at most, but for a moment.
	Ticks []Waiting
}

// Waiting is a tick and the due time that it stands for.
type Waiting struct {
	Run evidence.Run
	Due time.Time
}

// Status derives a report's status from the runs that are active in Temporal and from its outcomes in the archive. No other
// bookkeeping exists, so it can always be rebuilt. Manual runs and backfills are no part of it.
func (r *Runs) Status(ctx context.Context, def *report.Definition, outcomes []evidence.Outcome) (v3.ReportStatus, error) {
	active, err := r.active(ctx, fmt.Sprintf(" AND GlobalReport = '%s'", def.Name))
	if err != nil {
		return v3.ReportStatus{}, fmt.Errorf("list active runs of %s: %w", def.Name, err)
	}
	return r.status(def, active[def.Name], outcomes), nil
}

// status is that of a report; def may be nil, as of a definition that cannot be used.
func (r *Runs) status(def *report.Definition, active Active, outcomes []evidence.Outcome) v3.ReportStatus {
	jobs := report.Jobs{Namespace: r.settings.Namespace, Running: active.Reports, Outcomes: outcomes}
	for _, tick := range active.Ticks {
		if def != nil && def.Schedule != nil {
			jobs.Accept(*def.Schedule, tick.Due, tick.Run)
		}
	}
	return report.Status(jobs)
}

// Active lists what runs for all of the cluster's reports, by report, from Temporal's index, which lags behind by a moment.
func (r *Runs) Active(ctx context.Context) (map[string]Active, error) {
	active, err := r.active(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("list active runs: %w", err)
	}
	return active, nil
}

func (r *Runs) active(ctx context.Context, condition string) (map[string]Active, error) {
	request := &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: 200,
		Query: fmt.Sprintf("Cluster = '%s' AND WorkflowType IN ('%s', '%s') AND ExecutionStatus = 'Running'%s",
			r.settings.Cluster, workflows.ReportName, workflows.TickName, condition),
	}
	all := map[string]Active{}
	for {
		page, err := r.client.ListWorkflow(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, info := range page.GetExecutions() {
			addActive(all, info)
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return all, nil
		}
	}
}

// addActive takes one workflow over, unless someone started it by hand without saying what it is about.
func addActive(all map[string]Active, info *workflowpb.WorkflowExecutionInfo) {
	fields := info.GetSearchAttributes().GetIndexedFields()
	run := evidence.Run{WorkflowID: info.GetExecution().GetWorkflowId(), RunID: info.GetExecution().GetRunId()}
	var name, trigger string
	if !decodeAll(fields, map[string]any{workflows.GlobalReportKey.GetName(): &name}) {
		return
	}
	active := all[name]
	switch info.GetType().GetName() {
	case workflows.TickName:
		tick := Waiting{Run: run}
		if !decodeAll(fields, map[string]any{scheduledStart: &tick.Due}) {
			return
		}
		active.Ticks = append(active.Ticks, tick)
	case workflows.ReportName:
		job := report.Job{Run: run}
		if !decodeAll(fields, map[string]any{
			workflows.ReportTriggerKey.GetName(): &trigger,
			workflows.ReportStartKey.GetName():   &job.Interval.Start, workflows.ReportEndKey.GetName(): &job.Interval.End,
		}) {
			return
		}
		job.Trigger = evidence.Trigger(trigger)
		active.Reports = append(active.Reports, job)
	}
	all[name] = active
}

// scheduledStart is the search attribute in which Temporal keeps the nominal time of a run that a Schedule started.
const scheduledStart = "TemporalScheduledStartTime"

// decodeAll reads search attributes; false when one is missing.
func decodeAll(attributes map[string]*commonpb.Payload, into map[string]any) bool {
	for name, out := range into {
		payload := attributes[name]
		if payload == nil || converter.GetDefaultDataConverter().FromPayload(payload, out) != nil {
			return false
		}
	}
	return true
}
