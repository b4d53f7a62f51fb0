package main

import (
	"fmt"
	"strings"

	extensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// field says what the types cannot about one field of a definition.
type field struct {
	// path is the field's place: "spec.cis.resultsFilters[].exclude[]"; [] is an element of a list, {} a value of a map.
	path string
	doc  string // the description that kubectl explain shows
	add  []addition
}

// addition is a bound or a rule.
type addition func(*extensions.JSONSchemaProps)

func apply(root *extensions.JSONSchemaProps, fields []field) error {
	for _, f := range fields {
		err := edit(root, steps(f.path), func(s *extensions.JSONSchemaProps) {
			s.Description = f.doc
			for _, add := range f.add {
				add(s)
			}
		})
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
	}
	return nil
}

func steps(path string) []string {
	path = strings.NewReplacer("[]", ".[]", "{}", ".{}").Replace(path)
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' })
}

// edit changes the schema at a path in place.
func edit(s *extensions.JSONSchemaProps, path []string, change func(*extensions.JSONSchemaProps)) error {
	if len(path) == 0 {
		change(s)
		return nil
	}
	switch path[0] {
	case "[]":
		if s.Items == nil || s.Items.Schema == nil {
			return fmt.Errorf("is no list")
		}
		return edit(s.Items.Schema, path[1:], change)
	case "{}":
		if s.AdditionalProperties == nil || s.AdditionalProperties.Schema == nil {
			return fmt.Errorf("is no map")
		}
		return edit(s.AdditionalProperties.Schema, path[1:], change)
	}
	kid, ok := s.Properties[path[0]]
	if !ok {
		return fmt.Errorf("the types have no field %q", path[0])
	}
	if err := edit(&kid, path[1:], change); err != nil {
		return err
	}
	s.Properties[path[0]] = kid
	return nil
}

// rule refuses values for which a CEL expression is false; message is what would be right.
func rule(expression, message string) addition {
	return func(s *extensions.JSONSchemaProps) {
		s.XValidations = append(s.XValidations, extensions.ValidationRule{Rule: expression, Message: message})
	}
}

// ruleSaying is a rule whose message is a CEL expression too; message stands in where that cannot be evaluated.
func ruleSaying(expression, messageExpression, message string) addition {
	return func(s *extensions.JSONSchemaProps) {
		s.XValidations = append(s.XValidations, extensions.ValidationRule{Rule: expression, MessageExpression: messageExpression, Message: message})
	}
}

func between(low, high float64) addition {
	return func(s *extensions.JSONSchemaProps) { s.Minimum, s.Maximum = &low, &high }
}

func atLeast(low float64) addition { return func(s *extensions.JSONSchemaProps) { s.Minimum = &low } }

func atMost(length int64) addition {
	return func(s *extensions.JSONSchemaProps) { s.MaxLength = &length }
}

func items(most int64) addition { return func(s *extensions.JSONSchemaProps) { s.MaxItems = &most } }

func entries(most int64) addition {
	return func(s *extensions.JSONSchemaProps) { s.MaxProperties = &most }
}

func pattern(expression string) addition {
	return func(s *extensions.JSONSchemaProps) { s.Pattern = expression }
}

func required(names ...string) addition {
	return func(s *extensions.JSONSchemaProps) { s.Required = append(s.Required, names...) }
}

// raw is a CEL string in which no character means anything else. The text must not end in a quote or hold three.
func raw(text string) string { return `r"""` + text + `"""` }
