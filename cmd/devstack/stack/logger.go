package stack

import (
	"fmt"
	"log/slog"
	"os"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// logger gives the Temporal server's log to slog. By itself it would print JSON with stack traces to the terminal.
type logger struct{ to *slog.Logger }

var _ log.Logger = logger{}

func (l logger) Debug(msg string, tags ...tag.Tag)  { l.to.Debug(msg, args(tags)...) }
func (l logger) Info(msg string, tags ...tag.Tag)   { l.to.Info(msg, args(tags)...) }
func (l logger) Warn(msg string, tags ...tag.Tag)   { l.to.Warn(msg, args(tags)...) }
func (l logger) Error(msg string, tags ...tag.Tag)  { l.to.Error(msg, args(tags)...) }
func (l logger) DPanic(msg string, tags ...tag.Tag) { l.to.Error(msg, args(tags)...) }

// Panic logs and panics, as the server expects.
func (l logger) Panic(msg string, tags ...tag.Tag) {
	l.to.Error(msg, args(tags)...)
	panic(msg)
}

// Fatal logs and ends the process, as the server expects.
func (l logger) Fatal(msg string, tags ...tag.Tag) {
	l.to.Error(msg, args(tags)...)
	fmt.Fprintf(os.Stderr, "devstack: Temporal server: %s %v\n", msg, args(tags))
	os.Exit(1)
}

func args(tags []tag.Tag) []any {
	var all []any
	for _, t := range tags {
		all = append(all, t.Key(), t.Value())
	}
	return all
}
