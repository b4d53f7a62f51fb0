package benchmark

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadResult(t *testing.T) {
	control := `{"version":"cis-1.9","detected_version":"1.28","tests":[{"section":"1.1","results":[{"test_number":"1.1.1","status":"PASS","scored":true}]}]}`
	for name, raw := range map[string]string{
		"object":          `{"Controls":[` + control + `],"Totals":{"total_pass":1}}`,
		"bare list":       `[` + control + `]`,
		"single control":  control,
		"unknown fields":  `{"New":{"a":[1]},"Controls":[` + strings.Replace(control, `"tests"`, `"new":[{}],"tests"`, 1) + `]}`,
		"blanks around":   "\n\t" + `{"Controls":[` + control + "]}\n",
		"lower-case name": `{"controls":[` + control + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			result, err := ReadResult([]byte(raw))
			require.NoError(t, err)
			require.Equal(t, Result{Controls: []Control{{
				Version: "cis-1.9", DetectedVersion: "1.28",
				Sections: []Section{{Section: "1.1", Tests: []Test{{Number: "1.1.1", Status: Pass, Scored: true}}}},
			}}}, result)
		})
	}
}

func TestReadResultWithoutTests(t *testing.T) {
	for _, raw := range []string{`{"Controls":[]}`, `[]`, `{"Controls":[{"id":"1","tests":null}]}`, `[null]`} {
		t.Run(raw, func(t *testing.T) {
			result, err := ReadResult([]byte(raw))
			require.NoError(t, err)
			rows := Build([]Scan{{Node: "n", Result: result}}, Options{Interval: day})
			require.Equal(t, NotEvaluated, rows.Nodes[0].Summary.Status)
		})
	}
}

func TestReadResultErrors(t *testing.T) {
	for _, c := range []struct{ name, raw, want string }{
		{"empty", "", "unexpected end of JSON input"},
		{"text", "[INFO] 1 Control Plane", "invalid character"},
		{"cut short", `{"Controls":[`, "unexpected end of JSON input"},
		{"two documents", `{"Controls":[]}{"Controls":[]}`, "invalid character '{' after top-level value"},
		{"null", "null", `it has no "Controls"`},
		{"another object", `{"kind":"Pod"}`, `it has no "Controls": give what "kube-bench run --json" prints`},
		{"another list", `["a"]`, "cannot unmarshal string"},
		{"a number", "1", "cannot unmarshal number"},
		{"a field of another type", `{"Controls":[{"tests":[{"results":[{"scored":"yes"}]}]}]}`, "scored"},
		{"too large", strings.Repeat(" ", MaxResult+1), "larger than the 16777216 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadResult([]byte(c.raw))
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "read kube-bench result: ")
		})
	}
}

func FuzzReadResult(f *testing.F) {
	sample, err := os.ReadFile("testdata/node-1.json")
	require.NoError(f, err)
	f.Add(sample)
	for _, seed := range []string{`[]`, `{"Controls":null}`, `{"tests":[]}`, `{"Controls":[{"tests":[{"results":[{"test_number":"1..x"}]}]}]}`, `null`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		result, err := ReadResult(raw)
		if err != nil {
			return
		}
		rows := Build([]Scan{{Node: "n", Result: result}}, Options{Interval: day, Params: withUnscored})
		require.Len(t, rows.Nodes, 1)
		kept, s := 0, rows.Nodes[0].Summary
		for _, section := range rows.Nodes[0].Results {
			kept += len(section.Results)
		}
		require.Equal(t, kept, s.TotalPass+s.TotalFail+s.TotalInfo)
		require.LessOrEqual(t, len(TopFailed(rows.Nodes, nil)), DefaultNumFailedTests)
	})
}
