package selector

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func parse(t *testing.T, text string) *Selector {
	t.Helper()
	s, err := Parse(text)
	require.NoError(t, err)
	return s
}

func TestMatches(t *testing.T) {
	labels := Map{"app": "shop", "tier": "web", "empty": "", "in": "yes", "a/b.c_d-e": "x"}
	for text, want := range map[string]bool{
		"":                                true,
		" \t":                             true,
		"all()":                           true,
		"global()":                        true,
		"!all()":                          false,
		"app == 'shop'":                   true,
		"app == 'sho'":                    false,
		"app != 'shop'":                   false,
		"app != 'bank'":                   true,
		"app in {'bank', 'shop'}":         true,
		"app in {}":                       false,
		"app not in {}":                   true,
		"app not in {'shop'}":             false,
		"app contains 'ho'":               true,
		"app contains ''":                 true,
		"app contains 'x'":                false,
		"app starts with 'sh'":            true,
		"app starts with 'ho'":            false,
		"app ends with 'op'":              true,
		"app ends with 'sh'":              false,
		"has(app)":                        true,
		"has(empty)":                      true,
		"empty == ''":                     true,
		"in == 'yes'":                     true,
		"a/b.c_d-e == 'x'":                true,
		"App == 'shop'":                   false,
		"absent == ''":                    false,
		"absent in {''}":                  false,
		"absent contains ''":              false,
		"absent starts with ''":           false,
		"absent ends with ''":             false,
		"has(absent)":                     false,
		"absent != ''":                    true,
		"absent not in {''}":              true,
		"!absent == ''":                   true,
		"!!has(app)":                      true,
		"!!!has(app)":                     false,
		"!has(app) || has(tier)":          true,
		"!(has(app) || has(tier))":        false,
		"has(x) && has(y) || has(app)":    true,
		"has(x) && (has(y) || has(app))":  false,
		"has(app) || has(x) && has(y)":    true,
		"(has(app) || has(x)) && has(y)":  false,
		"app == 'shop' && tier == 'web'":  true,
		"app == 'shop' && tier == 'data'": false,
	} {
		t.Run(text, func(t *testing.T) {
			require.Equal(t, want, parse(t, text).Matches(labels))
		})
	}
}

func TestLabels(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                      nil,
		"all() && global()":                     nil,
		"b == 'x' || !(a in {'x'} && has(b))":   {"a", "b"},
		"c != 'x' && (b not in {} || a == '1')": {"a", "b", "c"},
	} {
		t.Run(text, func(t *testing.T) {
			require.Equal(t, want, parse(t, text).Labels())
		})
	}
}

func TestPrefixed(t *testing.T) {
	plain := parse(t, "team == 'a' && !(has(env) || zone in {'x', 'y'}) && all()")
	prefixed := plain.Prefixed("pcns.")
	require.Equal(t, `(pcns.team == "a" && !(has(pcns.env) || pcns.zone in {"x", "y"}) && all())`, prefixed.String())
	require.True(t, prefixed.Matches(Map{"pcns.team": "a"}))
	require.False(t, prefixed.Matches(Map{"team": "a"}))
	require.True(t, plain.Matches(Map{"team": "a"}), "the original must stay as it was")
}

func TestAnd(t *testing.T) {
	for _, c := range []struct{ name, a, b, want string }{
		{"two tests", "a == '1'", "b == '2'", `(a == "1" && b == "2")`},
		{"keeps an || together", "a == '1' || b == '2'", "has(c)", `((a == "1" || b == "2") && has(c))`},
		{"all() on the left", "", "has(c)", "has(c)"},
		{"all() on the right", "has(c)", "all()", "has(c)"},
		{"all() on both sides", "", "", "all()"},
		{"global() is kept", "global()", "has(c)", "(global() && has(c))"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, And(parse(t, c.a), parse(t, c.b)).String())
		})
	}
	require.True(t, All().Matches(Map{}))
	require.Equal(t, "all()", All().String())
}

func TestMatchesAllocatesNothing(t *testing.T) {
	var labels Labels = Map(benchmarkLabels)
	s := parse(t, benchmarkSelector)
	require.Zero(t, testing.AllocsPerRun(100, func() { s.Matches(labels) }))
}
