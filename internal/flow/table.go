package flow

import (
	"hash/maphash"
	"math/bits"
)

// Bounds of the memory of lines.
const (
	arenaChunk  = 1 << 20
	arenaChunks = 64 // 64 MiB: the key spans of about 200,000 groups
)

// lineTable finds the group of a line by the bytes of its key, without reading them: lines with equal key spans belong to
// one group. It is a cache: when it is full it starts anew.
type lineTable struct {
	seed   maphash.Seed
	slots  []lineSlot // open addressing; the length is a power of two
	n      int
	chunks [][]byte
}

type lineSlot struct {
	hash  uint64
	chunk uint32
	from  uint32
	size  uint32
	group *entry // nil in an empty slot
}

func newLineTable() *lineTable {
	return &lineTable{seed: maphash.MakeSeed(), slots: make([]lineSlot, 1<<10)}
}

const multiplier = 0x9e3779b97f4a7c15 // an odd number without structure

// hash is the hash of the spans, and their length.
func (t *lineTable) hash(line []byte, key *keySpans) (hash uint64, size int) {
	for _, s := range key.at[:key.n] {
		part := line[s.from:s.to]
		high, low := bits.Mul64(hash^maphash.Bytes(t.seed, part), multiplier)
		hash = high ^ low
		size += len(part)
	}
	return hash, size
}

// find is the group of the spans; nil when they were not seen.
func (t *lineTable) find(line []byte, key *keySpans, hash uint64, size int) *entry {
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		slot := &t.slots[i]
		if slot.group == nil {
			return nil
		}
		if slot.hash == hash && int(slot.size) == size && t.equal(slot, line, key) {
			return slot.group
		}
	}
}

func (t *lineTable) equal(slot *lineSlot, line []byte, key *keySpans) bool {
	known := t.chunks[slot.chunk][slot.from : slot.from+slot.size]
	for _, s := range key.at[:key.n] {
		part := line[s.from:s.to]
		if string(known[:len(part)]) != string(part) {
			return false
		}
		known = known[len(part):]
	}
	return true
}

// add remembers the spans' group.
func (t *lineTable) add(line []byte, key *keySpans, hash uint64, group *entry) {
	size := 0
	for _, s := range key.at[:key.n] {
		size += int(s.to - s.from)
	}
	if size > arenaChunk {
		return
	}
	if n := len(t.chunks); n == 0 || len(t.chunks[n-1])+size > arenaChunk {
		if n == arenaChunks {
			t.reset()
		}
		t.chunks = append(t.chunks, make([]byte, 0, arenaChunk))
	}
	last := len(t.chunks) - 1
	slot := lineSlot{hash, uint32(last), uint32(len(t.chunks[last])), uint32(size), group}
	for _, s := range key.at[:key.n] {
		t.chunks[last] = append(t.chunks[last], line[s.from:s.to]...)
	}
	if t.n++; t.n*2 > len(t.slots) {
		t.grow()
	}
	t.put(slot)
}

func (t *lineTable) grow() {
	old := t.slots
	t.slots = make([]lineSlot, 2*len(old))
	for _, slot := range old {
		if slot.group != nil {
			t.put(slot)
		}
	}
}

func (t *lineTable) put(slot lineSlot) {
	mask := uint64(len(t.slots) - 1)
	i := slot.hash & mask
	for t.slots[i].group != nil {
		i = (i + 1) & mask
	}
	t.slots[i] = slot
}

func (t *lineTable) reset() {
	clear(t.slots)
	t.chunks, t.n = nil, 0
}
