package flow

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Limits of what is learned from a log. A log that has more names, or names as long as that, goes through the general form.
const (
	maxNames    = 512
	maxName     = 128
	maxConstant = 512 // the longest value that is remembered
	steady      = 64  // a value that changed as often is not compared any more
	maxDepth    = 16  // of values within values
)

// layout splits lines fast. It has learned which names occur in this log and which name usually follows which, so that most
// names and many values are only compared. It understands less than JSON: no escapes, nothing but ASCII, and no white space
// but single blanks. It says so when a line has more, and leaves that line to the general form.
type layout struct {
	byName map[string]*member
	start  *member // its next is the usual first member
}

// member is one name of a log.
type member struct {
	token   []byte  // the name as it stands in a line, with quotes and colon
	field   field   // or unread
	next    *member // the member that last followed
	value   []byte  // its last value
	changes int     // how often the value was another one than before
}

func newLayout() *layout {
	l := &layout{byName: map[string]*member{}, start: &member{}}
	for f, name := range fieldNames {
		l.byName[name] = &member{token: []byte(`"` + name + `":`), field: field(f)}
	}
	l.start.next = l.byName["start_time"]
	return l
}

// keySpans are the parts of a line that say which group the record belongs to, names included: members of the key that are
// neighbours are one span. Two lines with the same spans are records of one group.
type keySpans struct {
	at [keyFields]span
	n  int
}

// split splits the line into the record. It is false for a line that it does not fully understand; r is then undefined.
func (l *layout) split(line []byte, r *record, key *keySpans) bool {
	*r = record{line: line}
	key.n = 0
	if len(line) < 2 || line[0] != '{' {
		return false
	}
	var seen uint32
	inKey := false
	for p, before := 1, l.start; ; {
		m := before.next
		if m == nil || !hasAt(line, p, m.token) {
			if m = l.member(line, p); m == nil {
				return false
			}
			before.next = m
		}
		valueAt := skipBlank(line, p+len(m.token))
		end := m.valueEnd(line, valueAt)
		if end < 0 || end >= len(line) {
			return false
		}
		if m.field != unread {
			if seen&(1<<m.field) != 0 {
				return false
			}
			seen |= 1 << m.field
			r.at[m.field] = span{uint32(valueAt), uint32(end)}
		}
		inKey = key.extend(m.field, inKey, span{uint32(p), uint32(end)})
		if line[end] != ',' {
			return line[end] == '}' && end+1 == len(line)
		}
		p = skipBlank(line, end+1)
		before = m
	}
}

// extend adds the member of a field; it returns whether the next one can be a part of the same span. The policies are a span
// of their own, since they do not go with any of their neighbours.
func (k *keySpans) extend(f field, grow bool, s span) bool {
	switch {
	case f >= keyFields:
		return false
	case grow && f != fieldPolicies:
		k.at[k.n-1].to = s.to
	default:
		k.at[k.n] = s
		k.n++
	}
	return f != fieldPolicies
}

// valueEnd is where the member's value at p ends, or -1. A value that stays the same from line to line is only compared with
// what it was before.
func (m *member) valueEnd(line []byte, p int) int {
	if m.changes >= steady {
		return skipValue(line, p, 0)
	}
	if end := p + len(m.value); end > p && end < len(line) && (line[end] == ',' || line[end] == '}') &&
		string(line[p:end]) == string(m.value) {
		return end
	}
	m.changes++
	end := skipValue(line, p, 0)
	if end > 0 && end-p <= maxConstant {
		m.value = append(m.value[:0], line[p:end]...)
	}
	return end
}

// member finds or learns the name at p; nil when there is none that the fast form can handle.
func (l *layout) member(line []byte, p int) *member {
	if p >= len(line) || line[p] != '"' {
		return nil
	}
	end := skipString(line, p+1)
	if end < 0 || end >= len(line) || line[end] != ':' || end-p > maxName {
		return nil
	}
	if m := l.byName[string(line[p+1:end-1])]; m != nil {
		return m
	}
	if len(l.byName) >= maxNames {
		return nil
	}
	m := &member{token: bytes.Clone(line[p : end+1]), field: unread}
	l.byName[string(line[p+1:end-1])] = m
	return m
}

