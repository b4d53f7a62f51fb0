package render

import (
	"cmp"
	"slices"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

// flowIndex finds the peers of an endpoint. Only pods and host endpoints are keys.
type flowIndex struct {
	ingress, egress map[v3.FlowEndpoint][]v3.FlowEndpoint
}

func indexFlows(flows []v3.EndpointsReportFlow) *flowIndex {
	x := &flowIndex{map[v3.FlowEndpoint][]v3.FlowEndpoint{}, map[v3.FlowEndpoint][]v3.FlowEndpoint{}}
	for _, f := range flows {
		if isFlowKey(f.Destination) {
			x.ingress[f.Destination] = append(x.ingress[f.Destination], f.Source)
		}
		if isFlowKey(f.Source) {
			x.egress[f.Source] = append(x.egress[f.Source], f.Destination)
		}
	}
	return x
}

func isFlowKey(e v3.FlowEndpoint) bool {
	return e.Kind == v3.KindK8sPod || e.Kind == v3.KindHostEndpoint
}

// keys returns the exact and the aggregated name under which an endpoint's flows may be found.
func (x *flowIndex) keys(ep v3.EndpointsReportEndpoint) (exact, aggregated v3.FlowEndpoint) {
	exact = v3.FlowEndpoint{Kind: ep.Endpoint.Kind, Name: ep.Endpoint.Name, Namespace: ep.Endpoint.Namespace}
	aggregated = exact
	aggregated.Name, aggregated.NameIsAggregationPrefix = ep.FlowLogAggregationName, true
	return exact, aggregated
}

func (x *flowIndex) has(key v3.FlowEndpoint) bool {
	return len(x.ingress[key]) > 0 || len(x.egress[key]) > 0
}

// prefix returns the aggregated name if any flow was found under it, else the exact name, else "" (decisions.md, "Exact and
// aggregated names").
func (x *flowIndex) prefix(ep v3.EndpointsReportEndpoint) string {
	exact, aggregated := x.keys(ep)
	switch {
	case ep.FlowLogAggregationName != "" && x.has(aggregated):
		return aggregated.Name
	case x.has(exact):
		return exact.Name
	}
	return ""
}

// peers merges what is known under both names: one must never hide the other. The list is sorted by what it prints, without
// duplicates.
func peers(index map[v3.FlowEndpoint][]v3.FlowEndpoint, exact, aggregated v3.FlowEndpoint) []v3.FlowEndpoint {
	found := slices.Clone(index[exact])
	if aggregated.Name != "" {
		found = append(found, index[aggregated]...)
	}
	slices.SortFunc(found, func(a, b v3.FlowEndpoint) int { return cmp.Compare(a.String(), b.String()) })
	return slices.CompactFunc(found, func(a, b v3.FlowEndpoint) bool { return a.String() == b.String() })
}
