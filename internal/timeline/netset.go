package timeline

import (
	"slices"

	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/selector"
)

// netSet is a NetworkSet or GlobalNetworkSet, and the peers that select it.
type netSet struct {
	object *object
	gone   bool
	dirty  bool
	view   policy.Labels
	parsed *resource.Object // what nets was read from
	nets   policy.Nets
	peers  []*peer
}

// peer is a selection of peers in policies' rules, shared by all rules of the same text, with the addresses of the network sets
// that it selects.
type peer struct {
	*policy.Peer
	needs    []selector.Requirement
	sets     map[*netSet]struct{}
	nets     policy.Nets
	policies map[*enforced]struct{}
}

// allNets is what an unreadable net of a network set counts as: it may be any address.
func (t *Timeline) readNets(s *netSet) {
	if s.parsed == s.object.latest {
		return
	}
	s.parsed = s.object.latest
	nets, bad := policy.ParseNets(s.parsed.Nets)
	for _, text := range bad {
		t.warn(s.object.key(), "net "+text+" is neither a CIDR nor an address: it is taken for every address")
		nets = policy.AllNets()
	}
	s.nets = nets
}

// refreshSet finds the peers that select a set that was touched, and marks the policies for which that matters.
func (t *Timeline) refreshSet(s *netSet) {
	before := s.peers
	for _, p := range before {
		delete(p.sets, s)
	}
	s.peers = nil
	delete(t.sets, s)
	if !s.gone {
		t.sets[s] = struct{}{}
		t.readNets(s)
		s.view = viewOf(s.object)
		for _, p := range t.peerIndex.candidates(nil, &s.view) {
			if !slices.Contains(s.peers, p) && p.Matches(&s.view) {
				s.peers = append(s.peers, p)
				p.sets[s] = struct{}{}
			}
		}
	}
	for _, p := range slices.Concat(before, s.peers) {
		t.readdressPeer(p)
	}
}

// viewOf are the labels of a network set as policies see them.
func viewOf(o *object) policy.Labels {
	view := policy.Labels{Own: policy.LabelSetOf(o.latest.Labels)}
	if o.kind == resource.NetworkSet {
		view.Namespace = &o.space.profile
	}
	return view
}

// readdressPeer unites the addresses of a peer's network sets, and marks its policies if they changed.
func (t *Timeline) readdressPeer(p *peer) {
	nets := p.union()
	if nets.Equal(p.nets) {
		return
	}
	p.nets = nets
	for policy := range p.policies {
		t.touchPolicy(policy)
	}
}

func (p *peer) union() policy.Nets {
	all := make([]policy.Nets, 0, len(p.sets))
	for s := range p.sets {
		all = append(all, s.nets)
	}
	return policy.UnionOf(all)
}

// exchangePeers makes a policy refer to the peers of its next version, which is nil when it ends.
func (t *Timeline) exchangePeers(p *enforced, next *policy.Policy) {
	before := p.peers
	p.peers = nil
	if next != nil {
		for _, selected := range next.Peers() {
			found := t.peer(selected)
			found.policies[p] = struct{}{}
			p.peers = append(p.peers, found)
		}
	}
	for _, old := range before {
		if slices.Contains(p.peers, old) {
			continue
		}
		if delete(old.policies, p); len(old.policies) == 0 {
			t.dropPeer(old)
		}
	}
}

// peer returns the shared peer of a text, made if need be.
func (t *Timeline) peer(selected *policy.Peer) *peer {
	if found, ok := t.peers[selected.Text()]; ok {
		return found
	}
	made := &peer{
		Peer:     selected,
		needs:    selected.Selector.Requirements(),
		sets:     map[*netSet]struct{}{},
		policies: map[*enforced]struct{}{},
	}
	t.peers[selected.Text()] = made
	t.peerIndex.add(made, made.needs)
	for s := range t.sets {
		if made.Matches(&s.view) {
			made.sets[s] = struct{}{}
			s.peers = append(s.peers, made)
		}
	}
	made.nets = made.union()
	return made
}

func (t *Timeline) dropPeer(p *peer) {
	delete(t.peers, p.Text())
	t.peerIndex.remove(p, p.needs)
	for s := range p.sets {
		s.peers = cutFrom(s.peers, p)
	}
}
