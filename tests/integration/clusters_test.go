package integration

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/starter"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/worker"
	"github.com/probity/probity/workflows"
)

// Two clusters share one Temporal and one bucket, down to the prefix and the task queue's base; each has a report of the same name.
func TestReportsOfTwoClustersNeverMix(t *testing.T) {
	t.Parallel()
	east := stack.Env(t)
	west := stack.Env(t)
	west.Config.Bucket.Prefix, west.Config.Temporal.TaskQueue = east.Config.Bucket.Prefix, east.Config.Temporal.TaskQueue
	for name, e := range map[string]*harness.Env{"two-east": east, "two-west": west} {
		e.Config.Cluster = name
		var err error
		e.Layout, err = evidence.NewLayout(e.Config.Bucket.Prefix, name)
		require.NoError(t, err)
		e.Catalogue = catalogue.New(e.Bucket, e.Layout)
	}
	east.Worker(t, nil)
	gate := west.Gate()
	west.Worker(t, func(p *worker.Ports) { p.Audit = gatedAudit{p.Audit, gate} })
	spec := harness.Spec{"reportType": "inventory", "schedule": "17 1 * * *"}
	eastDef, westDef := east.Define(t, "shared-name", spec), west.Define(t, "shared-name", spec)

	// Both schedules exist, and each starter sees its own only.
	keeper{east, starter.New(east.Folder(), east.Schedules(), time.Hour, slog.New(slog.DiscardHandler))}.sync(t)
	keeper{west, starter.New(west.Folder(), west.Schedules(), time.Hour, slog.New(slog.DiscardHandler))}.sync(t)
	for _, e := range []*harness.Env{east, west} {
		eventually(t, "the schedule is listed", func() bool {
			names, err := e.Schedules().Names(t.Context())
			return err == nil && len(names) == 1 && names[0] == "shared-name"
		})
	}

	// The same report over the same interval, in both at one time; one of them is held.
	held, done := start(t, west, westDef, harness.Day), start(t, east, eastDef, harness.Day)
	require.NotEqual(t, held.GetID(), done.GetID())
	require.Equal(t, evidence.Complete, finish(t, done).Verdict)
	require.Len(t, outcomes(t, east, "shared-name"), 1)
	require.Empty(t, outcomes(t, west, "shared-name"))
	gate.Open()
	require.Equal(t, evidence.Complete, finish(t, held).Verdict)
	require.Equal(t, "two-west", outcomes(t, west, "shared-name")[0].Cluster)
	require.Len(t, outcomes(t, east, "shared-name"), 1)

	// The end of one leaves the other alone.
	require.NoError(t, os.Remove(filepath.Join(east.Config.Inputs.Reports, "shared-name.json")))
	keeper{east, starter.New(east.Folder(), east.Schedules(), time.Hour, slog.New(slog.DiscardHandler))}.sync(t)
	client := east.Client.ScheduleClient()
	eventually(t, "the schedule is gone", func() bool {
		_, err := client.GetHandle(t.Context(), workflows.ScheduleID("two-east", "shared-name")).Describe(t.Context())
		return err != nil
	})
	_, err := client.GetHandle(t.Context(), workflows.ScheduleID("two-west", "shared-name")).Describe(t.Context())
	require.NoError(t, err)
	require.NoError(t, west.Schedules().Remove(t.Context(), "shared-name"))
}

func TestNodeSelectorPicksTheWorkers(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	e.Worker(t, nil)
	def := e.Define(t, "selected", harness.Spec{
		"reportType": "inventory", "jobNodeSelector": map[string]any{"nodetype": "infrastructure", "zone": "a"},
	})
	queue := workflows.SelectorQueue(e.Queue(), def.Spec.JobNodeSelector)
	require.Equal(t, e.Queue()+".nodetype=infrastructure,zone=a", queue)
	run := start(t, e, def, harness.Day)
	eventually(t, "the cluster's queue is served", func() bool { return served(t, e, e.Queue()) })
	eventually(t, "the run waits for its first step", func() bool {
		history, err := e.History(t.Context(), run.GetID(), run.GetRunID())
		return err == nil && harness.Attempts(history)["Plan"] == 0 && len(history.GetEvents()) >= 5
	})
	require.False(t, served(t, e, queue), "nobody serves the selected nodes")

	selected := *e
	selected.Config.Worker.NodeSelector = "zone=a, nodetype=infrastructure"
	began := time.Now()
	selected.Worker(t, nil)
	require.Equal(t, evidence.Complete, finish(t, run).Verdict)
	require.True(t, outcomes(t, e, "selected")[0].Finished.After(began.Add(-time.Second)))
	require.True(t, served(t, e, queue))
}

// A report that no worker is there for can be cancelled, and leaves its record all the same.
func TestReportThatNobodyServesCanBeCancelled(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	e.Worker(t, nil)
	def := e.Define(t, "unserved", harness.Spec{"reportType": "inventory", "jobNodeSelector": map[string]any{"nodetype": "none"}})
	run := start(t, e, def, harness.Day)
	eventually(t, "the run waits for its first step", func() bool {
		described, err := e.Client.DescribeWorkflowExecution(t.Context(), run.GetID(), run.GetRunID())
		return err == nil && len(described.GetPendingActivities()) == 1
	})
	require.NoError(t, e.Client.CancelWorkflow(t.Context(), run.GetID(), run.GetRunID()))
	eventually(t, "the run has ended", func() bool {
		return status(t, e.Client, evidence.Run{WorkflowID: run.GetID(), RunID: run.GetRunID()}) == enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED
	})
	records := outcomes(t, e, "unserved")
	require.Len(t, records, 1)
	require.Equal(t, "Canceled", records[0].Cause.Type)
}
