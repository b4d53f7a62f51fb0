package render

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// TemplateError tells what is wrong with a template, and where. Rendering again cannot help: the type must be edited.
type TemplateError struct {
	Type     string // the report type's name
	Template string // the template's name
	Line     int    // counted from 1; 0 when it is not known
	Column   string // heading of the csv column whose own template is at fault; empty otherwise
	At       string // the expression at fault, such as ".Endpoint.Nmae"; empty when it is not known
	Reason   string

	err error
}

// Error is `template "endpoints.csv", line 4, column "endpoint", at .Nmae: can't evaluate field Nmae in …`.
func (e *TemplateError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "template %q", e.Template)
	if e.Line > 0 {
		fmt.Fprintf(&b, ", line %d", e.Line)
	}
	if e.Column != "" {
		fmt.Fprintf(&b, ", column %q", e.Column)
	}
	if e.At != "" {
		fmt.Fprintf(&b, ", at %s", e.At)
	}
	return b.String() + ": " + e.Reason
}

// Unwrap gives the error that text/template or one of its functions returned.
func (e *TemplateError) Unwrap() error { return e.err }

// The two forms in which text/template prints its errors; it has no structure to read them from.
var (
	execForm  = regexp.MustCompile(`(?s)^template: ?[^:]*:(\d+)(?::\d+)?: executing ".*?" at <(.*?)>: (.*)$`)
	parseForm = regexp.MustCompile(`(?s)^template: [^:]*:(\d+): ?(.*)$`)
	undefined = regexp.MustCompile(`^function "([^"]*)" not defined$`)
	calling   = regexp.MustCompile(`^error calling ([A-Za-z0-9_]+): `)
)

// templateError makes a *TemplateError of what parsing or executing returned. An error that already is one keeps its place and
// gets what it does not know yet; the context's own errors pass.
func templateError(name string, err error) error {
	var inner *TemplateError
	var stop *stepError
	found := &TemplateError{Template: name, Reason: err.Error(), err: err}
	if m := execForm.FindStringSubmatch(err.Error()); m != nil {
		found.Line, _ = strconv.Atoi(m[1])
		found.At, found.Reason = m[2], calling.ReplaceAllString(m[3], "$1: ")
	} else if m := parseForm.FindStringSubmatch(err.Error()); m != nil {
		found.Line, _ = strconv.Atoi(m[1])
		found.Reason = explain(m[2])
	}
	switch {
	case isContext(err):
		return err
	case errors.As(err, &stop):
		found.Line, found.At, found.Reason = stop.line, "", stop.err.Error()
	case errors.As(err, &inner):
		inner.Template = name
		if inner.Line == 0 || inner.Column != "" {
			inner.Line = found.Line
		}
		return inner
	}
	return found
}

// explain gives the reason why a function that users know is not there.
func explain(reason string) string {
	m := undefined.FindStringSubmatch(reason)
	if m == nil {
		return reason
	}
	if why, ok := refused[m[1]]; ok {
		return fmt.Sprintf("function %q is not available: it %s", m[1], why)
	}
	return fmt.Sprintf("function %q is not known", m[1])
}
