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

// DefaultHeartbeat is how long a step may give no sign of life before it is taken for dead and tried again elsewhere.
const DefaultHeartbeat = 30 * time.Second

// Retry says how the steps of a run are watched and repeated. Zero values mean the defaults.
type Retry struct {
	// Interval is the pause before the second attempt of a long step: DefaultRetryInterval.
	Interval time.Duration `json:"interval,omitempty"`
	// Heartbeat is how long a step may be silent: DefaultHeartbeat. Workers give a sign every second or two.
	Heartbeat time.Duration `json:"heartbeat,omitempty"`
}

// quick is for small reads and writes.
func quick(ctx workflow.Context, retry Retry, summary string) workflow.Context {
	return withPolicy(ctx, retry, policy{startToClose: 5 * time.Minute, divisor: 10, maximum: time.Minute}, summary)
}

// chunk is for the steps whose work grows with the logs: gathering, computing, rendering.
func chunk(ctx workflow.Context, retry Retry, summary string) workflow.Context {
	return withPolicy(ctx, retry, policy{startToClose: time.Hour, divisor: 1, maximum: 10 * time.Minute}, summary)
}

// publish is for what becomes evidence: the bundle and the outcome records.
func publish(ctx workflow.Context, retry Retry, summary string) workflow.Context {
	return withPolicy(ctx, retry, policy{startToClose: 10 * time.Minute, divisor: 6, maximum: 5 * time.Minute}, summary)
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
	startToClose, maximum time.Duration
	// divisor shortens the first pause for steps that are small.
	divisor int64
}

// withPolicy waits for the end of a cancelled step: what it wrote is cleared after it, not beside it.
func withPolicy(ctx workflow.Context, retry Retry, p policy, summary string) workflow.Context {
	if retry.Interval <= 0 {
		retry.Interval = DefaultRetryInterval
	}
	if retry.Heartbeat <= 0 {
		retry.Heartbeat = DefaultHeartbeat
	}
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: p.startToClose,
		HeartbeatTimeout:    retry.Heartbeat,
		WaitForCancellation: true,
		Summary:             summary,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    max(retry.Interval/time.Duration(p.divisor), time.Millisecond),
			BackoffCoefficient: 2,
			MaximumInterval:    p.maximum,
			MaximumAttempts:    MaxAttempts,
		},
	})
}
