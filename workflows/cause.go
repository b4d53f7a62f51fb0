package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"

	"github.com/probity/probity/internal/evidence"
)

// causeOf digs the step, the type and the text out of a failure, for the outcome record.
func causeOf(err error) *evidence.Cause {
	cause := &evidence.Cause{Type: "Unknown", Message: err.Error()}
	var step *temporal.ActivityError
	if errors.As(err, &step) {
		cause.Step = step.ActivityType().GetName()
	}
	var app *temporal.ApplicationError
	var timeout *temporal.TimeoutError
	var canceled *temporal.CanceledError
	switch {
	case errors.As(err, &app):
		cause.Type, cause.Message = app.Type(), app.Message()
		// Whatever may be tried again was tried until no attempt was left, or the step would not have failed.
		if cause.Attempts = MaxAttempts; app.NonRetryable() {
			cause.Attempts = 1
		}
	case errors.As(err, &timeout):
		cause.Type, cause.Message = "Timeout", timeout.Error()
	case errors.As(err, &canceled):
		cause.Type, cause.Message = "Canceled", "the run was cancelled"
	}
	return cause
}
