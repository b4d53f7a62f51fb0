package flow

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

// Pairs lists the distinct pairs of ends of the groups that the filter selects, as ReportData has them, sorted.
func Pairs(groups iter.Seq2[Group, error], filter Filter) ([]v3.EndpointsReportFlow, error) {
	seen := map[v3.EndpointsReportFlow]struct{}{}
	for group, err := range groups {
		if err != nil {
			return nil, err
		}
		if filter.selects(group.Key) {
			seen[v3.EndpointsReportFlow{Source: group.Source.Endpoint(), Destination: group.Dest.Endpoint()}] = struct{}{}
		}
	}
	out := make([]v3.EndpointsReportFlow, 0, len(seen))
	for pair := range seen {
		out = append(out, pair)
	}
	slices.SortFunc(out, func(a, b v3.EndpointsReportFlow) int {
		return cmp.Or(compareEndpoints(a.Source, b.Source), compareEndpoints(a.Destination, b.Destination))
	})
	return out, nil
}

// Index finds an endpoint's flows in a report's list.
type Index struct {
	from, to map[v3.FlowEndpoint][]v3.FlowEndpoint
}

// NewIndex indexes the flows of ReportData.
func NewIndex(flows []v3.EndpointsReportFlow) *Index {
	x := &Index{from: map[v3.FlowEndpoint][]v3.FlowEndpoint{}, to: map[v3.FlowEndpoint][]v3.FlowEndpoint{}}
	for _, f := range flows {
		x.from[f.Source] = append(x.from[f.Source], f.Destination)
		x.to[f.Destination] = append(x.to[f.Destination], f.Source)
	}
	return x
}

// Traffic is what an Index knows about one endpoint.
type Traffic struct {
	// Prefix is the aggregated name if any flow was found under it, else the exact name if any was found under that, else
	// "" (the column trafficAggregationPrefix).
	Prefix  string
	Ingress []v3.FlowEndpoint // who sent to the endpoint; sorted, each once
	Egress  []v3.FlowEndpoint // to whom it sent; sorted, each once
}

// Traffic looks the endpoint up under its exact name and under its aggregated name, and merges what it finds: a denied
// connection, which is logged under the exact name, never hides the allowed ones (decisions.md, "Flows"). Only pods and
// host endpoints have traffic.
func (x *Index) Traffic(endpoint v3.EndpointsReportEndpoint) Traffic {
	id := endpoint.Endpoint
	exact, aggregate := id.Name, endpoint.FlowLogAggregationName
	namespace := id.Namespace
	switch id.Kind {
	case v3.KindK8sPod:
	case v3.KindHostEndpoint:
		namespace = ""
	default:
		return Traffic{}
	}
	var out Traffic
	for _, look := range []struct {
		name   string
		prefix bool
	}{{exact, false}, {exact, true}, {aggregate, false}, {aggregate, true}} {
		if look.name == "" || (!look.prefix && look.name != exact && id.Kind != v3.KindHostEndpoint) {
			continue
		}
		key := v3.FlowEndpoint{Kind: id.Kind, Name: look.name, NameIsAggregationPrefix: look.prefix, Namespace: namespace}
		ingress, egress := x.to[key], x.from[key]
		if len(ingress)+len(egress) > 0 {
			out.Prefix = look.name
		}
		out.Ingress, out.Egress = append(out.Ingress, ingress...), append(out.Egress, egress...)
	}
	out.Ingress, out.Egress = distinct(out.Ingress), distinct(out.Egress)
	return out
}

func distinct(ends []v3.FlowEndpoint) []v3.FlowEndpoint {
	slices.SortFunc(ends, compareEndpoints)
	return slices.Compact(ends)
}

// rank orders the kinds in a row as the published samples have them: networks, network sets, host endpoints, pods.
var rank = map[string]int{
	v3.KindFlowPublic: 1, v3.KindFlowPrivate: 2, v3.KindGlobalNetworkSet: 3, v3.KindNetworkSet: 4, v3.KindHostEndpoint: 5,
	v3.KindK8sPod: 6,
}

func compareEndpoints(a, b v3.FlowEndpoint) int {
	order := 0
	if a.NameIsAggregationPrefix != b.NameIsAggregationPrefix {
		order = -1
		if a.NameIsAggregationPrefix {
			order = 1
		}
	}
	return cmp.Or(cmp.Compare(rank[a.Kind], rank[b.Kind]), strings.Compare(a.Kind, b.Kind),
		strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name), order)
}
