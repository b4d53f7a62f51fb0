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

func TestLineTableFindsWhatWasAdded(t *testing.T) {
	table := newLineTable()
	groups := map[string]*sums{}
	for i := range 20_000 {
		line := fmt.Appendf(nil, `"source_name":"pod-%d"`, i)
		print := table.print(line, spansOf(line))
		require.Nil(t, table.find(print), "%s", line)
		groups[string(line)] = &sums{records: int64(i)}
		table.add(print, groups[string(line)])
	}
	for line, group := range groups {
		require.Same(t, group, table.find(table.print([]byte(line), spansOf([]byte(line)))))
	}
	table.reset()
	for line := range groups {
		require.Nil(t, table.find(table.print([]byte(line), spansOf([]byte(line)))))
	}
}

func TestFingerprints(t *testing.T) {
	table := newLineTable()
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
			print := table.print([]byte(c.line), spansOf([]byte(c.line), c.cuts...))
			require.NotContains(t, seen, print)
			seen[print] = c.name
			require.Equal(t, print, table.print([]byte(c.line), spansOf([]byte(c.line), c.cuts...)))
			require.NotEqual(t, print, newLineTable().print([]byte(c.line+"x"), spansOf([]byte(c.line+"x"))), "each table has seeds of its own")
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
	require.Greater(t, r.known.n, 1, "an unread member among the key's makes another fingerprint")
}
