package render

import (
	"cmp"
	"fmt"
	"slices"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"k8s.io/apiserver/pkg/apis/audit"

	"github.com/probity/probity/internal/flow"
)

// source is a report's data as templates see it: ordered, in UTC, with its flows indexed. Rendering never changes it.
type source struct {
	data  *v3.ReportData
	flows *flow.Index
}

// newSource orders a copy of what the caller gave. Only the lists that are out of order are copied.
func newSource(in *v3.ReportData) *source {
	d := *in
	d.StartTime.Time, d.EndTime.Time = d.StartTime.UTC(), d.EndTime.UTC()
	d.GenerationTime.Time = d.GenerationTime.UTC()
	d.Endpoints = orderedEndpoints(d.Endpoints)
	d.Namespaces = ordered(d.Namespaces, func(n v3.EndpointsReportNamespace) string { return n.Namespace.String() })
	d.Services = ordered(d.Services, func(s v3.EndpointsReportService) string { return s.Service.String() })
	d.CISBenchmark = ordered(d.CISBenchmark, func(n v3.CISBenchmarkNode) string { return n.NodeName })
	d.Flows = ordered(d.Flows, func(f v3.EndpointsReportFlow) string { return f.Source.String() + "\x00" + f.Destination.String() })
	d.AuditEvents = utcEvents(d.AuditEvents)
	return &source{data: &d, flows: flow.NewIndex(d.Flows)}
}

// ordered returns the list by the text of its key; elements that print the same keep the order they have.
func ordered[T any](list []T, key func(T) string) []T {
	keys, order := make([]string, len(list)), make([]int, len(list))
	for i := range list {
		keys[i], order[i] = key(list[i]), i
	}
	if slices.IsSorted(keys) {
		return list
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(keys[a], keys[b]) })
	sorted := make([]T, len(list))
	for i, from := range order {
		sorted[i] = list[from]
	}
	return sorted
}

func orderedEndpoints(list []v3.EndpointsReportEndpoint) []v3.EndpointsReportEndpoint {
	list = slices.Clone(list)
	list = ordered(list, func(e v3.EndpointsReportEndpoint) string { return e.Endpoint.String() })
	for i := range list {
		list[i].AppliedPolicies = ordered(list[i].AppliedPolicies, v3.ResourceID.String)
		list[i].Services = ordered(list[i].Services, v3.ResourceID.String)
	}
	return list
}

// utcEvents gives the events in the order they came, with times in UTC: decoding JSON leaves them in the machine's time zone.
func utcEvents(events []audit.Event) []audit.Event {
	events = slices.Clone(events)
	for i := range events {
		events[i].RequestReceivedTimestamp.Time = events[i].RequestReceivedTimestamp.UTC()
		events[i].StageTimestamp.Time = events[i].StageTimestamp.UTC()
	}
	return events
}

// reportData takes the argument of a function that needs the whole report: templates give it by value or by address.
func reportData(v any) (*v3.ReportData, error) {
	switch d := v.(type) {
	case *v3.ReportData:
		if d != nil {
			return d, nil
		}
	case v3.ReportData:
		return &d, nil
	}
	return nil, fmt.Errorf("it wants the report's data, as in cisTopFailedTests $, and got %T", v)
}
