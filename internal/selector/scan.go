package selector

import (
	"fmt"
	"strings"
)

func (p *parser) atEnd() bool { return p.pos == len(p.text) }

func (p *parser) skipBlanks() {
	for p.pos < len(p.text) && isBlank(p.text[p.pos]) {
		p.pos++
	}
}

// take steps over a sign, and the blanks after it, when it stands here.
func (p *parser) take(sign string) bool {
	if !strings.HasPrefix(p.text[p.pos:], sign) {
		return false
	}
	p.pos += len(sign)
	p.skipBlanks()
	return true
}

// takeCall steps over a function's name and its opening parenthesis. No blank may stand between the two.
func (p *parser) takeCall(name string) bool {
	rest := p.text[p.pos:]
	if !strings.HasPrefix(rest, name) || !strings.HasPrefix(rest[len(name):], "(") {
		return false
	}
	p.pos += len(name) + 1
	p.skipBlanks()
	return true
}

func (p *parser) takeOperator() (operation, bool) {
	switch {
	case p.take("=="):
		return opEqual, true
	case p.take("!="):
		return opNotEqual, true
	case p.takeWords("not", "in"):
		return opNotIn, true
	case p.takeWords("in"):
		return opIn, true
	case p.takeWords("contains"):
		return opContains, true
	case p.takeWords("starts", "with"):
		return opStartsWith, true
	case p.takeWords("ends", "with"):
		return opEndsWith, true
	}
	return 0, false
}

// takeWords steps over all of the words, with blanks between them or none.
func (p *parser) takeWords(words ...string) bool {
	start := p.pos
	for _, word := range words {
		if !p.take(word) {
			p.pos = start
			return false
		}
	}
	return true
}

func (p *parser) fail(reason string) error {
	return &SyntaxError{Text: p.text, Offset: p.pos, Reason: reason}
}

func (p *parser) tooDeep() error {
	return p.fail(fmt.Sprintf("parentheses may be nested at most %d deep", MaxDepth))
}

// unexpected explains the mistakes that people really make; for anything else it says what was expected.
func (p *parser) unexpected(expected string) error {
	if p.atEnd() {
		return p.fail(expected)
	}
	c := p.text[p.pos]
	isDouble := strings.HasPrefix(p.text[p.pos+1:], string(rune(c)))
	switch {
	case c == '\n' || c == '\r':
		return p.fail("a line break is no blank in a selector: write it on one line, with spaces")
	case (c == '=' || c == '&' || c == '|') && !isDouble:
		return p.fail(fmt.Sprintf("a single %c is no operator: write %c%c", c, c, c))
	case c >= 0x80:
		return p.fail("names and operators are ASCII: " + expected)
	}
	return p.fail(expected)
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isLabelByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_./-", c) >= 0
}
