package timeline

import (
	"slices"
	"strings"

	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/selector"
)

// selectorIndex finds, for given labels, the items whose selector may match them: it files each item under one condition that
// its selector needs. What it finds are candidates; the selector itself decides.
type selectorIndex[T comparable] struct {
	// own is by full label name; namespace and account are by the names that those objects have, so that nothing is prefixed
	// to look them up.
	own, namespace, account family[T]
	rest                    []T // items without a condition of use
}

// family files items by one label.
type family[T comparable] struct {
	values map[policy.Label][]T
	names  map[string][]T // any value will do
}

func newSelectorIndex[T comparable]() *selectorIndex[T] { return &selectorIndex[T]{} }

// condition picks the requirement that narrows most; the orchestrator label, which every pod has, narrows nothing. ok is false
// when there is none.
func condition(needs []selector.Requirement) (best selector.Requirement, ok bool) {
	for _, need := range needs {
		if need.Label == policy.LabelOrchestrator {
			continue
		}
		if !ok || narrower(need, best) {
			best, ok = need, true
		}
	}
	return best, ok
}

// narrower prefers fewer values, and of equals the endpoint's own labels, which vary more than its namespace's.
func narrower(a, b selector.Requirement) bool {
	if (a.Values == nil) != (b.Values == nil) {
		return a.Values != nil
	}
	if len(a.Values) != len(b.Values) {
		return len(a.Values) < len(b.Values)
	}
	return !inherited(a.Label) && inherited(b.Label)
}

func inherited(label string) bool {
	return strings.HasPrefix(label, policy.NamespacePrefix) || strings.HasPrefix(label, policy.ServiceAccountPrefix)
}

// add files an item under what its selector needs; remove takes it out again, given the same needs.
func (x *selectorIndex[T]) add(item T, needs []selector.Requirement)    { x.file(item, needs, appendTo) }
func (x *selectorIndex[T]) remove(item T, needs []selector.Requirement) { x.file(item, needs, cutFrom) }

func appendTo[T comparable](list []T, item T) []T { return append(list, item) }

func cutFrom[T comparable](list []T, item T) []T {
	if i := slices.Index(list, item); i >= 0 {
		list[i] = list[len(list)-1]
		list = slices.Delete(list, len(list)-1, len(list))
	}
	return list
}

// file applies change to every list in which the item belongs.
func (x *selectorIndex[T]) file(item T, needs []selector.Requirement, change func([]T, T) []T) {
	need, ok := condition(needs)
	if !ok {
		x.rest = change(x.rest, item)
		return
	}
	// A pod's own label may be named like an inherited one, and then hides it; so both places can tell.
	x.own.file(item, need, change)
	if name, ok := strings.CutPrefix(need.Label, policy.NamespacePrefix); ok {
		x.namespace.file(item, selector.Requirement{Label: name, Values: need.Values}, change)
	}
	if name, ok := strings.CutPrefix(need.Label, policy.ServiceAccountPrefix); ok {
		x.account.file(item, selector.Requirement{Label: name, Values: need.Values}, change)
	}
}

func (f *family[T]) file(item T, need selector.Requirement, change func([]T, T) []T) {
	if f.values == nil {
		f.values, f.names = map[policy.Label][]T{}, map[string][]T{}
	}
	if need.Values == nil {
		if f.names[need.Label] = change(f.names[need.Label], item); len(f.names[need.Label]) == 0 {
			delete(f.names, need.Label)
		}
		return
	}
	for _, value := range need.Values {
		key := policy.Label{Name: need.Label, Value: value}
		if f.values[key] = change(f.values[key], item); len(f.values[key]) == 0 {
			delete(f.values, key)
		}
	}
}

// candidates appends the items that may match the labels; some may come twice.
func (x *selectorIndex[T]) candidates(out []T, l *policy.Labels) []T {
	out = append(out, x.rest...)
	out = x.own.under(out, l.Own)
	if l.Namespace != nil {
		out = x.own.of(out, policy.LabelNamespace, l.Namespace.Name)
		out = x.namespace.inherited(out, l.Namespace)
	}
	if l.Account != nil {
		out = x.own.of(out, policy.LabelServiceAccount, l.Account.Name)
		out = x.account.inherited(out, l.Account)
	}
	return out
}

func (f *family[T]) inherited(out []T, from *policy.Profile) []T {
	if f.empty() || !from.Known {
		return out
	}
	return f.of(f.under(out, from.Labels), policy.LabelName, from.Name)
}

func (f *family[T]) under(out []T, set policy.LabelSet) []T {
	if f.empty() {
		return out
	}
	for i := range set {
		out = f.of(out, set[i].Name, set[i].Value)
	}
	return out
}

func (f *family[T]) of(out []T, name, value string) []T {
	if len(f.values) > 0 {
		out = append(out, f.values[policy.Label{Name: name, Value: value}]...)
	}
	if len(f.names) > 0 {
		out = append(out, f.names[name]...)
	}
	return out
}

func (f *family[T]) empty() bool { return len(f.values) == 0 && len(f.names) == 0 }
