package selector

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRequirements(t *testing.T) {
	anything := []Requirement(nil)
	nothing := []Requirement{{Values: []string{}}}
	for text, want := range map[string][]Requirement{
		"":                                   anything,
		"global()":                           anything,
		"a == '1'":                           {{"a", []string{"1"}}},
		"a in {'2', '1'}":                    {{"a", []string{"1", "2"}}},
		"has(a)":                             {{"a", nil}},
		"a contains 'x'":                     {{"a", nil}},
		"a starts with 'x'":                  {{"a", nil}},
		"a ends with 'x'":                    {{"a", nil}},
		"a != '1'":                           anything,
		"a not in {'1'}":                     anything,
		"!a != '1'":                          {{"a", []string{"1"}}},
		"!a not in {'1', '2'}":               {{"a", []string{"1", "2"}}},
		"!has(a)":                            anything,
		"!all()":                             nothing,
		"a in {}":                            nothing,
		"!a not in {}":                       nothing,
		"!a in {}":                           anything,
		"b == '1' && a == '2'":               {{"a", []string{"2"}}, {"b", []string{"1"}}},
		"a == '1' && has(a)":                 {{"a", []string{"1"}}},
		"has(a) && a == '1'":                 {{"a", []string{"1"}}},
		"a in {'1','2'} && a in {'2','3'}":   {{"a", []string{"2"}}},
		"a == '1' && a == '2'":               nothing,
		"a == '1' || a == '2' || a == '1'":   {{"a", []string{"1", "2"}}},
		"a == '1' || has(a)":                 {{"a", nil}},
		"a == '1' || b == '1'":               anything,
		"a == '1' || b != '1'":               anything,
		"a == '1' || all()":                  anything,
		"a == '1' || !all()":                 {{"a", []string{"1"}}},
		"!all() || a in {}":                  nothing,
		"(a == '1' && has(b)) || a == '2'":   {{"a", []string{"1", "2"}}},
		"!(a != '1' || b != '2')":            {{"a", []string{"1"}}, {"b", []string{"2"}}},
		"!(a != '1' && a != '2')":            {{"a", []string{"1", "2"}}},
		"!(a == '1' && b == '2')":            anything,
		"!(has(x) || !(a == '1' && has(b)))": {{"a", []string{"1"}}, {"b", nil}},
	} {
		t.Run(text, func(t *testing.T) {
			require.Equal(t, want, parse(t, text).Requirements())
		})
	}
}

func TestRequirementsAreBounded(t *testing.T) {
	set := func(n int) string {
		values := make([]string, n)
		for i := range values {
			values[i] = fmt.Sprintf("'%06d'", i)
		}
		return "{" + strings.Join(values, ",") + "}"
	}
	require.Len(t, parse(t, "a in "+set(maxValues)).Requirements()[0].Values, maxValues)
	require.Equal(t, []Requirement{{"a", nil}}, parse(t, "a in "+set(maxValues+1)).Requirements())

	// Each level of nesting repeats what the level below it needs: that must not cost the square of the text.
	deep := strings.Repeat("(", MaxDepth-1) + "a in " + set(maxValues) + strings.Repeat("|| a == 'x')", MaxDepth-1)
	require.Equal(t, []Requirement{{"a", nil}}, parse(t, deep).Requirements())

	flat := make([]string, 40_000)
	for i := range flat {
		flat[i] = fmt.Sprintf("has(l%d)", i)
	}
	require.Len(t, parse(t, strings.Join(flat, "&&")).Requirements(), len(flat))
}

func TestRequirementsDoNotShareMemory(t *testing.T) {
	s := parse(t, "a in {'1', '2'}")
	s.Requirements()[0].Values[0] = "changed"
	require.Equal(t, `a in {"1", "2"}`, s.String())
	require.True(t, slices.Equal([]string{"1", "2"}, s.Requirements()[0].Values))
}
