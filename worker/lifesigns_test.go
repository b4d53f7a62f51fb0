package worker

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// runSigned runs an activity on a worker that gives the life signs. The activity gets a channel with what was heard of it.
func runSigned[R any](t *testing.T, step func(ctx context.Context, heard <-chan string) R) R {
	t.Helper()
	env := (&testsuite.WorkflowTestSuite{}).NewTestWorkflowEnvironment()
	env.SetWorkerOptions(sdkworker.Options{Interceptors: []interceptor.WorkerInterceptor{&lifeSigns{}}})
	heard := make(chan string, 100)
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		said := ""
		if details.HasValues() {
			_ = details.Get(&said)
		}
		heard <- said
	})
	env.RegisterActivityWithOptions(func(ctx context.Context) (R, error) { return step(ctx, heard), nil },
		activity.RegisterOptions{Name: "step"})
	env.ExecuteWorkflow(func(ctx workflow.Context) (R, error) {
		var result R
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: time.Minute, HeartbeatTimeout: 2 * time.Second, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
		})
		err := workflow.ExecuteActivity(ctx, "step").Get(ctx, &result)
		return result, err
	})
	require.NoError(t, env.GetWorkflowError())
	var result R
	require.NoError(t, env.GetWorkflowResult(&result))
	return result
}

func hear(ctx context.Context, heard <-chan string) string {
	select {
	case said := <-heard:
		return said
	case <-ctx.Done():
		return "nothing was heard"
	}
}

func TestSilentActivityGivesSigns(t *testing.T) {
	said := runSigned(t, func(ctx context.Context, heard <-chan string) string { return hear(ctx, heard) })
	require.Empty(t, said)
}

func TestSignsRepeatWhatTheActivitySaid(t *testing.T) {
	said := runSigned(t, func(ctx context.Context, heard <-chan string) []string {
		activity.RecordHeartbeat(ctx, "page 7")
		return []string{hear(ctx, heard), hear(ctx, heard)}
	})
	require.Equal(t, []string{"page 7", "page 7"}, said)
}
