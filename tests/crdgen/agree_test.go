package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/cron"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/internal/selector"
)

func withSpec(spec v3.ReportSpec) v3.GlobalReport {
	return v3.GlobalReport{
		TypeMeta: metav1.TypeMeta{APIVersion: "projectcalico.org/v3", Kind: "GlobalReport"}, ObjectMeta: metav1.ObjectMeta{Name: "r"}, Spec: spec,
	}
}

// anyPerHour is a limit that no schedule reaches: the limit is configuration, not part of the schema.
const anyPerHour = 60

// schedules are fields that are right, a little wrong, or of another dialect.
func schedules() *rapid.Generator[string] {
	value := rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 62), func(n int) string { return fmt.Sprint(n) }),
		rapid.Map(rapid.IntRange(0, 31), func(n int) string { return fmt.Sprintf("%03d", n) }),
		rapid.SampledFrom([]string{"*", "*", "*", "JAN", "dec", "Sun", "SAT", "L", "?", "", "2#1", "JANUARY", "0000"}),
	)
	item := rapid.Custom(func(t *rapid.T) string {
		text := value.Draw(t, "value")
		if rapid.IntRange(0, 3).Draw(t, "range") == 0 {
			text += "-" + value.Draw(t, "to")
		}
		if rapid.IntRange(0, 3).Draw(t, "step") == 0 {
			text += "/" + value.Draw(t, "by")
		}
		return text
	})
	field := rapid.Map(rapid.SliceOfN(item, 1, 2), func(items []string) string { return strings.Join(items, ",") })
	right := rapid.SampledFrom([]string{"*", "0", "1", "*/2", "1-5", "1,2", "*", "5/2"})
	return rapid.Custom(func(t *rapid.T) string {
		text := rapid.SampledFrom([]string{"", "", "", "", " ", "\t", "TZ=UTC ", "@daily "}).Draw(t, "before")
		count := rapid.SampledFrom([]int{5, 5, 5, 5, 5, 5, 5, 5, 0, 1, 4, 6, 7}).Draw(t, "count")
		wild := rapid.IntRange(0, 6).Draw(t, "wild field")
		for i := range count {
			text += rapid.SampledFrom([]string{" ", "  ", "\t"}).Draw(t, "blank")
			if i == wild {
				text += field.Draw(t, "field")
			} else {
				text += right.Draw(t, "field")
			}
		}
		return text
	})
}

// TestScheduleRulesAgreeWithCron: what the product takes is admitted, always; what it refuses is refused, but for the two
// exceptions that the rules name.
func TestScheduleRulesAgreeWithCron(t *testing.T) {
	g := openGate(t, "globalreports")
	refused, admitted := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		text := schedules().Draw(rt, "schedule")
		_, err := cron.Validate(text, anyPerHour)
		wrong := g.admit(t, withSpec(v3.ReportSpec{ReportType: "inventory", Schedule: text}))
		switch {
		case strings.TrimSpace(text) == "", err == nil:
			admitted++
			require.Empty(rt, wrong)
		case strings.Contains(err.Error(), "never fires"), strings.Contains(err.Error(), "runs backwards"):
		default:
			refused++
			require.NotEmpty(rt, wrong, err.Error())
		}
	})
	require.Positive(t, admitted)
	require.Positive(t, refused)
}

// TestBackwardRanges: every pair of numbers and of names.
func TestBackwardRanges(t *testing.T) {
	g := openGate(t, "globalreports")
	admits := func(text string) bool {
		return len(g.admit(t, withSpec(v3.ReportSpec{ReportType: "inventory", Schedule: text}))) == 0
	}
	for from := range 60 {
		for to := range 60 {
			require.Equal(t, from <= to, admits(fmt.Sprintf("%d-%d * * * *", from, to)), "%d-%d", from, to)
			require.Equal(t, from <= to, admits(fmt.Sprintf("0,%03d-%02d/2 * * * *", from, to)), "%03d-%02d", from, to)
		}
	}
	for field, names := range map[string][]string{"0 0 1 %s *": months, "0 0 * * %s": weekdays} {
		for i, from := range names {
			for k, to := range names {
				text := fmt.Sprintf(field, strings.ToUpper(from)+"-"+to)
				require.Equal(t, i <= k, admits(text), text)
			}
		}
	}
}

