package timeline

import (
	"time"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
)

// Result is what the replay found over the interval. Its slices may share memory: treat them as read-only.
type Result struct {
	// Lives are the endpoints that were in scope at some instant of the interval, sorted by ID, then From. A re-created
	// endpoint has one Life for each uid.
	Lives []Life `json:"lives,omitempty"`
	// Policies are all policies, staged ones included, that existed at some instant of the interval, sorted by Key.
	Policies []PolicyUse `json:"policies,omitempty"`
	// Warnings say what could not be evaluated; one of them is enough to make a report partial. Sorted by Object, then Reason.
	Warnings []Warning `json:"warnings,omitempty"`
	Counts   Counts    `json:"counts"`
}

// Life is the part of one endpoint's life that lies in the interval. Everything in it covers every instant at which the
// endpoint existed in the interval, whether in scope at that instant or not (decisions.md, "Endpoint out of scope").
type Life struct {
	ID resource.ID `json:"id"`
	// From and To bound the life within the interval, in UTC: a To equal to the interval's end means that it went on.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Scope holds the spans in which the endpoint was in scope, merged and in order.
	Scope          []interval.Interval `json:"scope"`
	HostNetwork    bool                `json:"hostNetwork,omitempty"`
	ServiceAccount string              `json:"serviceAccount,omitempty"` // "" for a host endpoint
	Node           string              `json:"node,omitempty"`           // as last known
	// AggregateName is the name under which flow logs aggregate the endpoint (calico-compliance.md section 8): generateName
	// and "*", the plain name without one, and a host endpoint's node.
	AggregateName string `json:"aggregateName"`

	Flags    Flags          `json:"flags"`
	Policies []resource.Key `json:"policies,omitempty"` // every policy that applied at any instant, sorted; staged ones never
	Staged   []resource.Key `json:"staged,omitempty"`   // every staged policy that would have applied, sorted
	Services []resource.Key `json:"services,omitempty"` // every Service that contained it at any instant, sorted
	Ingress  Truth          `json:"ingress"`
	Egress   Truth          `json:"egress"`
}

// Flags are the published flags (calico-compliance.md section 3, "Definitions"): the protected ones and Envoy hold only where
// they held at every instant, the others where they held at any.
type Flags struct {
	IngressProtected          bool `json:"ingressProtected,omitempty"`
	EgressProtected           bool `json:"egressProtected,omitempty"`
	IngressFromInternet       bool `json:"ingressFromInternet,omitempty"`
	EgressToInternet          bool `json:"egressToInternet,omitempty"`
	IngressFromOtherNamespace bool `json:"ingressFromOtherNamespace,omitempty"`
	EgressToOtherNamespace    bool `json:"egressToOtherNamespace,omitempty"`
	Envoy                     bool `json:"envoy,omitempty"`
}

// Truth is what tiers, order, actions and defaults really did in one direction, at its worst.
type Truth struct {
	// Isolated: at every instant, traffic that no rule allowed was denied.
	Isolated bool `json:"isolated,omitempty"`
	// Internet: traffic from (to) some public address was, or may have been, let through at some port.
	Internet Exposure `json:"internet"`
	// OtherNamespace: the same for pods of other namespaces. Always empty for a host endpoint, which has no namespace.
	OtherNamespace Exposure `json:"otherNamespace"`
}

// Exposure is whether something was let through, by what, and since when. Where it cannot be told, it counts as let through.
type Exposure struct {
	Allowed bool `json:"allowed,omitempty"`
	// By names what decided at the first instant, as policy.Exposure.By does.
	By string `json:"by,omitempty"`
	// Since is the first instant in the interval, UTC.
	Since time.Time `json:"since,omitzero"`
}

// PolicyUse tells of one policy whether it concerned the report's endpoints.
type PolicyUse struct {
	Key resource.Key `json:"key"`
	// InScope: the policy applied (a staged one would have applied) at some instant to an endpoint of Result.Lives. It is also
	// true where the policy's selector cannot be parsed, as nobody can tell.
	InScope bool `json:"inScope,omitempty"`
}

// Warning names an object and why it, or a part of it, could not be evaluated.
type Warning struct {
	Object resource.Key `json:"object"`
	Reason string       `json:"reason"`
}

// Counts say what became of the snapshot's objects and of the changes.
type Counts struct {
	Baseline int64 `json:"baseline,omitempty"` // objects of the snapshot
	// Of the changes: the sum of the next three is the number of calls of Apply.
	Applied int64 `json:"applied"` // changed the state, or repeated it
	// Stale changes were older than what was already known: an older resourceVersion, or an object that had ended.
	Stale int64 `json:"stale,omitempty"`
	// Orphaned changes end, or bind, an object that was never seen.
	Orphaned int64 `json:"orphaned,omitempty"`

	// Unlisted objects ended because a whole list did not have them; BrokenLists ended nothing, as not all of their objects were given.
	Unlisted    int64 `json:"unlisted,omitempty"`
	BrokenLists int64 `json:"brokenLists,omitempty"`
}
