package report

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/flow"
)

// FlowScope is the set by which a report's flow groups are selected: those with one of the endpoints at either end, under
// its exact or its aggregated name. It is a pure function of a report's endpoints, so flows.csv is selected by the same set.
func FlowScope(endpoints []v3.EndpointsReportEndpoint) *flow.Endpoints {
	scope := flow.NewEndpoints()
	for i := range endpoints {
		e := &endpoints[i]
		switch e.Endpoint.Kind {
		case v3.KindK8sPod:
			scope.AddPod(e.Endpoint.Namespace, e.Endpoint.Name, e.FlowLogAggregationName)
		case v3.KindHostEndpoint:
			scope.AddHost(e.Endpoint.Name, e.FlowLogAggregationName)
		}
	}
	return scope
}

// flowTotals sums groups by reporter and action.
type flowTotals map[[2]string]*FlowTotal

// counting passes on the groups that the filter selects and counts them, so that one reading of the groups gives both the
// report's list and its totals.
func (t flowTotals) counting(groups iter.Seq2[flow.Group, error], filter flow.Filter) iter.Seq2[flow.Group, error] {
	return func(yield func(flow.Group, error) bool) {
		if groups == nil {
			return
		}
		for group, err := range groups {
			if err == nil {
				if !filter(group.Key) {
					continue
				}
				t.add(&group)
			}
			if !yield(group, err) {
				return
			}
		}
	}
}

func (t flowTotals) add(g *flow.Group) {
	key := [2]string{g.Reporter, g.Action}
	total := t[key]
	if total == nil {
		total = &FlowTotal{Reporter: g.Reporter, Action: g.Action}
		t[key] = total
	}
	total.Groups++
	total.Records = plus(total.Records, g.Records)
	total.Connections = plus(total.Connections, g.Connections)
	total.BytesIn = plus(total.BytesIn, g.BytesIn)
	total.BytesOut = plus(total.BytesOut, g.BytesOut)
}

// plus adds two counts and stops at the largest number, so that the order of the groups cannot show.
func plus(a, b int64) int64 {
	if b > 0 && a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

func (t flowTotals) sorted() []FlowTotal {
	var out []FlowTotal
	for _, total := range t {
		out = append(out, *total)
	}
	slices.SortFunc(out, func(a, b FlowTotal) int {
		return cmp.Or(cmp.Compare(a.Reporter, b.Reporter), cmp.Compare(a.Action, b.Action))
	})
	return out
}

// addFlows fills in the flows of the endpoints. It reads the groups once and keeps their pairs of names only.
func (d *Document) addFlows(endpoints []v3.EndpointsReportEndpoint, groups iter.Seq2[flow.Group, error]) error {
	totals := flowTotals{}
	pairs, err := flow.Pairs(totals.counting(groups, FlowScope(endpoints).Touch), nil)
	if err != nil {
		return fmt.Errorf("read flow groups: %w", err)
	}
	d.Data.Flows, d.FlowTotals = pairs, totals.sorted()
	return nil
}
