package flow

import (
	"slices"
	"strings"
)

// memory holds groups, numbered from 0 in the order in which they came.
type memory struct {
	n      int
	blocks []*block
	texts  strings.Builder // where the next keys' texts are put
	known  printTable      // the groups by the fingerprints of their canonical keys
}

// block is the memory of some groups. The sums, which each line touches, are apart from what only a new group needs.
type block struct {
	sums   [blockSize]sums
	keys   [blockSize]string // canonical
	prints [blockSize]fingerprint
}

const (
	blockSize = 512
	textBlock = 32 << 10 // more than the longest canonical key
)

// at are the sums of a group.
func (m *memory) at(number int) *sums { return &m.blocks[number/blockSize].sums[number%blockSize] }

// insert adds a group that is not there yet, with the sums of no record. The key is copied.
func (m *memory) insert(print fingerprint, key []byte) (number int) {
	if m.n == len(m.blocks)*blockSize {
		m.blocks = append(m.blocks, &block{})
	}
	if m.texts.Cap()-m.texts.Len() < len(key) {
		m.texts.Reset() // the keys that were put there keep it
		m.texts.Grow(textBlock)
	}
	from := m.texts.Len()
	m.texts.Write(key)
	number = m.n
	b, i := m.blocks[number/blockSize], number%blockSize
	b.sums[i], b.keys[i], b.prints[i] = emptySums, m.texts.String()[from:], print
	m.known.add(print, number)
	m.n++
	return number
}

// entries lists the groups, sorted by canonical key.
func (m *memory) entries() entries {
	out := make(entries, 0, m.n)
	for number := range m.n {
		b, i := m.blocks[number/blockSize], number%blockSize
		out = append(out, entry{b.sums[i], b.keys[i]})
	}
	slices.SortFunc(out, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return out
}

// forget makes it empty. The blocks are used again.
func (m *memory) forget() {
	for _, b := range m.blocks {
		clear(b.keys[:])
	}
	m.texts.Reset()
	m.known.reset()
	m.n = 0
}
