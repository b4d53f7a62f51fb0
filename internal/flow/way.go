package flow

import "bytes"

// maxWay bounds what is remembered of a line at one place.
const maxWay = 4096

// way is what stands between two varying values of a line: names, and members whose values are constants.
type way struct {
	text  []byte  // from the end of the one value up to the next, or to the end of the line; empty when not known
	inner []place // the members within that are read; positions count from the start of the text
	seen  uint32  // their fields, as bits
	goal  goal    // the member whose value follows
}

// goal is a member whose value varies, and where it stands; its end is not known. Without a member it is the end of the line.
type goal struct {
	*member
	place
}

// place is where a member stands in a line.
type place struct {
	field            field
	joins            bool // whether the member before is of the same key span, if this one is of the key
	name, value, end int
}

func (p place) moved(by int) place {
	p.name, p.value, p.end = p.name+by, p.value+by, p.end+by
	return p
}

// joins tells whether a member of the key that follows can be a part of the same span. The policies are a span of their
// own, since they do not go with any of their neighbours.
func (f field) joins() bool { return f < keyFields && f != fieldPolicies }

// learn remembers the way from m's value, which ended at from in the line: the members within, and the one that follows.
func (m *member) learn(line []byte, from int, within []place, next goal) {
	text := line[from:]
	if next.member != nil {
		text = line[from:next.place.value]
	}
	if m.learned >= maxLearned || len(text) > maxWay {
		return
	}
	m.learned++
	next.place = next.place.moved(-from)
	m.way = way{text: bytes.Clone(text), goal: next}
	for _, p := range within {
		if p.field != unread {
			m.way.inner = append(m.way.inner, p.moved(-from))
			m.way.seen |= 1 << p.field
		}
	}
}

// walk is the splitting of one line.
type walk struct {
	line   []byte
	record *record
	key    *keySpans
	at     int    // where the last value ended
	seen   uint32 // the fields so far, as bits
}

// knows tells whether the way goes on from here.
func (w *walk) knows(known *way) bool {
	return len(known.text) > 0 && w.seen&known.seen == 0 && hasAt(w.line, w.at, known.text)
}

// leap goes a way that is known, to the end of the value that follows. next is nil at the end of the line.
func (w *walk) leap(known *way) (next *member, ok bool) {
	from := w.at
	for i := range known.inner {
		w.put(&known.inner[i], from, from+known.inner[i].end)
	}
	at := from + len(known.text)
	if known.goal.member == nil {
		return nil, at == len(w.line)
	}
	return known.goal.member, w.take(&known.goal.place, from, skipValue(w.line, at, 0))
}

// take adds a member whose value was stepped over, up to end; its place counts from from. It is false when the value does
// not end there, or the field was seen before.
func (w *walk) take(p *place, from, end int) bool {
	if end < 0 || end >= len(w.line) || (w.line[end] != ',' && w.line[end] != '}') {
		return false
	}
	w.at = end
	if p.field == unread {
		return true
	}
	if w.seen&(1<<p.field) != 0 {
		return false
	}
	w.put(p, from, end)
	return true
}

// put adds a member that is read.
func (w *walk) put(p *place, from, end int) {
	w.seen |= 1 << p.field
	w.record.at[p.field] = span{uint32(from + p.value), uint32(end)}
	if p.field >= keyFields {
		return
	}
	k := w.key
	if p.joins && p.field != fieldPolicies {
		k.at[k.n-1].to = uint32(end)
		return
	}
	k.at[k.n] = span{uint32(from + p.name), uint32(end)}
	k.n++
}
