package benchmark

import (
	"cmp"
	"slices"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

// TopFailed lists the tests that failed on most nodes, most first, then by number, at most as many as the parameters ask for.
// A test is its number alone: its texts may differ from node to node, and those of the first node that has it are given. A
// node counts once for each test.
func TopFailed(nodes []v3.CISBenchmarkNode, params *v3.CISBenchmarkParams) []v3.CISBenchmarkResultCount {
	limit := DefaultNumFailedTests
	if params != nil {
		limit = valueOr(params.NumFailedTests, limit)
	}
	place := map[string]int{}
	tests := []v3.CISBenchmarkResultCount{}
	for _, node := range nodes {
		counted := map[string]bool{}
		for _, section := range node.Results {
			for _, result := range section.Results {
				if result.Status != Fail || counted[result.TestNumber] {
					continue
				}
				counted[result.TestNumber] = true
				at, known := place[result.TestNumber]
				if !known {
					at = len(tests)
					place[result.TestNumber] = at
					tests = append(tests, v3.CISBenchmarkResultCount{CISBenchmarkResult: result})
				}
				tests[at].Count++
			}
		}
	}
	slices.SortFunc(tests, func(a, b v3.CISBenchmarkResultCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), CompareNumbers(a.TestNumber, b.TestNumber))
	})
	return tests[:max(0, min(limit, len(tests)))]
}
