package selector

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// MaxLength is the longest text that is read, in bytes. etcd bounds a whole object at 1.5 MiB.
	MaxLength = 1 << 20
	// MaxDepth bounds parentheses inside parentheses, so that no text can exhaust the stack of the parser, of an
	// evaluation, or of whoever reads the canonical text.
	MaxDepth = 1000
	// MaxLabel is the longest name of a label, in bytes.
	MaxLabel = 512
)

// Parse reads a selector. Text that is empty or blank is all(). An error is always a *SyntaxError.
func Parse(text string) (*Selector, error) {
	if len(text) > MaxLength {
		return nil, &SyntaxError{text, MaxLength, fmt.Sprintf("a selector has at most %d bytes, this one has %d", MaxLength, len(text))}
	}
	p := parser{text: text}
	p.skipBlanks()
	if p.atEnd() {
		return All(), nil
	}
	root, err := p.parseOr()
	if err != nil {
		return nil, err
	}
	if !p.atEnd() {
		return nil, p.unexpected("the selector is complete before this: join what follows with && or ||, or leave it out")
	}
	return &Selector{root}, nil
}

// parser reads from pos on; every method leaves it behind the blanks that follow what it read.
type parser struct {
	text  string
	pos   int
	depth int // open parentheses
}

func (p *parser) parseOr() (*node, error) { return p.parseGroup(opOr, "||", p.parseAnd) }

func (p *parser) parseAnd() (*node, error) { return p.parseGroup(opAnd, "&&", p.parseOperand) }

func (p *parser) parseGroup(op operation, operator string, parseKid func() (*node, error)) (*node, error) {
	var kids []*node
	for {
		kid, err := parseKid()
		if err != nil {
			return nil, err
		}
		kids = append(kids, kid)
		if !p.take(operator) {
			break
		}
	}
	if len(kids) == 1 {
		return kids[0], nil
	}
	joined := group(op, kids)
	if joined.depth > MaxDepth {
		return nil, p.tooDeep()
	}
	return joined, nil
}

func (p *parser) parseOperand() (*node, error) {
	negated := false
	for p.take("!") {
		negated = !negated
	}
	operand, err := p.parsePlain()
	if err != nil || !negated {
		return operand, err
	}
	return not(operand), nil
}

func (p *parser) parsePlain() (*node, error) {
	switch {
	case p.take("("):
		return p.parseParentheses()
	case p.takeCall("all"):
		return &node{op: opAll}, p.closeCall("all()")
	case p.takeCall("global"):
		return &node{op: opGlobal}, p.closeCall("global()")
	case p.takeCall("has"):
		label, err := p.parseLabel()
		if err != nil {
			return nil, err
		}
		return &node{op: opHas, label: label}, p.closeCall("has(label)")
	}
	label, err := p.parseLabel()
	if err != nil {
		return nil, err
	}
	return p.parseTest(label)
}

func (p *parser) parseParentheses() (*node, error) {
	if p.depth++; p.depth > MaxDepth {
		return nil, p.tooDeep()
	}
	inner, err := p.parseOr()
	if err != nil {
		return nil, err
	}
	if !p.take(")") {
		return nil, p.unexpected("write a closing parenthesis, && or || here")
	}
	p.depth--
	return inner, nil
}

func (p *parser) closeCall(call string) error {
	if p.take(")") {
		return nil
	}
	return p.unexpected("write a closing parenthesis here: " + call)
}

func (p *parser) parseTest(label string) (*node, error) {
	op, ok := p.takeOperator()
	if !ok {
		return nil, p.unexpected("write an operator after the label: ==, !=, in, not in, contains, starts with or ends with")
	}
	if op == opIn || op == opNotIn {
		values, err := p.parseSet()
		return &node{op: op, label: label, values: values}, err
	}
	value, err := p.parseString()
	return &node{op: op, label: label, value: value}, err
}

func (p *parser) parseSet() ([]string, error) {
	if !p.take("{") {
		return nil, p.unexpected("write a set of quoted values here: {'a', 'b'}")
	}
	var values []string
	for !p.take("}") {
		value, err := p.parseString()
		if err != nil {
			return nil, err
		}
		values = append(values, value)
		if p.take(",") {
			continue
		}
		if !p.take("}") {
			return nil, p.unexpected("write a comma or } after a value of a set")
		}
		break
	}
	slices.Sort(values)
	return slices.Clip(slices.Compact(values)), nil
}

func (p *parser) parseString() (string, error) {
	if p.atEnd() || (p.text[p.pos] != '\'' && p.text[p.pos] != '"') {
		return "", p.unexpected("write a value in single or double quotes here")
	}
	quote := p.text[p.pos]
	length := strings.IndexByte(p.text[p.pos+1:], quote)
	if length < 0 {
		return "", p.fail(fmt.Sprintf("the closing quote %c is missing", quote))
	}
	value := p.text[p.pos+1 : p.pos+1+length]
	p.pos += length + 2
	p.skipBlanks()
	return value, nil
}

func (p *parser) parseLabel() (string, error) {
	end := p.pos
	for end < len(p.text) && isLabelByte(p.text[end]) {
		end++
	}
	if end == p.pos {
		return "", p.unexpected("write a label, has(label), all(), global(), ! or an opening parenthesis here")
	}
	if end-p.pos > MaxLabel {
		return "", p.fail(fmt.Sprintf("a label's name has at most %d characters, this one has %d", MaxLabel, end-p.pos))
	}
	label := p.text[p.pos:end]
	p.pos = end
	p.skipBlanks()
	return label, nil
}
