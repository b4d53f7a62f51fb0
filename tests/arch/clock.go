package arch

import (
	"go/ast"
	"slices"
	"strings"
)

// clock are the names of package time that read the present, wait, or read the machine's time zones.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "LoadLocation", "Local"}

func (s *Source) clockUses(rule string) []Finding {
	var found []Finding
	ast.Inspect(s.File, func(node ast.Node) bool {
		if name, ok := s.selects(node, "time", func(name string) bool { return slices.Contains(clock, name) }); ok {
			found = append(found, s.find(rule, node, "must not use time.%s: times are passed in", name))
		}
		return true
	})
	return found
}

// inWorkflows are the packages that deterministic code may import, beside the domain and activities (DESIGN.md, import rule
// 2). The enums are the constants that the options of child workflows are made of.
var inWorkflows = []string{"cmp", "errors", "fmt", "iter", "maps", "slices", "sort", "strconv", "strings", "time",
	"go.temporal.io/sdk/workflow", "go.temporal.io/sdk/temporal", "go.temporal.io/api/enums/v1"}

// CheckWorkflows finds, in workflow code, imports beyond the list, uses of the clock, and goroutines.
func CheckWorkflows(s *Source) []Finding {
	const rule = "workflows"
	if roomOf(s.Folder()) != workflow || s.IsTest() {
		return nil
	}
	found := s.clockUses(rule)
	for _, i := range s.Imports() {
		folder, own := i.inModule()
		room := roomOf(folder)
		if i.Path == "encoding/json" && s.usesRawMessageOnly() {
			continue
		}
		if slices.Contains(inWorkflows, i.Path) || own && (room == domain || room == activity || room == workflow) {
			continue
		}
		found = append(found, Finding{rule, s.Path, i.Line, "must not import " + i.Path + ": workflow code is deterministic"})
	}
	ast.Inspect(s.File, func(node ast.Node) bool {
		if statement, ok := node.(*ast.GoStmt); ok {
			found = append(found, s.find(rule, statement, "must not start a goroutine: use workflow.Go"))
		}
		return true
	})
	return found
}

// usesRawMessageOnly: a parameter that is passed on unread is data; encoding and decoding belong into activities.
func (s *Source) usesRawMessageOnly() bool {
	only := true
	ast.Inspect(s.File, func(node ast.Node) bool {
		if _, ok := s.selects(node, "encoding/json", func(name string) bool { return name != "RawMessage" }); ok {
			only = false
		}
		return true
	})
	return only
}

// failures is the one file that makes Temporal errors (DESIGN.md, import rule 4).
const failures = "activities/failure.go"

// CheckFailures finds makers of Temporal errors outside of activities/failure.go.
func CheckFailures(s *Source) []Finding {
	if s.Path == failures || s.IsTest() || roomOf(s.Folder()) == elsewhere {
		return nil
	}
	isMaker := func(name string) bool { return strings.HasPrefix(name, "New") && strings.Contains(name, "Error") }
	var found []Finding
	ast.Inspect(s.File, func(node ast.Node) bool {
		if name, ok := s.selects(node, "go.temporal.io/sdk/temporal", isMaker); ok {
			found = append(found, s.find("failures", node, "must not call temporal.%s: %s alone decides what is retryable", name, failures))
		}
		return true
	})
	return found
}
