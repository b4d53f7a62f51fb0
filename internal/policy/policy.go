package policy

import (
	"math"
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/selector"
)

// Direction is the direction of traffic, seen from the endpoint.
type Direction uint8

// The two directions.
const (
	Ingress Direction = iota
	Egress
)

// kubernetesOrder is the order in which Calico puts every Kubernetes policy in the default tier (calico-compliance.md section 9).
const kubernetesOrder = 1000

// stage is when Felix applies a policy. Traffic that a stage before the last neither allows nor denies goes on to the next.
type stage uint8

const (
	untracked stage = iota // doNotTrack
	preDNAT
	tracked // everything else
)

// Policy is one network policy of any kind, compiled. It never changes.
type Policy struct {
	Key  resource.Key
	Tier string
	// Order is spec.order; without one it is infinite, which puts the policy last in its tier.
	Order float64
	// Staged policies are never enforced.
	Staged bool
	// Scope selects the endpoints that the policy applies to, within Key.Namespace for a namespaced policy; nil when it cannot
	// be parsed: then the policy applies to nothing and protects nothing.
	Scope *selector.Selector
	// Needs are Scope's requirements, for indexes.
	Needs []selector.Requirement
	// Problems say what could not be read, in a fixed order. A policy with problems never protects.
	Problems []string

	stage      stage
	scopeText  string
	sortName   string
	directions [2]rules
	peers      []*Peer
}

// rules are a policy's rules in one direction.
type rules struct {
	applies bool
	list    []rule
	flags   exposures // of rules that say so without looking at network sets
}

// Compile compiles a policy of any kind. It never fails: what cannot be read is in Problems, and counts as unprotecting and
// exposing. It panics on an object that is no policy.
func (e *Evaluator) Compile(obj *resource.Object) *Policy {
	spec := obj.Policy
	p := &Policy{
		Key:    obj.ID.Key,
		Tier:   spec.Tier,
		Order:  math.Inf(1),
		Staged: obj.ID.Kind.IsStaged(),
		stage:  tracked,
	}
	if p.Tier == "" {
		p.Tier = defaultTier
	}
	p.sortName = sortName(p.Key, p.Tier, spec.Kubernetes != nil)
	switch {
	case spec.Kubernetes != nil:
		p.Order = kubernetesOrder
	case spec.Order != nil:
		p.Order = *spec.Order
	}
	switch {
	case spec.DoNotTrack:
		p.stage = untracked
	case spec.PreDNAT:
		p.stage = preDNAT
	}
	scope, err := scopeOf(p.Key.Kind, spec)
	if err != nil {
		p.problem(err)
	} else {
		p.Scope, p.scopeText, p.Needs = scope, scope.String(), scope.Requirements()
	}
	e.compileRules(p, spec)
	return p
}

func (p *Policy) problem(err error) { p.Problems = append(p.Problems, err.Error()) }

// sortName is the name that breaks ties of order, in the form that Calico sorts by: Kubernetes policies are "knp.default.x",
// policies of a namespace start with it.
func sortName(key resource.Key, tier string, kubernetes bool) string {
	name := key.Name
	if kubernetes {
		name = "knp.default." + name
	} else if !strings.HasPrefix(name, tier+".") {
		name = tier + "." + name
	}
	if key.Namespace == "" {
		return name
	}
	return key.Namespace + "/" + name
}

// HostsOnly tells whether the policy is doNotTrack or preDNAT, which apply to host endpoints only.
func (p *Policy) HostsOnly() bool { return p.stage != tracked }

// Directed tells whether the policy has the direction among its types. Rules of other directions are void.
func (p *Policy) Directed(d Direction) bool { return p.directions[d].applies }

// Selects tells whether the policy applies, or staged would apply, to an endpoint with these labels.
func (p *Policy) Selects(l *Labels) bool {
	if p.Scope == nil || p.HostsOnly() && l.Pod() {
		return false
	}
	if p.Key.Namespace != "" && (!l.Pod() || l.Namespace.Name != p.Key.Namespace) {
		return false
	}
	return p.Scope.Matches(l)
}

// SameScope tells whether two versions of a policy select the same endpoints, by their text.
func (p *Policy) SameScope(other *Policy) bool {
	if p.Scope == nil || other.Scope == nil {
		return p.Scope == other.Scope
	}
	return p.Key == other.Key && p.HostsOnly() == other.HostsOnly() && p.scopeText == other.scopeText
}

// Peers lists the selections of peers whose network sets matter to the policy, each once, in a fixed order.
func (p *Policy) Peers() []*Peer { return p.peers }

// peer adds a peer to the policy's list and returns its index there.
func (p *Policy) peer(added *Peer) int {
	if i := slices.IndexFunc(p.peers, func(known *Peer) bool { return known.text == added.text }); i >= 0 {
		return i
	}
	p.peers = append(p.peers, added)
	return len(p.peers) - 1
}

func (e *Evaluator) compileRules(p *Policy, spec *resource.PolicySpec) {
	if spec.Kubernetes != nil {
		e.compileKubernetes(p, spec.Kubernetes)
		return
	}
	for _, t := range spec.Types {
		switch t {
		case v3.PolicyTypeIngress:
			e.compileCalico(p, Ingress, spec.Ingress)
		case v3.PolicyTypeEgress:
			e.compileCalico(p, Egress, spec.Egress)
		}
	}
}

func (e *Evaluator) compileCalico(p *Policy, d Direction, list []v3.Rule) {
	p.directions[d].applies = true
	for i := range list {
		e.addRule(p, place{d, i + 1}, &list[i])
	}
}

func (e *Evaluator) compileKubernetes(p *Policy, spec *networkingv1.NetworkPolicySpec) {
	for _, t := range spec.PolicyTypes {
		switch t {
		case networkingv1.PolicyTypeIngress:
			p.directions[Ingress].applies = true
			for i := range spec.Ingress {
				e.addKubernetesRule(p, place{Ingress, i + 1}, kubernetesRule{spec.Ingress[i].Ports, spec.Ingress[i].From})
			}
		case networkingv1.PolicyTypeEgress:
			p.directions[Egress].applies = true
			for i := range spec.Egress {
				e.addKubernetesRule(p, place{Egress, i + 1}, kubernetesRule{spec.Egress[i].Ports, spec.Egress[i].To})
			}
		}
	}
}
