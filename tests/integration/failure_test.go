package integration

import (
	"context"
	"encoding/json"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/worker"
	"github.com/probity/probity/workflows"
)

// failing makes the flow log fail a number of times.
func failing(times int64) func(*worker.Ports) {
	left := &atomic.Int64{}
	left.Store(times)
	return func(p *worker.Ports) { p.Flows = brokenFlows{p.Flows, left} }
}

func TestFiveFailuresAndThenSuccess(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	e.Config.Inputs.Flows = oneFile(t, e.Config.Inputs.Flows, "flows.ndjson")
	e.Worker(t, failing(5))
	run := start(t, e, e.Define(t, "five-failures", harness.Spec{"reportType": "network-access"}), harness.Day)
	require.Equal(t, evidence.Complete, finish(t, run).Verdict)
	require.Equal(t, 6, attempts(t, e, run)[activities.FlowsName])
	e.Record(t, "report_five_failures", run.GetID(), run.GetRunID())
}

func TestSixFailuresAreAFailedOutcome(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	e.Config.Inputs.Flows = oneFile(t, e.Config.Inputs.Flows, "flows.ndjson")
	e.Worker(t, failing(6))
	run := start(t, e, e.Define(t, "six-failures", harness.Spec{"reportType": "network-access"}), harness.Day)
	err := run.Get(t.Context(), nil)
	var failure *temporal.ApplicationError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, activities.FailureUnavailable, failure.Type())
	require.Contains(t, failure.Message(), errOutage.Error())
	require.Equal(t, 6, attempts(t, e, run)[activities.FlowsName])
	described, err := e.Client.DescribeWorkflowExecution(t.Context(), run.GetID(), run.GetRunID())
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, described.GetWorkflowExecutionInfo().GetStatus())

	records := outcomes(t, e, "six-failures")
	require.Len(t, records, 1)
	require.Equal(t, evidence.StateFailed, records[0].State)
	require.Equal(t, 6, records[0].Cause.Attempts)
	require.Equal(t, activities.FlowsName, records[0].Cause.Step)
	require.Contains(t, records[0].Cause.Message, errOutage.Error())
	require.Empty(t, e.Keys(t, "staging/"))
	require.Empty(t, e.Keys(t, "reports/"))
	listed, err := exec.Command(e.Program, "reports", "list", "--config", e.WriteConfig(t, "")).Output()
	require.NoError(t, err)
	require.Regexp(t, `six-failures +network-access .* failed .*connection refused`, string(listed))
	e.Record(t, "report_six_attempts", run.GetID(), run.GetRunID())
}

func TestInvalidInputIsNotRetried(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	e.Worker(t, nil)
	def := e.Define(t, "invalid", harness.Spec{"reportType": "inventory"})
	raw := json.RawMessage(`{"apiVersion":"projectcalico.org/v3","kind":"GlobalReport","metadata":{"name":"invalid"},"spec":{"reportType":"inventori"}}`)
	run, err := e.Runs().Report(t.Context(), def.Definition, raw, harness.Day, "tester")
	require.NoError(t, err)
	var failure *temporal.ApplicationError
	require.ErrorAs(t, run.Get(t.Context(), nil), &failure)
	require.Equal(t, activities.FailureInvalidInput, failure.Type())
	require.True(t, failure.NonRetryable())
	require.Equal(t, 1, attempts(t, e, run)[activities.PlanName])
	records := outcomes(t, e, "invalid")
	require.Len(t, records, 1)
	require.Equal(t, 1, records[0].Cause.Attempts)
	require.Contains(t, records[0].Cause.Message, "inventori")
	e.Record(t, "report_invalid_input", run.GetID(), run.GetRunID())
}

func TestCancelledReportEndsSoonAndLeavesARecord(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	e.Config.Retry.Heartbeat = 30 * time.Second // as in production: a cancellation must not wait for it
	gate := e.Gate()
	e.Worker(t, func(p *worker.Ports) { p.Audit = gatedAudit{p.Audit, gate} })
	run := start(t, e, e.Define(t, "cancelled", harness.Spec{"reportType": "inventory"}), harness.Day)
	eventually(t, "the audit log is being read", func() bool { return gate.Waiting() > 0 })
	require.NotEmpty(t, e.Keys(t, "staging/"))
	require.NoError(t, e.Client.CancelWorkflow(t.Context(), run.GetID(), run.GetRunID()))
	require.True(t, temporal.IsCanceledError(run.Get(t.Context(), nil)))

	history, err := e.History(t.Context(), run.GetID(), run.GetRunID())
	require.NoError(t, err)
	var asked, ended time.Time
	for _, event := range history.GetEvents() {
		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED {
			asked = event.GetEventTime().AsTime()
		}
		ended = event.GetEventTime().AsTime()
	}
	require.Less(t, ended.Sub(asked), 5*time.Second, "the limit of temporal-practice.md section 11")
	records := outcomes(t, e, "cancelled")
	require.Len(t, records, 1)
	require.Equal(t, evidence.StateFailed, records[0].State)
	require.Equal(t, "Canceled", records[0].Cause.Type)
	require.Empty(t, e.Keys(t, "staging/"))
	require.Empty(t, e.Keys(t, "reports/"))
	e.Record(t, "report_cancelled", run.GetID(), run.GetRunID())
}

