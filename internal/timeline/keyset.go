package timeline

import (
	"encoding/binary"
	"slices"

	"github.com/probity/probity/internal/resource"
)

// keyTable numbers keys in the order in which they are first seen.
type keyTable struct {
	keys    []resource.Key
	numbers map[resource.Key]uint32
}

func (t *keyTable) number(key resource.Key) uint32 {
	n, ok := t.numbers[key]
	if !ok {
		n = uint32(len(t.keys))
		t.keys = append(t.keys, key)
		t.numbers[key] = n
	}
	return n
}

// sorted returns the keys of the numbers, in the keys' order.
func (t *keyTable) sorted(numbers []uint32) []resource.Key {
	if len(numbers) == 0 {
		return nil
	}
	keys := make([]resource.Key, len(numbers))
	for i, n := range numbers {
		keys[i] = t.keys[n]
	}
	slices.SortFunc(keys, resource.Key.Compare)
	return keys
}

// keySet is a set of keys, by number, that never changes. Nil is the empty set.
type keySet struct {
	numbers []uint32 // sorted
	sorted  []resource.Key
}

// keySets shares sets and remembers unions. It may forget at any time: sets of equal members need not be the same.
type keySets struct {
	known  map[string]*keySet
	unions map[[2]*keySet]*keySet
	buffer []byte
}

// keptSets bounds what is remembered.
const keptSets = 1 << 16

// of returns the set of the numbers, which are sorted and each given once.
func (s *keySets) of(numbers []uint32) *keySet {
	if len(numbers) == 0 {
		return nil
	}
	s.buffer = s.buffer[:0]
	for _, n := range numbers {
		s.buffer = binary.LittleEndian.AppendUint32(s.buffer, n)
	}
	if known, ok := s.known[string(s.buffer)]; ok {
		return known
	}
	if s.known == nil || len(s.known) >= keptSets {
		s.known = map[string]*keySet{}
	}
	made := &keySet{numbers: slices.Clone(numbers)}
	s.known[string(s.buffer)] = made
	return made
}

// union returns the members of both.
func (s *keySets) union(a, b *keySet) *keySet {
	switch {
	case a == b || b == nil:
		return a
	case a == nil:
		return b
	}
	pair := [2]*keySet{a, b}
	if known, ok := s.unions[pair]; ok {
		return known
	}
	numbers := slices.Concat(a.numbers, b.numbers)
	slices.Sort(numbers)
	united := s.of(slices.Compact(numbers))
	if s.unions == nil || len(s.unions) >= keptSets {
		s.unions = map[[2]*keySet]*keySet{}
	}
	s.unions[pair] = united
	return united
}

func (s *keySet) equal(other *keySet) bool {
	return s == other || s != nil && other != nil && slices.Equal(s.numbers, other.numbers)
}

// keys returns the members in their order. The slice is shared.
func (s *keySet) keys(t *keyTable) []resource.Key {
	if s == nil {
		return nil
	}
	if s.sorted == nil {
		s.sorted = t.sorted(s.numbers)
	}
	return s.sorted
}
