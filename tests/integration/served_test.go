package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/probity/probity/starter"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/worker"
)

func served(t *testing.T, e *harness.Env, queue string) bool {
	t.Helper()
	answer, err := starter.QueueServed(t.Context(), e.Client, e.Address.Namespace, queue)
	require.NoError(t, err)
	return answer
}

// A worker that dies is missed within a minute, although Temporal counts its last long poll for longer.
func TestDeadWorkerIsMissed(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	process := e.Process(t, e.WriteConfig(t, ""))
	eventually(t, "the worker says that it lives", func() bool {
		answer, err := e.Client.WorkflowService().ListWorkers(t.Context(), &workflowservice.ListWorkersRequest{
			Namespace: e.Address.Namespace, Query: fmt.Sprintf("TaskQueue = '%s'", e.Queue()),
		})
		require.NoError(t, err)
		return len(answer.GetWorkers()) == 1
	})
	require.True(t, served(t, e, e.Queue()))
	process.Kill()
	began := time.Now()
	eventually(t, "the worker is missed", func() bool { return !served(t, e, e.Queue()) })
	require.Less(t, time.Since(began), 50*time.Second)
	e.Worker(t, nil)
	eventually(t, "another one is heard", func() bool { return served(t, e, e.Queue()) })
}

// A worker whose slots are all taken asks for nothing, and serves the queue all the same.
func TestBusyWorkerIsNotMissed(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	e.Config.Worker.Parallel = 1
	gate := e.Gate()
	e.Worker(t, func(p *worker.Ports) { p.Audit = gatedAudit{p.Audit, gate} })
	run := start(t, e, e.Define(t, "busy", harness.Spec{"reportType": "inventory"}), harness.Day)
	eventually(t, "its slot is taken", func() bool { return gate.Waiting() == 1 })
	eventually(t, "it asked long ago", func() bool {
		described, err := e.Client.DescribeTaskQueue(t.Context(), e.Queue(), enumspb.TASK_QUEUE_TYPE_ACTIVITY)
		require.NoError(t, err)
		for _, poller := range described.GetPollers() {
			if time.Since(poller.GetLastAccessTime().AsTime()) < 70*time.Second {
				return false
			}
		}
		return len(described.GetPollers()) > 0
	})
	require.True(t, served(t, e, e.Queue()))
	gate.Open()
	finish(t, run)
}
