package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/workflows"
)

func backfillInput(t *testing.T, span interval.Interval) workflows.BackfillInput {
	return workflows.BackfillInput{
		Report: "daily", Type: "inventory", Definition: definition(t), Schedule: "0 0 * * *", Range: span, Parallel: 5,
	}
}

func TestBackfillRunsFiveAtATime(t *testing.T) {
	env := environment(t, newSteps())
	active, most := 0, 0
	var order []time.Time
	env.OnWorkflow(workflows.ReportName, mock.Anything, mock.Anything).Return(
		func(ctx workflow.Context, in workflows.ReportInput) (workflows.ReportResult, error) {
			active++
			most = max(most, active)
			order = append(order, in.Interval.End)
			err := workflow.Sleep(ctx, time.Minute)
			active--
			require.Equal(t, evidence.Backfill, in.Trigger)
			verdict := evidence.Complete
			switch in.Interval.End.Day() {
			case 3:
				return workflows.ReportResult{}, errors.New("six attempts failed")
			case 4:
				verdict = evidence.Partial
			}
			return workflows.ReportResult{Sealed: activities.Sealed{Verdict: verdict}}, err
		})
	env.ExecuteWorkflow(workflows.BackfillName, backfillInput(t, days(1, 15)))
	require.NoError(t, env.GetWorkflowError())
	var result workflows.BackfillResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.Equal(t, 5, most)
	require.Equal(t, workflows.BackfillResult{Done: day(15), Complete: 12, Partial: 1, Failed: 1}, result)
	for i, end := range order {
		// The test environment runs what was started together in any order.
		require.InDelta(t, i+2, end.Day(), 4, "oldest first")
	}
}

func TestCancelledBackfillStartsNoMore(t *testing.T) {
	env := environment(t, newSteps())
	started := 0
	env.OnWorkflow(workflows.ReportName, mock.Anything, mock.Anything).Return(
		func(ctx workflow.Context, _ workflows.ReportInput) (workflows.ReportResult, error) {
			started++
			return workflows.ReportResult{}, workflow.Sleep(ctx, time.Hour)
		})
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Minute)
	env.ExecuteWorkflow(workflows.BackfillName, backfillInput(t, days(1, 15)))
	require.True(t, temporal.IsCanceledError(env.GetWorkflowError()), "%v", env.GetWorkflowError())
	require.Equal(t, 5, started)
}

func TestLongBackfillContinuesAsNew(t *testing.T) {
	env := environment(t, newSteps())
	env.OnWorkflow(workflows.ReportName, mock.Anything, mock.Anything).Return(
		workflows.ReportResult{Sealed: activities.Sealed{Verdict: evidence.Complete}}, nil)
	env.ExecuteWorkflow(workflows.BackfillName, backfillInput(t, interval.Interval{Start: day(1).AddDate(-1, 0, 0), End: day(1)}))
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &again)
}
