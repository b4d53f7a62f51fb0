package timeline

import (
	"iter"
	"net/netip"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
)

// Options say what to report on.
type Options struct {
	// Interval is the span that the Result speaks about.
	Interval interval.Interval
	// Scope selects the endpoints; nil selects all.
	Scope *Scope
	// PodsNeedNode makes a pod an endpoint only once it is known to be bound to a node. Set it where the source shows bindings
	// or status; without it a created pod counts at once (audit-log.md 27).
	PodsNeedNode bool
	// PrivateNets are the addresses that are not the internet; nil means RFC 1918.
	PrivateNets []netip.Prefix
}

// Timeline is a cluster's state as of the last applied change. It is not safe for concurrent use.
type Timeline struct{}

// New returns an empty timeline. It fails on an empty interval.
func New(opts Options) (*Timeline, error) { return &Timeline{}, nil }

// Baseline adds one object of the snapshot, in any order, before the first change.
func (t *Timeline) Baseline(obj *resource.Object) error { return nil }

// Apply applies one change. Changes come sorted by Time.
func (t *Timeline) Apply(c resource.Change) error { return nil }

// Finish ends the replay and returns what it found.
func (t *Timeline) Finish() (*Result, error) { return &Result{}, nil }

// Diff compares the state with a later snapshot.
func (t *Timeline) Diff(objs iter.Seq[*resource.Object]) []Difference { return nil }
