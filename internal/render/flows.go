package render

import (
	"slices"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/flow"
)

// flowFunctions answers flowsPrefix, flowsIngress and flowsEgress. A template asks all three about one endpoint after the
// other, so the last answer is kept.
type flowFunctions struct {
	index *flow.Index
	asked v3.ResourceID
	name  string // FlowLogAggregationName of the endpoint asked about
	last  *flow.Traffic
}

func (f *flowFunctions) traffic(ep v3.EndpointsReportEndpoint) *flow.Traffic {
	if f.last == nil || f.asked != ep.Endpoint || f.name != ep.FlowLogAggregationName {
		found := f.index.Traffic(ep)
		found.Ingress, found.Egress = printedOnce(found.Ingress), printedOnce(found.Egress)
		f.asked, f.name, f.last = ep.Endpoint, ep.FlowLogAggregationName, &found
	}
	return f.last
}

// printedOnce drops a peer that prints as the one before it: an aggregated name can be a pod's exact name.
func printedOnce(peers []v3.FlowEndpoint) []v3.FlowEndpoint {
	return slices.CompactFunc(peers, func(a, b v3.FlowEndpoint) bool { return a.String() == b.String() })
}

func (f *flowFunctions) prefix(ep v3.EndpointsReportEndpoint) string { return f.traffic(ep).Prefix }

// ingress and egress give copies, since a template may hand them to a function that changes its argument.
func (f *flowFunctions) ingress(ep v3.EndpointsReportEndpoint) []v3.FlowEndpoint {
	return slices.Clone(f.traffic(ep).Ingress)
}

func (f *flowFunctions) egress(ep v3.EndpointsReportEndpoint) []v3.FlowEndpoint {
	return slices.Clone(f.traffic(ep).Egress)
}
