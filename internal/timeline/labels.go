package timeline

import (
	"hash/maphash"
	"maps"
	"slices"

	"github.com/probity/probity/internal/policy"
)

// labels is a set of labels that many endpoints share. It is kept while something refers to it.
type labels struct {
	set     policy.LabelSet
	buckets []*bucket // by index into set
	hash    uint64
	next    *labels // another set of the same hash
	refs    int
}

// labelTable shares sets of labels, and finds classes by one of their labels.
type labelTable struct {
	seed  maphash.Seed
	sets  map[uint64]*labels
	names map[string]*labelName
}

// labelName holds the classes that have a label, by its value.
type labelName struct {
	name   string
	values map[string]*bucket
}

// bucket holds the classes that have one label with one value.
type bucket struct {
	name    *labelName
	value   string
	classes []*class
	refs    int // sets of labels that have it
}

func newLabelTable() labelTable {
	return labelTable{seed: maphash.MakeSeed(), sets: map[uint64]*labels{}, names: map[string]*labelName{}}
}

// acquire returns the shared set of a map's labels; the caller releases it.
func (t *labelTable) acquire(from map[string]string) *labels {
	hash := t.hash(from)
	for l := t.sets[hash]; l != nil; l = l.next {
		if l.set.EqualMap(from) {
			l.refs++
			return l
		}
	}
	l := &labels{set: policy.LabelSetOf(from), hash: hash, next: t.sets[hash], refs: 1}
	l.buckets = make([]*bucket, len(l.set))
	for i := range l.set {
		b := t.bucket(l.set[i])
		b.refs++
		l.buckets[i] = b
		l.set[i] = policy.Label{Name: b.name.name, Value: b.value} // one copy of each text
	}
	t.sets[hash] = l
	return l
}

// hash does not depend on the map's order. Its seed differs between runs, so nothing may depend on it but speed.
func (t *labelTable) hash(from map[string]string) uint64 {
	var sum uint64
	for name, value := range from {
		sum += maphash.String(t.seed, name)*31 ^ maphash.String(t.seed, value)
	}
	return sum
}

func (t *labelTable) bucket(l policy.Label) *bucket {
	name, ok := t.names[l.Name]
	if !ok {
		name = &labelName{l.Name, map[string]*bucket{}}
		t.names[l.Name] = name
	}
	b, ok := name.values[l.Value]
	if !ok {
		b = &bucket{name: name, value: l.Value}
		name.values[l.Value] = b
	}
	return b
}

// release gives a set back.
func (t *labelTable) release(l *labels) {
	if l.refs--; l.refs > 0 {
		return
	}
	t.unlink(l)
	for _, b := range l.buckets {
		if b.refs--; b.refs > 0 {
			continue
		}
		if delete(b.name.values, b.value); len(b.name.values) == 0 {
			delete(t.names, b.name.name)
		}
	}
}

func (t *labelTable) unlink(l *labels) {
	if t.sets[l.hash] == l {
		if l.next == nil {
			delete(t.sets, l.hash)
		} else {
			t.sets[l.hash] = l.next
		}
		return
	}
	for before := t.sets[l.hash]; before != nil; before = before.next {
		if before.next == l {
			before.next = l.next
			return
		}
	}
}

// enlist adds a class to the buckets of its own labels.
func (t *labelTable) enlist(c *class) {
	c.places = make([]int32, len(c.own.buckets))
	for i, b := range c.own.buckets {
		c.places[i] = int32(len(b.classes))
		b.classes = append(b.classes, c)
	}
}

// delist is the inverse of enlist.
func (t *labelTable) delist(c *class) {
	for i, b := range c.own.buckets {
		last := b.classes[len(b.classes)-1]
		place := c.places[i]
		b.classes[place] = last
		b.classes[len(b.classes)-1] = nil
		b.classes = b.classes[:len(b.classes)-1]
		for j, other := range last.own.buckets {
			if other == b {
				last.places[j] = place
				break
			}
		}
	}
}

// find returns the buckets of a label: those of the values, or all when values is nil.
func (t *labelTable) find(name string, values []string) []*bucket {
	known, ok := t.names[name]
	if !ok {
		return nil
	}
	if values == nil {
		return slices.Collect(maps.Values(known.values))
	}
	var found []*bucket
	for _, value := range values {
		if b, ok := known.values[value]; ok {
			found = append(found, b)
		}
	}
	return found
}