func selectors() *rapid.Generator[string] {
	token := rapid.SampledFrom([]string{"has(a)", "all()", "global()", "a == 'b'", `a.b/c-d != "x y"`, "a in {'b', \"c\"}", "a not in {}", "a notin {'b',}",
		"a contains 'x'", "a starts with 'x'", "a endswith 'x'", "&&", "||", "!", "(", ")", " ", "\t", "has( a )", "all( )", "a = 'b'", "a == b", "{", "'", "a", "\n", "é", "in", "a in ('b')"})
	return rapid.OneOf(
		rapid.Map(rapid.SliceOfN(token, 0, 6), func(tokens []string) string { return strings.Join(tokens, " ") }),
		rapid.Map(rapid.SliceOfN(token, 0, 4), func(tokens []string) string { return strings.Join(tokens, "") }),
		rapid.Map(rapid.SliceOfN(token, 1, 3), func(tokens []string) string { return "(" + strings.Join(tokens, ") && (") + ")" }),
	)
}

// TestSelectorRulesAgree: what the product takes is admitted, always; what it refuses is refused, but where parentheses of the
// right number stand in the wrong places, or a label runs into its operator.
func TestSelectorRulesAgree(t *testing.T) {
	g := openGate(t, "globalreports")
	refused, missed := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		text := selectors().Draw(rt, "selector")
		_, err := selector.Parse(text)
		wrong := g.admit(t, withSpec(v3.ReportSpec{ReportType: "inventory", Endpoints: &v3.EndpointsSelection{Selector: text}}))
		switch {
		case err == nil:
			require.Empty(rt, wrong)
		case len(wrong) == 0:
			missed++
		default:
			refused++
		}
	})
	require.Greater(t, refused, 20*missed, "the rules let through more than now and then")
}

// TestLargeDefinitionsAreAdmitted: the bounds are those of the product, and the rules do not cost too much there.
func TestLargeDefinitionsAreAdmitted(t *testing.T) {
	g := openGate(t, "globalreports")
	var names []string
	for n := range maxNames {
		names = append(names, fmt.Sprintf("team-%05d", n))
	}
	long := strings.Repeat("role == 'database' || ", maxManifest/22-1) + "has(role)"
	require.Empty(t, g.admit(t, withSpec(v3.ReportSpec{ReportType: "inventory", Endpoints: &v3.EndpointsSelection{
		Selector: long, Namespaces: &v3.NamesAndLabelsMatch{Names: names, Selector: long},
		ServiceAccounts: &v3.NamesAndLabelsMatch{Names: names, Selector: long},
	}})))
}

