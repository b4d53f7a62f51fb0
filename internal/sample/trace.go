package sample

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/resource"
)

// hit is one policy that a connection met, as flow logs list it.
type hit struct {
	policy *policy // nil: the profile of the pod's namespace, which allows
	name   string  // in the log's form
	tier   string
	action v3.Action
	rule   int  // -1 = the tier's default
	ending bool // the tier's default decided
}

func (h hit) text(index int) string {
	return fmt.Sprintf("%d|%s|%s|%s|%d", index, h.tier, h.name, strings.ToLower(string(h.action)), h.rule)
}

// logName is how a flow log names a policy (calico-compliance.md section 8).
func (p *policy) logName() string {
	name := p.name
	if p.kind == resource.KubernetesNetworkPolicy || p.kind == resource.StagedKubernetesNetworkPolicy {
		name = "knp.default." + name
	}
	if p.kind.IsStaged() {
		name = "staged:" + name
	}
	if p.namespace != "" {
		name = p.namespace + "/" + name
	}
	return name
}

// look is the way in which a connection is judged.
type look struct {
	ingress bool // at its destination
	staged  bool // with the staged policies taken as if they were in force
}

// trace says which policies decide on a connection at one of its ends, and how.
func (w *world) trace(end, other side, l look, d dialed) ([]hit, bool) {
	var hits []hit
	for _, tier := range tiers {
		policies := w.applying(tier.name, end, l)
		if len(policies) == 0 {
			continue
		}
		decided := hit{policy: policies[len(policies)-1], tier: tier.name, action: tier.defaultAction, rule: -1, ending: true}
		decided.name = decided.policy.logName()
		for _, p := range policies {
			rules := p.rules(l.ingress)
			if i := slices.IndexFunc(rules, func(r rule) bool { return r.matches(p, other, d) }); i >= 0 {
				decided = hit{policy: p, name: p.logName(), tier: tier.name, action: rules[i].action, rule: i}
				break
			}
		}
		hits = append(hits, decided)
		if decided.action != v3.Pass {
			return hits, decided.action == v3.Allow
		}
	}
	return append(hits, hit{name: "__PROFILE__.kns." + end.namespace, tier: "__PROFILE__", action: v3.Allow}), true
}

func (w *world) applying(tier string, end side, l look) []*policy {
	var list []*policy
	for _, p := range w.policies {
		if p.tier == tier && (l.staged || !p.kind.IsStaged()) && p.rules(l.ingress) != nil && p.appliesTo(end) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *policy) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
	})
	return list
}

// enact creates a policy in the cluster.
func (w *world) enact(by actor, p *policy) {
	p.object = w.create(by, p.manifest())
	w.policies = append(w.policies, p)
}

// repeal deletes a policy.
func (w *world) repeal(by actor, p *policy) {
	w.remove(by, p.object)
	w.forget(p)
}

func (w *world) forget(p *policy) {
	w.policies = slices.DeleteFunc(w.policies, func(q *policy) bool { return p == q })
}

// amend changes a policy's rules by an update of the whole object.
func (w *world) amend(by actor, p *policy, change func()) {
	w.update(by, p.object, func() {
		change()
		p.object.Spec = p.manifest().Spec
	})
}

func (w *world) policy(kind resource.Kind, namespace, name string) *policy {
	i := slices.IndexFunc(w.policies, func(p *policy) bool { return p.kind == kind && p.namespace == namespace && p.name == name })
	return w.policies[i]
}
