package timeline

import (
	"cmp"
	"slices"

	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/resource"
)

// class is the endpoints that policies cannot tell apart.
type class struct {
	classKey
	view     policy.Labels
	places   []int32 // in the buckets of its own labels
	place    int     // in space.classes
	members  []*endpoint
	policies []*enforced // that select it, sorted by seq
	inScope  bool
	states   []state // since the members' last absorption, the current one last

	expected int  // endpoints that are about to join
	rematch  bool // its labels changed: match all policies anew
	dirty    bool // its policies changed: compute its outcome anew
}

type classKey struct {
	space       *space
	account     *policy.Profile // nil for host endpoints
	own         *labels
	hostNetwork bool
}

// state is what holds for a class from an instant on.
type state struct {
	at      int64
	outcome *outcome
	inScope bool
}

// keptStates is how many states a class with few members keeps before they are absorbed; with more members it keeps as many as it
// has members, so that absorbing costs no more than the changes did.
const keptStates = 8

// classOf returns the class of an endpoint, made if need be.
func (t *Timeline) classOf(e *endpoint) *class {
	key := classKey{e.object.space, e.account, e.labels, e.hostNetwork}
	if e.class != nil && e.class.classKey == key {
		return e.class
	}
	found, ok := t.classes[key]
	if ok {
		return found
	}
	e.labels.refs++
	made := &class{classKey: key, view: policy.Labels{Own: key.own.set, Account: key.account}}
	if key.account != nil {
		made.view.Namespace = &key.space.profile
	}
	t.classes[key] = made
	if in := made.view.Namespace; in != nil && !in.Known {
		t.warn(resource.Key{Kind: resource.Namespace, Name: in.Name}, "it was not seen while pods were in it: its labels are not known")
	}
	made.place = len(key.space.classes)
	key.space.classes = append(key.space.classes, made)
	t.labels.enlist(made)
	t.touchClass(made, true)
	return made
}

// drop forgets a class without members.
func (t *Timeline) drop(c *class) {
	delete(t.classes, c.classKey)
	list := c.space.classes
	last := list[len(list)-1]
	list[c.place], last.place = last, c.place
	list[len(list)-1] = nil
	c.space.classes = list[:len(list)-1]
	t.labels.delist(c)
	t.labels.release(c.own)
	t.dropSpace(c.space)
}

// join adds an endpoint from an instant on.
func (c *class) join(e *endpoint, at int64) {
	e.class, e.place, e.joined = c, len(c.members), at
	c.members = append(c.members, e)
}

// leave removes an endpoint at an instant, and takes over into its life what was the class's until then.
func (c *class) leave(e *endpoint, at int64, sets *keySets) {
	for i := c.stateAt(e.joined); i < len(c.states) && c.states[i].at < at; i++ {
		until := at
		if i+1 < len(c.states) {
			until = min(until, c.states[i+1].at)
		}
		e.life.take(&c.states[i], span{max(c.states[i].at, e.joined), until}, sets)
	}
	last := c.members[len(c.members)-1]
	c.members[e.place], last.place = last, e.place
	c.members[len(c.members)-1] = nil
	c.members = c.members[:len(c.members)-1]
	e.class = nil
}

// stateAt is the index of the state that held at an instant.
func (c *class) stateAt(at int64) int {
	i, found := slices.BinarySearchFunc(c.states, at, func(s state, at int64) int { return cmp.Compare(s.at, at) })
	if found {
		return i
	}
	return max(i-1, 0)
}

// become records the outcome from an instant on, and tells how many members it had to look at for that.
func (c *class) become(out *outcome, at int64, sets *keySets) (looked int) {
	next := state{at, out, c.inScope}
	if n := len(c.states); n > 0 {
		if c.states[n-1].same(&next) {
			return 0
		}
		if n >= max(keptStates, len(c.members)) {
			c.absorb(at, sets)
			c.states, looked = c.states[:0], len(c.members)
		}
	}
	c.states = append(c.states, next)
	return looked
}

func (s *state) same(other *state) bool {
	return s.inScope == other.inScope && s.outcome.same(other.outcome)
}

// absorb takes over all states, until an instant, into the members' lives.
func (c *class) absorb(at int64, sets *keySets) {
	if len(c.members) == 0 {
		return
	}
	// sums[i] is what states i and later come to; a member that joined during state i takes it at once.
	sums := make([]tally, len(c.states))
	spans := make([]span, 0, 1)
	until := at
	for i := len(c.states) - 1; i >= 0; i-- {
		s := &c.states[i]
		sums[i] = s.outcome.tally(s.at)
		if i+1 < len(sums) {
			sums[i].add(&sums[i+1], sets)
		}
		if s.inScope {
			spans = append(spans, span{s.at, until})
		}
		until = s.at
	}
	slices.Reverse(spans)
	for _, e := range c.members {
		sum := sums[c.stateAt(e.joined)]
		sum.notBefore(e.joined)
		e.life.sum.add(&sum, sets)
		for _, s := range spans {
			e.life.addSpan(span{max(s.from, e.joined), s.to})
		}
		e.joined = at
	}
}

// has tells whether a policy selects the class.
func (c *class) has(p *enforced) bool {
	_, found := c.search(p)
	return found
}

func (c *class) search(p *enforced) (int, bool) {
	return slices.BinarySearchFunc(c.policies, p, func(a, b *enforced) int { return cmp.Compare(a.seq, b.seq) })
}

// attach adds or removes a policy and tells whether that changed anything.
func (c *class) attach(p *enforced, selected bool) bool {
	i, found := c.search(p)
	switch {
	case selected && !found:
		c.policies = slices.Insert(c.policies, i, p)
	case !selected && found:
		c.policies = slices.Delete(c.policies, i, i+1)
	}
	return selected != found
}
