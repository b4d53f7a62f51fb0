package starter

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// pollerAge is how long ago a poller of a task queue may have asked and still counts. A long poll takes a minute, and Temporal knows
// when it began, whether or not the worker lives (measured with server 1.32.1); the rest is for clocks that differ.
const pollerAge = 70 * time.Second

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
