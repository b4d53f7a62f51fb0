package timeline

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/policy"
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

// Timeline is a cluster's state as of the last applied change, with what was found so far. It is not safe for concurrent use.
type Timeline struct {
	store
	engine
	scope        *Scope
	podsNeedNode bool
	from, until  int64 // as all times here: nanoseconds since 1970

	phase   phase
	pending []resource.Change // the changes of the instant that is being gathered
	at      int64             // that instant
	any     bool              // a change was given
	closed  bool              // that instant was compared: nothing may be added to it
	counts  Counts
	lives   []*life
	unended map[int64]int64 // objects that were given of each list that is not whole yet
	result  *Result
}

// phase is where the replay stands relative to the interval.
type phase uint8

const (
	before phase = iota // builds the state; nothing is evaluated yet
	within              // every instant is evaluated
	after               // the result is settled; the state is kept up for Diff
)

// New returns an empty timeline. It fails on an interval that does not end after its start.
func New(opts Options) (*Timeline, error) {
	if !opts.Interval.End.After(opts.Interval.Start) {
		return nil, fmt.Errorf("interval %s: give an end that is later than the start", opts.Interval)
	}
	scope := opts.Scope
	if scope == nil {
		scope, _ = NewScope(nil)
	}
	t := &Timeline{
		scope:        scope,
		podsNeedNode: opts.PodsNeedNode,
		from:         opts.Interval.Start.UnixNano(),
		until:        opts.Interval.End.UnixNano(),
	}
	t.store.init()
	t.engine.init(policy.NewEvaluator(opts.PrivateNets))
	return t, nil
}

// Baseline adds one object of the snapshot. The objects come in any order, before the first change. Of an object that is given
// twice the newer resourceVersion counts; two different states with nothing to tell the newer one are an error.
func (t *Timeline) Baseline(obj *resource.Object) error {
	if t.any || t.result != nil {
		return fmt.Errorf("baseline %s: the snapshot must be complete before the first change", obj.ID.Key)
	}
	c := resource.Change{ID: obj.ID, Version: obj.Version, Object: obj}
	if err := check(&c); err != nil {
		return fmt.Errorf("baseline: %w", err)
	}
	if known := t.find(obj.ID.Key); known != nil && known.version == parseVersion(obj.Version) {
		if what := t.differs(known, obj); what != "" {
			return fmt.Errorf("baseline %s: given twice, and %s differs: leave one of the two out", obj.ID.Key, what)
		}
		t.counts.Baseline++
		return nil
	}
	counts := t.counts
	t.set(&c, 0)
	t.counts = counts // which are of changes
	t.counts.Baseline++
	return nil
}

// Apply applies one change. Changes come sorted by Time, and those of one object with equal times and no Version in their order;
// all other changes of one instant may come in any order. Changes before the interval build its first state; changes at or after
// its end are taken over for Diff and have no part in the Result. A change that contradicts what is known is counted and
// ignored; an error means that the caller broke this contract.
func (t *Timeline) Apply(c resource.Change) error {
	if t.result != nil {
		return errors.New("apply change: the replay is finished")
	}
	if err := check(&c); err != nil {
		return fmt.Errorf("apply change: %w", err)
	}
	at := c.Time.UnixNano()
	if t.any && at < t.at {
		return fmt.Errorf("apply change of %s: %s is before the previous change at %s: sort the changes by time",
			c.ID.Key, c.Time.UTC().Format(time.RFC3339Nano), timeOf(t.at).Format(time.RFC3339Nano))
	}
	if t.any && at == t.at && t.closed {
		return fmt.Errorf("apply change of %s: the state at %s was compared already", c.ID.Key, timeOf(at).Format(time.RFC3339Nano))
	}
	if t.any && at > t.at {
		t.step()
	}
	t.any, t.at, t.closed = true, at, false
	t.pending = append(t.pending, c)
	return nil
}

// check refuses changes that no reader of this project makes.
func check(c *resource.Change) error {
	switch {
	case c.Whole != nil && c.ID.Kind != resource.NoKind && c.Object == nil && c.List != 0:
		return nil
	case c.ID.Kind == resource.NoKind || c.ID.Name == "" || c.Whole != nil:
		return fmt.Errorf("%s: an object needs a followed kind and a name", c.ID.Key)
	case c.Object == nil:
		return nil
	case c.Object.ID.Key != c.ID.Key:
		return fmt.Errorf("%s: the object is another one, %s", c.ID.Key, c.Object.ID.Key)
	}
	return checkParts(c.Object)
}

// checkParts makes sure that the part of the object that its kind needs is there.
func checkParts(obj *resource.Object) error {
	missing := false
	switch kind := obj.ID.Kind; {
	case kind == resource.Pod:
		missing = obj.Pod == nil
	case kind.IsPolicy():
		missing = obj.Policy == nil
	case kind == resource.Endpoints || kind == resource.EndpointSlice:
		missing = obj.Backends == nil
	case kind == resource.HostEndpoint:
		missing = obj.HostEndpoint == nil
	case kind == resource.Tier:
		missing = obj.Tier == nil
	}
	if missing {
		return fmt.Errorf("%s: the object lacks the part that its kind needs", obj.ID.Key)
	}
	return nil
}

// Finish ends the replay and returns what it found. It may be called once more and then returns the same Result.
func (t *Timeline) Finish() (*Result, error) {
	if t.result != nil {
		return t.result, nil
	}
	t.step()
	t.enter(t.until)
	t.result = t.build()
	return t.result, nil
}

func timeOf(at int64) time.Time { return time.Unix(0, at).UTC() }
