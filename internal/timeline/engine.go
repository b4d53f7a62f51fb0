package timeline

import (
	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/resource"
)

// engine holds what is evaluated, the indexes for it, and what has been touched since the last evaluation.
type engine struct {
	outcomes
	labels    labelTable
	nodes     map[string]string // interned
	classes   map[classKey]*class
	policies  map[*enforced]struct{} // those evaluated and not ended
	tiers     map[string]*resource.TierSpec
	sets      map[*netSet]struct{}
	peers     map[string]*peer
	peerIndex *selectorIndex[*peer]
	byPod     register[backends]
	byIP      register[backends] // of addresses without a pod's name
	podsByIP  register[endpoint]

	clusterPolicies          *selectorIndex[*enforced]
	lastPolicy, lastRevision uint64
	existed                  map[uint32]bool // policies by number of key; true where nobody can tell what it applied to
	warnings                 map[Warning]struct{}

	dirtySpaces    []*space
	dirtyEndpoints []*endpoint
	dirtyPolicies  []*enforced
	dirtyTiers     []string
	dirtySets      []*netSet
	dirtyBackends  []*backends
	dirtyClasses   []*class
	joining        []arrival
	work           int64       // endpoints, classes and policies that were looked at; the tests bound it
	found          []*enforced // scratch
	buffer         []byte      // scratch
}

func (e *engine) init(evaluator *policy.Evaluator) {
	e.outcomes.init(evaluator)
	e.labels = newLabelTable()
	e.nodes = map[string]string{}
	e.classes = map[classKey]*class{}
	e.policies = map[*enforced]struct{}{}
	e.tiers = map[string]*resource.TierSpec{}
	e.sets = map[*netSet]struct{}{}
	e.peers = map[string]*peer{}
	e.peerIndex = newSelectorIndex[*peer]()
	e.byPod = register[backends]{}
	e.byIP = register[backends]{}
	e.podsByIP = register[endpoint]{}
	e.clusterPolicies = newSelectorIndex[*enforced]()
	e.existed = map[uint32]bool{}
	e.warnings = map[Warning]struct{}{}
}

// intern returns one copy of a node's name.
func (e *engine) intern(node string) string {
	if known, ok := e.nodes[node]; ok {
		return known
	}
	e.nodes[node] = node
	return node
}

func (e *engine) warn(object resource.Key, reason string) {
	e.warnings[Warning{object, reason}] = struct{}{}
}

func (t *Timeline) touchEndpoint(e *endpoint) {
	if t.phase == within && !e.dirty {
		e.dirty = true
		t.dirtyEndpoints = append(t.dirtyEndpoints, e)
	}
}

func (t *Timeline) touchPolicy(p *enforced) {
	if t.phase == within && !p.dirty {
		p.dirty = true
		t.dirtyPolicies = append(t.dirtyPolicies, p)
	}
}

func (t *Timeline) touchSet(s *netSet) {
	if t.phase == within && !s.dirty {
		s.dirty = true
		t.dirtySets = append(t.dirtySets, s)
	}
}

func (t *Timeline) touchBackends(b *backends) {
	if t.phase == within && !b.dirty {
		b.dirty = true
		t.dirtyBackends = append(t.dirtyBackends, b)
	}
}

func (t *Timeline) touchSpace(s *space) {
	if t.phase == within && !s.dirty {
		s.dirty = true
		t.dirtySpaces = append(t.dirtySpaces, s)
	}
}

func (t *Timeline) touchClass(c *class, rematch bool) {
	c.rematch = c.rematch || rematch
	if !c.dirty {
		c.dirty = true
		t.dirtyClasses = append(t.dirtyClasses, c)
	}
}

// markAll touches everything, for the first evaluation.
func (t *Timeline) markAll() {
	for in := range t.everySpace() {
		t.markSpace(in)
	}
}

func (t *Timeline) markSpace(in *space) {
	for _, o := range in.objects {
		switch {
		case o.endpoint != nil:
			t.touchEndpoint(o.endpoint)
		case o.policy != nil:
			t.touchPolicy(o.policy)
		case o.set != nil:
			t.touchSet(o.set)
		}
	}
}
