package timeline

import (
	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/resource"
)

// enforced is a policy object of any kind, staged ones included, and the version of it that classes were matched against.
type enforced struct {
	object   *object
	seq      uint64 // orders policies within a class
	number   uint32 // of its key
	gone     bool
	dirty    bool
	compiled *resource.Object // what current was compiled from
	current  *policy.Policy   // nil until it was first evaluated
	local    bool             // Policy.Local of current
	active   *policy.Active
	revision uint64 // of active, unique among all policies
	peers    []*peer
}

func (t *Timeline) newEnforced(o *object) *enforced {
	t.lastPolicy++
	return &enforced{object: o, seq: t.lastPolicy, number: t.keys.number(o.key())}
}

// setTier takes over a tier's state; nil means that it ended.
func (t *Timeline) setTier(name string, spec *resource.TierSpec) {
	if spec == nil {
		delete(t.tiers, name)
	} else {
		t.tiers[name] = spec
	}
	if t.phase == within {
		t.dirtyTiers = append(t.dirtyTiers, name)
	}
}

// touchTiers marks the policies of tiers that changed.
func (t *Timeline) touchTiers() {
	for _, name := range t.dirtyTiers {
		for p := range t.policies {
			if p.current.Tier == name {
				t.touchPolicy(p)
			}
		}
	}
	t.dirtyTiers = t.dirtyTiers[:0]
}

// refresh brings a policy that was touched up to date, and with it the classes that it selects or selected.
func (t *Timeline) refresh(p *enforced) {
	old, next := p.current, t.compile(p)
	if old == nil && next == nil {
		return // it came and went within an instant
	}
	moved := old == nil || next == nil || !old.SameScope(next)
	if moved && old != nil {
		t.index(p).remove(p, old.Needs)
		t.each(p, old, func(c *class) { t.attach(c, p, next != nil && next.Selects(&c.view)) })
	}
	t.replace(p, next)
	if next == nil {
		return
	}
	if moved {
		t.index(p).add(p, next.Needs)
		t.each(p, next, func(c *class) { t.attach(c, p, next.Selects(&c.view)) })
		return
	}
	t.each(p, next, func(c *class) {
		if c.has(p) {
			t.touchClass(c, false)
		}
	})
}

// compile returns the policy as it is now; nil when it ended.
func (t *Timeline) compile(p *enforced) *policy.Policy {
	switch {
	case p.gone:
		return nil
	case p.compiled == p.object.latest:
		return p.current
	}
	p.compiled = p.object.latest
	compiled := t.evaluator.Compile(p.compiled)
	for _, problem := range compiled.Problems {
		t.warn(p.object.key(), problem)
	}
	return compiled
}

// replace makes a version of the policy the current one; nil ends it.
func (t *Timeline) replace(p *enforced, next *policy.Policy) {
	if p.current != next {
		t.exchangePeers(p, next)
	}
	p.current = next
	if next == nil {
		delete(t.policies, p)
		return
	}
	p.local = next.Local()
	t.policies[p] = struct{}{}
	t.existed[p.number] = next.Scope == nil || t.existed[p.number]
	tier, known := policy.TierOf(next.Tier, t.tiers[next.Tier])
	if !known {
		t.warn(p.object.key(), "its tier "+next.Tier+" is not known: it is taken to come last and to deny nothing by default")
	}
	p.active = t.evaluator.Activate(next, tier, func(selected *policy.Peer) policy.Nets { return t.peers[selected.Text()].nets })
	t.lastRevision++
	p.revision = t.lastRevision
}

// index returns where classes look for policies that may select them.
func (t *Timeline) index(p *enforced) *selectorIndex[*enforced] {
	if p.object.space == t.cluster {
		return t.clusterPolicies
	}
	return p.object.space.policies
}

// attach makes a policy select a class, or not, and marks the class if that matters.
func (t *Timeline) attach(c *class, p *enforced, selected bool) {
	if c.rematch || c.hostNetwork {
		return // it is matched against all policies anyway, or against none
	}
	if c.attach(p, selected) || selected {
		t.touchClass(c, false)
	}
}

// match finds all policies that select a class.
func (t *Timeline) match(c *class) {
	c.inScope = t.scope.contains(&c.view)
	c.policies = c.policies[:0]
	if c.hostNetwork {
		return
	}
	t.found = t.clusterPolicies.candidates(t.found[:0], &c.view)
	t.found = c.space.policies.candidates(t.found, &c.view)
	t.work += int64(len(t.found))
	for _, p := range t.found {
		if p.current.Selects(&c.view) {
			c.attach(p, true)
		}
	}
}
