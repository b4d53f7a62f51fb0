package arch

import (
	"go/ast"
	"slices"
	"strings"
)

// badNames say nothing about what a package is for (style.md section 4).
var badNames = []string{"util", "utils", "common", "helper", "helpers", "types", "manager", "managers", "model", "models", "misc", "shared"}

// CheckNames finds packages and files with names that say nothing.
func CheckNames(s *Source) []Finding {
	const rule = "names"
	var found []Finding
	name := strings.TrimSuffix(s.File.Name.Name, "_test")
	if slices.Contains(badNames, name) {
		found = append(found, s.find(rule, s.File.Name, "package %s: name it after what it provides", name))
	}
	file := strings.TrimSuffix(strings.TrimSuffix(s.Path[strings.LastIndexByte(s.Path, '/')+1:], ".go"), "_test")
	if slices.Contains(badNames, file) {
		found = append(found, s.find(rule, s.File.Name, "file %s.go: name it after what it holds", file))
	}
	return found
}

// CheckPackageDocs finds folders in which no file has a package comment, or one that does not begin as godoc wants it.
func CheckPackageDocs(all []*Source) []Finding {
	const rule = "package docs"
	documented := map[string]bool{}
	first := map[string]*Source{}
	var found []Finding
	for _, s := range all {
		if first[s.Folder()] == nil {
			first[s.Folder()] = s
		}
		text := s.File.Doc.Text()
		if text == "" {
			continue
		}
		documented[s.Folder()] = true
		if name := s.File.Name.Name; !hasAnyPrefix(text, []string{"Package " + name + " ", "Package " + strings.TrimSuffix(name, "_test") + " ", "Command "}) {
			found = append(found, s.find(rule, s.File.Doc, "package comment must begin with \"Package %s\" or \"Command\"", name))
		}
	}
	for folder, s := range first {
		if !documented[folder] {
			found = append(found, s.find(rule, s.File.Name, "package %s has no package comment", s.File.Name.Name))
		}
	}
	return found
}

// CheckDocs finds exported names without a doc comment. The comment of a group of constants or variables is enough for the
// group, and so is one at the end of the line.
func CheckDocs(s *Source) []Finding {
	if s.IsTest() {
		return nil
	}
	var found []Finding
	for _, declaration := range s.File.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) {
				found = append(found, s.find("docs", d.Name, "%s has no doc comment", d.Name.Name))
			}
		case *ast.GenDecl:
			found = append(found, s.groupDocs(d)...)
		}
	}
	return found
}

// exportedReceiver is true for a function, and for a method of an exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	exported := false
	ast.Inspect(d.Recv.List[0].Type, func(node ast.Node) bool {
		ident, ok := node.(*ast.Ident)
		if ok {
			exported = ident.IsExported()
		}
		return !ok // the first identifier is the type's name, those of type parameters follow
	})
	return exported
}

func (s *Source) groupDocs(d *ast.GenDecl) []Finding {
	var found []Finding
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			// The comment of a type that stands alone belongs to the declaration.
			if spec.Name.IsExported() && spec.Doc == nil && spec.Comment == nil && (d.Doc == nil || d.Lparen.IsValid()) {
				found = append(found, s.find("docs", spec.Name, "%s has no doc comment", spec.Name.Name))
			}
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				if name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					found = append(found, s.find("docs", name, "%s has no doc comment", name.Name))
				}
			}
		}
	}
	return found
}
