package worker

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/probity/probity/workflows"
)

// temporalRuns answers from Temporal's own record of runs and schedules.
type temporalRuns struct {
	client client.Client
}

func (r temporalRuns) Closed(ctx context.Context, workflowID, runID string) (bool, error) {
	described, err := r.client.DescribeWorkflowExecution(ctx, workflowID, runID)
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return true, nil // past the namespace's retention
	}
	if err != nil {
		return false, fmt.Errorf("describe run %s: %w", workflowID, err)
	}
	return described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil
}

func (r temporalRuns) Paused(ctx context.Context, cluster, report string) (bool, error) {
	described, err := r.client.ScheduleClient().GetHandle(ctx, workflows.ScheduleID(cluster, report)).Describe(ctx)
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("describe schedule of %s: %w", report, err)
	}
	return described.Schedule.State != nil && described.Schedule.State.Paused, nil
}
