package flow

import (
	"hash/maphash"
	"math/bits"
)

// lineTable finds the group of a line by a fingerprint of its key spans, without reading or copying them: lines with equal
// spans belong to one group.
//
// A fingerprint is two hashes of 64 bits with seeds of their own, drawn when the table is made, so nobody can prepare
// names that collide. Among n different keys, two share a fingerprint with a probability of n²/2¹²⁹: for a million keys,
// 10⁻²⁷. To keep the keys themselves for comparison would take five times the memory, and reaching for them would take
// longer than all the rest.
//
// It is a cache: when it is full it starts anew.
type lineTable struct {
	seeds [2]maphash.Seed
	slots []lineSlot // open addressing; the length is a power of two
	n     int
}

// maxLines bounds the table: 96 MiB. It holds more keys than groups when a log names one group in several ways.
const maxLines = 2 << 20

type fingerprint [2]uint64

type lineSlot struct {
	print fingerprint
	group *sums // nil in an empty slot
}

func newLineTable() *lineTable {
	return &lineTable{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, slots: make([]lineSlot, 1<<10)}
}

const multiplier = 0x9e3779b97f4a7c15 // odd, and without structure

// print is the fingerprint of the spans. They are parts of JSON members, which tell by themselves where they end, so their
// number and lengths need no place in it.
func (t *lineTable) print(line []byte, key *keySpans) fingerprint {
	var p fingerprint
	for _, s := range key.at[:key.n] {
		part := line[s.from:s.to]
		p[0] = mix(p[0], maphash.Bytes(t.seeds[0], part))
		p[1] = mix(p[1], maphash.Bytes(t.seeds[1], part))
	}
	return p
}

// mix adds a hash to the hash of what came before; the sum depends on the order.
func mix(before, hash uint64) uint64 {
	return bits.RotateLeft64(before, 29)*multiplier + hash
}

// find is the group with the fingerprint; nil when it was not seen.
func (t *lineTable) find(p fingerprint) *sums {
	mask := uint64(len(t.slots) - 1)
	for i := p[0] & mask; ; i = (i + 1) & mask {
		slot := &t.slots[i]
		if slot.print == p || slot.group == nil {
			return slot.group
		}
	}
}

// add remembers the group of a fingerprint that find does not know.
func (t *lineTable) add(p fingerprint, group *sums) {
	if t.n >= maxLines {
		t.reset()
	}
	if t.n++; t.n*2 > len(t.slots) {
		old := t.slots
		t.slots = make([]lineSlot, 2*len(old))
		for _, slot := range old {
			if slot.group != nil {
				t.put(slot)
			}
		}
	}
	t.put(lineSlot{p, group})
}

func (t *lineTable) put(slot lineSlot) {
	mask := uint64(len(t.slots) - 1)
	i := slot.print[0] & mask
	for t.slots[i].group != nil {
		i = (i + 1) & mask
	}
	t.slots[i] = slot
}

func (t *lineTable) reset() {
	clear(t.slots)
	t.n = 0
}
