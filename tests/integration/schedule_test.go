package integration

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/worker"
	"github.com/probity/probity/workflows"
)

// daily is a crontab that fires every day at the minute, and not within the next hours: the only ticks are those that the
// tests ask the Schedule for.
func daily(minute int) string { return fmt.Sprintf("%d %d * * *", minute, dueHour) }

var dueHour = time.Now().UTC().Add(-3 * time.Hour).Hour()

// at is the due time of such a crontab on a day of March 2026.
func at(day, minute int) time.Time {
	return time.Date(2026, 3, day, dueHour, minute, 0, 0, time.UTC)
}

// series is a report with a schedule, and what its Schedule starts.
type series struct {
	*harness.Env
	name string
}

func (s series) ensure(t *testing.T, cron string, suspend bool) *definitions.Entry {
	t.Helper()
	def := s.Define(t, s.name, harness.Spec{"reportType": "cis-benchmark", "schedule": cron, "suspend": suspend})
	_, err := s.Schedules().Ensure(t.Context(), def.Definition, def.Raw)
	require.NoError(t, err)
	return def
}

// due makes the Schedule act as at its due times within a range, and waits until all of its ticks have ended.
func (s series) due(t *testing.T, from, to time.Time, ticks int) {
	t.Helper()
	before := len(s.started(t, workflows.TickName))
	s.backfill(t, from, to)
	eventually(t, "the ticks have ended", func() bool { return len(s.closed(t, workflows.TickName)) == before+ticks })
}

func (s series) backfill(t *testing.T, from, to time.Time) {
	t.Helper()
	handle := s.Client.ScheduleClient().GetHandle(t.Context(), workflows.ScheduleID(s.Config.Cluster, s.name))
	require.NoError(t, handle.Backfill(t.Context(), client.ScheduleBackfillOptions{Backfill: []client.ScheduleBackfill{{
		Start: from, End: to, Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL,
	}}}))
}

// started lists the runs of a workflow type in the order of their start.
func (s series) started(t *testing.T, kind string) []*workflowpb.WorkflowExecutionInfo {
	t.Helper()
	runs, err := s.List(t.Context(), fmt.Sprintf("GlobalReport = '%s' AND WorkflowType = '%s'", s.name, kind))
	require.NoError(t, err)
	slices.SortFunc(runs, func(a, b *workflowpb.WorkflowExecutionInfo) int {
		return a.GetStartTime().AsTime().Compare(b.GetStartTime().AsTime())
	})
	return runs
}

func (s series) closed(t *testing.T, kind string) []*workflowpb.WorkflowExecutionInfo {
	t.Helper()
	return slices.DeleteFunc(s.started(t, kind), func(run *workflowpb.WorkflowExecutionInfo) bool {
		return run.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	})
}

// intervals are those of the series' Reports in the order of their start.
func (s series) intervals(t *testing.T) []interval.Interval {
	t.Helper()
	var all []interval.Interval
	for _, run := range s.started(t, workflows.ReportName) {
		var iv interval.Interval
		for key, into := range map[string]*time.Time{"ReportStart": &iv.Start, "ReportEnd": &iv.End} {
			payload := run.GetSearchAttributes().GetIndexedFields()[key]
			require.NoError(t, converter.GetDefaultDataConverter().FromPayload(payload, into))
			*into = into.UTC()
		}
		all = append(all, iv)
	}
	return all
}

// record keeps the history of the tick of that due time.
func (s series) record(t *testing.T, name string, due time.Time) {
	t.Helper()
	for _, run := range s.closed(t, workflows.TickName) {
		if run.GetExecution().GetWorkflowId() == workflows.TickID(s.Config.Cluster, s.name)+"-"+due.Format(time.RFC3339) {
			s.Record(t, name, run.GetExecution().GetWorkflowId(), run.GetExecution().GetRunId())
			return
		}
	}
	require.Fail(t, "no tick", "%s at %s", s.name, due)
}

