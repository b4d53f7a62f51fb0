package selector

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "all()", "has(a) && !has(b) || global()", "a in {'b', \"c\",}", "a notin {}", "a starts with 'x'", "((a == 'b'))",
		"a == 'b\n'", "has(\na)", "!!a != 'x'", "in in {'in'}", "a = b", "((((", "a contains 'é' || é", "a endswith\"'\"",
	} {
		f.Add(seed, "a", "b")
	}
	f.Fuzz(func(t *testing.T, text, name, value string) {
		s, err := Parse(text)
		if err != nil {
			var syntax *SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.LessOrEqual(t, syntax.Offset, len(text))
			require.NotEmpty(t, syntax.Error())
			return
		}
		again, err := Parse(s.String())
		require.NoError(t, err)
		require.Equal(t, s.String(), again.String())
		labels := Map{name: value}
		require.Equal(t, s.Matches(labels), again.Matches(labels))
		for _, r := range s.Requirements() {
			require.False(t, s.Matches(labels) && !meets(labels, r))
		}
	})
}
