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
