package selector

import "strings"

// operators are the canonical words between a label and its value or set.
var operators = map[operation]string{
	opEqual:      " == ",
	opNotEqual:   " != ",
	opContains:   " contains ",
	opStartsWith: " starts with ",
	opEndsWith:   " ends with ",
	opIn:         " in ",
	opNotIn:      " not in ",
}

func (n *node) appendTo(out []byte) []byte {
	switch n.op {
	case opAll:
		return append(out, "all()"...)
	case opGlobal:
		return append(out, "global()"...)
	case opNot:
		return n.kids[0].appendTo(append(out, '!'))
	case opAnd:
		return n.appendGroup(out, " && ")
	case opOr:
		return n.appendGroup(out, " || ")
	case opHas:
		out = append(out, "has("...)
		out = append(out, n.label...)
		return append(out, ')')
	}
	out = append(out, n.label...)
	out = append(out, operators[n.op]...)
	if n.op == opIn || n.op == opNotIn {
		return appendSet(out, n.values)
	}
	return appendQuoted(out, n.value)
}

func (n *node) appendGroup(out []byte, between string) []byte {
	out = append(out, '(')
	for i, kid := range n.kids {
		if i > 0 {
			out = append(out, between...)
		}
		out = kid.appendTo(out)
	}
	return append(out, ')')
}

func appendSet(out []byte, values []string) []byte {
	out = append(out, '{')
	for i, value := range values {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = appendQuoted(out, value)
	}
	return append(out, '}')
}

// appendQuoted relies on the language: a value cannot hold both kinds of quotes, since it was written between one of them.
func appendQuoted(out []byte, value string) []byte {
	quote := byte('"')
	if strings.IndexByte(value, quote) >= 0 {
		quote = '\''
	}
	out = append(out, quote)
	out = append(out, value...)
	return append(out, quote)
}
