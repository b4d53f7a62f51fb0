package timeline

import "github.com/probity/probity/internal/resource"

// evaluate brings everything that was touched up to date, as of an instant. The order matters: endpoints leave before their old
// class takes on a new state, and join when their new class has one; network sets come before the policies that select them.
func (t *Timeline) evaluate(at int64) {
	t.expandSpaces()
	t.work += int64(len(t.dirtyEndpoints) + len(t.dirtySets) + len(t.dirtyPolicies) + len(t.dirtyBackends))
	for _, e := range t.dirtyEndpoints {
		e.dirty = false
		t.moveEndpoint(e, at)
	}
	t.dirtyEndpoints = emptied(t.dirtyEndpoints)
	for _, s := range t.dirtySets {
		s.dirty = false
		t.refreshSet(s)
	}
	t.dirtySets = emptied(t.dirtySets)
	t.touchTiers()
	for _, p := range t.dirtyPolicies {
		p.dirty = false
		t.refresh(p)
	}
	t.dirtyPolicies = emptied(t.dirtyPolicies)
	t.work += int64(len(t.dirtyClasses))
	for _, c := range t.dirtyClasses {
		c.dirty = false
		t.refreshClass(c, at)
	}
	t.dirtyClasses = emptied(t.dirtyClasses)
	for _, a := range t.joining {
		t.settleIn(a, at)
	}
	t.joining = emptied(t.joining)
	for _, b := range t.dirtyBackends {
		b.dirty = false
		t.serve(b)
	}
	t.dirtyBackends = emptied(t.dirtyBackends)
}

// emptied returns the list for reuse. It holds on to nothing.
func emptied[T any](list []T) []T {
	clear(list)
	return list[:0]
}

// expandSpaces touches what inherits labels from the namespaces and service accounts that changed.
func (t *Timeline) expandSpaces() {
	for _, in := range t.dirtySpaces {
		in.dirty = false
		for _, c := range in.classes {
			t.touchClass(c, true)
		}
		for _, o := range in.objects {
			if o.set != nil {
				t.touchSet(o.set)
			}
		}
		t.work += int64(len(in.classes) + len(in.objects))
	}
	t.dirtySpaces = emptied(t.dirtySpaces)
}

// moveEndpoint takes an endpoint out of the class that it left, and queues it for the one that it is in now.
func (t *Timeline) moveEndpoint(e *endpoint, at int64) {
	var next *class
	if t.isEndpoint(e) {
		next = t.classOf(e)
		t.joining = append(t.joining, arrival{e, next})
		if e.class != next {
			next.expected++
		}
	}
	if old := e.class; old != nil && old != next {
		old.leave(e, at, &t.outcomes.sets)
		e.life.last = at
		if len(old.members) == 0 {
			t.touchClass(old, false)
		}
	}
	e.unserved = e.unserved || next == nil
	if e.gone && e.life != nil {
		t.close(e)
	}
}

// refreshClass computes what holds for a class from an instant on, or drops it.
func (t *Timeline) refreshClass(c *class, at int64) {
	if len(c.members) == 0 && c.expected == 0 {
		t.drop(c)
		return
	}
	if c.rematch {
		c.rematch = false
		t.match(c)
	}
	out := t.outcomes.of(c, keptOutcomes+2*len(t.classes))
	t.work += int64(c.become(out, at, &t.outcomes.sets))
}

// keptOutcomes is how many outcomes are remembered beside two for each class.
const keptOutcomes = 1024

// arrival is an endpoint that was touched, and the class that it is in from this instant on.
type arrival struct {
	endpoint *endpoint
	class    *class
}

// settleIn makes an endpoint a member of its class, and takes over into its life what is its own.
func (t *Timeline) settleIn(a arrival, at int64) {
	e := a.endpoint
	if e.class == nil {
		if e.life == nil {
			e.life = &life{first: at}
		}
		a.class.expected--
		a.class.join(e, at)
	}
	e.life.follow(e)
	if e.unserved || e.moved {
		t.findServices(e)
	}
}

// close ends an endpoint's life, and keeps it if it was ever in scope.
func (t *Timeline) close(e *endpoint) {
	if len(e.life.spans) > 0 {
		e.life.id = resource.ID{Key: e.object.key(), UID: e.object.uid}
		t.lives = append(t.lives, e.life)
	}
	e.life = nil
}

// settle ends the evaluation: everything that still exists is taken over up to the interval's end.
func (t *Timeline) settle(at int64) {
	for _, c := range t.classes {
		c.absorb(at, &t.outcomes.sets)
		c.states = nil
	}
	for in := range t.everySpace() {
		t.settleSpace(in, at)
	}
}

func (t *Timeline) settleSpace(in *space, at int64) {
	for _, o := range in.objects {
		e := o.endpoint
		if e == nil || e.life == nil {
			continue
		}
		if e.class != nil {
			e.life.last = at
		}
		t.close(e)
	}
}
