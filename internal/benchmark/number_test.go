package benchmark

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCompareNumbersSorts(t *testing.T) {
	sorted := strings.Fields("1 1.1 1.1.1 1.1.2 1.1.10 1.2 1.2.9 1.2.10 1.2.10.1 1.2.9a 1.10 2 10 99999999999999999998 99999999999999999999 D1 D1.1 v2")
	shuffled := slices.Clone(sorted)
	slices.Reverse(shuffled)
	slices.SortFunc(shuffled, CompareNumbers)
	require.Equal(t, sorted, shuffled)
}

func TestCompareNumbersIsAnOrder(t *testing.T) {
	numbers := rapid.StringMatching(`([0-9a]{0,3}\.){0,2}[0-9a]{0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := numbers.Draw(t, "a"), numbers.Draw(t, "b"), numbers.Draw(t, "c")
		require.Equal(t, -CompareNumbers(b, a), CompareNumbers(a, b))
		require.Equal(t, a == b, CompareNumbers(a, b) == 0)
		if CompareNumbers(a, b) <= 0 && CompareNumbers(b, c) <= 0 {
			require.LessOrEqual(t, CompareNumbers(a, c), 0)
		}
	})
}
