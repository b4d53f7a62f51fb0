package flow

import (
	"encoding/binary"
	"math/bits"
)

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
