package arch

import (
	"fmt"
	"go/ast"
	"slices"
)

// The measures of the house (style.md section 4).
const (
	maxFileLines     = 500
	medianFileLines  = 120
	maxFunctionLines = 80
	maxParameters    = 4
)

// CheckSize finds files, functions and parameter lists that are too long.
func CheckSize(s *Source) []Finding {
	const rule = "size"
	var found []Finding
	if s.Lines > maxFileLines {
		found = append(found, Finding{rule, s.Path, 0, fmt.Sprintf("%d lines: at most %d", s.Lines, maxFileLines)})
	}
	ast.Inspect(s.File, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.FuncDecl:
			if n.Body == nil {
				break
			}
			if lines := s.set.Position(n.Body.End()).Line - s.line(n.Body) + 1; lines > maxFunctionLines {
				found = append(found, s.find(rule, n.Name, "%s has %d lines: at most %d", n.Name.Name, lines, maxFunctionLines))
			}
		case *ast.FuncType:
			if count := countParameters(n); count > maxParameters {
				found = append(found, s.find(rule, n, "function has %d parameters beside ctx: at most %d, or a struct", count, maxParameters))
			}
		}
		return true
	})
	return found
}

// countParameters leaves out what travels along everywhere: contexts, the SDK's workflow.Context among them, and what a test
// reports to.
func countParameters(f *ast.FuncType) int {
	count := 0
	for _, field := range f.Params.List {
		if !isCompanion(field.Type) {
			count += max(1, len(field.Names))
		}
	}
	return count
}

func isCompanion(parameter ast.Expr) bool {
	if star, ok := parameter.(*ast.StarExpr); ok {
		parameter = star.X
	}
	selector, ok := parameter.(*ast.SelectorExpr)
	return ok && slices.Contains([]string{"Context", "T", "B", "F", "TB", "TestingT"}, selector.Sel.Name)
}

// CheckMedian finds that the files of the product, tests left out, have become long. The finding lists the longest.
func CheckMedian(all []*Source) []Finding {
	files := slices.DeleteFunc(slices.Clone(all), func(s *Source) bool { return s.IsTest() })
	if len(files) == 0 {
		return nil
	}
	slices.SortFunc(files, func(a, b *Source) int { return b.Lines - a.Lines })
	median := files[len(files)/2].Lines
	if median <= medianFileLines {
		return nil
	}
	text := fmt.Sprintf("the median file has %d lines: at most %d; the longest are", median, medianFileLines)
	for _, s := range files[:min(10, len(files))] {
		text += fmt.Sprintf(" %s (%d)", s.Path, s.Lines)
	}
	return []Finding{{"size", "all files", 0, text}}
}
