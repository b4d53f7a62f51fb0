package timeline

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestRegister compares the lists with plain slices.
func TestRegister(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := make([]int, 4)
		r, plain := register[int]{}, map[int]int{}
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			i := rapid.IntRange(0, len(items)-1).Draw(t, "item")
			if rapid.Bool().Draw(t, "add") {
				r.add("key", &items[i])
				plain[i]++
			} else {
				r.cut("key", &items[i])
				plain[i] = max(0, plain[i]-1)
			}
			list, ok := r["key"]
			total, seen := 0, map[*int]int{}
			list.each(func(item *int) { seen[item]++ })
			for i := range items {
				total += plain[i]
				require.Equal(t, plain[i], seen[&items[i]])
				require.Equal(t, plain[i] > 0, list.has(&items[i]))
			}
			require.Equal(t, total > 0, ok)
		}
		r.cut("other", &items[0])
		require.NotContains(t, r, "other")
	})
}
