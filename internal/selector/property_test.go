package selector

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	someLabels = rapid.SampledFrom([]string{"a", "b", "in", "has", "not"})
	someValues = rapid.SampledFrom([]string{"", "1", "2", "12", "21"})
	labelMaps  = rapid.Custom(func(t *rapid.T) Map {
		return Map(rapid.MapOf(someLabels, someValues).Draw(t, "labels"))
	})
)

// selectors draws valid texts: few labels and values, so that conditions meet, contradict and repeat each other.
func selectors(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		kinds := 9
		if depth == 0 {
			kinds = 6
		}
		label := someLabels.Draw(t, "label")
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return rapid.SampledFrom([]string{"all()", "global()", "has(" + label + ")"}).Draw(t, "call")
		case 1, 2:
			word := rapid.SampledFrom([]string{"==", "!=", "contains", "starts with", "endswith"}).Draw(t, "word")
			return label + " " + word + " '" + someValues.Draw(t, "value") + "'"
		case 3, 4, 5:
			word := rapid.SampledFrom([]string{"in", "not in"}).Draw(t, "word")
			values := rapid.SliceOfN(someValues, 0, 3).Draw(t, "values")
			for i := range values {
				values[i] = "'" + values[i] + "'"
			}
			return label + " " + word + " {" + strings.Join(values, ",") + "}"
		case 6:
			return "!(" + selectors(depth-1).Draw(t, "negated") + ")"
		}
		operator := rapid.SampledFrom([]string{" && ", " || "}).Draw(t, "operator")
		parts := rapid.SliceOfN(selectors(depth-1), 2, 3).Draw(t, "parts")
		return "(" + strings.Join(parts, operator) + ")"
	})
}

// meets tells whether labels meet a requirement, as an index would find out.
func meets(labels Map, r Requirement) bool {
	value, ok := labels[r.Label]
	return ok && (r.Values == nil || slices.Contains(r.Values, value))
}

func TestRequirementsAreNecessary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := Parse(selectors(4).Draw(t, "selector"))
		require.NoError(t, err)
		labels := labelMaps.Draw(t, "labels")
		if !s.Matches(labels) {
			return
		}
		for _, r := range s.Requirements() {
			require.True(t, meets(labels, r), "%s matches %v, which does not meet %v", s, labels, r)
		}
	})
}

func TestCanonicalTextMeansTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := Parse(selectors(4).Draw(t, "selector"))
		require.NoError(t, err)
		again, err := Parse(s.String())
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}

func TestCombinationsMeanWhatTheySay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, err := Parse(selectors(3).Draw(t, "a"))
		require.NoError(t, err)
		b, err := Parse(selectors(3).Draw(t, "b"))
		require.NoError(t, err)
		labels := labelMaps.Draw(t, "labels")
		prefixed := Map{}
		for name, value := range labels {
			prefixed["pcsa."+name] = value
		}
		require.Equal(t, a.Matches(labels) && b.Matches(labels), And(a, b).Matches(labels))
		require.Equal(t, a.Matches(labels), a.Prefixed("pcsa.").Matches(prefixed))
		for name := range labels {
			if !slices.Contains(a.Labels(), name) {
				before := a.Matches(labels)
				delete(labels, name)
				require.Equal(t, before, a.Matches(labels), "a label that is not listed must not matter")
			}
		}
	})
}
