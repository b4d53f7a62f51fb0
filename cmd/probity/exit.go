package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/starter"
)

// The exit codes, as the help states them.
const (
	exitOK          = 0
	exitOther       = 1   // anything that has no code of its own
	exitUsage       = 2   // a flag, an argument, a definition or a configuration that cannot be used
	exitFailed      = 3   // a report ran and failed
	exitIncomplete  = 4   // a report is partial or insufficient, or not every line was stored, or something will make reports partial
	exitNotFound    = 5   // no such report, bundle or file
	exitAltered     = 6   // verification found something that is not as the manifest says
	exitInterrupted = 130 // stopped by a signal
)

const exitHelp = `Exit codes:
  0    done; a report that was waited for is complete
  1    an error without a code of its own
  2    a flag, argument, definition or configuration that cannot be used
  3    the report ran and failed
  4    the report is partial or insufficient; not every line could be stored; something would make reports partial
  5    no such report, bundle or file
  6    verification found something that is not as the manifest says
  130  stopped by a signal`

// exitError carries a code of its own.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// exitCode tells the code of an error.
func exitCode(ctx context.Context, err error) int {
	var own *exitError
	var invalid *report.InvalidError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &own):
		return own.code
	case errors.As(err, &invalid):
		return exitUsage
	case errors.Is(err, definitions.ErrUnknown), errors.Is(err, catalogue.ErrNoBundle), errors.Is(err, os.ErrNotExist):
		return exitNotFound
	case errors.Is(err, starter.ErrRunning), errors.Is(err, starter.ErrNoInterval):
		return exitUsage
	case ctx.Err() != nil:
		return exitInterrupted
	}
	return exitOther
}
