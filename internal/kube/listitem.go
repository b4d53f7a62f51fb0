package kube

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// errObject says that an item of a list is no object.
var errObject = errors.New("the item is not an object as JSON")

// shaper gives the items of lists the form in which they are archived: one line; with kind and apiVersion, which items of
// built-in kinds lack; without metadata.managedFields, which is often a third of an object and which nothing reads in a
// snapshot. Everything else stays as the server sent it.
type shaper struct {
	head []byte // `{"apiVersion":"v1","kind":"Pod"`
	out  []byte
}

func newShaper(apiVersion, kind string) *shaper {
	return &shaper{head: fmt.Appendf(nil, `{"apiVersion":%q,"kind":%q`, apiVersion, kind)}
}

// shape gives the item's archived form, valid until the next call.
func (s *shaper) shape(item []byte) ([]byte, error) {
	if bytes.IndexByte(item, '\n') >= 0 {
		var line bytes.Buffer
		if err := json.Compact(&line, item); err != nil {
			return nil, fmt.Errorf("%w: %s", errObject, err.Error())
		}
		item = line.Bytes()
	}
	s.out = append(s.out[:0], s.head...)
	whole := true
	ok := eachMember(item, func(name, value []byte) bool {
		switch string(name) {
		case `"apiVersion"`, `"kind"`:
			return true
		case `"metadata"`:
			s.member(name, nil)
			whole = s.metadata(value)
			return whole
		}
		s.member(name, value)
		return true
	})
	if !ok || !whole {
		return nil, errObject
	}
	s.out = append(s.out, '}')
	return s.out, nil
}

func (s *shaper) member(name, value []byte) {
	if last := s.out[len(s.out)-1]; last != '{' {
		s.out = append(s.out, ',')
	}
	s.out = append(append(append(s.out, name...), ':'), value...)
}

func (s *shaper) metadata(value []byte) bool {
	s.out = append(s.out, '{')
	ok := eachMember(value, func(name, value []byte) bool {
		if string(name) != `"managedFields"` {
			s.member(name, value)
		}
		return true
	})
	s.out = append(s.out, '}')
	return ok
}

// eachMember calls yield with the quoted name and the value of each member of an object, until yield says no. False when the
// bytes are not one object; it does not look into the values further than to find where they end.
func eachMember(object []byte, yield func(name, value []byte) bool) bool {
	i := skipSpace(object, 0)
	if i == len(object) || object[i] != '{' {
		return false
	}
	i = skipSpace(object, i+1)
	if i < len(object) && object[i] == '}' {
		return skipSpace(object, i+1) == len(object)
	}
	for {
		name, next := valueAt(object, i)
		if len(name) < 2 || name[0] != '"' || next == len(object) || object[next] != ':' {
			return false
		}
		value, next := valueAt(object, skipSpace(object, next+1))
		if len(value) == 0 || next == len(object) {
			return false
		}
		if !yield(name, value) {
			return true
		}
		switch object[next] {
		case '}':
			return skipSpace(object, next+1) == len(object)
		case ',':
			i = skipSpace(object, next+1)
		default:
			return false
		}
	}
}

// valueAt gives the value that begins at an offset, and where what follows it begins.
func valueAt(data []byte, at int) (value []byte, next int) {
	var e ending
	length, done := e.find(data[at:], 0)
	if !done {
		return nil, len(data)
	}
	return data[at : at+length], skipSpace(data, at+length)
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\r' || data[i] == '\t') {
		i++
	}
	return i
}
