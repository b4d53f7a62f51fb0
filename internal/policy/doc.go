// Package policy says which endpoints a network policy applies to and what policies, taken together, let through.
//
// Two answers stand beside each other. Flags are the published definitions of Calico's compliance reports: they look at single
// rules and ignore order, tiers and denies on purpose (calico-compliance.md section 3). Outcome.Ingress and Outcome.Egress are
// the truth: tiers, order, actions and defaults evaluated. The truth errs on one side only: where it cannot tell whether a
// packet is let through (a rule limited to ports, to labels, to domains), traffic counts as exposed and not as denied.
//
// The truth is about policy. Not followed, and so not part of it: profiles other than a namespace's (which allow everything),
// the failsafe ports of host endpoints, and Kubernetes' own AdminNetworkPolicy kinds.
//
// The package is pure; its values may be shared by goroutines once they are built.
package policy
