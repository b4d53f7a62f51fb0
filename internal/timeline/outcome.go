package timeline

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/resource"
)

// outcome is what a combination of policies means for a class.
type outcome struct {
	policy.Outcome
	policies, staged *keySet
}

// same tells whether two outcomes say the same.
func (o *outcome) same(other *outcome) bool {
	return o == other || o.Outcome == other.Outcome && o.policies.equal(other.policies) && o.staged.equal(other.staged)
}

// tally is the outcome as of an instant on.
func (o *outcome) tally(at int64) tally {
	t := tally{any: true, flags: o.Flags, policies: o.policies, staged: o.staged}
	t.isolated = [2]bool{o.Ingress.Isolated, o.Egress.Isolated}
	for i, e := range [exposureCount]policy.Exposure{
		ingressInternet: o.Ingress.Internet,
		ingressOther:    o.Ingress.OtherNamespace,
		egressInternet:  o.Egress.Internet,
		egressOther:     o.Egress.OtherNamespace,
	} {
		if e.Allowed {
			t.exposures[i] = exposure{true, at, e.By}
		}
	}
	return t
}

// outcomes computes each combination of policies once. A policy that acts otherwise than before has a new revision, so nothing
// remembered is ever wrong; what is no longer used is forgotten by forgetting everything now and then.
type outcomes struct {
	evaluator *policy.Evaluator
	sets      keySets
	keys      keyTable
	host      *outcome // for pods on the host's network
	known     map[string]*outcome
	buffer    []byte
}

func (o *outcomes) init(evaluator *policy.Evaluator) {
	o.evaluator = evaluator
	o.host = &outcome{Outcome: policy.HostNetwork()}
	o.keys.numbers = map[resource.Key]uint32{}
	o.known = map[string]*outcome{}
}

// of returns the outcome for a class; limit bounds how many are remembered.
func (o *outcomes) of(c *class, limit int) *outcome {
	if c.hostNetwork {
		return o.host
	}
	o.buffer = binary.LittleEndian.AppendUint64(o.buffer[:0], c.locality())
	for _, p := range c.policies {
		o.buffer = binary.LittleEndian.AppendUint64(o.buffer, p.revision)
	}
	if known, ok := o.known[string(o.buffer)]; ok {
		return known
	}
	if len(o.known) > limit {
		clear(o.known)
	}
	made := o.compute(c)
	o.known[string(o.buffer)] = made
	return made
}

// anyNamespace stands for every namespace; it is no space's id.
const anyNamespace = math.MaxUint64

// locality is what of a class's place matters for its outcome.
func (c *class) locality() uint64 {
	if c.space.id == 0 || slices.ContainsFunc(c.policies, func(p *enforced) bool { return p.local }) {
		return c.space.id
	}
	return anyNamespace
}

func (o *outcomes) compute(c *class) *outcome {
	active := make([]*policy.Active, len(c.policies))
	var applied, staged []uint32
	for i, p := range c.policies {
		active[i] = p.active
		if p.current.Staged {
			staged = append(staged, p.number)
		} else {
			applied = append(applied, p.number)
		}
	}
	slices.Sort(applied)
	slices.Sort(staged)
	return &outcome{
		Outcome:  o.evaluator.Evaluate(active, c.space.profile.Name),
		policies: o.sets.of(applied),
		staged:   o.sets.of(staged),
	}
}