func hasAt(line []byte, p int, token []byte) bool {
	end := p + len(token)
	return end <= len(line) && string(line[p:end]) == string(token)
}

func skipBlank(line []byte, p int) int {
	if p < len(line) && line[p] == ' ' {
		return p + 1
	}
	return p
}

// skipValue is where the value at p ends, or -1 when there is no value that the fast form can handle. It accepts valid JSON
// only.
func skipValue(b []byte, p, depth int) int {
	if p >= len(b) {
		return -1
	}
	switch c := b[p]; {
	case c == '"':
		return skipString(b, p+1)
	case c == '-' || (c >= '0' && c <= '9'):
		return skipNumber(b, p)
	case c == 'n':
		return skipWord(b, p, "null")
	case c == '[':
		return skipArray(b, p+1, depth+1)
	case c == '{':
		return skipObject(b, p+1, depth+1)
	case c == 't':
		return skipWord(b, p, "true")
	case c == 'f':
		return skipWord(b, p, "false")
	}
	return -1
}

func skipWord(b []byte, p int, word string) int {
	if end := p + len(word); end <= len(b) && string(b[p:end]) == word {
		return end
	}
	return -1
}

func skipArray(b []byte, p, depth int) int {
	if depth > maxDepth || p >= len(b) {
		return -1
	}
	if b[p] == ']' {
		return p + 1
	}
	for {
		if p = skipValue(b, p, depth); p < 0 || p >= len(b) {
			return -1
		}
		if b[p] == ']' {
			return p + 1
		}
		if b[p] != ',' {
			return -1
		}
		p = skipBlank(b, p+1)
	}
}

func skipObject(b []byte, p, depth int) int {
	if depth > maxDepth || p >= len(b) {
		return -1
	}
	if b[p] == '}' {
		return p + 1
	}
	for {
		if p >= len(b) || b[p] != '"' {
			return -1
		}
		if p = skipString(b, p+1); p < 0 || p >= len(b) || b[p] != ':' {
			return -1
		}
		if p = skipValue(b, skipBlank(b, p+1), depth); p < 0 || p >= len(b) {
			return -1
		}
		if b[p] == '}' {
			return p + 1
		}
		if b[p] != ',' {
			return -1
		}
		p = skipBlank(b, p+1)
	}
}

// skipNumber is where the number at p ends; one with an exponent is left to the general form. What follows a number is
// checked by the caller, so "01" fails there.
func skipNumber(b []byte, p int) int {
	if b[p] == '-' {
		p++
	}
	from := p
	if p = skipDigits(b, p); p == from {
		return -1
	}
	if b[from] == '0' {
		p = from + 1
	}
	if p < len(b) && b[p] == '.' {
		from = p + 1
		if p = skipDigits(b, from); p == from {
			return -1
		}
	}
	return p
}

// skipDigits looks at eight bytes at a time, since the lengths of numbers cannot be foreseen, and a loop's end that comes
// as a surprise takes the processor longer than the digits.
func skipDigits(b []byte, p int) int {
	for ; p+8 <= len(b); p += 8 {
		if other := notDigits(binary.LittleEndian.Uint64(b[p:]) ^ ones*'0'); other != 0 {
			return p + bits.TrailingZeros64(other)>>3
		}
	}
	for p < len(b) && b[p] >= '0' && b[p] <= '9' {
		p++
	}
	return p
}

// notDigits marks, by its highest bit, each of eight bytes that is above nine.
func notDigits(w uint64) uint64 { return (w&^highs + ones*(128-10) | w) & highs }

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// skipString is where the string whose text begins at p ends, past its closing quote; -1 when the text has an escape, a
// control character or anything beyond ASCII before that. It looks at eight bytes at a time: the lowest marked byte is exact,
// those above it may be marked by a borrow.
func skipString(b []byte, p int) int {
	for ; p+8 <= len(b); p += 8 {
		w := binary.LittleEndian.Uint64(b[p:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		mark := ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w | w) & highs
		if mark != 0 {
			p += bits.TrailingZeros64(mark) >> 3
			if b[p] == '"' {
				return p + 1
			}
			return -1
		}
	}
	for ; p < len(b); p++ {
		switch c := b[p]; {
		case c == '"':
			return p + 1
		case c == '\\' || c < ' ' || c > '~'+1:
			return -1
		}
	}
	return -1
}
