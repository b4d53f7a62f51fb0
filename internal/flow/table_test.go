package flow

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// spansOf gives a line that is all key, in one span or cut into several.
func spansOf(line []byte, cuts ...uint32) *keySpans {
	key := &keySpans{}
	from := uint32(0)
	for _, to := range append(cuts, uint32(len(line))) {
		key.at[key.n] = span{from, to}
		key.n++
		from = to
	}
	return key
}

func TestPrintTableFindsWhatWasAdded(t *testing.T) {
	var table printTable
	const n = 20_000
	print := func(i int) fingerprint { return printOf(fmt.Appendf(nil, `"source_name":"pod-%d"`, i)) }
	for i := range n {
		require.Equal(t, none, table.find(print(i)))
		table.add(print(i), i)
	}
	for i := range n {
		require.Equal(t, i, table.find(print(i)))
	}
	require.Equal(t, none, table.find(print(n)))
	table.reset()
	for i := range n {
		require.Equal(t, none, table.find(print(i)))
	}
	table.add(print(0), maxNumber)
	require.Equal(t, maxNumber, table.find(print(0)))
}

func TestFingerprints(t *testing.T) {
	seen := map[fingerprint]string{}
	for _, c := range []struct {
		name string
		line string
		cuts []uint32
	}{
		{"one span", `"action":"allow""proto":"tcp"`, nil},
		{"two spans", `"action":"allow""proto":"tcp"`, []uint32{16}},
		{"in another order", `"proto":"tcp""action":"allow"`, []uint32{13}},
		{"another value", `"action":"alloW""proto":"tcp"`, []uint32{16}},
		{"one less", `"action":"allow"`, nil},
		{"none", ``, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			print := spansOf([]byte(c.line), c.cuts...).print([]byte(c.line))
			require.NotContains(t, seen, print)
			require.NotEqual(t, uint32(print.high), print.low, "the two hashes are not the same one")
			seen[print] = c.name
			elsewhere := []byte("x" + c.line)
			moved := spansOf([]byte(c.line), c.cuts...)
			for i := range moved.at[:moved.n] {
				moved.at[i].from++
				moved.at[i].to++
			}
			require.Equal(t, print, moved.print(elsewhere), "where the spans stand does not matter")
		})
	}
}

func TestOneGroupUnderSeveralLayouts(t *testing.T) {
	usual := enterprise(t, nil)
	spaced := append([]byte("{ "), usual[1:]...)
	r := reduce(t, Options{}, usual, spaced, enterprise(t, map[string]any{"extra": 1}), enterprise(t, map[string]any{"dest_o": 1}), usual, spaced)
	groups := all(t, r)
	require.Len(t, groups, 1)
	require.Equal(t, int64(6), groups[0].Records)
	require.Greater(t, r.lines.n, 1, "an unread member among the key's makes another fingerprint")
}
