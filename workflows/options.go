package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// MaxAttempts is how often a step that touches the outside is tried in all, the first time included, before its report has
// failed (the removed product's limit; temporal-practice.md section 12).
const MaxAttempts = 6

// DefaultRetryInterval is the pause before the second attempt of a long step. It doubles: six attempts cover 25 minutes of
// outage with it.
const DefaultRetryInterval = time.Minute

// quick is for small reads and writes.
func quick(ctx workflow.Context, first time.Duration, summary string) workflow.Context {
	return withPolicy(ctx, policy{startToClose: time.Minute, first: scaled(first, 10), maximum: time.Minute}, summary)
}

// chunk is for the steps whose work grows with the logs: gathering, computing, rendering.
func chunk(ctx workflow.Context, first time.Duration, summary string) workflow.Context {
	p := policy{startToClose: time.Hour, heartbeat: 30 * time.Second, first: scaled(first, 1), maximum: 10 * time.Minute}
	return withPolicy(ctx, p, summary)
}

// publish is for what becomes evidence: the bundle and the outcome records.
func publish(ctx workflow.Context, first time.Duration, summary string) workflow.Context {
	p := policy{startToClose: 10 * time.Minute, heartbeat: 30 * time.Second, first: scaled(first, 6), maximum: 5 * time.Minute}
	return withPolicy(ctx, p, summary)
}

// slot polls: each attempt is an answer "not yet", so the number of attempts has no limit. Retries add no history events.
func slot(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 30 * time.Second,
		Summary:             summary,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 15 * time.Second, BackoffCoefficient: 1, MaximumInterval: 15 * time.Second,
		},
	})
}

type policy struct {
	startToClose, heartbeat, first, maximum time.Duration
}

// scaled shortens the configured first pause for steps that are small; zero means the default.
func scaled(first time.Duration, divisor int64) time.Duration {
	if first <= 0 {
		first = DefaultRetryInterval
	}
	return max(first/time.Duration(divisor), time.Millisecond)
}

func withPolicy(ctx workflow.Context, p policy, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: p.startToClose,
		HeartbeatTimeout:    p.heartbeat,
		WaitForCancellation: p.heartbeat > 0,
		Summary:             summary,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    p.first,
			BackoffCoefficient: 2,
			MaximumInterval:    p.maximum,
			MaximumAttempts:    MaxAttempts,
		},
	})
}
