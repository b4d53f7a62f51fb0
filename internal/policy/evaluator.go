package policy

import (
	"cmp"
	"math"
	"net/netip"

	"github.com/probity/probity/internal/resource"
)

// Evaluator compiles and evaluates policies. It never changes after it was made.
type Evaluator struct {
	public Nets // the internet
	pods   Nets // where pods' addresses may be
}

// rfc1918 are the private addresses by default (calico-compliance.md section 3).
var rfc1918 = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
}

// podRanges are where pods' addresses may be beside the private ones: the shared and benchmarking ranges and class E, which cloud
// networks hand out to pods, and all of IPv6, as pods get global addresses there.
var podRanges = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/0"),
}

// NewEvaluator returns an evaluator for which the private prefixes are not the internet; nil means RFC 1918, and everything else,
// IPv6 and special ranges included, is public.
func NewEvaluator(private []netip.Prefix) *Evaluator {
	if private == nil {
		private = rfc1918
	}
	nets := NetsOf(private...)
	return &Evaluator{
		public: AllNets().Minus(nets),
		pods:   nets.Union(NetsOf(rfc1918...)).Union(NetsOf(podRanges...)),
	}
}

// Tier is a tier of policies, as far as evaluation is concerned.
type Tier struct {
	Name  string
	Order float64 // infinite when the tier has none: last
	// Pass: traffic that meets a policy of the tier, and no rule, goes on to the next tier; else it is denied.
	Pass bool
}

// defaultTier is the tier of policies that name none, and of Kubernetes policies.
const defaultTier = "default"

// Orders of the built-in tiers (calico-compliance.md section 4; the constants of the public API).
const (
	defaultTierOrder  = 1_000_000
	kubeAdminOrder    = 1_000
	kubeBaselineOrder = 10_000_000
)

// TierOf returns a tier as it is configured; spec is nil for a tier that no object describes. Built-in tiers are then as Calico
// makes them; of any other tier nothing is known, and it is taken to come last and to pass, which claims no protection: known is
// false.
func TierOf(name string, spec *resource.TierSpec) (tier Tier, known bool) {
	tier = Tier{Name: name, Order: math.Inf(1)}
	builtIn := true
	switch name {
	case defaultTier:
		tier.Order = defaultTierOrder
	case "kube-admin", "adminnetworkpolicy":
		tier.Order, tier.Pass = kubeAdminOrder, true
	case "kube-baseline", "baselineadminnetworkpolicy":
		tier.Order, tier.Pass = kubeBaselineOrder, true
	default:
		builtIn = false
		tier.Pass = spec == nil
	}
	if spec == nil {
		return tier, builtIn
	}
	if spec.Order != nil {
		tier.Order = *spec.Order
	} else if !builtIn {
		tier.Order = math.Inf(1)
	}
	switch spec.DefaultAction {
	case "Pass":
		tier.Pass = true
	case "Deny":
		tier.Pass = false
	}
	return tier, true
}

// Active is a policy as it acts at one moment: in its tier, and with the addresses of the network sets that its rules select.
type Active struct {
	*Policy
	tier  Tier
	nets  []Nets // by index into Policy.peers
	flags [2]exposures
}

// Activate puts a policy into its tier. nets returns the addresses of the network sets that a peer selects.
func (e *Evaluator) Activate(p *Policy, tier Tier, nets func(*Peer) Nets) *Active {
	a := &Active{Policy: p, tier: tier, nets: make([]Nets, len(p.peers))}
	for i, peer := range p.peers {
		a.nets[i] = nets(peer)
	}
	for d := range a.flags {
		a.flags[d] = p.directions[d].flags
		for i := range p.directions[d].list {
			r := &p.directions[d].list[i]
			if r.action == "Allow" && r.peer != noPeer && !r.service && !a.nets[r.peer].Intersect(e.public).Empty() {
				a.flags[d].internet = true
			}
		}
	}
	return a
}

// Local tells whether what the policy means for an endpoint depends on which namespace the endpoint is in, beyond whether it is in
// one: some rule is about pods of certain namespaces. Endpoints of different namespaces have the same Outcome where no policy is
// local.
func (p *Policy) Local() bool {
	for d := range p.directions {
		for i := range p.directions[d].list {
			if len(p.directions[d].list[i].reach.namespaces) > 0 {
				return true
			}
		}
	}
	return false
}

// compare orders policies as they are applied: by stage, tier, order and name.
func (a *Active) compare(b *Active) int {
	return cmp.Or(
		cmp.Compare(a.stage, b.stage),
		cmp.Compare(a.tier.Order, b.tier.Order), cmp.Compare(a.tier.Name, b.tier.Name),
		cmp.Compare(a.Order, b.Order), cmp.Compare(a.sortName, b.sortName),
		a.Key.Compare(b.Key),
	)
}
