package benchmark

import (
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

func node(name string, results ...v3.CISBenchmarkResult) v3.CISBenchmarkNode {
	return v3.CISBenchmarkNode{NodeName: name, Results: []v3.CISBenchmarkSectionResult{{Results: results}}}
}

func failed(number, info string) v3.CISBenchmarkResult {
	return v3.CISBenchmarkResult{TestNumber: number, TestDesc: "test " + number, TestInfo: info, Status: Fail, Scored: true}
}

func timesFailed(number, info string, count int) v3.CISBenchmarkResultCount {
	return v3.CISBenchmarkResultCount{CISBenchmarkResult: failed(number, info), Count: count}
}

func TestTopFailed(t *testing.T) {
	limit := func(n int) *v3.CISBenchmarkParams { return &v3.CISBenchmarkParams{NumFailedTests: &n} }
	passed := failed("1.1.1", "")
	passed.Status = Pass
	warned := failed("1.1.1", "")
	warned.Status = "WARN"
	for _, c := range []struct {
		name   string
		nodes  []v3.CISBenchmarkNode
		params *v3.CISBenchmarkParams
		want   []v3.CISBenchmarkResultCount
	}{
		{"none", nil, nil, []v3.CISBenchmarkResultCount{}},
		{"only failed ones", []v3.CISBenchmarkNode{node("a", passed, warned)}, nil, []v3.CISBenchmarkResultCount{}},
		{"most nodes first, then by number", []v3.CISBenchmarkNode{
			node("a", failed("1.2.10", ""), failed("1.2.9", ""), failed("2.1", "")), node("b", failed("2.1", "")),
		}, nil, []v3.CISBenchmarkResultCount{timesFailed("2.1", "", 2), timesFailed("1.2.9", "", 1), timesFailed("1.2.10", "", 1)}},
		{"a test is its number", []v3.CISBenchmarkNode{node("a", failed("1.1.1", "do this")), node("b", failed("1.1.1", "do that"))}, nil,
			[]v3.CISBenchmarkResultCount{timesFailed("1.1.1", "do this", 2)}},
		{"a node counts once", []v3.CISBenchmarkNode{node("a", failed("1.1.1", ""), failed("1.1.1", ""))}, nil,
			[]v3.CISBenchmarkResultCount{timesFailed("1.1.1", "", 1)}},
		{"five by default", []v3.CISBenchmarkNode{node("a", failed("6", ""), failed("5", ""), failed("4", ""), failed("3", ""), failed("2", ""), failed("1", ""))},
			&v3.CISBenchmarkParams{}, []v3.CISBenchmarkResultCount{timesFailed("1", "", 1), timesFailed("2", "", 1), timesFailed("3", "", 1), timesFailed("4", "", 1), timesFailed("5", "", 1)}},
		{"as many as asked for", []v3.CISBenchmarkNode{node("a", failed("2", ""), failed("1", ""))}, limit(1),
			[]v3.CISBenchmarkResultCount{timesFailed("1", "", 1)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, TopFailed(c.nodes, c.params))
		})
	}
}
