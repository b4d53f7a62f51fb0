package audit

import (
	"bytes"
	"encoding/json"
	"errors"
)

// errSyntax says that bytes are not one JSON object.
var errSyntax = errors.New("not a JSON object")

// members calls fn with each member of the object in data, in order: its name, and its value's bytes as they stand. It does
// not look into values further than to find where they end; who uses one decodes it and finds out then. This makes the many
// lines that concern nobody cheap, whatever the order of their keys.
func members(data []byte, fn func(name, value []byte)) error {
	i := skipSpace(data, 0)
	if at(data, i) != '{' {
		return errSyntax
	}
	i = skipSpace(data, i+1)
	if at(data, i) == '}' {
		return ends(data, i+1)
	}
	for {
		name, next, ok := memberName(data, i)
		if !ok {
			return errSyntax
		}
		start := skipSpace(data, next)
		end := skipValue(data, start)
		if end < 0 {
			return errSyntax
		}
		fn(name, data[start:end])
		i = skipSpace(data, end)
		switch at(data, i) {
		case ',':
			i = skipSpace(data, i+1)
		case '}':
			return ends(data, i+1)
		default:
			return errSyntax
		}
	}
}

// elements calls fn with each element of the array in data.
func elements(data []byte, fn func(value []byte)) error {
	i := skipSpace(data, 0)
	if at(data, i) != '[' {
		return errSyntax
	}
	i = skipSpace(data, i+1)
	if at(data, i) == ']' {
		return ends(data, i+1)
	}
	for {
		end := skipValue(data, i)
		if end < 0 {
			return errSyntax
		}
		fn(data[i:end])
		i = skipSpace(data, end)
		switch at(data, i) {
		case ',':
			i = skipSpace(data, i+1)
		case ']':
			return ends(data, i+1)
		default:
			return errSyntax
		}
	}
}

// memberName reads a name and its colon; next is behind the colon.
func memberName(data []byte, i int) (name []byte, next int, ok bool) {
	end := skipString(data, i)
	if end < 0 {
		return nil, 0, false
	}
	name = data[i+1 : end-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name = []byte(text(data[i:end]))
	}
	next = skipSpace(data, end)
	return name, next + 1, at(data, next) == ':'
}

// at is the byte at i, or 0 behind the end.
func at(data []byte, i int) byte {
	if i < len(data) {
		return data[i]
	}
	return 0
}

func ends(data []byte, i int) error {
	if skipSpace(data, i) != len(data) {
		return errSyntax
	}
	return nil
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\t' || data[i] == '\n' || data[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the place behind the string that starts at i, or -1.
func skipString(data []byte, i int) int {
	if at(data, i) != '"' {
		return -1
	}
	for i++; ; i++ {
		quote := bytes.IndexByte(data[min(i, len(data)):], '"')
		if quote < 0 {
			return -1
		}
		i += quote
		back := 0
		for data[i-1-back] == '\\' {
			back++ // stops at the opening quote at the latest
		}
		if back%2 == 0 {
			return i + 1
		}
	}
}

// skipValue returns the place behind the value that starts at i, or -1.
func skipValue(data []byte, i int) int {
	switch at(data, i) {
	case '"':
		return skipString(data, i)
	case '{', '[':
		return skipNested(data, i)
	}
	start := i
	for i < len(data) && !endsScalar[data[i]] {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

var endsScalar = [256]bool{',': true, '}': true, ']': true, ' ': true, '\t': true, '\n': true, '\r': true, '"': true, '{': true, '[': true, ':': true}

var structural = [256]bool{'"': true, '{': true, '}': true, '[': true, ']': true}

func skipNested(data []byte, i int) int {
	depth := 0
	for i < len(data) {
		c := data[i]
		if !structural[c] {
			i++
			continue
		}
		switch c {
		case '"':
			if i = skipString(data, i); i < 0 {
				return -1
			}
			continue
		case '{', '[':
			depth++
		default:
			depth--
		}
		i++
		if depth == 0 {
			return i
		}
	}
	return -1
}

// text is the value of a JSON string; "" for anything else.
func text(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return ""
	}
	if inner := value[1 : len(value)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// is tells whether value is the JSON string of want, which has nothing to escape.
func is(value []byte, want string) bool {
	return len(value) == len(want)+2 && value[0] == '"' && string(value[1:len(value)-1]) == want
}

// present tells whether a member is there and not null.
func present(value []byte) bool { return len(value) > 0 && string(value) != "null" }

// empty tells whether a member is absent, null, or an array or object without contents.
func empty(value []byte) bool {
	return !present(value) || len(value) >= 2 && (value[0] == '[' || value[0] == '{') && skipSpace(value, 1) == len(value)-1
}
