package starter

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workerpb "go.temporal.io/api/worker/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/workflows"
)

// Heartbeat is how often a worker tells Temporal that it lives; see [QueueServed].
const Heartbeat = 10 * time.Second

const (
	// silence is how long nothing may have been heard of a worker that sends heartbeats: it missed two of them, and the clocks of
	// worker and starter may be ten seconds apart.
	silence = 4 * Heartbeat
	// pollerAge is how long ago a poller of a task queue may have asked and still counts, where workers send no heartbeats. A long
	// poll takes a minute, and Temporal knows when it began, whether or not the worker lives (measured with server 1.32.1); the
	// rest is for clocks that differ.
	pollerAge = 70 * time.Second
)

// Unserved says what to do about a report whose task queue no worker serves; "" when one does.
func (r *Runs) Unserved(ctx context.Context, def *report.Definition) (string, error) {
	queue := workflows.SelectorQueue(r.settings.TaskQueue, def.Spec.JobNodeSelector)
	served, err := QueueServed(ctx, r.client, r.settings.Namespace, queue)
	if err != nil || served {
		return "", err
	}
	return noWorker(queue, r.settings.Cluster, def.Spec.JobNodeSelector), nil
}

// noWorker says that nobody serves the queue of a selector, and what would be right.
func noWorker(queue, cluster string, selector map[string]string) string {
	message := fmt.Sprintf("no worker serves task queue %s: start `probity worker --cluster %s`", queue, cluster)
	if text := report.NodeSelectorText(selector); text != "" {
		message += fmt.Sprintf(" with --worker-node-selector %s, as a Deployment with that nodeSelector", text)
	}
	return message
}

// QueueServed tells whether a worker that lives serves the queue's activities.
//
// A worker tells Temporal that it lives, every [Heartbeat], also when all its slots are taken and it asks for nothing; one that was
// not heard of for 40 seconds is taken for gone. Where the server keeps no heartbeats (an old one, or one where they are switched
// off), the queue's pollers tell: one that has not asked for 70 seconds is taken for gone.
func QueueServed(ctx context.Context, c client.Client, namespace, queue string) (bool, error) {
	now := time.Now()
	heard := fmt.Sprintf("TaskQueue = '%s' AND HeartbeatTime > '%s'", queue, now.Add(-silence).UTC().Format(time.RFC3339))
	living, err := listWorkers(ctx, c, namespace, heard)
	if err != nil || len(living) > 0 {
		return len(living) > 0, err
	}
	silent, err := listWorkers(ctx, c, namespace, fmt.Sprintf("TaskQueue = '%s'", queue))
	if err != nil {
		return false, err
	}
	described, err := c.DescribeTaskQueue(ctx, queue, enumspb.TASK_QUEUE_TYPE_ACTIVITY)
	if err != nil {
		return false, fmt.Errorf("describe task queue %s: %w", queue, err)
	}
	return polled(described.GetPollers(), silent, now), nil
}

// polled tells whether one of the pollers may still ask. One that used to send heartbeats and is silent counts only if it asked
// lately: it may be a worker that has just begun, under the name of one that died.
func polled(pollers []*taskqueuepb.PollerInfo, silent []*workerpb.WorkerListInfo, now time.Time) bool {
	age := map[string]time.Duration{}
	for _, worker := range silent {
		age[worker.GetWorkerIdentity()] = silence
	}
	for _, poller := range pollers {
		most, known := age[poller.GetIdentity()]
		if !known {
			most = pollerAge
		}
		if now.Sub(poller.GetLastAccessTime().AsTime()) < most {
			return true
		}
	}
	return false
}

// listWorkers gives the workers of which the server has heartbeats that the query matches; none where it keeps none, or does not let
// them be listed.
func listWorkers(ctx context.Context, c client.Client, namespace, query string) ([]*workerpb.WorkerListInfo, error) {
	var found []*workerpb.WorkerListInfo
	var page []byte
	for {
		answer, err := c.WorkflowService().ListWorkers(ctx, &workflowservice.ListWorkersRequest{
			Namespace: namespace, Query: query, NextPageToken: page,
		})
		var unknown *serviceerror.Unimplemented
		var refused *serviceerror.PermissionDenied
		switch {
		case errors.As(err, &unknown), errors.As(err, &refused):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("list workers where %s: %w", query, err)
		}
		found = append(found, answer.GetWorkers()...)
		if page = answer.GetNextPageToken(); len(page) == 0 {
			return found, nil
		}
	}
}
