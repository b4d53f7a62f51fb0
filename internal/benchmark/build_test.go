package benchmark

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/interval"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	day          = interval.Interval{Start: hour(0), End: hour(24)}
	withUnscored = &v3.CISBenchmarkParams{IncludeUnscoredTests: true}
)

func hour(h int) time.Time { return time.Date(2026, 11, 21, h, 0, 0, 0, time.UTC) }

// tests makes a result with so many tests of each status, all scored.
func tests(pass, fail, unknown int) Result {
	var list []Test
	for i, status := range []string{Pass, Fail, "WARN"} {
		for range []int{pass, fail, unknown}[i] {
			list = append(list, Test{Number: fmt.Sprintf("1.1.%d", len(list)+1), Status: status, Scored: true})
		}
	}
	return Result{Controls: []Control{{Version: "cis-1.12", DetectedVersion: "1.33", Sections: []Section{{Section: "1.1", Tests: list}}}}}
}

func TestBuildGolden(t *testing.T) {
	raw, err := os.ReadFile("testdata/node-1.json")
	require.NoError(t, err)
	result, err := ReadResult(raw)
	require.NoError(t, err)
	rows := Build([]Scan{{Node: "node-1", Time: hour(6), Result: result}}, Options{Interval: day, Params: withUnscored, Nodes: []string{"node-1", "node-2"}})
	got, err := json.MarshalIndent(rows, "", "  ")
	require.NoError(t, err)
	got = append(got, '\n')
	if *update {
		require.NoError(t, os.WriteFile("testdata/rows.golden.json", got, 0o600))
	}
	want, err := os.ReadFile("testdata/rows.golden.json")
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func TestNodeStatus(t *testing.T) {
	percent := func(high, med int) *v3.CISBenchmarkParams {
		return &v3.CISBenchmarkParams{HighThreshold: &high, MedThreshold: &med}
	}
	for _, c := range []struct {
		name                string
		pass, fail, unknown int
		params              *v3.CISBenchmarkParams
		status              string
		total               int
	}{
		{"the control plane of the published sample", 43, 42, 30, nil, Med, 85},
		{"a worker of the published sample", 6, 16, 2, nil, Low, 22},
		{"all passed", 10, 0, 0, nil, High, 10},
		{"unknown ones do not count", 10, 0, 90, nil, High, 10},
		{"one of a thousand failed", 999, 1, 0, nil, Med, 1000},
		{"exactly medium", 50, 50, 0, nil, Med, 100},
		{"just below medium", 499, 501, 0, nil, Low, 1000},
		{"none passed", 0, 3, 0, nil, Low, 3},
		{"exactly high", 90, 10, 0, percent(90, 60), High, 100},
		{"just below high", 899, 101, 0, percent(90, 60), Med, 1000},
		{"exactly a given medium", 60, 40, 0, percent(90, 60), Med, 100},
		{"medium of zero", 0, 5, 0, percent(10, 0), Med, 5},
		{"only unknown ones", 0, 0, 7, nil, NotEvaluated, 0},
		{"no test", 0, 0, 0, percent(1, 0), NotEvaluated, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := Build([]Scan{{Node: "n", Time: hour(6), Result: tests(c.pass, c.fail, c.unknown)}}, Options{Interval: day, Params: c.params})
			require.Equal(t, v3.CISBenchmarkNodeSummary{
				Status: c.status, TotalPass: c.pass, TotalFail: c.fail, TotalInfo: c.unknown, Total: c.total,
			}, rows.Nodes[0].Summary)
			if c.status == NotEvaluated {
				require.Equal(t, []string{"node n is not evaluated: of the tests that are reported none passed or failed"}, rows.Notes)
			} else {
				require.Empty(t, rows.Notes)
			}
		})
	}
}

func TestSummaryCountsNodes(t *testing.T) {
	rows := Build([]Scan{
		{"a", hour(1), tests(1, 0, 0)}, {"b", hour(1), tests(1, 1, 0)}, {"c", hour(1), tests(2, 1, 0)},
		{"d", hour(1), tests(0, 1, 0)}, {"e", hour(1), tests(0, 0, 1)},
	}, Options{Interval: day, Nodes: []string{"f"}})
	require.Equal(t, v3.CISBenchmarkSummary{Type: "kube", HighCount: 1, MedCount: 2, LowCount: 1}, rows.Summary)
	require.Len(t, rows.Nodes, 6, "nodes that were not evaluated have a row, but no count")
}

func TestSectionStatus(t *testing.T) {
	for _, c := range []struct {
		result Result
		want   string
	}{
		{tests(1, 1, 1), "FAIL"}, {tests(1, 0, 1), "WARN"}, {tests(0, 0, 1), "WARN"}, {tests(1, 0, 0), "PASS"},
	} {
		t.Run(c.want, func(t *testing.T) {
			rows := Build([]Scan{{"n", hour(1), c.result}}, Options{Interval: day})
			require.Equal(t, c.want, rows.Nodes[0].Results[0].Status)
		})
	}
	t.Run("no test left", func(t *testing.T) {
		params := &v3.CISBenchmarkParams{ResultsFilters: []v3.CISBenchmarkFilter{{Exclude: []string{"1.1.1"}}}}
		rows := Build([]Scan{{"n", hour(1), tests(1, 0, 0)}}, Options{Interval: day, Params: params})
		require.Empty(t, rows.Nodes[0].Results)
	})
}

