package selector

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCanonical(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "all()",
		"all( )":                             "all()",
		"global()":                           "global()",
		"a=='b'":                             `a == "b"`,
		"a != \"b'\"":                        `a != "b'"`,
		`a == 'b"c'`:                         `a == 'b"c'`,
		"a\t==  'b' ":                        `a == "b"`,
		"has( a )":                           "has(a)",
		"a in{'z','b',\"b\",}":               `a in {"b", "z"}`,
		"a in {}":                            "a in {}",
		"a notin {'b'}":                      `a not in {"b"}`,
		"a not \t in {'b'}":                  `a not in {"b"}`,
		"a startswith'b'":                    `a starts with "b"`,
		"a ends  with 'b'":                   `a ends with "b"`,
		"a contains 'b'":                     `a contains "b"`,
		"! a == 'b'":                         `!a == "b"`,
		"! !!(a == 'b')":                     `!a == "b"`,
		"!!a == 'b'":                         `a == "b"`,
		"((a == 'b'))":                       `a == "b"`,
		"has(a) || has(b) && has(c)":         "(has(a) || (has(b) && has(c)))",
		"(has(a) || has(b)) && !has(c)":      "((has(a) || has(b)) && !has(c))",
		"(has(a) && has(b)) && has(c)":       "((has(a) && has(b)) && has(c))",
		"!(!(has(a) && has(b)))":             "(has(a) && has(b))",
		"!(has(a) && has(b))":                "!(has(a) && has(b))",
		"in in {'in'}":                       `in in {"in"}`,
		"not not in {'x'}":                   `not not in {"x"}`,
		"all == 'x' && has != 'y'":           `(all == "x" && has != "y")`,
		"starts starts with 'x'":             `starts starts with "x"`,
		"has(all)":                           "has(all)",
		"a == 'line\nbreak'":                 "a == \"line\nbreak\"",
		"a == 'é'":                           `a == "é"`,
		"-.b/c_D9 == 'x'":                    `-.b/c_D9 == "x"`,
		strings.Repeat("a", 512) + " == 'x'": strings.Repeat("a", 512) + ` == "x"`,
	} {
		t.Run(text, func(t *testing.T) {
			s := parse(t, text)
			require.Equal(t, want, s.String())
			require.Equal(t, s, parse(t, want), "the canonical text must read as the same selector")
		})
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct {
		text   string
		offset int
		reason string
	}{
		{"a = 'b'", 2, "single = is no operator"},
		{"a === 'b'", 4, "single = is no operator"},
		{"has(a) & has(b)", 7, "single & is no operator"},
		{"has(a) &&& has(b)", 9, "single & is no operator"},
		{"has(a) | has(b)", 7, "single | is no operator"},
		{"a == b", 5, "in single or double quotes"},
		{"a == 'b", 5, "closing quote ' is missing"},
		{`a == "b\"`, 0, ""}, // no escapes: the value ends at the second quote
		{`a == "b\"c"`, 9, "complete before this"},
		{"a == 'b'\n", 8, "line break"},
		{"has(\na)", 4, "line break"},
		{"all(\r)", 4, "line break"},
		{"a\n== 'b'", 1, "line break"},
		{"a", 1, "operator after the label"},
		{"a 'b'", 2, "operator after the label"},
		{"a not 'b'", 2, "operator after the label"},
		{"a not\nin {'b'}", 2, "operator after the label"},
		{"a IN {'b'}", 2, "operator after the label"},
		{"anotin {'b'}", 7, "operator after the label"},
		{"has (a)", 4, "operator after the label"},
		{"a in 'b'", 5, "set of quoted values"},
		{"a in {'b' 'c'}", 10, "comma or }"},
		{"a in {,}", 6, "in single or double quotes"},
		{"a in {'b',,}", 10, "in single or double quotes"},
		{"a in {'b'", 9, "comma or }"},
		{"has(a", 5, "closing parenthesis here: has(label)"},
		{"has()", 4, "write a label"},
		{"all(x)", 4, "closing parenthesis here: all()"},
		{"global(", 7, "closing parenthesis here: global()"},
		{"(has(a)", 7, "closing parenthesis, && or ||"},
		{"has(a))", 6, "complete before this"},
		{"has(a) has(b)", 7, "complete before this"},
		{"has(a) &&", 9, "write a label"},
		{"&& has(a)", 0, "write a label"},
		{"()", 1, "write a label"},
		{"!", 1, "write a label"},
		{"é == 'x'", 0, "ASCII"},
		{"a == 'é' && é == 'x'", 13, "ASCII"},
		{"a\xa0== 'x'", 1, "ASCII"},
		{strings.Repeat("a", 513) + " == 'x'", 0, "at most 512 characters"},
	} {
		t.Run(c.text, func(t *testing.T) {
			_, err := Parse(c.text)
			if c.reason == "" {
				require.NoError(t, err)
				return
			}
			var syntax *SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.Equal(t, c.text, syntax.Text)
			require.Equal(t, c.offset, syntax.Offset)
			require.Contains(t, syntax.Reason, c.reason)
		})
	}
}

func TestErrorShowsThePlace(t *testing.T) {
	for text, want := range map[string]string{
		"app == 'é' && tier = 'web'":             `at character 20, near "= 'web'": a single = is no operator: write ==`,
		"app ==":                                 `at character 7, at the end, after "app ==": write a value`,
		"x " + strings.Repeat("é", 40):           `at character 3, near "` + strings.Repeat("é", 30) + `"…: `,
		strings.Repeat("has(abc)&&", 9) + "has(": `at character 95, at the end, after …"abc)&&has(abc)&&has(abc)&&has(": `,
		"a == '1'\n && b == '2'":                 `near "\n && b == '2'": a line break`,
	} {
		t.Run(text, func(t *testing.T) {
			_, err := Parse(text)
			require.ErrorContains(t, err, want)
		})
	}
}

func TestBounds(t *testing.T) {
	nested := func(open, shut string, depth int) string {
		return strings.Repeat(open, depth) + "has(a)" + strings.Repeat(shut, depth)
	}
	for _, c := range []struct{ name, text, reason string }{
		{"deepest parentheses", nested("(", ")", MaxDepth), ""},
		{"parentheses too deep", nested("(", ")", MaxDepth+1), "at most 1000 deep"},
		{"a million open parentheses", strings.Repeat("(", MaxLength), "at most 1000 deep"},
		{"a million negations", strings.Repeat("!", MaxLength-6) + "has(a)", ""},
		{"deepest groups", nested("(has(b)&&", ")", MaxDepth), ""},
		{"groups of || and && twice as deep", nested("(has(b)||has(b)&&", ")", MaxDepth*3/4), "at most 1000 deep"},
		{"longest text", "a in {'" + strings.Repeat("x", MaxLength-9) + "'}", ""},
		{"text too long", "a in {'" + strings.Repeat("x", MaxLength-8) + "'}", "at most 1048576 bytes, this one has 1048577"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Parse(c.text)
			if c.reason == "" {
				require.NoError(t, err)
				require.NotPanics(t, func() { s.Matches(Map{}); s.Requirements(); s.Prefixed("pcns.") })
				return
			}
			require.ErrorContains(t, err, c.reason)
			require.Less(t, len(err.Error()), 500, "a message must not repeat the whole text")
			require.ErrorAs(t, err, new(*SyntaxError))
		})
	}
}
