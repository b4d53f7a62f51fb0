package timeline

import (
	"slices"

	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/resource"
)

// span is [from, to).
type span struct{ from, to int64 }

// life is what was found of one endpoint's life so far.
type life struct {
	first, last int64
	spans       []span // in scope
	sum         tally
	services    []uint32    // indexes into keyTable, unsorted
	noEnvoy     bool        // at some instant
	id          resource.ID // once the life is closed

	// As of the last instant at which it was an endpoint.
	account      *policy.Profile
	node         string
	generateName string
	hostNetwork  bool
}

// follow takes over what the endpoint is like from an instant on.
func (l *life) follow(e *endpoint) {
	l.account, l.node, l.generateName, l.hostNetwork = e.account, e.node, e.generateName, e.hostNetwork
	l.noEnvoy = l.noEnvoy || !e.envoy || e.hostNetwork
}

// take adds one state that held for a while.
func (l *life) take(s *state, held span, sets *keySets) {
	sum := s.outcome.tally(held.from)
	l.sum.add(&sum, sets)
	if s.inScope {
		l.addSpan(held)
	}
}

// addSpan adds a span in scope that does not begin before those already there.
func (l *life) addSpan(s span) {
	if s.from >= s.to {
		return
	}
	if n := len(l.spans); n > 0 && l.spans[n-1].to >= s.from {
		l.spans[n-1].to = max(l.spans[n-1].to, s.to)
		return
	}
	l.spans = append(l.spans, s)
}

func (l *life) addService(key uint32) {
	if !slices.Contains(l.services, key) {
		l.services = append(l.services, key)
	}
}

const (
	protections = policy.IngressProtected | policy.EgressProtected
)

// The places of exposures in a tally.
const (
	ingressInternet = iota
	ingressOther
	egressInternet
	egressOther
	exposureCount
)

// tally is the worst of some states that followed each other. The zero value is of none.
type tally struct {
	any              bool
	flags            policy.Flags
	isolated         [2]bool
	exposures        [exposureCount]exposure
	policies, staged *keySet
}

type exposure struct {
	allowed bool
	since   int64
	by      string
}

// add takes over what came after: protected and isolated only if both were, exposed if either was, first where it was first.
func (t *tally) add(later *tally, sets *keySets) {
	if !later.any {
		return
	}
	if !t.any {
		*t = *later
		return
	}
	t.flags = (t.flags & later.flags & protections) | ((t.flags | later.flags) &^ protections)
	for d := range t.isolated {
		t.isolated[d] = t.isolated[d] && later.isolated[d]
	}
	for i := range t.exposures {
		if !t.exposures[i].allowed {
			t.exposures[i] = later.exposures[i]
		}
	}
	t.policies = sets.union(t.policies, later.policies)
	t.staged = sets.union(t.staged, later.staged)
}

// notBefore moves what began earlier to an instant.
func (t *tally) notBefore(at int64) {
	for i := range t.exposures {
		if t.exposures[i].allowed {
			t.exposures[i].since = max(t.exposures[i].since, at)
		}
	}
}
