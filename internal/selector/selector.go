// Package selector reads and evaluates Calico's selector language: expressions over labels such as
//
//	app == 'shop' && (tier in {'web', 'api'} || !has(internal))
//
// The language is Calico's to the letter, with one addition of care: text length and nesting are bounded, so that a
// selector from an untrusted object can exhaust neither memory nor stack.
//
//	or       = and { "||" and } .
//	and      = operand { "&&" operand } .
//	operand  = { "!" } ( "(" or ")" | "all()" | "global()" | "has(" label ")" | label test ) .
//	test     = ( "==" | "!=" | "contains" | "starts with" | "ends with" ) string
//	         | ( "in" | "not in" ) "{" [ string { "," string } [ "," ] ] "}" .
//	string   = "'" characters "'" | '"' characters '"' .   there are no escapes
//	label    = 1 to 512 letters, digits, "_", ".", "/" or "-" .
//
// Blanks are spaces and tabs; a line break is an error. The words of an operator may be joined (notin, startswith,
// endswith). Words are case-sensitive and may be label names where no operator is possible. Text that is empty or blank
// is all().
//
// An absent label fails every test but != and not in, which it passes. global() is true: only a rule's namespaceSelector
// gives it a meaning of its own.
package selector

import "slices"

// Selector is a parsed selector. It never changes and may be used by several goroutines.
type Selector struct {
	root *node
}

// Labels is what a selector is evaluated over.
type Labels interface {
	// Get returns the value of a label, and whether the label exists: an empty value is a value.
	Get(name string) (value string, ok bool)
}

// Map is a plain map as Labels.
type Map map[string]string

// Get returns the value of a label, and whether the map has it.
func (m Map) Get(name string) (value string, ok bool) {
	value, ok = m[name]
	return value, ok
}

// All returns the selector all(), which matches everything.
func All() *Selector { return &Selector{root: &node{op: opAll}} }

// And returns a selector that matches what both match. A side that is all() is left out.
func And(a, b *Selector) *Selector {
	switch {
	case a.root.op == opAll:
		return b
	case b.root.op == opAll:
		return a
	}
	return &Selector{root: group(opAnd, []*node{a.root, b.root})}
}

// Matches evaluates the selector over the labels. It allocates nothing.
func (s *Selector) Matches(l Labels) bool { return s.root.matches(l) }

// String is the canonical text: double quotes (single ones around a value that holds a double one), every group of && and
// || in parentheses, set members sorted and each once, no text as all(). Parsing it gives an equal selector, as long as it
// keeps to MaxLength and, after Prefixed, to MaxLabel. Selectors of the same canonical text are equal; the reverse does not hold.
func (s *Selector) String() string { return string(s.root.appendTo(nil)) }

// Labels lists the names of the labels that the selector reads, sorted, each once.
func (s *Selector) Labels() []string {
	var names []string
	s.root.visit(func(n *node) {
		if n.op.isTest() {
			names = append(names, n.label)
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// Prefixed returns the same selector over labels whose names start with the prefix. Policies see the labels of an
// endpoint's namespace and service account that way, under "pcns." and "pcsa.".
func (s *Selector) Prefixed(prefix string) *Selector { return &Selector{root: s.root.prefixed(prefix)} }
