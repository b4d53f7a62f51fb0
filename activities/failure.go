package activities

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"

	"github.com/probity/probity/internal/render"
	"github.com/probity/probity/internal/report"
)

// The types of failures, as the Temporal UI, the outcome records and the CLI show them.
const (
	// FailureInvalidInput is a definition, a template or a request that will not become right by itself. Not retried.
	FailureInvalidInput = "InvalidInput"
	// FailureConflict is a bundle that exists with other contents: two runs disagree. Not retried.
	FailureConflict = "ManifestConflict"
	// FailurePermission is a refused access. Retried, since rights are often repaired while a report waits.
	FailurePermission = "PermissionDenied"
	// FailureUnavailable is everything else: a source, the bucket or a server that did not answer or answered wrongly.
	FailureUnavailable = "SourceUnavailable"
	// FailureOutdated is a log that is not what it was when the run was planned, as after a rotation. The step is not retried:
	// the run is planned anew.
	FailureOutdated = "PlanOutdated"
	// FailureWaiting is the answer of a poll that has to be asked again.
	FailureWaiting = "Waiting"
)

// ErrInvalid marks an error that no repetition will cure. Wrap it with %w beside the cause's text.
var ErrInvalid = errors.New("invalid input")

// ErrConflict marks a bundle that was sealed before with other contents.
var ErrConflict = errors.New("sealed before with other contents")

// ErrOutdated marks a source that is not what it was when the plan was made.
var ErrOutdated = errors.New("the plan is outdated")

// Waiting is returned by a poll whose condition does not hold yet.
type Waiting struct {
	Reason string
	Again  time.Duration // when to ask again
}

// Error says what is waited for.
func (w *Waiting) Error() string { return w.Reason }

// asFailure is the only maker of Temporal errors. Temporal looks at the outermost error alone (temporal-practice.md 5.2), so
// every activity's error passes through here exactly once, whatever it wraps.
func asFailure(step string, err error) error {
	if err == nil {
		return nil
	}
	var canceled *temporal.CanceledError
	if errors.As(err, &canceled) || errors.Is(err, activity.ErrResultPending) {
		return err
	}
	var made *temporal.ApplicationError
	if errors.As(err, &made) {
		return again(step, err, made)
	}
	var waiting *Waiting
	if errors.As(err, &waiting) {
		return temporal.NewApplicationErrorWithOptions(waiting.Reason, FailureWaiting, temporal.ApplicationErrorOptions{
			NextRetryDelay: waiting.Again,
			Category:       temporal.ApplicationErrorCategoryBenign,
		})
	}
	kind, final := classify(err)
	return temporal.NewApplicationErrorWithOptions(fmt.Sprintf("%s: %v", step, err), kind,
		temporal.ApplicationErrorOptions{NonRetryable: final})
}

// again brings a Temporal error to the outside of whatever wraps it: a final one that is wrapped or joined would be retried.
func again(step string, err error, made *temporal.ApplicationError) error {
	if err == error(made) { //nolint:errorlint // it is about what is outermost
		return err
	}
	return temporal.NewApplicationErrorWithOptions(fmt.Sprintf("%s: %v", step, err), made.Type(), temporal.ApplicationErrorOptions{
		NonRetryable: made.NonRetryable(), NextRetryDelay: made.NextRetryDelay(), Category: made.Category(),
	})
}

func classify(err error) (kind string, final bool) {
	var definition *report.InvalidError
	var template *render.TemplateError
	switch {
	case errors.Is(err, ErrInvalid), errors.As(err, &definition), errors.As(err, &template):
		return FailureInvalidInput, true
	case errors.Is(err, ErrConflict):
		return FailureConflict, true
	case errors.Is(err, ErrOutdated):
		return FailureOutdated, true
	case errors.Is(err, fs.ErrPermission):
		return FailurePermission, false
	}
	return FailureUnavailable, false
}

// FailureInterceptor translates the error of every activity of a worker; register it in worker.Options.Interceptors.
type FailureInterceptor struct {
	interceptor.WorkerInterceptorBase
}

// InterceptActivity wraps one activity execution.
func (f *FailureInterceptor) InterceptActivity(
	_ context.Context, next interceptor.ActivityInboundInterceptor,
) interceptor.ActivityInboundInterceptor {
	return &failureInbound{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type failureInbound struct {
	interceptor.ActivityInboundInterceptorBase
}

// ExecuteActivity runs the activity and translates what it returns. A worker that stops is not a failure of the report: its
// context error is passed on as it is.
func (f *failureInbound) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	result, err := f.Next.ExecuteActivity(ctx, in)
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return result, err
	}
	return result, asFailure(activity.GetInfo(ctx).ActivityType.Name, err)
}

// InvalidInput is a failure of a workflow itself that no repetition will cure.
func InvalidInput(err error) error {
	return temporal.NewNonRetryableApplicationError(err.Error(), FailureInvalidInput, nil)
}

// invalid marks an error as one that no repetition will cure, and keeps its text.
func invalid(err error) error { return invalidError{err} }

type invalidError struct{ error }

func (e invalidError) Unwrap() error        { return e.error }
func (e invalidError) Is(target error) bool { return target == ErrInvalid }