// Through a pause, an edit of the schedule and a change of workers every moment is in one interval and in one only.
func TestScheduledIntervalsTileTheTimeLine(t *testing.T) {
	t.Parallel()
	s := series{stack.Env(t), "tiling"}
	stop := s.Worker(t, nil)
	s.ensure(t, daily(17), false)
	s.due(t, at(2, 17), at(4, 17), 3)
	s.record(t, "tick_first", at(2, 17))
	s.record(t, "tick_next", at(3, 17))

	s.ensure(t, daily(17), true)
	s.due(t, at(5, 17), at(6, 17), 2)
	s.record(t, "tick_suspended", at(5, 17))
	require.Len(t, s.intervals(t), 3, "nothing starts while the report is suspended")

	stop()
	s.Worker(t, nil)
	s.SetNow(at(8, 50))
	s.ensure(t, daily(47), false)
	eventually(t, "the resumed report has caught up", func() bool { return len(s.closed(t, workflows.TickName)) == 6 })
	s.record(t, "tick_catch_up", at(8, 47))
	require.Len(t, s.intervals(t), 8)
	s.due(t, at(9, 47), at(9, 47), 1)

	var want []interval.Interval
	ends := []time.Time{at(1, 17), at(2, 17), at(3, 17), at(4, 17), at(4, 47), at(5, 47), at(6, 47), at(7, 47), at(8, 47), at(9, 47)}
	for i := range len(ends) - 1 {
		want = append(want, interval.Interval{Start: ends[i], End: ends[i+1]})
	}
	require.Equal(t, want, s.intervals(t))
	eventually(t, "every report has its outcome", func() bool { return len(s.closed(t, workflows.ReportName)) == len(want) })
	require.Len(t, outcomes(t, s.Env, s.name), len(want))

	s.due(t, at(3, 47), at(4, 47), 2)
	require.Len(t, s.intervals(t), len(want), "a due time of the past moves nothing back")
	require.NoError(t, s.Schedules().Remove(t.Context(), s.name))
}

// Of twelve reports that are due at one time five are active, and they start in the order of their ends.
func TestFiveReportsAreActiveAtMost(t *testing.T) {
	t.Parallel()
	s := series{stack.Env(t), "crowded"}
	gate := s.Gate()
	s.Worker(t, func(p *worker.Ports) { p.Benchmarks = gatedBenchmarks{p.Benchmarks, gate} })
	s.ensure(t, daily(23), false)
	s.backfill(t, at(2, 23), at(13, 23))
	eventually(t, "five reports are active", func() bool { return gate.Waiting() == 5 })
	sixth := workflows.TickID(s.Config.Cluster, s.name) + "-" + at(7, 23).Format(time.RFC3339)
	eventually(t, "the sixth tick has asked for a slot again and again", func() bool {
		described, err := s.Client.DescribeWorkflowExecution(t.Context(), sixth, "")
		return err == nil && len(described.GetPendingActivities()) == 1 && described.GetPendingActivities()[0].GetAttempt() > 3
	})
	require.Len(t, s.started(t, workflows.ReportName), 5)
	for n := 6; n <= 12; n++ {
		require.NoError(t, gate.One(t.Context()))
		eventually(t, "the next one takes the free slot", func() bool { return len(s.started(t, workflows.ReportName)) == n })
	}
	gate.Open()
	eventually(t, "all twelve have ended", func() bool { return len(s.closed(t, workflows.ReportName)) == 12 })
	require.Equal(t, 5, gate.Most())
	require.Equal(t, 5, mostAtOneTime(s.closed(t, workflows.ReportName)))
	for i, iv := range s.intervals(t) {
		require.Equal(t, at(i+2, 23), iv.End)
	}
	eventually(t, "the ticks have ended", func() bool { return len(s.closed(t, workflows.TickName)) == 12 })
	s.record(t, "tick_waits_for_slot", at(7, 23))
	require.NoError(t, s.Schedules().Remove(t.Context(), s.name))
}

// mostAtOneTime counts how many runs overlapped, by the server's own record.
func mostAtOneTime(runs []*workflowpb.WorkflowExecutionInfo) int {
	most := 0
	for _, one := range runs {
		active := 0
		for _, other := range runs {
			began, moment := other.GetStartTime().AsTime(), one.GetStartTime().AsTime()
			if !began.After(moment) && other.GetCloseTime().AsTime().After(moment) {
				active++
			}
		}
		most = max(most, active)
	}
	return most
}

// The first due time after the present starts a tick by itself, which waits for its logs on a timer.
func TestTickWaitsUntilLogsHaveSettled(t *testing.T) {
	t.Parallel()
	s := series{stack.Env(t), "settling"}
	s.Config.Schedule.StartDelay = 90 * 24 * time.Hour
	s.Worker(t, nil)
	s.ensure(t, daily(29), false)
	yesterday := time.Now().UTC().Add(-24 * time.Hour)
	s.backfill(t, yesterday, yesterday.Add(24*time.Hour))
	var id, run string
	eventually(t, "the tick has started", func() bool {
		found := s.started(t, workflows.TickName)
		if len(found) == 1 {
			id, run = found[0].GetExecution().GetWorkflowId(), found[0].GetExecution().GetRunId()
		}
		return id != ""
	})
	eventually(t, "it waits on a timer that says until when", func() bool {
		h, err := s.History(t.Context(), id, run)
		if err != nil {
			return false
		}
		for _, event := range h.GetEvents() {
			if event.GetTimerStartedEventAttributes() != nil {
				return event.GetUserMetadata().GetSummary() != nil
			}
		}
		return false
	})
	s.Record(t, "tick_settles", id, run)
	require.NoError(t, s.Schedules().Remove(t.Context(), s.name))
	require.NoError(t, s.Client.TerminateWorkflow(t.Context(), id, run, "the test is over"))
}
