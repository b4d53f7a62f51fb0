package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/workflows"
)

func reportInput(t *testing.T) workflows.ReportInput {
	return workflows.ReportInput{
		Report: "daily", Definition: definition(t), Interval: days(20, 21), Trigger: evidence.Scheduled, Retry: workflows.Retry{Interval: time.Minute},
	}
}

func TestReportRunsEveryStep(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(*steps)
		want    map[string]int
		verdict evidence.Verdict
	}{
		{
			name: "logs are gathered by partition", prepare: func(*steps) {}, verdict: evidence.Complete,
			want: map[string]int{activities.PlanName: 1, activities.ChangesName: 2, activities.FlowsName: 3,
				activities.BenchmarksName: 0, activities.SealName: 1, activities.OutcomeName: 1, activities.SweepName: 1},
		},
		{
			name:    "benchmarks only",
			prepare: func(s *steps) { s.plan = activities.PlanResult{Type: "cis-benchmark", Benchmarks: true} },
			verdict: evidence.Complete,
			want:    map[string]int{activities.ChangesName: 0, activities.FlowsName: 0, activities.BenchmarksName: 1},
		},
		{
			name:    "a cluster without any snapshot gets one first, and only one",
			prepare: func(s *steps) { s.plan.WantsSnapshot = true },
			verdict: evidence.Complete,
			want:    map[string]int{activities.PlanName: 2, activities.SnapshotName: 1},
		},
		{
			name: "an insufficient report is sealed too", prepare: func(s *steps) { s.verdict = evidence.Insufficient },
			verdict: evidence.Insufficient, want: map[string]int{activities.SealName: 1, activities.OutcomeName: 1},
		},
		{
			name:    "five failures and then success",
			prepare: func(s *steps) { s.fail[activities.FlowsName] = outage(5) },
			verdict: evidence.Complete, want: map[string]int{activities.FlowsName: 18},
		},
		{
			name:    "staging that cannot be cleared does not fail the report",
			prepare: func(s *steps) { s.fail[activities.SweepName] = outage(99) },
			verdict: evidence.Complete, want: map[string]int{activities.SweepName: workflows.MaxAttempts},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSteps()
			test.prepare(s)
			env := environment(t, s)
			env.ExecuteWorkflow(workflows.ReportName, reportInput(t))
			require.NoError(t, env.GetWorkflowError())
			var result workflows.ReportResult
			require.NoError(t, env.GetWorkflowResult(&result))
			require.Equal(t, test.verdict, result.Verdict)
			for name, want := range test.want {
				require.Equal(t, want, s.count(name), name)
			}
			require.Len(t, s.outcomes, 1)
			require.Nil(t, s.outcomes[0].Cause)
			require.Equal(t, test.verdict, s.outcomes[0].Sealed.Verdict)
		})
	}
}

func TestReportRecordsFailures(t *testing.T) {
	refused := func(int) error {
		return temporal.NewNonRetryableApplicationError("spec.schedule: bad", activities.FailureInvalidInput, nil)
	}
	for _, test := range []struct {
		name     string
		step     string
		fail     func(int) error
		cause    evidence.Cause
		attempts int
	}{
		{
			name: "six failures", step: activities.ChangesName, fail: outage(6),
			cause: evidence.Cause{Step: activities.ChangesName, Type: activities.FailureUnavailable,
				Message: "read flow logs: connection refused", Attempts: 6},
		},
		{
			name: "invalid input is not tried again", step: activities.PlanName, fail: refused, attempts: 1,
			cause: evidence.Cause{Step: activities.PlanName, Type: activities.FailureInvalidInput, Message: "spec.schedule: bad", Attempts: 1},
		},
		{
			name: "a seal that fails", step: activities.SealName, fail: outage(6), attempts: 6,
			cause: evidence.Cause{Step: activities.SealName, Type: activities.FailureUnavailable,
				Message: "read flow logs: connection refused", Attempts: 6},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSteps()
			s.fail[test.step] = test.fail
			env := environment(t, s)
			env.ExecuteWorkflow(workflows.ReportName, reportInput(t))
			require.Error(t, env.GetWorkflowError())
			require.ErrorContains(t, env.GetWorkflowError(), test.cause.Message)
			require.Len(t, s.outcomes, 1)
			require.Nil(t, s.outcomes[0].Sealed)
			require.Equal(t, &test.cause, s.outcomes[0].Cause)
			if test.attempts > 0 {
				require.Equal(t, test.attempts, s.count(test.step))
			}
			require.Equal(t, 1, s.count(activities.SweepName))
		})
	}
}

// rotated fails the first calls as an activity does whose log was rotated since the plan was made.
func rotated(calls int) func(int) error {
	return func(int) error {
		if calls--; calls < 0 {
			return nil
		}
		return temporal.NewNonRetryableApplicationError("audit.log is another file: the plan is outdated", activities.FailureOutdated, nil)
	}
}

func TestReportPlansAnewWhenALogWasRotated(t *testing.T) {
	for _, test := range []struct {
		name           string
		rotations      int
		plans, compute int
		succeeds       bool
	}{
		{name: "once", rotations: 1, plans: 2, compute: 1, succeeds: true},
		{name: "twice", rotations: 2, plans: 3, compute: 1, succeeds: true},
		{name: "again and again", rotations: 99, plans: 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSteps()
			s.plan.AuditPartitions, s.plan.FlowPartitions = 1, 0
			s.fail[activities.ChangesName] = rotated(test.rotations)
			env := environment(t, s)
			env.ExecuteWorkflow(workflows.ReportName, reportInput(t))
			require.Equal(t, test.succeeds, env.GetWorkflowError() == nil, "%v", env.GetWorkflowError())
			require.Equal(t, test.plans, s.count(activities.PlanName))
			require.Equal(t, test.compute, s.count(activities.ComputeName))
			require.Len(t, s.outcomes, 1)
			if !test.succeeds {
				require.Equal(t, activities.FailureOutdated, s.outcomes[0].Cause.Type)
			}
		})
	}
}

func TestCancelledReportLeavesARecord(t *testing.T) {
	s := newSteps()
	s.fail[activities.ComputeName] = outage(99)
	env := environment(t, s)
	env.RegisterDelayedCallback(env.CancelWorkflow, 90*time.Second)
	env.ExecuteWorkflow(workflows.ReportName, reportInput(t))
	require.True(t, temporal.IsCanceledError(env.GetWorkflowError()), "%v", env.GetWorkflowError())
	require.Len(t, s.outcomes, 1)
	require.Equal(t, "Canceled", s.outcomes[0].Cause.Type)
	require.Equal(t, 1, s.count(activities.SweepName))
}

func TestReportTellsItsProgress(t *testing.T) {
	s := newSteps()
	s.fail[activities.ComputeName] = outage(1)
	env := environment(t, s)
	var seen workflows.Progress
	env.RegisterDelayedCallback(func() {
		value, err := env.QueryWorkflow(workflows.QueryProgress)
		require.NoError(t, err)
		require.NoError(t, value.Get(&seen))
	}, 30*time.Second)
	env.ExecuteWorkflow(workflows.ReportName, reportInput(t))
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, workflows.Progress{Stage: "compute", Total: 1}, seen)
}