// A range of eight days is eight reports, five at a time.
func TestBackfillCountsEveryInterval(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	gate := e.Gate()
	e.Worker(t, func(p *worker.Ports) { p.Benchmarks = gatedBenchmarks{p.Benchmarks, gate} })
	def := e.Define(t, "backfilled", harness.Spec{"reportType": "cis-benchmark", "schedule": "0 0 * * *"})
	span := interval.Interval{Start: harness.Day.Start.AddDate(0, 0, -6), End: harness.Day.End.AddDate(0, 0, 1)}
	run, err := e.Runs().Backfill(t.Context(), def.Definition, def.Raw, span)
	require.NoError(t, err)
	eventually(t, "five reports are active", func() bool { return gate.Waiting() == 5 })
	for range 3 {
		require.NoError(t, gate.One(t.Context()))
		eventually(t, "the next one has taken the place", func() bool { return gate.Waiting() == 5 })
	}
	gate.Open()
	var result workflows.BackfillResult
	require.NoError(t, run.Get(t.Context(), &result))
	require.Equal(t, 5, gate.Most())
	require.Equal(t, span.End, result.Done.UTC())
	require.Equal(t, 8, result.Complete+result.Partial+result.Insufficient)
	require.Zero(t, result.Failed)
	require.Positive(t, result.Complete, "the sample's day has results")
	records := outcomes(t, e, "backfilled")
	require.Len(t, records, 8)
	for i, record := range records {
		require.Equal(t, span.End.AddDate(0, 0, -i), record.Interval.End.UTC())
		require.Equal(t, evidence.Backfill, record.Trigger)
	}
	e.Record(t, "backfill", run.GetID(), run.GetRunID())
}

func TestCancelledBackfillCancelsItsReports(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	gate := e.Gate()
	e.Worker(t, func(p *worker.Ports) { p.Benchmarks = gatedBenchmarks{p.Benchmarks, gate} })
	def := e.Define(t, "given-up", harness.Spec{"reportType": "cis-benchmark", "schedule": "0 0 * * *"})
	span := interval.Interval{Start: harness.Day.Start.AddDate(0, 0, -20), End: harness.Day.End}
	run, err := e.Runs().Backfill(t.Context(), def.Definition, def.Raw, span)
	require.NoError(t, err)
	eventually(t, "five reports are active", func() bool { return gate.Waiting() == 5 })
	require.NoError(t, e.Client.CancelWorkflow(t.Context(), run.GetID(), run.GetRunID()))
	require.True(t, temporal.IsCanceledError(run.Get(t.Context(), nil)))
	records := outcomes(t, e, "given-up")
	require.Len(t, records, 5)
	for _, record := range records {
		require.Equal(t, "Canceled", record.Cause.Type)
		require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED, status(t, e.Client, record.Run))
	}
	require.Empty(t, e.Keys(t, "staging/"))
	e.Record(t, "backfill_cancelled", run.GetID(), run.GetRunID())
}

func status(t *testing.T, c client.Client, run evidence.Run) enumspb.WorkflowExecutionStatus {
	t.Helper()
	described, err := c.DescribeWorkflowExecution(context.WithoutCancel(t.Context()), run.WorkflowID, run.RunID)
	require.NoError(t, err)
	return described.GetWorkflowExecutionInfo().GetStatus()
}

// A step that is busy without a word for longer than its heartbeat timeout is not taken for dead: its worker is alive.
func TestSilentStepIsNotRepeated(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	e.Config.Retry.Heartbeat = 6 * time.Second
	gate := e.Gate()
	e.Worker(t, func(p *worker.Ports) { p.Benchmarks = gatedBenchmarks{p.Benchmarks, gate} })
	run := start(t, e, e.Define(t, "silent", harness.Spec{"reportType": "cis-benchmark"}), harness.Day)
	eventually(t, "the step has been alive for longer than its timeout", func() bool {
		described, err := e.Client.DescribeWorkflowExecution(t.Context(), run.GetID(), run.GetRunID())
		if err != nil || len(described.GetPendingActivities()) != 1 {
			return false
		}
		step := described.GetPendingActivities()[0]
		silent := step.GetLastHeartbeatTime().AsTime().Sub(step.GetLastStartedTime().AsTime())
		return step.GetActivityType().GetName() == activities.BenchmarksName && silent > e.Config.Retry.Heartbeat
	})
	gate.Open()
	finish(t, run)
	require.Equal(t, 1, attempts(t, e, run)[activities.BenchmarksName])
}
