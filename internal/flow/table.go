package flow

import (
	"hash/maphash"
	"math/bits"
)

// fingerprint stands for a text, without the memory of it: 96 bits of two hashes with seeds of their own, drawn when the
// process starts, so nobody can prepare names that collide. Among n different texts, two share a fingerprint with a
// probability of n²/2⁹⁷: for a million, 10⁻¹⁷. To keep the texts themselves for comparison would take many times the memory,
// and reaching for them would take longer than all the rest.
type fingerprint struct {
	high uint64
	low  uint32
}

// seeds are the same for all reducers of the process, so that one can look up what another has.
var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func printOf(text []byte) fingerprint {
	return fingerprint{maphash.Bytes(seeds[0], text), uint32(maphash.Bytes(seeds[1], text))}
}

const multiplier = 0x9e3779b97f4a7c15 // odd, and without structure

// print is the fingerprint of the spans of a line. They are parts of JSON members, which tell by themselves where they end,
// so their number and lengths need no place in it.
func (key *keySpans) print(line []byte) fingerprint {
	var high, low uint64
	for _, s := range key.at[:key.n] {
		part := line[s.from:s.to]
		high, low = mix(high, maphash.Bytes(seeds[0], part)), mix(low, maphash.Bytes(seeds[1], part))
	}
	return fingerprint{high, uint32(low)}
}

// mix adds a hash to the hash of what came before; the sum depends on the order.
func mix(before, hash uint64) uint64 {
	return bits.RotateLeft64(before, 29)*multiplier + hash
}

// printTable maps fingerprints to numbers. It holds no pointers, so the garbage collector does not look at it.
type printTable struct {
	slots []printSlot // open addressing; the length is a power of two
	n     int
}

// printSlot is a fingerprint and its number. Four of them fill a cache line.
type printSlot struct {
	high uint64
	low  uint32
	next uint32 // the number after the one that the fingerprint has; 0 in an empty slot
}

// maxNumber is the largest number that a printTable holds.
const maxNumber = 1<<32 - 2

// none is what a printTable has for a fingerprint that it does not know.
const none = -1

// find is the number of the fingerprint, or none.
func (t *printTable) find(p fingerprint) int {
	if t.n == 0 {
		return none
	}
	mask := uint64(len(t.slots) - 1)
	for i := p.high & mask; ; i = (i + 1) & mask {
		slot := &t.slots[i]
		if (slot.high == p.high && slot.low == p.low) || slot.next == 0 {
			return int(slot.next) - 1
		}
	}
}

// add remembers the number of a fingerprint that find does not know.
func (t *printTable) add(p fingerprint, number int) {
	if t.n++; t.n*2 > len(t.slots) {
		old := t.slots
		t.slots = make([]printSlot, max(1<<10, 2*len(old)))
		for _, slot := range old {
			if slot.next != 0 {
				t.put(slot)
			}
		}
	}
	t.put(printSlot{p.high, p.low, uint32(number) + 1})
}

func (t *printTable) put(slot printSlot) {
	mask := uint64(len(t.slots) - 1)
	i := slot.high & mask
	for t.slots[i].next != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = slot
}

func (t *printTable) reset() {
	clear(t.slots)
	t.n = 0
}
