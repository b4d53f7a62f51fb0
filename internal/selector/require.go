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

// maxValues bounds a requirement's values; with more, any value is asked for. An index gains little from longer lists, and
// building them at every level of a deep selector would cost the square of its length.
const maxValues = 1000

// Requirements lists conditions that everything the selector matches meets, sorted by label, each label once. They are
// necessary, not sufficient: an index finds candidates by them and asks Matches afterwards. A selector that may match
// something without labels has none. One that can match nothing has a single requirement with no label and no values.
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

// needs derives what must hold for the node to be true, or to be false when it is negated.
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
	if negated { // an absent label is one way for a test to be false
		return needs{}
	}
	values := n.values
	if n.op == opEqual || n.op == opNotEqual {
		values = []string{n.value}
	}
	hasSet := n.op == opIn || n.op == opNotIn
	if hasSet && len(values) == 0 {
		return needs{nothing: true}
	}
	return needs{labels: map[string][]string{n.label: bounded(slices.Clone(values))}}
}

// groupNeeds follows De Morgan: a negated && is an || of negations.
func (n *node) groupNeeds(negated bool) needs {
	parts := make([]needs, len(n.kids))
	for i, kid := range n.kids {
		parts[i] = kid.needs(negated)
	}
	if (n.op == opAnd) != negated {
		return needAll(parts)
	}
	return needAny(parts)
}

// needAll is what a && of the parts needs: every part's labels, with the values that all of them allow.
func needAll(parts []needs) needs {
	bySize(parts)
	all := needs{labels: parts[len(parts)-1].labels} // grown in place: the parts are not used again
	for i, part := range parts {
		if part.nothing {
			return needs{nothing: true}
		}
		if i == len(parts)-1 {
			break
		}
		for label, values := range part.labels {
			known, seen := all.labels[label]
			switch {
			case !seen || known == nil:
				all.labels[label] = values
			case values != nil:
				if all.labels[label] = intersect(known, values); len(all.labels[label]) == 0 {
					return needs{nothing: true}
				}
			}
		}
	}
	return all
}

// needAny is what a || of the parts needs: the labels that all of them need, with the values that any of them allows.
func needAny(parts []needs) needs {
	parts = slices.DeleteFunc(parts, func(part needs) bool { return part.nothing })
	if len(parts) == 0 {
		return needs{nothing: true}
	}
	bySize(parts)
	shared := map[string][]string{}
	for label, values := range parts[0].labels {
		if union, ok := unite(label, values, parts[1:]); ok {
			shared[label] = union
		}
	}
	return needs{labels: shared}
}

// unite adds the values that the parts allow for a label; false when a part does not need the label.
func unite(label string, values []string, parts []needs) ([]string, bool) {
	union, any := slices.Clone(values), values == nil
	for _, part := range parts {
		more, ok := part.labels[label]
		if !ok {
			return nil, false
		}
		any = any || more == nil
		union = append(union, more...)
	}
	if any {
		return nil, true
	}
	slices.Sort(union)
	return bounded(slices.Compact(union)), true
}

// bySize puts the part with the fewest labels first, so that each level costs what is new in it, not what is below it.
func bySize(parts []needs) {
	slices.SortStableFunc(parts, func(a, b needs) int { return len(a.labels) - len(b.labels) })
}

func bounded(values []string) []string {
	if len(values) > maxValues {
		return nil
	}
	return values
}

func intersect(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(value string) bool { return !isMember(b, value) })
}
