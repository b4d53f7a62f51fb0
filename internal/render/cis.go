package render

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

// defaultFailedTests is how many tests cisTopFailedTests gives where the report does not say (calico-compliance.md section 1).
const defaultFailedTests = 5

// failedStatus is the status that a failed test has, exactly.
const failedStatus = "FAIL"

// topFailedTests counts the nodes on which each test failed: most first, then by test number, each part as a number. A test is
// its number and its description; what it recommends may differ from node to node.
func topFailedTests(data *v3.ReportData) []v3.CISBenchmarkResultCount {
	type test struct{ number, desc string }
	found := map[test]*v3.CISBenchmarkResultCount{}
	for _, node := range data.CISBenchmark {
		counted := map[test]bool{}
		for _, section := range node.Results {
			for _, result := range section.Results {
				key := test{result.TestNumber, result.TestDesc}
				if result.Status != failedStatus || counted[key] {
					continue
				}
				counted[key] = true
				if found[key] == nil {
					found[key] = &v3.CISBenchmarkResultCount{CISBenchmarkResult: result}
				}
				found[key].Count++
			}
		}
	}
	tests := []v3.CISBenchmarkResultCount{}
	for _, t := range slices.SortedFunc(maps.Values(found), func(a, b *v3.CISBenchmarkResultCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), compareNumbers(a.TestNumber, b.TestNumber), strings.Compare(a.TestDesc, b.TestDesc))
	}) {
		tests = append(tests, *t)
	}
	limit := defaultFailedTests
	if cis := data.ReportSpec.CIS; cis != nil && cis.NumFailedTests != nil && *cis.NumFailedTests > 0 {
		limit = *cis.NumFailedTests
	}
	return tests[:min(limit, len(tests))]
}

// compareNumbers orders test numbers such as 1.2.9 and 1.2.10 by their parts.
func compareNumbers(a, b string) int {
	return cmp.Or(slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), comparePart), strings.Compare(a, b))
}

func comparePart(a, b string) int {
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	if errX != nil || errY != nil {
		return strings.Compare(a, b)
	}
	return cmp.Compare(x, y)
}
