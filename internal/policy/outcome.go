package policy

import "slices"

// Flags are the published flags of an endpoint at one moment, as bits.
type Flags uint8

// The published flags (calico-compliance.md section 3, "Definitions").
const (
	IngressProtected Flags = 1 << iota
	EgressProtected
	IngressFromInternet
	EgressToInternet
	IngressFromOtherNamespace
	EgressToOtherNamespace
)

// Exposure is whether something is let through, and by what.
type Exposure struct {
	Allowed bool
	// By names what decides: "NetworkPolicy(shop/default.web) rule 2", counted from 1 in the policy's ingress or egress rules; "no
	// policy" when none applies in the direction; "end of tiers, passed by …" when every policy passed; "host network" for a pod
	// that no policy can govern.
	By string
}

// Truth is what policies really do in one direction.
type Truth struct {
	// Isolated: traffic that no rule allows is denied.
	Isolated bool
	Internet Exposure
	// OtherNamespace is empty for a host endpoint.
	OtherNamespace Exposure
}

// Outcome is what a set of policies means for an endpoint.
type Outcome struct {
	Flags           Flags
	Ingress, Egress Truth
}

// HostNetwork is the outcome for a pod on its host's network: no workload policy governs it, so it is never protected, and
// nothing is known to be denied.
func HostNetwork() Outcome {
	open := Exposure{Allowed: true, By: "host network"}
	truth := Truth{Internet: open, OtherNamespace: open}
	return Outcome{Ingress: truth, Egress: truth}
}

// Evaluate tells what the policies that select an endpoint mean for it; staged ones are ignored. namespace is the endpoint's,
// "" for a host endpoint. The order of the policies does not matter.
func (e *Evaluator) Evaluate(policies []*Active, namespace string) Outcome {
	enforced := make([]*Active, 0, len(policies))
	for _, p := range policies {
		if !p.Staged {
			enforced = append(enforced, p)
		}
	}
	slices.SortFunc(enforced, (*Active).compare)
	out := Outcome{Flags: publishedFlags(enforced, namespace != "")}
	out.Ingress = e.truth(enforced, Ingress, namespace)
	out.Egress = e.truth(enforced, Egress, namespace)
	return out
}

// publishedFlags unites the published flags of the policies.
func publishedFlags(enforced []*Active, pod bool) Flags {
	bits := [2]struct{ protected, internet, otherNamespace Flags }{
		{IngressProtected, IngressFromInternet, IngressFromOtherNamespace},
		{EgressProtected, EgressToInternet, EgressToOtherNamespace},
	}
	var flags Flags
	for _, p := range enforced {
		for d, bit := range bits {
			if !p.directions[d].applies {
				continue
			}
			if len(p.Problems) == 0 {
				flags |= bit.protected
			}
			if p.flags[d].internet {
				flags |= bit.internet
			}
			if p.flags[d].otherNamespace && pod {
				flags |= bit.otherNamespace
			}
		}
	}
	return flags
}
