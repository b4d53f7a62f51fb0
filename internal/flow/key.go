package flow

import (
	"cmp"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

// EndType tells what an end of a flow is, in the words of the flow log.
type EndType string

// The four kinds of ends (calico-compliance.md section 8).
const (
	Workload   EndType = "wep" // a pod
	Host       EndType = "hep" // a host endpoint
	NetworkSet EndType = "ns"  // a NetworkSet, or a GlobalNetworkSet where it has no namespace
	Network    EndType = "net" // an address that belongs to nothing that Calico knows
)

// privateNetwork is the aggregated name of RFC 1918 addresses; "pub" is that of all others.
const privateNetwork = "pvt"

// End is one end of a flow.
type End struct {
	Type      EndType `json:"type"`
	Namespace string  `json:"namespace,omitempty"`
	// Name is the exact name of a pod or host endpoint; "" when the log aggregated it away.
	Name string `json:"name,omitempty"`
	// AggregateName is a pod's generateName followed by "*" (its plain name when it has none), the name of a host
	// endpoint's node, the name of a network set, or "pub" or "pvt".
	AggregateName string `json:"aggregateName,omitempty"`
}

// Endpoint is the end as ReportData has it: under its exact name where the log has one, else under its aggregated name
// with NameIsAggregationPrefix set. Networks have no name, and a network that is not named private is public.
func (e End) Endpoint() v3.FlowEndpoint {
	switch e.Type {
	case Workload:
		return e.named(v3.KindK8sPod)
	case Host:
		out := e.named(v3.KindHostEndpoint)
		out.Namespace = ""
		return out
	case NetworkSet:
		kind := v3.KindNetworkSet
		if e.Namespace == "" {
			kind = v3.KindGlobalNetworkSet
		}
		return v3.FlowEndpoint{Kind: kind, Name: cmp.Or(e.AggregateName, e.Name), Namespace: e.Namespace}
	case Network:
		if e.AggregateName == privateNetwork {
			return v3.FlowEndpoint{Kind: v3.KindFlowPrivate}
		}
	}
	return v3.FlowEndpoint{Kind: v3.KindFlowPublic}
}

func (e End) named(kind string) v3.FlowEndpoint {
	if e.Name != "" {
		return v3.FlowEndpoint{Kind: kind, Name: e.Name, Namespace: e.Namespace}
	}
	return v3.FlowEndpoint{Kind: kind, Name: e.AggregateName, NameIsAggregationPrefix: true, Namespace: e.Namespace}
}

// String prints the end as reports do: "Pod.v1(shop/cart-6b687c8dcb-*)", "HostEndpoint(node-1)", "Public".
func (e End) String() string { return e.Endpoint().String() }

func (e End) compare(other End) int {
	return cmp.Or(strings.Compare(string(e.Type), string(other.Type)), strings.Compare(e.Namespace, other.Namespace),
		strings.Compare(e.AggregateName, other.AggregateName), strings.Compare(e.Name, other.Name))
}

// Service is the Kubernetes service through which the source reached the destination; zero when none.
type Service struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	// Port is the service port's name, its number where it has no name, or "*" when the record covers several.
	Port string `json:"port,omitempty"`
}

// String is "namespace/name:port", or "" when there is no service.
func (s Service) String() string {
	if s.Name == "" {
		return ""
	}
	out := s.Namespace + "/" + s.Name
	if s.Port != "" {
		out += ":" + s.Port
	}
	return out
}

func (s Service) compare(other Service) int {
	return cmp.Or(strings.Compare(s.Namespace, other.Namespace), strings.Compare(s.Name, other.Name),
		strings.Compare(s.Port, other.Port))
}

// Key is what the flows of one group have in common.
type Key struct {
	Source   End     `json:"source"`
	Dest     End     `json:"dest"`
	Service  Service `json:"service,omitzero"`
	Port     int     `json:"port,omitempty"`     // destination port; 0 when aggregated or when the protocol has none
	Protocol string  `json:"protocol,omitempty"` // lower case: "tcp", "udp", "icmp"; a number where it has no usual name
	Action   string  `json:"action"`             // "allow" or "deny"
	// Reporter is the end that saw the flow: "src", "dst", or "fwd" for forwarded traffic. A connection that both ends
	// report is in two groups, which must not be added up.
	Reporter string `json:"reporter,omitempty"`
	// Policy is the rule that decided, for example "NetworkPolicy(shop/app.cart) rule 2", counted from 1; "" when the record names none.
	Policy string `json:"policy,omitempty"`
}

// Compare orders keys by source, destination, service, port, protocol, action, reporter and policy.
func (k Key) Compare(other Key) int {
	if c := k.Source.compare(other.Source); c != 0 {
		return c
	}
	if c := k.Dest.compare(other.Dest); c != 0 {
		return c
	}
	return cmp.Or(k.Service.compare(other.Service), cmp.Compare(k.Port, other.Port),
		strings.Compare(k.Protocol, other.Protocol), strings.Compare(k.Action, other.Action),
		strings.Compare(k.Reporter, other.Reporter), strings.Compare(k.Policy, other.Policy))
}
