package flow

import (
	"encoding/json"
	"unicode/utf8"
)

// splitGeneral splits any line into the record; Reason is "" when it could.
func (r *record) splitGeneral(line []byte) Reason {
	*r = record{line: line}
	if !utf8.Valid(line) {
		return BadUTF8
	}
	if !json.Valid(line) {
		return BadJSON
	}
	if line[blank(line, 0)] != '{' {
		return BadJSON
	}
	twice := false
	members(line, func(name []byte, from, to int) {
		f, ok := fieldByName[string(name)]
		if !ok {
			return
		}
		twice = twice || r.at[f].to != 0
		r.at[f] = span{uint32(from), uint32(to)}
	})
	if twice {
		return BadField
	}
	return ""
}

// members calls fn with each member of an object: its name, unescaped, and where its value stands. object must be valid
// JSON; anything but an object has no members.
func members(object []byte, fn func(name []byte, from, to int)) {
	p := blank(object, 0)
	if p == len(object) || object[p] != '{' {
		return
	}
	for p = blank(object, p+1); object[p] != '}'; {
		end := valueEnd(object, p)
		name := unquote(object[p:end])
		from := blank(object, blank(object, end)+1) // past the colon
		to := valueEnd(object, from)
		fn(name, from, to)
		if p = blank(object, to); object[p] == ',' {
			p = blank(object, p+1)
		}
	}
}

// elements calls fn with each element of an array, as members does.
func elements(array []byte, fn func(element []byte)) {
	p := blank(array, 0)
	if p == len(array) || array[p] != '[' {
		return
	}
	for p = blank(array, p+1); array[p] != ']'; {
		end := valueEnd(array, p)
		fn(array[p:end])
		if p = blank(array, end); array[p] == ',' {
			p = blank(array, p+1)
		}
	}
}

// blank is the first position from p on that is no white space.
func blank(b []byte, p int) int {
	for p < len(b) && (b[p] == ' ' || b[p] == '\t' || b[p] == '\r' || b[p] == '\n') {
		p++
	}
	return p
}

// valueEnd is where the value that begins at p ends, in valid JSON.
func valueEnd(b []byte, p int) int {
	for depth := 0; p < len(b); {
		switch b[p] {
		case '"':
			p = stringEnd(b, p+1)
		case '{', '[':
			depth++
			p++
			continue
		case '}', ']':
			depth--
			p++
		case ',', ':', ' ', '\t', '\r', '\n':
			p++
			continue
		default:
			for p < len(b) && b[p] > ' ' && b[p] != ',' && b[p] != '}' && b[p] != ']' {
				p++
			}
		}
		if depth == 0 {
			return p
		}
	}
	return p
}

// stringEnd is where the string whose text begins at p ends, past its closing quote, in valid JSON.
func stringEnd(b []byte, p int) int {
	for ; b[p] != '"'; p++ {
		if b[p] == '\\' {
			p++
		}
	}
	return p + 1
}

// unquote is the text of a JSON string.
func unquote(quoted []byte) []byte {
	for _, c := range quoted {
		if c == '\\' {
			var s string
			if json.Unmarshal(quoted, &s) != nil {
				return nil
			}
			return []byte(s)
		}
	}
	return quoted[1 : len(quoted)-1]
}
