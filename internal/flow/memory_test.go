package flow

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fill inserts n groups with keys of several lengths and as many records as their number says.
func fill(m *memory, n int) {
	var buf []byte
	for i := range n {
		buf = fmt.Appendf(buf[:0], "%05d%s", n-i, strings.Repeat("x", i%1500))
		m.at(m.insert(printOf(buf), buf)).records = int64(i)
	}
}

func TestMemoryKeepsGroups(t *testing.T) {
	var m memory
	require.Empty(t, m.entries())
	const n = 2*blockSize + 1
	fill(&m, n)
	require.Equal(t, n, m.n)
	for i := range n {
		key := fmt.Sprintf("%05d%s", n-i, strings.Repeat("x", i%1500))
		require.Equal(t, i, m.known.find(printOf([]byte(key))))
		require.Equal(t, int64(i), m.at(i).records)
	}
	sorted := m.entries()
	require.Len(t, sorted, n)
	for i, e := range sorted { // the keys were put in from the last to the first, in a buffer that was used again
		require.Equal(t, fmt.Sprintf("%05d%s", i+1, strings.Repeat("x", (n-i-1)%1500)), e.key)
		require.Equal(t, int64(n-i-1), e.records)
	}
}

func TestMemoryForgets(t *testing.T) {
	var m memory
	fill(&m, 3*blockSize)
	blocks := len(m.blocks)
	m.forget()
	require.Empty(t, m.entries())
	require.Equal(t, none, m.known.find(printOf([]byte("00001"))))
	for _, b := range m.blocks {
		require.Equal(t, [blockSize]string{}, b.keys, "no key holds its text any more")
	}
	number := m.insert(printOf([]byte("new")), []byte("new"))
	require.Equal(t, emptySums, *m.at(number), "nothing is left of the group that was there")
	fill(&m, 2*blockSize)
	require.Len(t, m.blocks, blocks, "the blocks are used again")
}
