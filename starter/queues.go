package starter

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/workflows"
)

// pollerAge is how long ago a poller of a task queue may have asked and still counts. A long poll takes a minute, and Temporal knows
// when it began, whether or not the worker lives (measured with server 1.32.1); the rest is for clocks that differ.
const pollerAge = 70 * time.Second

// Unserved says what to do about a report whose task queue no worker asks; "" when one does.
func (r *Runs) Unserved(ctx context.Context, def *report.Definition) (string, error) {
	queue := workflows.SelectorQueue(r.settings.TaskQueue, def.Spec.JobNodeSelector)
	polled, err := QueuePolled(ctx, r.client, queue)
	if err != nil || polled {
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

// QueuePolled tells whether a worker asks the queue for activities. Temporal remembers a poller for some minutes; one that has not
// asked for 70 seconds is taken for gone.
func QueuePolled(ctx context.Context, c client.Client, queue string) (bool, error) {
	described, err := c.DescribeTaskQueue(ctx, queue, enumspb.TASK_QUEUE_TYPE_ACTIVITY)
	if err != nil {
		return false, fmt.Errorf("describe task queue %s: %w", queue, err)
	}
	for _, poller := range described.GetPollers() {
		if time.Since(poller.GetLastAccessTime().AsTime()) < pollerAge {
			return true, nil
		}
	}
	return false, nil
}
