package activities_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/render"
	"github.com/probity/probity/internal/report"
)

// requireFailure checks the type of a failure, and whether it is final, as Temporal sees it: by the outermost error.
func requireFailure(t *testing.T, err error, kind string, final bool) *temporal.ApplicationError {
	t.Helper()
	var failure *temporal.ApplicationError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, kind, failure.Type())
	require.Equal(t, final, failure.NonRetryable())
	return failure
}

// badQuery is an error type of somebody's own.
type badQuery struct{}

func (*badQuery) Error() string { return "bad query" }

// failWith runs an activity named Step that fails, behind the interceptor.
func failWith(t *testing.T, fail func(context.Context) error) error {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&activities.FailureInterceptor{}}})
	env.RegisterActivityWithOptions(fail, activity.RegisterOptions{Name: "Step"})
	_, err := env.ExecuteActivity("Step")
	return err
}

// TestFailures is the table of temporal-practice.md 5.2 and the classification: what is wrapped, joined or of a type of its own
// comes out as what it is, since Temporal looks at the outermost error alone.
func TestFailures(t *testing.T) {
	final := temporal.NewNonRetryableApplicationError("no such tier", "SelectorInvalid", nil)
	for name, c := range map[string]struct {
		err   error
		kind  string
		final bool
		text  string
	}{
		"made for Temporal":           {final, "SelectorInvalid", true, "no such tier"},
		"made for Temporal, wrapped":  {fmt.Errorf("inventory: %w", final), "SelectorInvalid", true, "Step: inventory: no such tier"},
		"made for Temporal, joined":   {errors.Join(final, errors.New("other")), "SelectorInvalid", true, "other"},
		"retryable, wrapped":          {fmt.Errorf("x: %w", temporal.NewApplicationError("busy", "Busy")), "Busy", false, "Step: x: busy"},
		"invalid":                     {fmt.Errorf("spec: %w", activities.ErrInvalid), activities.FailureInvalidInput, true, "Step: spec: invalid input"},
		"invalid, joined":             {errors.Join(errors.New("other"), activities.ErrInvalid), activities.FailureInvalidInput, true, "other"},
		"a definition":                {fmt.Errorf("read: %w", &report.InvalidError{Name: "daily"}), activities.FailureInvalidInput, true, "daily"},
		"a template":                  {fmt.Errorf("mine.yaml: %w", &render.TemplateError{Template: "a.csv", Line: 3, Reason: "no field"}), activities.FailureInvalidInput, true, "line 3"},
		"a rotated log":               {fmt.Errorf("read: %w", activities.ErrOutdated), activities.FailureOutdated, true, "the plan is outdated"},
		"a conflict":                  {fmt.Errorf("bundle: %w", activities.ErrConflict), activities.FailureConflict, true, "sealed before"},
		"a refused access":            {fmt.Errorf("write: %w", fs.ErrPermission), activities.FailurePermission, false, "Step: write"},
		"a refused access to S3":      {&blob.Error{Op: "put", Where: "s3://b/k", Kind: blob.ErrDenied}, activities.FailurePermission, false, "s3://b/k"},
		"a type of somebody's own":    {&badQuery{}, activities.FailureUnavailable, false, "Step: bad query"},
		"the same, wrapped":           {fmt.Errorf("scan: %w", &badQuery{}), activities.FailureUnavailable, false, "Step: scan: bad query"},
		"an outage":                   {errors.New("connection refused"), activities.FailureUnavailable, false, "Step: connection refused"},
		"a timeout of something else": {fmt.Errorf("get: %w", context.DeadlineExceeded), activities.FailureUnavailable, false, "Step: get"},
	} {
		t.Run(name, func(t *testing.T) {
			failure := requireFailure(t, failWith(t, func(context.Context) error { return c.err }), c.kind, c.final)
			require.Contains(t, failure.Message(), c.text)
		})
	}
	t.Run("none", func(t *testing.T) {
		require.NoError(t, failWith(t, func(context.Context) error { return nil }))
	})
}

func TestWaitingIsAskedAgain(t *testing.T) {
	err := failWith(t, func(context.Context) error {
		return fmt.Errorf("slot: %w", &activities.Waiting{Reason: "5 runs are active", Again: 15 * time.Second})
	})
	failure := requireFailure(t, err, activities.FailureWaiting, false)
	require.Equal(t, 15*time.Second, failure.NextRetryDelay())
	require.Equal(t, temporal.ApplicationErrorCategoryBenign, failure.Category(), "an expected wait is no alarm")
	require.Equal(t, "5 runs are active", failure.Message())
}

func TestCancellationIsNoFailure(t *testing.T) {
	for name, err := range map[string]error{
		"as it is": temporal.NewCanceledError(), "wrapped": fmt.Errorf("read: %w", temporal.NewCanceledError()),
	} {
		t.Run(name, func(t *testing.T) {
			require.True(t, temporal.IsCanceledError(failWith(t, func(context.Context) error { return err })))
		})
	}
}

func TestInvalidInputOfAWorkflow(t *testing.T) {
	failure := requireFailure(t, activities.InvalidInput(errors.New("the interval is in the future")), activities.FailureInvalidInput, true)
	require.Equal(t, "the interval is in the future", failure.Message())
}