// specs are definitions without schedule and selectors, right in most fields.
func specs() *rapid.Generator[v3.ReportSpec] {
	names := rapid.SliceOfN(rapid.SampledFrom([]string{"shop", "a", "team-1", "0", "shop.eu", "Shop", "-a", "a-", "", "a_b", "a..b", "ns/sa", strings.Repeat("a", 63), strings.Repeat("a", 64)}), 0, 2)
	match := rapid.Ptr(rapid.Map(names, func(n []string) v3.NamesAndLabelsMatch { return v3.NamesAndLabelsMatch{Names: n} }), true)
	percent := rapid.Ptr(rapid.SampledFrom([]int{-1, 0, 1, 49, 50, 51, 99, 100, 101}), true)
	tests := rapid.SliceOfN(rapid.SampledFrom([]string{"1.1.4", "1.2", "", " "}), 0, 1)
	version := rapid.SampledFrom([]string{"", "1", "v1.28", "1.28.3", "1.28.3.4", "1.x", " 1.28", "1.", "v"})
	return rapid.Custom(func(t *rapid.T) v3.ReportSpec {
		spec := v3.ReportSpec{ReportType: rapid.SampledFrom([]string{"inventory", "cis-benchmark", "my.type", "My Type", ""}).Draw(t, "type")}
		if rapid.Bool().Draw(t, "endpoints") {
			spec.Endpoints = &v3.EndpointsSelection{Namespaces: match.Draw(t, "namespaces"), ServiceAccounts: match.Draw(t, "service accounts")}
		}
		if rapid.Bool().Draw(t, "nodes") {
			spec.JobNodeSelector = rapid.MapOfN(
				rapid.SampledFrom([]string{"nodetype", "example.com/role", "a b", "", "/x", "x/", "A.b_c-d", "Example.com/x", "a/b/c", strings.Repeat("a", 64)}),
				rapid.SampledFrom([]string{"infrastructure", "", "a b", "-a", "A.b_c-d", strings.Repeat("a", 64)}), 0, 2).Draw(t, "labels")
		}
		if rapid.Bool().Draw(t, "cis") {
			spec.CIS = &v3.CISBenchmarkParams{HighThreshold: percent.Draw(t, "high"), MedThreshold: percent.Draw(t, "medium"),
				NumFailedTests: rapid.Ptr(rapid.IntRange(-1, 3), true).Draw(t, "failed"),
				ResultsFilters: []v3.CISBenchmarkFilter{{BenchmarkSelection: &v3.CISBenchmarkSelection{KubernetesVersion: version.Draw(t, "version")},
					Exclude: tests.Draw(t, "exclude"), Include: tests.Draw(t, "include")}}}
		}
		return spec
	})
}

// TestRulesAgreeWithValidation: a definition without schedule and selectors is admitted exactly when the product takes it.
func TestRulesAgreeWithValidation(t *testing.T) {
	g := openGate(t, "globalreports")
	types := map[string]*v3.GlobalReportType{"inventory": {}, "cis-benchmark": {}, "my.type": {}}
	admitted := 0
	rapid.Check(t, func(rt *rapid.T) {
		object := withSpec(specs().Draw(rt, "spec"))
		_, err := report.Validate(&object, types, report.Limits{MaxPerHour: anyPerHour})
		wrong := g.admit(t, object)
		if err == nil {
			admitted++
			require.Empty(rt, wrong)
			return
		}
		require.NotEmpty(rt, wrong, err.Error())
	})
	require.Positive(t, admitted)
}

// TestWhatIsLeftToTheStarter: what definitions.md lists as said by the starter alone.
func TestWhatIsLeftToTheStarter(t *testing.T) {
	g := openGate(t, "globalreports")
	types := map[string]*v3.GlobalReportType{"inventory": {}}
	selecting := func(text string) v3.ReportSpec {
		return v3.ReportSpec{ReportType: "inventory", Endpoints: &v3.EndpointsSelection{Selector: text}}
	}
	for _, test := range []struct {
		name string
		spec v3.ReportSpec
		says string
	}{
		{"a type that does not exist", v3.ReportSpec{ReportType: "inventry"}, "no such GlobalReportType"},
		{"too often in an hour", v3.ReportSpec{ReportType: "inventory", Schedule: "*/10 * * * *"}, "fires 6 times an hour"},
		{"a range between a name and a number", v3.ReportSpec{ReportType: "inventory", Schedule: "0 0 * * FRI-1"}, "runs backwards"},
		{"no such day, by a step", v3.ReportSpec{ReportType: "inventory", Schedule: "0 0 30/5 2 *"}, "never fires"},
		{"parentheses in the wrong places", selecting("(has(a))) && ((has(b))"), "parse selector"},
		{"a label that runs into its operator", selecting("ain {'b'}"), "parse selector"},
		{"a label of 513 characters", selecting("has(" + strings.Repeat("a", 513) + ")"), "at most 512 characters"},
	} {
		t.Run(test.name, func(t *testing.T) {
			object := withSpec(test.spec)
			require.Empty(t, g.admit(t, object))
			_, err := report.Validate(&object, types, report.Limits{MaxPerHour: cron.DefaultMaxPerHour})
			require.ErrorContains(t, err, test.says)
		})
	}
}
