package render

import (
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

func benchmarkOf(nodes ...[]v3.CISBenchmarkResult) *v3.ReportData {
	d := &v3.ReportData{}
	for _, results := range nodes {
		d.CISBenchmark = append(d.CISBenchmark, v3.CISBenchmarkNode{Results: []v3.CISBenchmarkSectionResult{{Results: results}}})
	}
	return d
}

func fails(number, desc, info string) v3.CISBenchmarkResult {
	return v3.CISBenchmarkResult{TestNumber: number, TestDesc: desc, TestInfo: info, Status: "FAIL"}
}

func TestTopFailedTests(t *testing.T) {
	limit := func(n int) *v3.CISBenchmarkParams { return &v3.CISBenchmarkParams{NumFailedTests: &n} }
	six := []v3.CISBenchmarkResult{fails("1", "a", ""), fails("2", "a", ""), fails("3", "a", ""), fails("4", "a", ""), fails("5", "a", ""), fails("6", "a", "")}
	for name, c := range map[string]struct {
		data *v3.ReportData
		cis  *v3.CISBenchmarkParams
		want []string
	}{
		"none":                     {benchmarkOf(), nil, nil},
		"most first":               {benchmarkOf([]v3.CISBenchmarkResult{fails("1.1", "a", ""), fails("1.2", "b", "")}, []v3.CISBenchmarkResult{fails("1.2", "b", "")}), nil, []string{"1.2 2", "1.1 1"}},
		"ties by number":           {benchmarkOf([]v3.CISBenchmarkResult{fails("1.10", "a", ""), fails("1.9", "a", ""), fails("1.x", "a", "")}), nil, []string{"1.9 1", "1.10 1", "1.x 1"}},
		"other advice is one test": {benchmarkOf([]v3.CISBenchmarkResult{fails("1.1", "a", "do x")}, []v3.CISBenchmarkResult{fails("1.1", "a", "do y")}), nil, []string{"1.1 2"}},
		"twice on a node is once":  {benchmarkOf([]v3.CISBenchmarkResult{fails("1.1", "a", ""), fails("1.1", "a", "")}), nil, []string{"1.1 1"}},
		"other text is one test":   {benchmarkOf([]v3.CISBenchmarkResult{fails("1.1", "b", "")}, []v3.CISBenchmarkResult{fails("1.1", "a", "")}), nil, []string{"1.1 2"}},
		"only FAIL counts":         {benchmarkOf([]v3.CISBenchmarkResult{{TestNumber: "1", Status: "WARN"}, {TestNumber: "2", Status: "fail"}}), nil, nil},
		"five by default":          {benchmarkOf(six), &v3.CISBenchmarkParams{}, []string{"1 1", "2 1", "3 1", "4 1", "5 1"}},
		"as many as asked for":     {benchmarkOf(six), limit(2), []string{"1 1", "2 1"}},
		"more than there are":      {benchmarkOf(six[:1]), limit(9), []string{"1 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.data.ReportSpec.CIS = c.cis
			var got []string
			for _, test := range topFailedTests(c.data) {
				got = append(got, test.TestNumber+" "+count(int64(test.Count)))
			}
			require.Equal(t, c.want, got)
		})
	}
}
