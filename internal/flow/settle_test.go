package flow

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestABatchIsAsLineByLine has batches in which groups are known, new, new twice under one spelling or under two, read the
// general way, unreadable, or forgotten in the middle, with every bound that can cut the batch.
func TestABatchIsAsLineByLine(t *testing.T) {
	spaced := func(line []byte) []byte { return append([]byte("\t"), line...) }
	unread := enterprise(t, map[string]any{"action": "deny", "dest_note": 7})
	bad := enterprise(t, map[string]any{"action": "log"})
	long := enterprise(t, map[string]any{"dest_name_aggr": strings.Repeat("x", maxText+1)})
	zero := enterprise(t, map[string]any{"dest_name_aggr": "a\x00b"})
	var lines [][]byte
	for i := range 3 * batchSize {
		lines = append(lines, enterpriseLine(i%5, i))
		switch i % 6 {
		case 0:
			lines = append(lines, enterpriseLine(100+i, i), enterpriseLine(100+i, i+1), spaced(enterpriseLine(100+i, i+2)))
		case 1:
			lines = append(lines, unread, enterprise(t, map[string]any{"action": "deny"}))
		case 2:
			lines = append(lines, bad, long, zero)
		case 3:
			lines = append(lines, spaced(bad), goldmaneLine(i, i), goldmaneLine(i, i+1))
		}
	}
	want := encoded(t, reduce(t, Options{}, lines...))
	for most := 1; most < 30; most++ {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			spill := &memorySpill{}
			r := NewReducer(Options{Interval: day, MaxGroups: most, Spill: spill})
			r.AddLines(lines)
			require.LessOrEqual(t, r.groups.n, most)
			require.LessOrEqual(t, spill.largest, most*maxRuns)
			require.Equal(t, want, encoded(t, r))
			require.Equal(t, map[Reason]int64{BadAction: 16, BadKey: 16}, r.Stats().Bad)
			require.NoError(t, r.Close())
		})
	}
}

func TestWhatIsRememberedOfLinesIsBounded(t *testing.T) {
	r := reduce(t, Options{}, enterpriseLine(1, 1), enterpriseLine(2, 1))
	require.Equal(t, 2, r.lines.n)
	r.lines.n = maxLines // as if so many had been seen
	r.AddLines([][]byte{enterpriseLine(1, 2), enterpriseLine(3, 2)})
	require.Equal(t, 1, r.lines.n, "it starts anew")
	r.AddLines([][]byte{enterpriseLine(1, 3), enterpriseLine(2, 3), enterpriseLine(3, 3)})
	require.Equal(t, 3, r.lines.n)
	groups := all(t, r)
	require.Len(t, groups, 3, "a line that was forgotten finds its group")
	for i, records := range []int64{3, 2, 2} {
		require.Equal(t, records, groups[i].Records)
	}
}

func TestWhatIsRememberedOfPoliciesIsBounded(t *testing.T) {
	for _, c := range []struct {
		name  string
		lists int
		begin string // of the policies' names
	}{
		{"many", maxLists + 100, "a"},
		{"long", maxDecided/maxText + 100, strings.Repeat("a", maxText)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var in interpreter
			list := func(i int) []byte {
				return fmt.Appendf(nil, `{"enforced_policies":["0|app|shop/app.%s%d|allow|2"]}`, c.begin, i)
			}
			for i := range c.lists {
				for range 2 { // the second time it is remembered
					got, ok := in.policies(list(i))
					require.True(t, ok)
					require.Equal(t, fmt.Sprintf("NetworkPolicy(shop/app.%s%d) rule 3", c.begin, i), string(got))
				}
			}
			require.LessOrEqual(t, len(in.decided), maxLists)
			require.LessOrEqual(t, len(in.texts), maxDecided)
			got, ok := in.policies(list(0))
			require.True(t, ok, "one that was forgotten is read again")
			require.Equal(t, "NetworkPolicy(shop/app."+c.begin+"0) rule 3", string(got))
			_, ok = in.policies([]byte(`{"enforced_policies":[7]}`))
			require.False(t, ok)
			_, ok = in.policies([]byte(`{"enforced_policies":[7]}`))
			require.False(t, ok, "and a second time")
		})
	}
}
