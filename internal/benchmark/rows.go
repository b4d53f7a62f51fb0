package benchmark

import (
	"cmp"
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

// row builds a node's row, with the tests that the parameters select.
func row(name string, result *Result, params *v3.CISBenchmarkParams) v3.CISBenchmarkNode {
	node := v3.CISBenchmarkNode{
		NodeName:          name,
		KubernetesVersion: result.kubernetesVersion(),
		Results:           []v3.CISBenchmarkSectionResult{},
	}
	selected := selectionFor(params, node.KubernetesVersion)
	var benchmarks []string
	for _, control := range result.Controls {
		if control.Version != "" && !slices.Contains(benchmarks, control.Version) {
			benchmarks = append(benchmarks, control.Version)
		}
		for _, section := range control.Sections {
			if rows := sectionRow(section, selected); len(rows.Results) > 0 {
				node.Results = append(node.Results, rows)
			}
		}
	}
	node.BenchmarksVersion = strings.Join(benchmarks, ",")
	slices.SortStableFunc(node.Results, func(a, b v3.CISBenchmarkSectionResult) int {
		return cmp.Or(CompareNumbers(a.Section, b.Section), strings.Compare(a.Desc, b.Desc))
	})
	node.Summary = summarize(node.Results, params)
	return node
}

// sectionRow keeps the selected tests of a section. Its status is the worst one in it: unknown is worse than passed.
func sectionRow(section Section, selected selection) v3.CISBenchmarkSectionResult {
	out := v3.CISBenchmarkSectionResult{Section: section.Section, Desc: section.Desc}
	for _, test := range section.Tests {
		if !selected.keeps(test) {
			continue
		}
		switch test.Status {
		case Pass:
			out.Pass++
		case Fail:
			out.Fail++
		default:
			out.Info++
		}
		out.Results = append(out.Results, v3.CISBenchmarkResult{
			TestNumber: test.Number, TestDesc: test.Desc, TestInfo: test.info(), Status: test.Status, Scored: test.Scored,
		})
	}
	slices.SortStableFunc(out.Results, func(a, b v3.CISBenchmarkResult) int { return CompareNumbers(a.TestNumber, b.TestNumber) })
	switch {
	case out.Fail > 0:
		out.Status = Fail
	case out.Info > 0:
		out.Status = unknown
	default:
		out.Status = Pass
	}
	return out
}

// info is what the old files print as the remediation.
func (t *Test) info() string {
	if len(t.Info) > 0 {
		return strings.Join(t.Info, "\n")
	}
	return t.Remediation
}

// summarize counts a node's tests. Unknown ones are outside the total, as they were in the old product (calico-compliance.md
// section 7, "Observed per node").
func summarize(sections []v3.CISBenchmarkSectionResult, params *v3.CISBenchmarkParams) v3.CISBenchmarkNodeSummary {
	var s v3.CISBenchmarkNodeSummary
	for _, section := range sections {
		s.TotalPass += section.Pass
		s.TotalFail += section.Fail
		s.TotalInfo += section.Info
	}
	s.Total = s.TotalPass + s.TotalFail
	switch {
	case s.Total == 0:
		s.Status = NotEvaluated
	case s.TotalPass*100 >= s.Total*valueOr(params.HighThreshold, DefaultHighThreshold):
		s.Status = High
	case s.TotalPass*100 >= s.Total*valueOr(params.MedThreshold, DefaultMedThreshold):
		s.Status = Med
	default:
		s.Status = Low
	}
	return s
}

func valueOr(given *int, otherwise int) int {
	if given == nil {
		return otherwise
	}
	return *given
}
