// Package interval is the span of time that a report speaks about: half open, UTC.
package interval

import (
	"fmt"
	"time"
)

// Interval is [Start, End) in UTC.
type Interval struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// New returns the interval in UTC. It fails when end is not after start.
func New(start, end time.Time) (Interval, error) {
	if !end.After(start) {
		return Interval{}, fmt.Errorf("end %s is not after start %s: give an end that is later than the start",
			end.UTC().Format(time.RFC3339), start.UTC().Format(time.RFC3339))
	}
	return Interval{start.UTC(), end.UTC()}, nil
}

// Contains tells whether t is in [Start, End).
func (i Interval) Contains(t time.Time) bool { return !t.Before(i.Start) && t.Before(i.End) }

// Overlaps tells whether [start, end) shares an instant with the interval; a span of no length counts as the instant start.
func (i Interval) Overlaps(start, end time.Time) bool {
	if !end.After(start) {
		return i.Contains(start)
	}
	return start.Before(i.End) && end.After(i.Start)
}

// Duration is End minus Start.
func (i Interval) Duration() time.Duration { return i.End.Sub(i.Start) }

// IsZero tells whether the interval was never set.
func (i Interval) IsZero() bool { return i.Start.IsZero() && i.End.IsZero() }

// String is "2026-11-21T00:00:00Z/2026-11-22T00:00:00Z" (ISO 8601).
func (i Interval) String() string {
	return i.Start.UTC().Format(time.RFC3339) + "/" + i.End.UTC().Format(time.RFC3339)
}

// stamp is the compact form of times in keys and file names.
const stamp = "20060102T150405Z"

// Key is the interval in object keys: "20261121T000000Z_20261122T000000Z".
func (i Interval) Key() string { return i.Start.UTC().Format(stamp) + "_" + i.End.UTC().Format(stamp) }
