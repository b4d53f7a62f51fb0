package flow

import "bytes"

// Limits of what is learned from a log. A log that has more names, or names as long as that, goes through the general form.
const (
	maxNames    = 512
	maxName     = 128
	maxConstant = 512 // the longest value that is remembered
	steady      = 8   // a value that changed as often is not taken for a constant any more
	warmUp      = 64  // so many lines show which values vary
	maxLearned  = 64  // how often the way from one varying value to the next is learned
	maxDepth    = 16  // of values within values
)

// layout splits lines fast. It has learned which names occur in this log, which name usually follows which, and which values
// stay the same, so that most of a line is only compared, in long pieces. It understands less than JSON: no escapes, nothing
// but ASCII, and no white space but single blanks. It says so when a line has more, and leaves that line to the general form.
type layout struct {
	byName map[string]*member
	start  *member // stands for the opening brace
	lines  int     // seen so far, up to warmUp
	inner  []place // the constants since the last varying value
}

// member is one name of a log.
type member struct {
	token   []byte  // the name as it stands in a line, with quotes and colon
	field   field   // or unread
	next    *member // the member that last followed
	value   []byte  // its last value
	changes int     // how often the value was another one than before
	way     way     // from its value to the next varying one
	learned int     // how often the way was learned
}

func newLayout() *layout {
	l := &layout{byName: map[string]*member{}, start: &member{field: unread}}
	for f, name := range fieldNames {
		l.byName[name] = &member{token: []byte(`"` + name + `":`), field: field(f)}
	}
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
	if len(line) == 0 || line[0] != '{' {
		return false
	}
	l.lines = min(l.lines+1, warmUp+1)
	w := walk{line: line, record: r, key: key}
	for last := l.start; ; {
		// From the end of one varying value to the end of the next: in one step where the way is known.
		var ok bool
		if w.knows(&last.way) {
			last, ok = w.leap(&last.way)
		} else {
			last, ok = l.steps(&w, last)
		}
		if !ok || last == nil {
			return ok
		}
	}
}

// steps goes member by member up to the end of the next value that varies, and learns the way. next is nil at the end of
// the line.
func (l *layout) steps(w *walk, last *member) (next *member, ok bool) {
	from, before := w.at, last
	l.inner = l.inner[:0]
	for {
		if w.line[w.at] == '}' {
			if w.at+1 != len(w.line) {
				return nil, false
			}
			if l.lines > warmUp {
				last.learn(w.line, from, l.inner, goal{})
			}
			return nil, true
		}
		nameAt := w.at + 1
		if w.at > 0 {
			nameAt = skipBlank(w.line, nameAt)
		}
		m := before.next
		if m == nil || !hasAt(w.line, nameAt, m.token) {
			if m = l.member(w.line, nameAt); m == nil {
				return nil, false
			}
			before.next = m
		}
		at := place{field: m.field, joins: before.field.joins(), name: nameAt, value: skipBlank(w.line, nameAt+len(m.token))}
		end, same := m.valueEnd(w.line, at.value)
		if at.end = end; !w.take(&at, 0, end) {
			return nil, false
		}
		if !same {
			if l.lines > warmUp {
				last.learn(w.line, from, l.inner, goal{m, at})
			}
			return m, true
		}
		l.inner = append(l.inner, at)
		before = m
	}
}

// valueEnd is where the member's value at p ends, or -1, and whether it is the same as before.
func (m *member) valueEnd(line []byte, p int) (end int, same bool) {
	if m.changes >= steady {
		return skipValue(line, p, 0), false
	}
	if end = p + len(m.value); end > p && end < len(line) && (line[end] == ',' || line[end] == '}') &&
		string(line[p:end]) == string(m.value) {
		return end, true
	}
	m.changes++
	end = skipValue(line, p, 0)
	if end > 0 && end-p <= maxConstant {
		m.value = append(m.value[:0], line[p:end]...)
	}
	return end, false
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
