package starter

import (
	"context"
	"fmt"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/workflows"
)

// Status derives a report's status from the runs that are active in Temporal and from its outcomes in the archive. No other
// bookkeeping exists, so it can always be rebuilt. Manual runs and backfills are no part of it.
func (r *Runs) Status(ctx context.Context, name string, outcomes []evidence.Outcome) (v3.ReportStatus, error) {
	running, err := r.running(ctx, fmt.Sprintf(" AND GlobalReport = '%s'", name))
	if err != nil {
		return v3.ReportStatus{}, fmt.Errorf("list active runs of %s: %w", name, err)
	}
	return report.Status(report.Jobs{Namespace: r.settings.Namespace, Running: running[name], Outcomes: outcomes}), nil
}

// Running lists the active runs of all of the cluster's reports, by report, from Temporal's index, which lags behind by a moment.
func (r *Runs) Running(ctx context.Context) (map[string][]report.Job, error) {
	running, err := r.running(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("list active runs: %w", err)
	}
	return running, nil
}

func (r *Runs) running(ctx context.Context, condition string) (map[string][]report.Job, error) {
	request := &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: 200,
		Query: fmt.Sprintf("Cluster = '%s' AND WorkflowType = '%s' AND ExecutionStatus = 'Running'%s",
			r.settings.Cluster, workflows.ReportName, condition),
	}
	jobs := map[string][]report.Job{}
	for {
		page, err := r.client.ListWorkflow(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, info := range page.GetExecutions() {
			var name, trigger string
			var iv interval.Interval
			if !decodeAll(info.GetSearchAttributes().GetIndexedFields(), map[string]any{
				workflows.GlobalReportKey.GetName(): &name, workflows.ReportTriggerKey.GetName(): &trigger,
				workflows.ReportStartKey.GetName(): &iv.Start, workflows.ReportEndKey.GetName(): &iv.End,
			}) {
				continue // a run that someone started by hand without saying what it is about
			}
			execution := info.GetExecution()
			jobs[name] = append(jobs[name], report.Job{
				Interval: iv, Trigger: evidence.Trigger(trigger),
				Run: evidence.Run{WorkflowID: execution.GetWorkflowId(), RunID: execution.GetRunId()},
			})
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return jobs, nil
		}
	}
}

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
