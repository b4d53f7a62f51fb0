package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/workflows"
)

func tickInput(t *testing.T) workflows.TickInput {
	return workflows.TickInput{
		Report: "daily", Type: "inventory", Definition: definition(t), Schedule: "0 0 * * *", Delay: 30 * time.Minute, MaxActive: 5,
	}
}

// started collects what the Report workflows were started with, and when.
type started struct {
	intervals []interval.Interval
	times     []time.Time
}

func (s *started) watch(env *testsuite.TestWorkflowEnvironment, fail error) {
	env.OnWorkflow(workflows.ReportName, mock.Anything, mock.Anything).Return(
		func(ctx workflow.Context, in workflows.ReportInput) (workflows.ReportResult, error) {
			s.intervals = append(s.intervals, in.Interval)
			s.times = append(s.times, workflow.Now(ctx).UTC())
			return workflows.ReportResult{}, fail
		})
}

func nominal(env *testsuite.TestWorkflowEnvironment, at time.Time) {
	env.SetStartTime(at)
	_ = env.SetTypedSearchAttributesOnStart(temporal.NewSearchAttributes(
		temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime").ValueSet(at)))
}

func TestTickStartsWhatIsDue(t *testing.T) {
	for _, test := range []struct {
		name  string
		at    time.Time
		last  *workflows.TickState
		want  []interval.Interval
		end   time.Time
		input func(*workflows.TickInput)
	}{
		{name: "the first tick covers the whole interval before it", at: day(21), want: []interval.Interval{days(20, 21)}, end: day(21)},
		{name: "the next one goes on where the last one ended", at: day(22), last: &workflows.TickState{End: day(21)},
			want: []interval.Interval{days(21, 22)}, end: day(22)},
		{name: "after an outage every missed interval is reported, oldest first", at: day(24), last: &workflows.TickState{End: day(21)},
			want: []interval.Interval{days(21, 22), days(22, 23), days(23, 24)}, end: day(24)},
		{name: "an empty result of the newer scheduler is no result", at: day(21), last: &workflows.TickState{},
			want: []interval.Interval{days(20, 21)}, end: day(21)},
		{name: "a tick of the past moves nothing back", at: day(20), last: &workflows.TickState{End: day(22)}, end: day(22)},
		{name: "an edited schedule leaves no gap", at: day(22).Add(6 * time.Hour), last: &workflows.TickState{End: day(22)},
			input: func(in *workflows.TickInput) { in.Schedule = "0 6 * * *" },
			want:  []interval.Interval{{Start: day(22), End: day(22).Add(6 * time.Hour)}}, end: day(22).Add(6 * time.Hour)},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := environment(t, newSteps())
			var got started
			got.watch(env, nil)
			nominal(env, test.at)
			if test.last != nil {
				env.SetLastCompletionResult(*test.last)
			}
			in := tickInput(t)
			if test.input != nil {
				test.input(&in)
			}
			env.ExecuteWorkflow(workflows.TickName, in)
			require.NoError(t, env.GetWorkflowError())
			require.Equal(t, test.want, got.intervals)
			for i, at := range got.times {
				require.False(t, at.Before(got.intervals[i].End.Add(in.Delay)), "started before the logs had settled")
			}
			var state workflows.TickState
			require.NoError(t, env.GetWorkflowResult(&state))
			require.Equal(t, test.end, state.End)
			require.Len(t, state.Active, len(test.want))
		})
	}
}

func TestTickWaitsForASlot(t *testing.T) {
	s := newSteps()
	s.fail[activities.SlotName] = func(attempt int) error {
		if attempt < 9 { // the test environment ends an unlimited policy at ten
			return temporal.NewApplicationErrorWithOptions("full", activities.FailureWaiting,
				temporal.ApplicationErrorOptions{NextRetryDelay: 15 * time.Second})
		}
		return nil
	}
	env := environment(t, s)
	var got started
	got.watch(env, nil)
	nominal(env, day(21))
	env.ExecuteWorkflow(workflows.TickName, tickInput(t))
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 9, s.count(activities.SlotName), "the limit of six attempts is not for polls")
	require.Len(t, got.intervals, 1)
}

func TestSuspendedTickStartsNothing(t *testing.T) {
	s := newSteps()
	s.slots = func(p activities.SlotParams) (activities.SlotResult, error) {
		return activities.SlotResult{Active: p.Active, Suspended: true}, nil
	}
	env := environment(t, s)
	var got started
	got.watch(env, nil)
	nominal(env, day(23))
	before := workflows.TickState{End: day(21), Active: []activities.Run{{WorkflowID: "report/daily/x", RunID: "1"}}}
	env.SetLastCompletionResult(before)
	env.ExecuteWorkflow(workflows.TickName, tickInput(t))
	require.NoError(t, env.GetWorkflowError())
	require.Empty(t, got.intervals)
	var state workflows.TickState
	require.NoError(t, env.GetWorkflowResult(&state))
	require.Equal(t, before, state, "the interval stays due")
}

func TestTickOutlivesAFailedReport(t *testing.T) {
	env := environment(t, newSteps())
	var got started
	got.watch(env, errors.New("six attempts failed"))
	nominal(env, day(22))
	env.SetLastCompletionResult(workflows.TickState{End: day(20)})
	env.ExecuteWorkflow(workflows.TickName, tickInput(t))
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []interval.Interval{days(20, 21), days(21, 22)}, got.intervals)
}

func TestLongCatchUpContinuesAsNew(t *testing.T) {
	env := environment(t, newSteps())
	var got started
	got.watch(env, nil)
	at := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	nominal(env, at)
	env.SetLastCompletionResult(workflows.TickState{End: at.AddDate(0, 0, -150)})
	env.ExecuteWorkflow(workflows.TickName, tickInput(t))
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &again)
	require.Len(t, got.intervals, 100)
}

func TestTickRefusesABadSchedule(t *testing.T) {
	env := environment(t, newSteps())
	nominal(env, day(21))
	in := tickInput(t)
	in.Schedule = "99 0 * * *"
	env.ExecuteWorkflow(workflows.TickName, in)
	var failure *temporal.ApplicationError
	require.ErrorAs(t, env.GetWorkflowError(), &failure)
	require.True(t, failure.NonRetryable())
	require.Equal(t, activities.FailureInvalidInput, failure.Type())
}
