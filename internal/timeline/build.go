package timeline

import (
	"cmp"
	"maps"
	"slices"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/resource"
)

// build makes the result of what was found.
func (t *Timeline) build() *Result {
	r := &Result{Counts: t.counts, Lives: make([]Life, 0, len(t.lives))}
	// The lives are sorted while they are still small.
	slices.SortFunc(t.lives, func(a, b *life) int {
		return cmp.Or(a.id.Compare(b.id), cmp.Compare(a.first, b.first))
	})
	used := map[*keySet]struct{}{}
	for _, l := range t.lives {
		r.Lives = append(r.Lives, t.publish(l))
		used[l.sum.policies] = struct{}{}
		used[l.sum.staged] = struct{}{}
	}
	r.Policies = t.policyUses(used)
	r.Warnings = slices.SortedFunc(maps.Keys(t.warnings), func(a, b Warning) int {
		return cmp.Or(a.Object.Compare(b.Object), cmp.Compare(a.Reason, b.Reason))
	})
	return r
}

func (t *Timeline) policyUses(used map[*keySet]struct{}) []PolicyUse {
	inScope := maps.Clone(t.existed)
	for set := range used {
		if set != nil {
			for _, n := range set.numbers {
				inScope[n] = true
			}
		}
	}
	uses := make([]PolicyUse, 0, len(inScope))
	for n, in := range inScope {
		uses = append(uses, PolicyUse{t.keys.keys[n], in})
	}
	slices.SortFunc(uses, func(a, b PolicyUse) int { return a.Key.Compare(b.Key) })
	return uses
}

// publish turns a life into its published form.
func (t *Timeline) publish(l *life) Life {
	out := Life{
		ID:            l.id,
		From:          timeOf(l.first),
		To:            timeOf(l.last),
		HostNetwork:   l.hostNetwork,
		Node:          l.node,
		AggregateName: l.aggregateName(),
		Flags:         flagsOf(l),
		Policies:      l.sum.policies.keys(&t.keys),
		Staged:        l.sum.staged.keys(&t.keys),
		Services:      t.keys.sorted(l.services),
		Ingress:       l.sum.truth(0, ingressInternet, ingressOther),
		Egress:        l.sum.truth(1, egressInternet, egressOther),
	}
	if l.account != nil {
		out.ServiceAccount = l.account.Name
	}
	for _, s := range l.spans {
		out.Scope = append(out.Scope, interval.Interval{Start: timeOf(s.from), End: timeOf(s.to)})
	}
	return out
}

// aggregateName is the name under which flow logs aggregate the endpoint (calico-compliance.md section 8, "name_aggr").
func (l *life) aggregateName() string {
	switch {
	case l.generateName != "":
		return l.generateName + "*"
	case l.id.Kind == resource.HostEndpoint && l.node != "":
		return l.node
	}
	return l.id.Name
}

func flagsOf(l *life) Flags {
	has := func(flag policy.Flags) bool { return l.sum.flags&flag != 0 }
	return Flags{
		IngressProtected:          has(policy.IngressProtected),
		EgressProtected:           has(policy.EgressProtected),
		IngressFromInternet:       has(policy.IngressFromInternet),
		EgressToInternet:          has(policy.EgressToInternet),
		IngressFromOtherNamespace: has(policy.IngressFromOtherNamespace),
		EgressToOtherNamespace:    has(policy.EgressToOtherNamespace),
		Envoy:                     !l.noEnvoy,
	}
}

func (t *tally) truth(direction, internet, other int) Truth {
	return Truth{
		Isolated:       t.isolated[direction],
		Internet:       t.exposures[internet].publish(),
		OtherNamespace: t.exposures[other].publish(),
	}
}

func (e *exposure) publish() Exposure {
	if !e.allowed {
		return Exposure{}
	}
	return Exposure{true, e.by, timeOf(e.since)}
}