func TestWhichScanCounts(t *testing.T) {
	// The number of passed tests tells which scan was taken.
	for _, c := range []struct {
		name  string
		scans []Scan
		pass  int
		notes []string
	}{
		{"the newest", []Scan{{"n", hour(6), tests(1, 0, 0)}, {"n", hour(12), tests(2, 0, 0)}, {"n", hour(3), tests(3, 0, 0)}}, 2, nil},
		{"at the start", []Scan{{"n", hour(0), tests(1, 0, 0)}}, 1, nil},
		{"at the end", []Scan{{"n", hour(6), tests(1, 0, 0)}, {"n", hour(24), tests(2, 0, 0)}}, 2, nil},
		{"not after the end", []Scan{{"n", hour(6), tests(1, 0, 0)}, {"n", hour(24).Add(1), tests(2, 0, 0)}}, 1, nil},
		{"unknown time", []Scan{{"n", time.Time{}, tests(1, 0, 0)}}, 1, []string{"node n has a result of unknown time, which is taken for every interval"}},
		{"known before unknown", []Scan{{"n", time.Time{}, tests(1, 0, 0)}, {"n", hour(6), tests(2, 0, 0)}}, 2, nil},
		{"unknown before older", []Scan{{"n", time.Time{}, tests(1, 0, 0)}, {"n", hour(-6), tests(2, 0, 0)}}, 1,
			[]string{"node n has a result of unknown time, which is taken for every interval"}},
		{"older only", []Scan{{"n", hour(-6), tests(1, 0, 0)}, {"n", hour(-9), tests(2, 0, 0)}}, 0,
			[]string{"node n is not evaluated: its newest result is of 2026-11-20T18:00:00Z, before the interval"}},
		{"later only", []Scan{{"n", hour(25), tests(1, 0, 0)}}, 0, []string{"node n is not evaluated: it has no result"}},
		{"none", nil, 0, []string{"node n is not evaluated: it has no result"}},
		{"the same twice", []Scan{{"n", hour(6), tests(1, 0, 0)}, {"n", hour(6), tests(1, 0, 0)}}, 1, nil},
		{"unknown time and nothing in it", []Scan{{"n", time.Time{}, tests(0, 0, 1)}}, 0, []string{
			"node n has a result of unknown time, which is taken for every interval",
			"node n is not evaluated: of the tests that are reported none passed or failed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := Build(c.scans, Options{Interval: day, Nodes: []string{"n"}})
			require.Len(t, rows.Nodes, 1)
			require.Equal(t, c.pass, rows.Nodes[0].Summary.TotalPass)
			require.Equal(t, c.notes, rows.Notes)
		})
	}
	t.Run("a node that is only seen later has no row", func(t *testing.T) {
		require.Empty(t, Build([]Scan{{"n", hour(25), tests(1, 0, 0)}}, Options{Interval: day}).Nodes)
	})
	t.Run("different ones of one time", func(t *testing.T) {
		a, b := Scan{"n", hour(6), tests(1, 0, 0)}, Scan{"n", hour(6), tests(2, 0, 0)}
		rows := Build([]Scan{a, b}, Options{Interval: day})
		require.Equal(t, []string{"node n has different results of one time, 2026-11-21T06:00:00Z: one of them was taken"}, rows.Notes)
		require.Equal(t, rows, Build([]Scan{b, a}, Options{Interval: day}))
	})
}

func TestVersions(t *testing.T) {
	rows := Build([]Scan{{"n", hour(1), Result{Controls: []Control{
		{Version: "cis-1.12"}, {Version: "cis-1.12", DetectedVersion: "1.33"}, {DetectedVersion: "1.32"}, {Version: "eks-1.8.0"},
	}}}}, Options{Interval: day})
	require.Equal(t, "1.33", rows.Nodes[0].KubernetesVersion)
	require.Equal(t, "cis-1.12,eks-1.8.0", rows.Nodes[0].BenchmarksVersion)
}

func TestOrderOfInputDoesNotShow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scans := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Scan {
			scan := Scan{Node: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "node")}
			if !rapid.Bool().Draw(t, "unknown time") {
				scan.Time = hour(rapid.IntRange(-2, 26).Draw(t, "hour"))
			}
			scan.Result = tests(rapid.IntRange(0, 2).Draw(t, "pass"), rapid.IntRange(0, 2).Draw(t, "fail"), rapid.IntRange(0, 2).Draw(t, "unknown"))
			return scan
		}), 0, 8).Draw(t, "scans")
		shuffled := rapid.Permutation(scans).Draw(t, "shuffled")
		require.Equal(t, Build(scans, Options{Interval: day}), Build(shuffled, Options{Interval: day}))
	})
}
