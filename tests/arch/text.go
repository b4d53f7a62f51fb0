package arch

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// CheckErrors finds error texts that do not read well in a chain (style.md section 4), and errors that wrap two others.
func CheckErrors(s *Source) []Finding {
	const rule = "errors"
	if s.IsTest() {
		return nil
	}
	var found []Finding
	ast.Inspect(s.File, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok || !s.makesError(call) {
			return true
		}
		text, ok := literal(call.Args)
		switch {
		case !ok:
		case text == "":
			found = append(found, s.find(rule, call, "error without a text"))
		case strings.Contains(strings.ToLower(text), "failed to"):
			found = append(found, s.find(rule, call, "%q: say what was done, without \"failed to\"", text))
		case beginsUpper(text):
			found = append(found, s.find(rule, call, "%q: begin with a lower-case letter", text))
		case strings.Count(text, "%w") > 1:
			found = append(found, s.find(rule, call, "%q: wrap one error", text))
		}
		return true
	})
	return found
}

func (s *Source) makesError(call *ast.CallExpr) bool {
	if _, ok := s.selects(call.Fun, "errors", func(name string) bool { return name == "New" }); ok {
		return true
	}
	_, ok := s.selects(call.Fun, "fmt", func(name string) bool { return name == "Errorf" })
	return ok
}

// literal is the first argument, when it is a string constant, perhaps put together with +.
func literal(args []ast.Expr) (string, bool) {
	if len(args) == 0 {
		return "", false
	}
	switch arg := args[0].(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(arg.Value)
		return text, err == nil && arg.Kind == token.STRING
	case *ast.BinaryExpr:
		left, okLeft := literal([]ast.Expr{arg.X})
		right, okRight := literal([]ast.Expr{arg.Y})
		return left + right, okLeft && okRight
	}
	return "", false
}

// beginsUpper tells whether the first word is an ordinary word with a capital. A name ("GlobalReport", "S3", "YAML") keeps it.
func beginsUpper(text string) bool {
	word, _, _ := strings.Cut(text, " ")
	for i, r := range word {
		if i == 0 && !unicode.IsUpper(r) {
			return false
		}
		if i > 0 && (unicode.IsUpper(r) || unicode.IsDigit(r)) {
			return false
		}
	}
	return true
}

// marker is put together so that this file does not find itself.
var marker = regexp.MustCompile(`\b(` + "TO" + "DO|FIX" + "ME|XX" + `X)\b`)

// places are paths of machines on which the project was written; each is put together, as above.
var places = []string{"/work/" + "main", "/work/" + "shared", "/tmp/" + "brief"}

// CheckMarkers finds notes of unfinished work, paths of one machine, and panics with a text where an error should be.
func CheckMarkers(s *Source) []Finding {
	const rule = "markers"
	var found []Finding
	for _, group := range s.File.Comments {
		for _, comment := range group.List {
			if mark := marker.FindString(comment.Text); mark != "" {
				found = append(found, s.find(rule, comment, "%s: finish it, or say in an issue what is left", mark))
			}
		}
	}
	found = append(found, s.placesNamed(rule)...)
	if s.IsTest() {
		return found
	}
	ast.Inspect(s.File, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return true
		}
		if name, ok := call.Fun.(*ast.Ident); ok && name.Name == "panic" {
			if _, ok := literal(call.Args); ok {
				found = append(found, s.find(rule, call, "panic with a text: return an error"))
			}
		}
		return true
	})
	return found
}

func (s *Source) placesNamed(rule string) []Finding {
	var found []Finding
	look := func(node ast.Node, text string) {
		for _, place := range places {
			if strings.Contains(text, place) {
				found = append(found, s.find(rule, node, "%s is a path of one machine", place))
			}
		}
	}
	for _, group := range s.File.Comments {
		look(group, group.Text())
	}
	ast.Inspect(s.File, func(node ast.Node) bool {
		if text, ok := node.(*ast.BasicLit); ok && text.Kind == token.STRING {
			look(text, text.Value)
		}
		return true
	})
	return found
}

// CheckTests finds what makes a test pass without having tested: skips and short mode; what makes it slow or flaky: sleeps;
// and a second style of assertions.
func CheckTests(s *Source) []Finding {
	const rule = "tests"
	if !s.IsTest() {
		return nil
	}
	var found []Finding
	for _, i := range s.Imports() {
		if i.Path == "github.com/stretchr/testify/assert" || i.Path == "github.com/stretchr/testify/suite" {
			found = append(found, Finding{rule, s.Path, i.Line, "must not import " + i.Path + ": use require"})
		}
	}
	ast.Inspect(s.File, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if _, ok := s.selects(selector, "testing", func(name string) bool { return name == "Short" }); ok {
			found = append(found, s.find(rule, selector, "must not use testing.Short: every test runs always"))
		}
		if _, ok := s.selects(selector, "time", func(name string) bool { return name == "Sleep" }); ok {
			found = append(found, s.find(rule, selector, "must not use time.Sleep: wait for what happens"))
		}
		if isSkip(selector) {
			found = append(found, s.find(rule, selector, "must not skip: a test that did not run looks like one that passed"))
		}
		return true
	})
	return found
}

// isSkip recognizes a skip by the names that tests, benchmarks and fuzz targets have everywhere.
func isSkip(selector *ast.SelectorExpr) bool {
	receiver, ok := selector.X.(*ast.Ident)
	if !ok || receiver.Name != "t" && receiver.Name != "b" && receiver.Name != "f" && receiver.Name != "tb" {
		return false
	}
	name := selector.Sel.Name
	return name == "Skip" || name == "Skipf" || name == "SkipNow"
}
