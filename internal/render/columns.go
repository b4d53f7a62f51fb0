package render

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"text/template"
)

// maxColumns bounds a csv builder.
const maxColumns = 1000

// columns is the builder that the template function csv returns. A template calls AddColumn for each column, then Render.
type columns struct {
	run      *run
	funcs    template.FuncMap
	headings []string
	cells    []*template.Template // for rows of any kind
	fields   []*template.Template // for rows that are structs of the report's data
}

// String prints nothing: a template that calls AddColumn outside an assignment must not print the builder's insides.
func (c *columns) String() string { return "" }

// AddColumn adds a column. text is a template that is executed with each row. It returns the builder.
func (c *columns) AddColumn(heading, text string) (*columns, error) {
	if len(c.headings) == maxColumns {
		return nil, overLimit("a csv has more than %d columns", maxColumns)
	}
	if err := c.run.spend(unitsPerCall + int64(len(text))); err != nil {
		return nil, err
	}
	cell, err := parseTemplate(heading, text, c.funcs, cellOfRow)
	if err != nil {
		return nil, inColumn(heading, err)
	}
	field, err := parseTemplate(heading, text, c.funcs, cellOfStruct)
	if err != nil {
		return nil, inColumn(heading, err)
	}
	c.headings, c.cells, c.fields = append(c.headings, heading), append(c.cells, cell), append(c.fields, field)
	return c, nil
}

// Render prints the headings, then one line for each element of a slice or array, each ended by a newline; or, for any other
// data, one line without a newline at its end. Cells are quoted where RFC 4180 asks for it.
func (c *columns) Render(data any) (string, error) {
	var b strings.Builder
	for i, heading := range c.headings {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quoteCell(heading))
	}
	b.WriteByte('\n')
	v := reflect.ValueOf(data)
	for v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Slice {
		v = v.Elem()
	}
	if v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
		err := c.row(&b, data)
		return b.String(), err
	}
	for i := range v.Len() {
		if err := c.row(&b, element(v.Index(i))); err != nil {
			return "", err
		}
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// element gives a struct by its address: nothing is copied, and methods of its pointer can be called.
func element(v reflect.Value) any {
	if v.Kind() == reflect.Struct && v.CanAddr() {
		return v.Addr().Interface()
	}
	return v.Interface()
}

func (c *columns) row(b *strings.Builder, data any) error {
	var cell bytes.Buffer
	templates := c.cells
	if reflect.Indirect(reflect.ValueOf(data)).Kind() == reflect.Struct {
		templates = c.fields // a template cannot make a struct
	}
	for i, tmpl := range templates {
		if i > 0 {
			b.WriteByte(',')
		}
		cell.Reset()
		if err := c.run.spend(unitsPerTurn); err != nil {
			return err
		}
		if err := tmpl.Execute(&boundedWriter{&cell, &c.run.meter}, data); err != nil {
			return inColumn(c.headings[i], err)
		}
		value := quoteCell(cell.String())
		if value == "" && len(c.cells) == 1 {
			value = `""` // a row of one empty cell must not look like no row
		}
		b.WriteString(value)
		if int64(b.Len()) > c.run.limits.Output {
			return overLimit("it prints more than the limit of %d bytes", c.run.limits.Output)
		}
	}
	return nil
}

// boundedWriter holds one cell.
type boundedWriter struct {
	buf   *bytes.Buffer
	meter *meter
}

func (w *boundedWriter) Write(p []byte) (int, error) {
	if int64(w.buf.Len()+len(p)) > w.meter.limits.Value {
		return 0, overLimit("it prints a cell of more than %d bytes", w.meter.limits.Value)
	}
	if err := w.meter.spendBytes(int64(len(p))); err != nil {
		return 0, err
	}
	return w.buf.Write(p)
}

// inColumn makes an error that names the column.
func inColumn(heading string, err error) error {
	err = templateError(heading, err)
	if te, ok := errors.AsType[*TemplateError](err); ok {
		te.Column = heading
		return te
	}
	return fmt.Errorf("column %q: %w", heading, err)
}
