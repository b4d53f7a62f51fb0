package policy

import (
	"fmt"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

// noPolicy is what lets traffic through where no policy applies: a namespace's profile allows everything.
const noPolicy = "no policy"

func (e *Evaluator) truth(enforced []*Active, d Direction, namespace string) Truth {
	directed := make([]*Active, 0, len(enforced))
	for _, p := range enforced {
		if p.directions[d].applies {
			directed = append(directed, p)
		}
	}
	truth := Truth{
		Isolated: !follow(directed, d, anything{}).Allowed,
		Internet: follow(directed, d, internet{e.public}),
	}
	if namespace != "" {
		truth.OtherNamespace = follow(directed, d, otherPods{e.pods, namespace})
	}
	return truth
}

// peers are the peers of which it is asked whether their traffic is let through. The peers are told by their addresses.
type peers interface {
	// all are the addresses that the peers may have.
	all() Nets
	// may are addresses from which a rule may match traffic.
	may(p *Active, r *rule) Nets
	// surely are addresses from which a rule matches all traffic.
	surely(r *rule) Nets
	// judges tells whether an allow rule settles the question. Else it is skipped.
	judges() bool
}

// walk follows traffic through the policies of one direction, in order.
type walk struct {
	peers
	direction Direction
	left      Nets    // reaches the next rule
	passed    Nets    // was passed on to the next tier
	by        *Active // what passed the first of it,
	rule      *rule   // unless it was the default of by's tier
	drops     bool    // a policy of the tier was read without problems, so that the tier's default can be relied on
}

// follow tells whether traffic of the peers is let through: by an allow rule where those judge, or at the end of the tiers.
func follow(directed []*Active, d Direction, who peers) Exposure {
	w := walk{peers: who, direction: d, left: who.all()}
	for i := 0; i < len(directed); {
		first := directed[i]
		w.passed, w.drops = Nets{}, false
		for ; i < len(directed) && directed[i].tier == first.tier && directed[i].stage == first.stage; i++ {
			if by := w.policy(directed[i]); by != "" {
				return Exposure{true, by}
			}
		}
		w.endTier(first)
		if w.left.Empty() {
			return Exposure{}
		}
	}
	if len(directed) == 0 {
		return Exposure{true, noPolicy}
	}
	return Exposure{true, "end of tiers, passed by " + w.via()}
}

// policy follows traffic through one policy's rules. It returns the rule that lets some of it through, if there is one.
func (w *walk) policy(p *Active) string {
	w.drops = w.drops || len(p.Problems) == 0
	list := p.directions[w.direction].list
	for i := range list {
		r := &list[i]
		if r.action == v3.Log || w.left.Empty() {
			continue
		}
		if r.action == v3.Deny {
			w.left = w.left.Minus(w.surely(r))
			continue
		}
		matched := w.left.Intersect(w.may(p, r))
		if matched.Empty() {
			continue
		}
		if r.action == v3.Pass {
			w.pass(matched, p, r)
			w.left = w.left.Minus(w.surely(r))
		} else if w.judges() {
			return nameOf(p, r)
		}
	}
	return ""
}

// pass passes traffic on to the next tier, by a rule, or by the tier's default when r is nil.
func (w *walk) pass(nets Nets, p *Active, r *rule) {
	if w.passed.Empty() {
		w.by, w.rule = p, r
	}
	w.passed = w.passed.Union(nets)
}

func nameOf(p *Active, r *rule) string { return fmt.Sprintf("%s rule %d", p.Key, r.number) }

// via names what passed traffic on.
func (w *walk) via() string {
	switch {
	case w.rule != nil:
		return nameOf(w.by, w.rule)
	case w.by.stage != tracked:
		return "the end of the untracked and pre-DNAT policies"
	case w.by.tier.Pass:
		return fmt.Sprintf("the default of tier %q", w.by.tier.Name)
	}
	return fmt.Sprintf("policies of tier %q that cannot be read", w.by.tier.Name)
}

// endTier applies the tier's default action and moves on. In the stages before the last nothing is denied by default.
func (w *walk) endTier(p *Active) {
	if !w.left.Empty() && (p.stage != tracked || p.tier.Pass || !w.drops) {
		w.pass(w.left, p, nil)
	}
	w.left = w.passed
}

// anything is all traffic. Asked of it is only whether something reaches the end of the tiers, so allow rules do not settle it.
type anything struct{}

func (anything) all() Nets                   { return AllNets() }
func (anything) may(_ *Active, r *rule) Nets { return r.nets }
func (anything) judges() bool                { return false }
func (anything) surely(r *rule) Nets         { return surely(r) }

// surely are the addresses from which a rule matches all traffic, whoever has them.
func surely(r *rule) Nets {
	if !r.whole || r.peer != noPeer || r.not || r.service {
		return Nets{}
	}
	return r.nets
}

// internet is traffic from (to) public addresses. Endpoints are not the internet, whatever their addresses (calico-compliance.md
// section 3), so selectors matter for their network sets only.
type internet struct{ public Nets }

func (i internet) all() Nets         { return i.public }
func (internet) judges() bool        { return true }
func (internet) surely(r *rule) Nets { return surely(r) }
func (internet) may(p *Active, r *rule) Nets {
	switch {
	case r.service:
		return Nets{}
	case r.peer != noPeer:
		return r.nets.Intersect(p.nets[r.peer])
	}
	return r.nets
}

// otherPods is traffic from (to) pods of other namespaces.
type otherPods struct {
	pods      Nets
	namespace string // of the endpoint itself
}

func (o otherPods) all() Nets  { return o.pods }
func (otherPods) judges() bool { return true }

func (o otherPods) may(_ *Active, r *rule) Nets {
	if (r.peer != noPeer || r.service) && !r.reach.othersThan(o.namespace) {
		return Nets{}
	}
	return r.nets
}

func (o otherPods) surely(r *rule) Nets {
	if r.whole && r.reach.everyPod && !r.not && !r.service {
		return r.nets
	}
	return surely(r)
}
