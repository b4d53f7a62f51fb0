package flow

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// lineTable finds the group of a line by the bytes of its key, without reading them: lines with equal key spans belong to
// one group. Each span is numbered, and the group is found by the numbers: there are far fewer workloads than pairs of
// them, so the spans stay in a core's cache. It is a cache: when it is full it starts anew.
type lineTable struct {
	spans *numbering
	slots []lineSlot // open addressing; the length is a power of two
	n     int
	age   int    // how often the table started anew
	rest  []byte // kept for its memory
}

// slotSpans is how many numbers a slot has; the rest of a longer list is numbered as one span.
const slotSpans = 6

// spanNumbers are the numbers of a line's spans, 0 where it has fewer.
type spanNumbers [slotSpans]uint32

// lineNumbers are span numbers that are valid for one age of the table.
type lineNumbers struct {
	spanNumbers
	age int
}

type lineSlot struct {
	spans spanNumbers
	group *entry // nil in an empty slot
}

func newLineTable() *lineTable {
	return &lineTable{spans: newNumbering(), slots: make([]lineSlot, 1<<10)}
}

// numbers numbers the spans of a line. It is false when the line cannot be remembered.
func (t *lineTable) numbers(line []byte, key *keySpans) (out lineNumbers, ok bool) {
	if t.spans.full() || t.n >= maxLineSlots {
		t.reset()
	}
	out.age = t.age
	t.rest = append(t.rest[:0], 0)
	for i, s := range key.at[:key.n] {
		n := t.spans.number(line[s.from:s.to])
		if n == 0 {
			return out, false
		}
		if i < slotSpans {
			out.spanNumbers[i] = n
		}
		if i >= slotSpans-1 {
			t.rest = binary.LittleEndian.AppendUint32(t.rest, n)
		}
	}
	if key.n > slotSpans { // no span equals the rest: it begins with a zero byte, spans begin with a quote
		out.spanNumbers[slotSpans-1] = t.spans.number(t.rest)
	}
	return out, true
}

const multiplier = 0x9e3779b97f4a7c15 // an odd number without structure

func (n *spanNumbers) hash() uint64 {
	var h uint64
	for i := 0; i < slotSpans; i += 2 {
		high, low := bits.Mul64(h^uint64(n[i])<<32^uint64(n[i+1])^multiplier, multiplier)
		h = high ^ low
	}
	return h
}

// find is the group with the span numbers; nil when they were not seen.
func (t *lineTable) find(numbers *lineNumbers) *entry {
	mask := uint64(len(t.slots) - 1)
	for i := numbers.hash() & mask; ; i = (i + 1) & mask {
		slot := &t.slots[i]
		if slot.group == nil || slot.spans == numbers.spanNumbers {
			return slot.group
		}
	}
}

// add remembers the group of span numbers that find does not know.
func (t *lineTable) add(numbers *lineNumbers, group *entry) {
	if t.n++; t.n*2 > len(t.slots) {
		old := t.slots
		t.slots = make([]lineSlot, 2*len(old))
		for _, slot := range old {
			if slot.group != nil {
				t.put(slot)
			}
		}
	}
	t.put(lineSlot{numbers.spanNumbers, group})
}

func (t *lineTable) put(slot lineSlot) {
	mask := uint64(len(t.slots) - 1)
	i := slot.spans.hash() & mask
	for t.slots[i].group != nil {
		i = (i + 1) & mask
	}
	t.slots[i] = slot
}

func (t *lineTable) reset() {
	clear(t.slots)
	t.n = 0
	t.age++
	t.spans.reset()
}

// Bounds of what is remembered of lines: 32 MiB of spans, and 64 MiB of slots.
const (
	arenaChunk   = 1 << 20
	arenaChunks  = 32
	maxLineSlots = 1 << 20
)

// numbering gives each different byte string a number, from 1 on.
type numbering struct {
	seed   maphash.Seed
	slots  []numberSlot // open addressing; the length is a power of two
	n      uint32
	chunks [][]byte // where the strings are
}

type numberSlot struct {
	hash              uint64
	chunk, from, size uint32
	number            uint32 // 0 in an empty slot
}

func newNumbering() *numbering {
	return &numbering{seed: maphash.MakeSeed(), slots: make([]numberSlot, 1<<10)}
}

// number is the number of the string, a new one if it was not seen before; 0 when it is too long to be remembered.
func (t *numbering) number(s []byte) uint32 {
	hash := maphash.Bytes(t.seed, s)
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		slot := &t.slots[i]
		if slot.number == 0 {
			return t.add(s, hash)
		}
		if slot.hash == hash && string(t.chunks[slot.chunk][slot.from:slot.from+slot.size]) == string(s) {
			return slot.number
		}
	}
}

func (t *numbering) add(s []byte, hash uint64) uint32 {
	if len(s) > arenaChunk {
		return 0
	}
	if n := len(t.chunks); n == 0 || len(t.chunks[n-1])+len(s) > arenaChunk {
		t.chunks = append(t.chunks, make([]byte, 0, arenaChunk))
	}
	last := len(t.chunks) - 1
	chunk := t.chunks[last]
	t.n++
	slot := numberSlot{hash, uint32(last), uint32(len(chunk)), uint32(len(s)), t.n}
	t.chunks[last] = append(chunk, s...)
	if int(t.n)*2 > len(t.slots) {
		old := t.slots
		t.slots = make([]numberSlot, 2*len(old))
		for _, slot := range old {
			if slot.number != 0 {
				t.put(slot)
			}
		}
	}
	t.put(slot)
	return t.n
}

func (t *numbering) put(slot numberSlot) {
	mask := uint64(len(t.slots) - 1)
	i := slot.hash & mask
	for t.slots[i].number != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = slot
}

// full tells whether the next line may be too much.
func (t *numbering) full() bool { return len(t.chunks) > arenaChunks }

func (t *numbering) reset() {
	clear(t.slots)
	t.chunks, t.n = nil, 0
}
