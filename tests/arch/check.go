package arch

import (
	"cmp"
	"slices"
	"strings"
)

// FileRules are the rules that look at one file.
var FileRules = map[string]func(*Source) []Finding{
	"rooms": CheckRooms, "pure": CheckPure, "workflows": CheckWorkflows, "failures": CheckFailures, "names": CheckNames,
	"docs": CheckDocs, "size": CheckSize, "errors": CheckErrors, "markers": CheckMarkers, "tests": CheckTests,
}

// Exception lets one breach of a rule pass.
type Exception struct {
	Rule   string
	Path   string
	Text   string // part of the finding's text; "" for any
	Reason string // why the rule does not fit here
}

func (e Exception) covers(f Finding) bool {
	return e.Rule == f.Rule && e.Path == f.Path && strings.Contains(f.Text, e.Text)
}

// Check applies every rule to the sources and to the text of the root go.mod. The findings are sorted; those that an
// exception covers are left out. An exception that covers nothing, or gives no reason, is itself a finding.
func Check(all []*Source, module string, exceptions []Exception) []Finding {
	found := slices.Concat(CheckPackageDocs(all), CheckMedian(all), CheckModule(module))
	for _, rule := range FileRules {
		for _, s := range all {
			found = append(found, rule(s)...)
		}
	}
	used := make([]bool, len(exceptions))
	found = slices.DeleteFunc(found, func(f Finding) bool {
		for i, e := range exceptions {
			if e.covers(f) {
				used[i] = true
				return true
			}
		}
		return false
	})
	for i, e := range exceptions {
		if !used[i] || e.Reason == "" {
			found = append(found, Finding{"exceptions", e.Path, 0, "an exception of rule " + e.Rule + " covers nothing, or gives no reason"})
		}
	}
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Text, b.Text))
	})
	return found
}
