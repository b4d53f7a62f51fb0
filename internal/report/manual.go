package report

import (
	"errors"
	"fmt"
	"time"

	"github.com/probity/probity/internal/interval"
)

// Window is the interval that a person asks for in a manual run or a backfill.
type Window struct {
	Start, End time.Time
}

// WindowLimits is what a Window is checked against.
type WindowLimits struct {
	Now     time.Time     // the present; it is passed in because this package reads no clock
	Longest time.Duration // the longest window that is allowed; 0 means any
}

// Check returns the window as an interval, or an error that names every problem: a missing bound, an end that is not after
// the start, an end in the future, a window that is too long.
func (w Window) Check(limits WindowLimits) (interval.Interval, error) {
	if w.Start.IsZero() || w.End.IsZero() {
		return interval.Interval{}, errors.New("check interval: give both a start and an end, for example 2026-11-21T00:00:00Z")
	}
	iv, err := interval.New(w.Start, w.End)
	if err != nil {
		return interval.Interval{}, fmt.Errorf("check interval: %w", err)
	}
	var wrong []error
	if iv.End.After(limits.Now) {
		wrong = append(wrong, fmt.Errorf("end %s is in the future: give an end that is not after the present, %s",
			stamp(iv.End), stamp(limits.Now)))
	}
	if limits.Longest > 0 && iv.Duration() > limits.Longest {
		wrong = append(wrong, fmt.Errorf("start %s to end %s is %s: give at most %s, or run a backfill of shorter intervals",
			stamp(iv.Start), stamp(iv.End), iv.Duration(), limits.Longest))
	}
	if len(wrong) > 0 {
		return interval.Interval{}, fmt.Errorf("check interval: %w", errors.Join(wrong...))
	}
	return iv, nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
