package report

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with a definition.
type Problem struct {
	Field  string // the field's path, for example "spec.endpoints.namespaces.selector"
	Value  string // the value as given
	Reason string // what is wrong and what would be right
}

// InvalidError lists everything that is wrong with a GlobalReport. Trying again without an edit cannot help.
type InvalidError struct {
	Name     string // the report's name, "" when it has none
	Problems []Problem
}

// Error prints the problems one after the other, in the order of the fields of the definition.
func (e *InvalidError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.String()
	}
	return fmt.Sprintf("validate GlobalReport %q: %s", e.Name, strings.Join(texts, "; "))
}

// maxValue bounds how much of a wrong value a message repeats, in bytes.
const maxValue = 200

// String is "field "value": reason"; a long value is cut.
func (p Problem) String() string {
	value := p.Value
	if len(value) > maxValue {
		value = strings.ToValidUTF8(value[:maxValue], "") + "…"
	}
	return fmt.Sprintf("%s %q: %s", p.Field, value, p.Reason)
}

type problems []Problem

func (p *problems) add(field, value, reason string) {
	*p = append(*p, Problem{Field: field, Value: value, Reason: reason})
}
