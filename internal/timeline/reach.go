package timeline

import (
	"slices"
	"strings"

	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/selector"
)

// crowd is some lists of classes, and how many they hold in all.
type crowd struct {
	lists [][]*class
	count int
}

func (c *crowd) add(list []*class) {
	c.lists = append(c.lists, list)
	c.count += len(list)
}

// each calls fn for every class that a version of a policy may select, some classes twice. It looks through the smallest crowd that
// is sure to hold them: those with one of the labels that the policy needs, those of its namespace, or all.
func (t *Timeline) each(p *enforced, version *policy.Policy, fn func(*class)) {
	if version.Scope == nil {
		return
	}
	smallest, found := t.smallest(version.Needs)
	if in := p.object.space; in != t.cluster && (!found || len(in.classes) <= smallest.count) {
		smallest, found = crowd{lists: [][]*class{in.classes}}, true
	}
	if !found {
		t.work += int64(len(t.classes))
		for _, c := range t.classes {
			fn(c)
		}
		return
	}
	for _, list := range smallest.lists {
		t.work += int64(len(list))
		for _, c := range list {
			fn(c)
		}
	}
}

func (t *Timeline) smallest(needs []selector.Requirement) (smallest crowd, found bool) {
	for _, need := range needs {
		if c, ok := t.meeting(need); ok && (!found || c.count < smallest.count) {
			smallest, found = c, true
		}
	}
	return smallest, found
}

// meeting finds the classes that meet a requirement; false where that cannot be looked up.
func (t *Timeline) meeting(need selector.Requirement) (crowd, bool) {
	var c crowd
	switch {
	case need.Label == policy.LabelNamespace:
		if need.Values == nil {
			return c, false
		}
		for _, name := range need.Values {
			if in := t.spaces[name]; in != nil {
				c.add(in.classes)
			}
		}
		return c, true
	case strings.HasPrefix(need.Label, "projectcalico.org/"), strings.HasPrefix(need.Label, policy.ServiceAccountPrefix):
		return c, false
	}
	if name, ok := strings.CutPrefix(need.Label, policy.NamespacePrefix); ok {
		for _, in := range t.spaces {
			if in.meets(name, need.Values) {
				c.add(in.classes)
			}
		}
	}
	for _, b := range t.labels.find(need.Label, need.Values) {
		c.add(b.classes)
	}
	return c, true
}

// meets tells whether a namespace has a label with one of the values; nil stands for any value.
func (s *space) meets(label string, values []string) bool {
	if !s.profile.Known {
		return false
	}
	value, ok := s.profile.Labels.Get(label)
	if label == policy.LabelName {
		value, ok = s.profile.Name, true
	}
	return ok && (values == nil || slices.Contains(values, value))
}
