package selector

import (
	"maps"
	"slices"
)

// Requirement is a condition that labels must meet to be matched at all.
type Requirement struct {
	Label string // must exist
	// Values are the values of which the label must have one, sorted. Nil stands for any value; a list that is empty
	// but not nil says that nothing can match.
	Values []string
}

// Requirements lists conditions that everything the selector matches meets, sorted by label, each label once. They are
// necessary, not sufficient: an index finds candidates by them and asks Matches afterwards. A selector that also matches
// things without labels has none. A selector that can match nothing has one, with no values.
func (s *Selector) Requirements() []Requirement {
	found := s.root.needs(false)
	if found.nothing {
		return []Requirement{{Values: []string{}}}
	}
	var out []Requirement
	for _, label := range slices.Sorted(maps.Keys(found.labels)) {
		out = append(out, Requirement{Label: label, Values: found.labels[label]})
	}
	return out
}

// needs are requirements under way: the values that each label may have, nil for any.
type needs struct {
	nothing bool // no labels can match
	labels  map[string][]string
}

func need(label string, values []string) needs {
	return needs{labels: map[string][]string{label: values}}
}

// needs derives what a node needs to be true, or to be false when it is negated.
func (n *node) needs(negated bool) needs {
	switch n.op {
	case opAll, opGlobal:
		return needs{nothing: negated}
	case opNot:
		return n.kids[0].needs(!negated)
	case opAnd, opOr:
		return n.groupNeeds(negated)
	case opNotEqual, opNotIn:
		negated = !negated
	}
	switch {
	case negated: // an absent label makes a test false
		return needs{}
	case n.op == opEqual || n.op == opNotEqual:
		return need(n.label, []string{n.value})
	case n.op == opIn || n.op == opNotIn:
		return needs{nothing: len(n.values) == 0, labels: map[string][]string{n.label: slices.Clone(n.values)}}
	}
	return need(n.label, nil)
}

// groupNeeds follows De Morgan: a negated && is an || of negations.
func (n *node) groupNeeds(negated bool) needs {
	join := needs.both
	if (n.op == opOr) != negated {
		join = needs.either
	}
	result := n.kids[0].needs(negated)
	for _, kid := range n.kids[1:] {
		result = join(result, kid.needs(negated))
	}
	return result
}

// both is what a && b needs: every label of either side, with the values that both allow.
func (a needs) both(b needs) needs {
	if a.nothing || b.nothing {
		return needs{nothing: true}
	}
	joined := maps.Clone(a.labels)
	if joined == nil {
		joined = map[string][]string{}
	}
	for label, values := range b.labels {
		if known := joined[label]; known != nil && values != nil {
			values = intersect(known, values)
			if len(values) == 0 {
				return needs{nothing: true}
			}
		} else if values == nil {
			values = known
		}
		joined[label] = values
	}
	return needs{labels: joined}
}

// either is what a || b needs: the labels that both sides need, with the values that either allows.
func (a needs) either(b needs) needs {
	switch {
	case a.nothing:
		return b
	case b.nothing:
		return a
	}
	joined := map[string][]string{}
	for label, values := range a.labels {
		other, ok := b.labels[label]
		if !ok {
			continue
		}
		if values == nil || other == nil {
			joined[label] = nil
			continue
		}
		values = append(slices.Clone(values), other...)
		slices.Sort(values)
		joined[label] = slices.Compact(values)
	}
	return needs{labels: joined}
}

func intersect(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(value string) bool { return !isMember(b, value) })
}
