package selector

import (
	"slices"
	"strings"
)

type operation uint8

const (
	opAll operation = iota
	opGlobal
	opNot
	opAnd
	opOr
	opHas
	opEqual
	opNotEqual
	opContains
	opStartsWith
	opEndsWith
	opIn
	opNotIn
)

// isTest tells the operations that read a label.
func (o operation) isTest() bool { return o >= opHas }

// node is one operation of a selector's tree. Nodes never change, and trees may share them.
type node struct {
	op     operation
	label  string   // of a test
	value  string   // of a test with one value
	values []string // of a test with a set: sorted, each once
	kids   []*node  // of not: one; of and, or: two or more
	depth  int      // groups on the deepest path from here on
}

func group(op operation, kids []*node) *node {
	depth := 0
	for _, kid := range kids {
		depth = max(depth, kid.depth)
	}
	return &node{op: op, kids: kids, depth: depth + 1}
}

// not takes a double negation away, also one across parentheses: the canonical text, where those parentheses are gone, must
// read as the same tree.
func not(kid *node) *node {
	if kid.op == opNot {
		return kid.kids[0]
	}
	return &node{op: opNot, kids: []*node{kid}, depth: kid.depth}
}

func (n *node) matches(l Labels) bool {
	switch n.op {
	case opAll, opGlobal:
		return true
	case opNot:
		return !n.kids[0].matches(l)
	case opAnd:
		for _, kid := range n.kids {
			if !kid.matches(l) {
				return false
			}
		}
		return true
	case opOr:
		for _, kid := range n.kids {
			if kid.matches(l) {
				return true
			}
		}
		return false
	}
	value, ok := l.Get(n.label)
	return n.holds(value, ok)
}

// holds evaluates a test; an absent label passes only the tests that say "not".
func (n *node) holds(value string, exists bool) bool {
	switch n.op {
	case opNotEqual:
		return !exists || value != n.value
	case opNotIn:
		return !exists || !isMember(n.values, value)
	case opEqual:
		return exists && value == n.value
	case opIn:
		return exists && isMember(n.values, value)
	case opContains:
		return exists && strings.Contains(value, n.value)
	case opStartsWith:
		return exists && strings.HasPrefix(value, n.value)
	case opEndsWith:
		return exists && strings.HasSuffix(value, n.value)
	}
	return exists // opHas
}

// isMember searches short lists from the start: most values already differ in length.
func isMember(sorted []string, value string) bool {
	const short = 16
	if len(sorted) <= short {
		return slices.Contains(sorted, value)
	}
	_, found := slices.BinarySearch(sorted, value)
	return found
}

func (n *node) visit(fn func(*node)) {
	fn(n)
	for _, kid := range n.kids {
		kid.visit(fn)
	}
}

func (n *node) prefixed(prefix string) *node {
	copied := *n
	if n.op.isTest() {
		copied.label = prefix + n.label
	}
	if n.kids != nil {
		copied.kids = make([]*node, len(n.kids))
		for i, kid := range n.kids {
			copied.kids[i] = kid.prefixed(prefix)
		}
	}
	return &copied
}
