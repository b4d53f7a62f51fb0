package benchmark

import (
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

func TestMatchesVersion(t *testing.T) {
	for _, c := range []struct {
		name, wanted, recorded string
		want                   bool
	}{
		{"the same", "1.28", "1.28", true},
		{"significant parts", "1.0", "1.0.1", true},
		{"major only", "1", "1.33.2", true},
		{"a part is no prefix", "1.1", "1.10", false},
		{"a part is no prefix, the other way", "1.10", "1.1", false},
		{"more is wanted than recorded", "1.28.3", "1.28", false},
		{"another patch", "1.28.3", "1.28.4", false},
		{"v in the record", "1.28", "v1.28.3", true},
		{"v in the filter", "v1.28", "1.28", true},
		{"suffix of a provider", "1.28.3", "v1.28.3-eks-a1b2c3", true},
		{"suffix of a build", "1.28.3", "v1.28.3+k3s1", true},
		{"plus of a minor", "1.28", "1.28+", true},
		{"nothing wanted", "", "1.28", true},
		{"nothing wanted, nothing recorded", "", "", true},
		{"nothing recorded", "1.13", "", false},
		{"a word recorded", "1.13", "unknown", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, matchesVersion(c.wanted, c.recorded))
		})
	}
}

func TestSelection(t *testing.T) {
	scored, unscored := Test{Number: "1.1.4", Scored: true}, Test{Number: "1.1.5"}
	only := func(version string) *v3.CISBenchmarkSelection {
		return &v3.CISBenchmarkSelection{KubernetesVersion: version}
	}
	for _, c := range []struct {
		name                     string
		params                   v3.CISBenchmarkParams
		wantScored, wantUnscored bool
	}{
		{"no parameters", v3.CISBenchmarkParams{}, true, false},
		{"unscored too", v3.CISBenchmarkParams{IncludeUnscoredTests: true}, true, true},
		{"excluded", v3.CISBenchmarkParams{IncludeUnscoredTests: true,
			ResultsFilters: []v3.CISBenchmarkFilter{{Exclude: []string{"1.1.4", "1.1.5"}}}}, false, false},
		{"an index is not a prefix", v3.CISBenchmarkParams{IncludeUnscoredTests: true,
			ResultsFilters: []v3.CISBenchmarkFilter{{Exclude: []string{"1.1", "1.1.40"}}}}, true, true},
		{"include adds an unscored test", v3.CISBenchmarkParams{
			ResultsFilters: []v3.CISBenchmarkFilter{{Include: []string{"1.1.5"}}}}, true, true},
		{"include over exclude", v3.CISBenchmarkParams{
			ResultsFilters: []v3.CISBenchmarkFilter{{Include: []string{"1.1.4", "1.1.5"}, Exclude: []string{"1.1.4", "1.1.5"}}}}, true, true},
		{"include leaves the others", v3.CISBenchmarkParams{IncludeUnscoredTests: true,
			ResultsFilters: []v3.CISBenchmarkFilter{{Include: []string{"1.1.4"}, Exclude: []string{"1.1.5"}}}}, true, false},
		{"filter of this version", v3.CISBenchmarkParams{
			ResultsFilters: []v3.CISBenchmarkFilter{{BenchmarkSelection: only("1.28"), Exclude: []string{"1.1.4"}}}}, false, false},
		{"filter of another version", v3.CISBenchmarkParams{
			ResultsFilters: []v3.CISBenchmarkFilter{{BenchmarkSelection: only("1.2"), Exclude: []string{"1.1.4"}}}}, true, false},
		{"selection of every version", v3.CISBenchmarkParams{
			ResultsFilters: []v3.CISBenchmarkFilter{{BenchmarkSelection: only(""), Exclude: []string{"1.1.4"}}}}, false, false},
		{"only the first that matches", v3.CISBenchmarkParams{
			ResultsFilters: []v3.CISBenchmarkFilter{
				{BenchmarkSelection: only("1.27"), Exclude: []string{"1.1.4"}},
				{BenchmarkSelection: only("1.28"), Include: []string{"1.1.5"}},
				{Exclude: []string{"1.1.4", "1.1.5"}},
			}}, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := selectionFor(&c.params, "1.28")
			require.Equal(t, c.wantScored, s.keeps(scored), "scored test")
			require.Equal(t, c.wantUnscored, s.keeps(unscored), "unscored test")
		})
	}
}

func TestVersionFilterSparesNodesWithoutVersion(t *testing.T) {
	params := &v3.CISBenchmarkParams{ResultsFilters: []v3.CISBenchmarkFilter{{
		BenchmarkSelection: &v3.CISBenchmarkSelection{KubernetesVersion: "1.13"}, Exclude: []string{"1.1.4"},
	}}}
	require.True(t, selectionFor(params, "").keeps(Test{Number: "1.1.4", Scored: true}))
}
