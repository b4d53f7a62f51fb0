package policy

import (
	"cmp"
	"slices"
	"strings"
)

// Names and prefixes of the labels that Calico adds to an endpoint's own (calico-compliance.md section 9).
const (
	LabelNamespace      = "projectcalico.org/namespace"
	LabelOrchestrator   = "projectcalico.org/orchestrator"
	LabelServiceAccount = "projectcalico.org/serviceaccount"
	LabelName           = "projectcalico.org/name"

	NamespacePrefix      = "pcns."
	ServiceAccountPrefix = "pcsa."

	// OrchestratorKubernetes is the value of LabelOrchestrator on every pod.
	OrchestratorKubernetes = "k8s"
)

// maxAccountName bounds the service account names that fit into a label: a longer one gives no LabelServiceAccount.
const maxAccountName = 63

// Label is one label.
type Label struct{ Name, Value string }

// LabelSet is a list of labels sorted by name, each name once.
type LabelSet []Label

// LabelSetOf returns the map's labels.
func LabelSetOf(labels map[string]string) LabelSet {
	set := make(LabelSet, 0, len(labels))
	for name, value := range labels {
		set = append(set, Label{name, value})
	}
	slices.SortFunc(set, func(a, b Label) int { return cmp.Compare(a.Name, b.Name) })
	return set
}

// binarySize is from where on a binary search beats looking at every label.
const binarySize = 12

// Get returns the value of a label, and whether it exists.
func (s LabelSet) Get(name string) (string, bool) {
	if len(s) < binarySize {
		for i := range s {
			if s[i].Name == name {
				return s[i].Value, true
			}
		}
		return "", false
	}
	i, ok := slices.BinarySearchFunc(s, name, func(l Label, name string) int { return cmp.Compare(l.Name, name) })
	if !ok {
		return "", false
	}
	return s[i].Value, true
}

// EqualMap tells whether the set holds exactly the map's labels.
func (s LabelSet) EqualMap(labels map[string]string) bool {
	if len(s) != len(labels) {
		return false
	}
	for i := range s {
		if value, ok := labels[s[i].Name]; !ok || value != s[i].Value {
			return false
		}
	}
	return true
}

// Profile is a Namespace or ServiceAccount, from which endpoints inherit labels.
type Profile struct {
	Name   string
	Labels LabelSet
	// Known is false while no such object has been seen: then nothing is inherited, not even its name.
	Known bool
}

// get looks up a label that has the prefix under which the profile is inherited.
func (p *Profile) get(name string) (string, bool) {
	if p == nil || !p.Known {
		return "", false
	}
	if name == LabelName {
		return p.Name, true
	}
	return p.Labels.Get(name)
}

// Labels are the labels of an endpoint or network set as policies see them: its own and inherited ones, in layers, so that
// nothing is copied to evaluate a selector. Labels that Calico adds hide own ones of the same name, and own ones hide
// inherited ones.
type Labels struct {
	Own LabelSet
	// Namespace is nil for host endpoints and GlobalNetworkSets, which have their own labels only.
	Namespace *Profile
	// Account is nil for everything but pods; it makes the labels those of a pod.
	Account *Profile
}

// Pod tells whether the labels are those of a pod.
func (l *Labels) Pod() bool { return l.Account != nil }

// Get returns the value of a label, and whether it exists.
func (l *Labels) Get(name string) (string, bool) {
	if strings.HasPrefix(name, "projectcalico.org/") {
		if value, ok := l.added(name); ok {
			return value, true
		}
	}
	if value, ok := l.Own.Get(name); ok {
		return value, true
	}
	if strings.HasPrefix(name, NamespacePrefix) {
		return l.Namespace.get(name[len(NamespacePrefix):])
	}
	if strings.HasPrefix(name, ServiceAccountPrefix) {
		return l.Account.get(name[len(ServiceAccountPrefix):])
	}
	return "", false
}

// added looks up the labels that Calico itself sets.
func (l *Labels) added(name string) (string, bool) {
	switch {
	case name == LabelNamespace && l.Namespace != nil:
		return l.Namespace.Name, true
	case name == LabelOrchestrator && l.Account != nil:
		return OrchestratorKubernetes, true
	case name == LabelServiceAccount && l.Account != nil && len(l.Account.Name) < maxAccountName:
		return l.Account.Name, true
	}
	return "", false
}
