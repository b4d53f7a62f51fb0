package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// ModulePath is the import path of the root module.
const ModulePath = "github.com/probity/probity"

// Source is one parsed Go file.
type Source struct {
	Path  string // relative to the repository, with slashes
	Lines int
	File  *ast.File
	set   *token.FileSet
}

// Finding is one breach of a rule.
type Finding struct {
	Rule string
	Path string
	Line int // 0 when the finding is about a whole file or folder
	Text string
}

// String is "path:line: text (rule)".
func (f Finding) String() string {
	if f.Line == 0 {
		return fmt.Sprintf("%s: %s (%s)", f.Path, f.Text, f.Rule)
	}
	return fmt.Sprintf("%s:%d: %s (%s)", f.Path, f.Line, f.Text, f.Rule)
}

// Parse reads one file's text; name is its path relative to the repository.
func Parse(name string, text []byte) (*Source, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	return &Source{Path: name, Lines: bytes.Count(text, []byte("\n")), File: file, set: set}, nil
}

// Load reads every Go file below root in the order of their paths, whatever module it belongs to. Folders named testdata,
// and those whose name starts with a dot or an underscore, are left out, as the go command does.
func Load(root string) ([]*Source, error) {
	var all []*Source
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if file != root && ignoredFolder(entry.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(file) != ".go" {
			return nil
		}
		source, err := loadFile(root, file)
		if err == nil {
			all = append(all, source)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load sources: %w", err)
	}
	return all, nil
}

func ignoredFolder(name string) bool {
	return name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

func loadFile(root, file string) (*Source, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	relative, err := filepath.Rel(root, file)
	if err != nil {
		return nil, err
	}
	return Parse(filepath.ToSlash(relative), text)
}

// Folder is the file's folder relative to the repository.
func (s *Source) Folder() string { return path.Dir(s.Path) }

// IsTest tells whether the file is compiled for tests only.
func (s *Source) IsTest() bool { return strings.HasSuffix(s.Path, "_test.go") }

// Imports are the imported paths with the places of their specs.
func (s *Source) Imports() []Import {
	var all []Import
	for _, spec := range s.File.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err == nil {
			all = append(all, Import{Path: imported, Line: s.line(spec)})
		}
	}
	return all
}

// Import is one import of a file.
type Import struct {
	Path string
	Line int
}

// inModule is the path of a package of this repository relative to it, or false for any other.
func (i Import) inModule() (string, bool) {
	return strings.CutPrefix(i.Path, ModulePath+"/")
}

func (s *Source) line(node ast.Node) int { return s.set.Position(node.Pos()).Line }

func (s *Source) find(rule string, node ast.Node, format string, args ...any) Finding {
	return Finding{Rule: rule, Path: s.Path, Line: s.line(node), Text: fmt.Sprintf(format, args...)}
}

// localName is the identifier under which the file refers to an import; "" when it does not import it.
func (s *Source) localName(imported string) string {
	for _, spec := range s.File.Imports {
		if spec.Path.Value != strconv.Quote(imported) {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(imported)
	}
	return ""
}

// selects tells whether node is "<import>.<name>" for one of the names of the imported package.
func (s *Source) selects(node ast.Node, imported string, isName func(string) bool) (string, bool) {
	selector, ok := node.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	ident, ok := selector.X.(*ast.Ident)
	if !ok || ident.Name != s.localName(imported) || !isName(selector.Sel.Name) {
		return "", false
	}
	return selector.Sel.Name, true
}
