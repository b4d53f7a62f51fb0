package render

import (
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/benchmark"
)

// topFailedTests is the template function cisTopFailedTests, and what the page shows: the tests that failed on most nodes.
func topFailedTests(data *v3.ReportData) []v3.CISBenchmarkResultCount {
	return benchmark.TopFailed(data.CISBenchmark, data.ReportSpec.CIS)
}
