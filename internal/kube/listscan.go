package kube

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxItem bounds one object of a list: 16 MiB, more than an API server stores.
const maxItem = 16 << 20

// errList says that an answer is not a list.
var errList = errors.New("the answer is not a list of objects as JSON")

// listMeta is what a page says of itself.
type listMeta struct {
	Version  string `json:"resourceVersion"`
	Continue string `json:"continue"`
}

// page takes what scanPage finds, in the order in which the server sent it: lists of built-in kinds have their metadata first,
// those of custom resources last.
type page struct {
	meta func(listMeta) error
	item func(raw []byte) error // raw is valid during the call
}

// scanPage splits a list into its items as it arrives. It holds one item at a time and decodes none: it finds where each ends.
func scanPage(from io.Reader, p page) error {
	s := &scanner{from: from, buffer: make([]byte, 64<<10)}
	if err := s.expect('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := s.another('}', first)
		if err != nil || !more {
			return err
		}
		if err := s.member(p); err != nil {
			return err
		}
	}
}

// scanner reads JSON from a stream. What lies between mark and end is in the buffer and not yet given out.
type scanner struct {
	from      io.Reader
	buffer    []byte
	mark, end int
}

func (s *scanner) member(p page) error {
	name, err := s.value()
	if err != nil {
		return err
	}
	items, meta := string(name) == `"items"`, string(name) == `"metadata"`
	if err := s.expect(':'); err != nil {
		return err
	}
	if items {
		return s.items(p.item)
	}
	value, err := s.value()
	if err != nil || !meta {
		return err
	}
	var m listMeta
	if err := json.Unmarshal(value, &m); err != nil {
		return fmt.Errorf("%w: its metadata cannot be decoded", errList)
	}
	return p.meta(m)
}

func (s *scanner) items(item func([]byte) error) error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	if c == 'n' { // null: an empty list of some servers
		_, err := s.value()
		return err
	}
	if err := s.expect('['); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := s.another(']', first)
		if err != nil || !more {
			return err
		}
		raw, err := s.value()
		if err != nil {
			return err
		}
		if err := item(raw); err != nil {
			return err
		}
	}
}

// another tells whether one more member or element follows, and steps over the comma before it.
func (s *scanner) another(end byte, first bool) (bool, error) {
	c, err := s.peek()
	switch {
	case err != nil:
		return false, err
	case c == end:
		s.mark++
		return false, nil
	case first:
		return true, nil
	}
	return true, s.expect(',')
}

// peek is the next byte that is no white space.
func (s *scanner) peek() (byte, error) {
	for {
		for ; s.mark < s.end; s.mark++ {
			if c := s.buffer[s.mark]; c != ' ' && c != '\n' && c != '\r' && c != '\t' {
				return c, nil
			}
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

func (s *scanner) expect(want byte) error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	if c != want {
		return errList
	}
	s.mark++
	return nil
}

// value gives the next value's bytes, which are valid until the next call.
func (s *scanner) value() ([]byte, error) {
	if _, err := s.peek(); err != nil {
		return nil, err
	}
	var e ending
	for at := 0; ; {
		length, done := e.find(s.buffer[s.mark:s.end], at)
		if done {
			raw := s.buffer[s.mark : s.mark+length]
			s.mark += length
			if len(raw) == 0 {
				return nil, errList
			}
			return raw, nil
		}
		at = s.end - s.mark
		if at > maxItem {
			return nil, fmt.Errorf("%w: one object has more than %d bytes", errList, maxItem)
		}
		if err := s.fill(); err != nil {
			return nil, err
		}
	}
}

// fill reads more behind what is there; the end of the stream is an error, since every caller needs more.
func (s *scanner) fill() error {
	if s.mark > 0 {
		s.end = copy(s.buffer, s.buffer[s.mark:s.end])
		s.mark = 0
	}
	if s.end == len(s.buffer) {
		s.buffer = append(s.buffer, make([]byte, len(s.buffer))...)
	}
	n, err := s.from.Read(s.buffer[s.end:])
	s.end += n
	switch {
	case n > 0:
		return nil
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it ends in the middle", io.ErrUnexpectedEOF)
	}
	return err
}

// ending finds where a value ends, also when the value comes in pieces.
type ending struct {
	depth    int
	inString bool
	escaped  bool // the next byte of the string is taken as it is
}

// The bytes that mean something outside of strings; all others are stepped over.
const (
	plain = iota
	quote
	opens
	closes
	parts // what ends a number or a word
)

var classes = [256]uint8{'"': quote, '{': opens, '[': opens, '}': closes, ']': closes, ',': parts, ':': parts, ' ': parts, '\n': parts, '\r': parts, '\t': parts}

// find looks at data from an offset on, where it stopped before, and gives the value's length once it is known.
func (e *ending) find(data []byte, from int) (length int, done bool) {
	i, depth := from, e.depth
	if e.inString {
		if i = e.skipString(data, i); i < 0 {
			return 0, false
		}
		if i++; depth == 0 {
			return i, true
		}
	}
	for ; i < len(data); i++ {
		switch classes[data[i]] {
		case plain:
		case quote:
			e.inString = true
			if i = e.skipString(data, i+1); i < 0 {
				e.depth = depth
				return 0, false
			}
			if depth == 0 {
				return i + 1, true
			}
		case opens:
			depth++
		case closes:
			if depth == 0 {
				return i, true // a number or a word before it
			}
			if depth--; depth == 0 {
				return i + 1, true
			}
		case parts:
			if depth == 0 {
				return i, true
			}
		}
	}
	e.depth = depth
	return 0, false
}

// skipString finds the quote that ends the string; negative when it is not there yet.
func (e *ending) skipString(data []byte, i int) int {
	if e.escaped && i < len(data) {
		e.escaped = false
		i++
	}
	for ; i < len(data); i++ {
		switch data[i] {
		case '"':
			e.inString = false
			return i
		case '\\':
			if i++; i == len(data) {
				e.escaped = true
			}
		}
	}
	return -1
}
