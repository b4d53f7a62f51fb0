package policy

import (
	"fmt"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

// rule is one rule, reduced to what it says of peers. An ingress rule's peer is the source, an egress rule's the destination.
type rule struct {
	action v3.Action
	number int // counted from 1 in the policy's list of the direction
	// whole: the rule matches every packet of the peers that it names; it is not limited to ports, protocols, domains, …
	whole bool
	// nets are the addresses that the peer may have, as far as the rule itself tells; all of them when it does not.
	nets Nets
	// peer is an index into Policy.peers: the peer is an endpoint or network set that it selects; -1 when labels do not matter,
	// or only exclude.
	peer    int
	not     bool // labels exclude some peers
	reach   reach
	service bool // the peer is an endpoint of a Service
}

const noPeer = -1

// exposures are the published "from (to) the internet" and "from (to) another namespace" of allow rules.
type exposures struct{ internet, otherNamespace bool }

func (r *rules) add(added rule) { r.list = append(r.list, added) }

// String is "ingress" or "egress".
func (d Direction) String() string { return [...]string{"ingress", "egress"}[d] }

// place is where a rule stands in its policy.
type place struct {
	direction Direction
	number    int // counted from 1
}

func (e *Evaluator) addRule(p *Policy, at place, from *v3.Rule) {
	peer, local := &from.Source, &from.Destination
	if at.direction == Egress {
		peer, local = local, peer
	}
	compiled, err := compileRule(p, from, peer)
	if err != nil {
		p.addBroken(at, from.Action, err)
		return
	}
	compiled.number = at.number
	compiled.whole = compiled.whole && isEmpty(local)
	rules := &p.directions[at.direction]
	rules.add(compiled)
	if from.Action == v3.Allow {
		e.flag(&rules.flags, &compiled, published{peer, p.Key.Namespace == ""})
	}
}

// addBroken adds a rule that cannot be read: it may match anything, and surely matches nothing.
func (p *Policy) addBroken(at place, action v3.Action, err error) {
	p.problem(fmt.Errorf("%s rule %d: %w", at.direction, at.number, err))
	rules := &p.directions[at.direction]
	rules.add(rule{action: action, number: at.number, nets: AllNets(), peer: noPeer})
	if action == v3.Allow {
		rules.flags = exposures{true, true}
	}
}

func compileRule(p *Policy, from *v3.Rule, peer *v3.EntityRule) (rule, error) {
	compiled := rule{action: from.Action, peer: noPeer, service: peer.Services != nil}
	nets, err := netsOf(from, peer)
	if err != nil {
		return rule{}, err
	}
	compiled.nets = nets
	selected, err := selectionOf(peer, p.Key.Namespace)
	if err != nil {
		return rule{}, err
	}
	compiled.not = selected.not != nil
	if selected.is != nil {
		compiled.peer = p.peer(newPeer(selected.is, selected.not))
		compiled.reach = selected.reach
	}
	if compiled.service {
		compiled.reach = serviceReach(peer.Services, p.Key.Namespace)
	}
	compiled.whole = from.Protocol == nil && from.NotProtocol == nil && from.ICMP == nil && from.NotICMP == nil && from.HTTP == nil &&
		len(peer.Ports) == 0 && len(peer.NotPorts) == 0 && len(peer.Domains) == 0
	return compiled, nil
}

// netsOf is nets without notNets, of the rule's IP version.
func netsOf(from *v3.Rule, peer *v3.EntityRule) (Nets, error) {
	nets := AllNets()
	if len(peer.Nets) > 0 {
		parsed, bad := ParseNets(peer.Nets)
		if len(bad) > 0 {
			return Nets{}, fmt.Errorf("nets %q: give CIDRs such as 192.0.2.0/24", bad)
		}
		nets = parsed
	}
	if len(peer.NotNets) > 0 {
		except, bad := ParseNets(peer.NotNets)
		if len(bad) > 0 {
			return Nets{}, fmt.Errorf("notNets %q: give CIDRs such as 192.0.2.0/24", bad)
		}
		nets = nets.Minus(except)
	}
	if from.IPVersion != nil {
		nets = nets.Intersect(family(*from.IPVersion))
	}
	return nets, nil
}

// family returns the addresses of an IP version; of an unknown one, which the API refuses, all of them.
func family(version int) Nets {
	all := AllNets()
	switch version {
	case 4:
		return Nets{all.spans[:1]}
	case 6:
		return Nets{all.spans[1:]}
	}
	return all
}

func serviceReach(match *v3.ServiceMatch, own string) reach {
	namespace := match.Namespace
	if namespace == "" {
		namespace = own
	}
	if namespace == "" {
		return reach{}
	}
	return reach{namespaces: []string{namespace}}
}
