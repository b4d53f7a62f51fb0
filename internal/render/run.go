package render

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Units of work that a turn of a loop and a call of a function count for.
const (
	unitsPerTurn = 10
	unitsPerCall = 10
)

// stepError tells in which line a loop was stopped.
type stepError struct {
	line int
	err  error
}

func (e *stepError) Error() string { return e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// run is one execution of one template: its budget, the report's data and the writer.
type run struct {
	meter
	src *source
	out *output
}

// step counts a turn of the loop that stands in the given line.
func (r *run) step(line int) (string, error) {
	if err := r.spend(unitsPerTurn); err != nil {
		return "", &stepError{line, err}
	}
	return "", nil
}

// show looks at a value that is about to be printed, since printing builds the whole text before the writer sees it.
func (r *run) show(kind int, value any) (reflect.Value, error) {
	r.out.next(kind)
	v := reflect.ValueOf(value)
	if _, builder := value.(*columns); builder {
		return v, nil // prints nothing, but leads to itself
	}
	if err := r.weigh(v); err != nil {
		return v, err
	}
	if v.Kind() == reflect.Struct {
		// text/template prefers the pointer's String method where the value can be addressed, as fields of the data can.
		p := reflect.New(v.Type()).Elem()
		p.Set(v)
		return p, nil
	}
	return v, nil
}

func (r *run) text(int) string {
	r.out.next(ownText)
	return ""
}

// recoverInto makes an error of a panic in text/template or in a function.
func recoverInto(err *error, name string) {
	if p := recover(); p != nil {
		*err = &TemplateError{Template: name, Reason: fmt.Sprintf("it cannot be executed: %v", p)}
	}
}

// write renders one template into w.
func (t *Type) write(ctx context.Context, w io.Writer, src *source, f *file) (err error) {
	defer recoverInto(&err, f.name)
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &run{meter: meter{ctx: ctx, limits: t.limits}, src: src}
	r.out = newOutput(w, &r.meter, f.form)
	tmpl, err := f.tmpl.Clone()
	if err != nil {
		return t.locate(f, templateError(f.name, err))
	}
	err = tmpl.Funcs(r.functions()).Execute(r.out, src.data)
	if err == nil {
		err = r.out.close()
	}
	var broken *writeError
	if errors.As(err, &broken) {
		return fmt.Errorf("write %s: %w", f.name, broken.err)
	}
	if err != nil {
		return t.locate(f, templateError(f.name, err))
	}
	return nil
}

func (t *Type) render(ctx context.Context, src *source) (Rendered, error) {
	var out Rendered
	var buf bytes.Buffer
	if err := t.write(ctx, &buf, src, t.summary); err != nil {
		return Rendered{}, err
	}
	out.UISummary = bytes.TrimSpace(bytes.Clone(buf.Bytes()))
	if !json.Valid(out.UISummary) {
		out.Notes = append(out.Notes, fmt.Sprintf("the summary that template %q renders is not JSON", t.summary.name))
	}
	for _, f := range t.downloads {
		buf.Reset()
		if err := t.write(ctx, &buf, src, f); err != nil {
			return Rendered{}, err
		}
		out.Downloads = append(out.Downloads, Download{f.name, f.description, bytes.Clone(buf.Bytes())})
	}
	return out, nil
}

// form says how the bytes of a template are written.
type form int

const (
	plainForm form = iota
	csvForm
	jsonForm
)

func formOf(name string, summary bool) form {
	switch lower := strings.ToLower(name); {
	case summary, strings.HasSuffix(lower, ".json"):
		return jsonForm
	case strings.HasSuffix(lower, ".csv"):
		return csvForm
	}
	return plainForm
}
