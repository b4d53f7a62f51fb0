package render

import (
	"fmt"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
)

// benchmarkSection shows how the nodes did.
func benchmarkSection(p *Page) section {
	s := section{ID: "benchmark", Heading: "CIS benchmark"}
	d := &p.Document.Data
	if !d.ReportTypeSpec.IncludeCISBenchmarkData {
		return section{}
	}
	top := topFailedTests(d)
	if len(top) > 0 {
		s.Tables = append(s.Tables, listing[v3.CISBenchmarkResultCount]{
			caption: "Tests that failed on most nodes", columns: headings("Test", "Description", "#Nodes"),
			list: top, rest: fileWith(&d.ReportTypeSpec, "failed-tests.csv"),
			row: func(t *v3.CISBenchmarkResultCount) []cell {
				return []cell{code(t.TestNumber), text(t.TestDesc), number(int64(t.Count))}
			},
		}.table(p.Rows))
	}
	s.Tables = append(s.Tables, listing[v3.CISBenchmarkNode]{
		caption: "Nodes", columns: headings("Node", "Kubernetes", "Benchmark", "Result", "#Passed", "#Failed", "#Not judged"),
		list: d.CISBenchmark, rest: fileWith(&d.ReportTypeSpec, "node-summary.csv"),
		row: func(n *v3.CISBenchmarkNode) []cell {
			return []cell{code(n.NodeName), text(n.KubernetesVersion), text(n.BenchmarksVersion), text(n.Summary.Status),
				number(int64(n.Summary.TotalPass)), number(int64(n.Summary.TotalFail)), number(int64(n.Summary.TotalInfo))}
		},
	}.table(p.Rows))
	return s
}

// differenceSection states what no event explains, and what could not be evaluated.
func differenceSection(p *Page) section {
	s := section{ID: "differences", Heading: "Differences and warnings"}
	differences, total := p.Document.Differences, int64(len(p.Document.Differences))
	if len(differences) == 0 {
		differences, total = p.Provenance.Differences, p.Provenance.DifferenceCount
	}
	if total > 0 {
		s.Tables = append(s.Tables, listing[evidence.Difference]{
			caption: "Objects whose state in a later snapshot the logs do not explain",
			columns: headings("Object", "Snapshot of", "What differs"), list: differences, total: total, rest: evidence.ProvenanceName,
			row: func(d *evidence.Difference) []cell { return []cell{code(d.Object), moment(d.Time), text(d.What)} },
		}.table(p.Rows))
	}
	warnings := p.Document.Warnings
	if len(warnings) > 0 {
		s.Tables = append(s.Tables, listing[string]{caption: "Warnings", columns: headings("Warning"), list: warnings,
			rest: evidence.DataName, row: func(w *string) []cell { return []cell{text(*w)} }}.table(p.Rows))
	}
	return s
}

// provenanceSection tells where everything came from.
func provenanceSection(p *Page, iv interval.Interval) section {
	s := section{ID: "provenance", Heading: "Provenance",
		Intro: "What this report was computed from. The file " + evidence.ProvenanceName + " has the same for programs."}
	prov := &p.Provenance
	s.Facts = snapshotFacts(prov)
	for i := range prov.Sources {
		s.Spans = append(s.Spans, newSpanBar(&prov.Sources[i], iv))
	}
	s.Tables = append(s.Tables,
		listing[evidence.Source]{
			caption: "Sources", columns: headings("Source", "What was asked", "First and last record", "#Records", "#Used", "#Duplicates"),
			list: prov.Sources, rest: evidence.ProvenanceName, row: sourceCells,
		}.table(p.Rows),
		listing[evidence.Source]{
			caption: "What was read, and what was wrong with it",
			columns: headings("Source", "#Lines", "#Not understood", "#Too long", "#Cut short", "#No rights"),
			list:    prov.Sources, rest: evidence.ProvenanceName, row: readCells,
		}.table(p.Rows))
	if gaps := allGaps(prov.Sources); len(gaps) > 0 {
		s.Tables = append(s.Tables, listing[sourceGap]{
			caption: "Gaps", columns: headings("Source", "From", "To", "Length", "Why"), list: gaps, rest: evidence.ProvenanceName,
			row: func(g *sourceGap) []cell {
				return []cell{text(g.source), moment(g.Start), moment(g.End), text(span(g.End.Sub(g.Start))), text(g.Reason)}
			},
		}.table(p.Rows))
	}
	return s
}

func snapshotFacts(prov *evidence.Provenance) []fact {
	use := prov.Snapshot
	if use == nil {
		return []fact{{"Snapshot", "none was used"}}
	}
	age := span(interval.Interval{Start: use.Time, End: prov.Interval.Start}.Duration()) + " before the interval"
	if use.AgeSeconds < 0 {
		age = span(interval.Interval{Start: prov.Interval.Start, End: use.Time}.Duration()) + " after the interval's start"
	}
	facts := []fact{{"Snapshot of", clock(use.Time) + ", " + age}, {"Snapshot's manifest", use.Key}}
	if use.SHA256 != "" {
		facts = append(facts, fact{"Its SHA-256", use.SHA256})
	}
	if len(use.Missing) > 0 {
		facts = append(facts, fact{"Kinds that it lacks", strings.Join(use.Missing, ", ")})
	}
	return facts
}

func sourceCells(v *evidence.Source) []cell {
	name := cell{Text: v.Name, Lines: []string{v.Kind}}
	asked := cell{Text: v.Query, Class: "what", Lines: v.Notes}
	times := cell{Text: "–"}
	if v.First != nil && v.Last != nil {
		times = cell{Lines: []string{clock(*v.First), clock(*v.Last)}, Class: timeClass}
	}
	return []cell{name, asked, times, number(v.Count.Records), number(v.Count.Used), number(v.Count.Duplicates)}
}

func readCells(v *evidence.Source) []cell {
	c := v.Count
	return []cell{text(v.Name), number(c.Lines), trouble(c.Bad), trouble(c.TooLong),
		trouble(c.Truncated), trouble(c.Forbidden)}
}

func trouble(n int64) cell {
	c := number(n)
	if n > 0 {
		c.Class += " " + badClass
	}
	return c
}

type sourceGap struct {
	evidence.Gap
	source string
}

func allGaps(sources []evidence.Source) []sourceGap {
	var gaps []sourceGap
	for _, s := range sources {
		for _, g := range s.Gaps {
			gaps = append(gaps, sourceGap{g, s.Name})
		}
	}
	return gaps
}

// fileSection lists the bundle's files with their digests.
func fileSection(p *Page) section {
	s := section{ID: "files", Heading: "Files of this bundle"}
	if len(p.Digests) == 0 {
		return section{}
	}
	s.Intro = fmt.Sprintf("The bundle's %s lists them all; probity verify compares them.", evidence.ManifestName)
	s.Tables = []tableView{listing[evidence.Object]{
		caption: "Files", columns: headings("File", "#Bytes", "#Rows", "SHA-256"), list: p.Digests, rest: evidence.ManifestName,
		row: func(o *evidence.Object) []cell {
			rows := cell{Text: "–", Class: "number"}
			if o.Rows != nil {
				rows = number(*o.Rows)
			}
			return []cell{code(o.Key), number(o.Bytes), rows, {Text: o.SHA256, Class: "digest"}}
		},
	}.table(p.Rows)}
	return s
}
