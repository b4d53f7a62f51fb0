package report

import (
	"fmt"
	"iter"
	"slices"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/timeline"
)

// Input is everything that a report is built from. What the report's type does not gather may be left out, and is ignored
// when it is there.
type Input struct {
	Definition *Definition
	Interval   interval.Interval
	// Generated is the generation time that the report states. It must depend on nothing but the run's parameters, or the
	// same run would not give the same bytes twice: pass ReadyAt of the interval and the settle delay.
	Generated time.Time
	// Timeline is what the replay found; needed for endpoints, for flows, and for events restricted to endpoints.
	Timeline *timeline.Result
	// Flows are the groups of the interval, each once, in any order; they are read once.
	Flows iter.Seq2[flow.Group, error]
	// Trail gives the audit events that the type selects.
	Trail Trail
	// Benchmark has one node for each node with results, in any order, filtered and judged by the definition's parameters.
	Benchmark        []v3.CISBenchmarkNode
	BenchmarkSummary v3.CISBenchmarkSummary
	// Differences and Warnings are passed on, sorted.
	Differences []evidence.Difference
	Warnings    []string
}

// Build makes a report. The result depends on what the input holds, not on its order.
func Build(in Input) (*Document, error) {
	if err := in.check(); err != nil {
		return nil, fmt.Errorf("build report: %w", err)
	}
	d := &Document{Schema: Schema, Data: in.head(), Warnings: slices.Clone(in.Warnings)}
	found := in.Timeline
	if found == nil {
		found = &timeline.Result{}
	}
	lives := livesOf(found.Lives)
	rows := endpointRows(lives)
	gather := &in.Definition.TypeSpec
	if gather.IncludeEndpointData {
		d.Lives = lives
		d.addEndpoints(rows)
	}
	if gather.IncludeEndpointFlowLogData {
		if err := d.addFlows(published(rows), in.Flows); err != nil {
			return nil, fmt.Errorf("build report: %w", err)
		}
	}
	if gather.AuditEventsSelection != nil {
		if err := d.addEvents(in.Trail, keepInScope(in.Definition, found)); err != nil {
			return nil, fmt.Errorf("build report: %w", err)
		}
	}
	if gather.IncludeCISBenchmarkData {
		d.addBenchmark(in.Benchmark, in.BenchmarkSummary)
	}
	d.Warnings = distinctTexts(append(d.Warnings, warningsOf(found.Warnings)...))
	d.Differences = sortedDifferences(in.Differences)
	return d, nil
}

func (in *Input) check() error {
	if in.Definition == nil {
		return fmt.Errorf("there is no definition: pass what Validate returned")
	}
	if _, err := interval.New(in.Interval.Start, in.Interval.End); err != nil {
		return err
	}
	if in.Generated.Before(in.Interval.End) {
		return fmt.Errorf("generation time %s is before the interval's end %s: pass ReadyAt(interval, delay)",
			stamp(in.Generated), stamp(in.Interval.End))
	}
	gather := &in.Definition.TypeSpec
	needsReplay := gather.IncludeEndpointData || gather.IncludeEndpointFlowLogData ||
		gather.AuditEventsSelection != nil && in.Definition.SelectsEndpoints()
	if needsReplay && in.Timeline == nil {
		return fmt.Errorf("report type %q needs the endpoints, but there is no timeline", in.Definition.TypeName)
	}
	return nil
}

// head is the part of the data that says what the report is about. Both specs are embedded as they were, so that an old
// report renders with the templates of its own time.
func (in *Input) head() v3.ReportData {
	return v3.ReportData{
		ReportName:     in.Definition.Name,
		ReportTypeName: in.Definition.TypeName,
		ReportSpec:     in.Definition.Spec,
		ReportTypeSpec: in.Definition.TypeSpec,
		StartTime:      metav1.NewTime(in.Interval.Start.UTC()),
		EndTime:        metav1.NewTime(in.Interval.End.UTC()),
		GenerationTime: metav1.NewTime(in.Generated.UTC()),
	}
}

func (d *Document) addEndpoints(rows []endpointRow) {
	d.Data.Endpoints = published(rows)
	d.Data.EndpointsSummary = summarizeEndpoints(rows)
	d.Data.Namespaces = namespaceRows(rows)
	d.Data.NamespacesSummary = summarizeNamespaces(d.Data.Namespaces)
	d.Data.Services = serviceRows(rows)
	d.Data.ServicesSummary = summarizeServices(d.Data.Services)
}

func published(rows []endpointRow) []v3.EndpointsReportEndpoint {
	out := make([]v3.EndpointsReportEndpoint, len(rows))
	for i := range rows {
		out[i] = rows[i].EndpointsReportEndpoint
	}
	return out
}

func (d *Document) addBenchmark(nodes []v3.CISBenchmarkNode, summary v3.CISBenchmarkSummary) {
	d.Data.CISBenchmark = slices.Clone(nodes)
	slices.SortStableFunc(d.Data.CISBenchmark, func(a, b v3.CISBenchmarkNode) int {
		return compareTexts(a.NodeName, b.NodeName, a.BenchmarksVersion, b.BenchmarksVersion)
	})
	d.Data.CISBenchmarkSummary = summary
}
