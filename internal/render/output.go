package render

import (
	"bufio"
	"io"
)

// ownText is the kind of what is not printed by an action; see showResult.
const ownText = -1

// writeError is an error of the caller's writer, to be told from a template's fault.
type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

// filter rewrites what a template prints. next tells the kind of the bytes that follow.
type filter interface {
	next(kind int)
	write(p []byte) error
	finish() error
}

// output is the writer of one template: it counts, then filters, then writes.
type output struct {
	meter   *meter
	filter  filter
	buffer  *bufio.Writer
	written int64
}

const outputBuffer = 64 << 10

func newOutput(w io.Writer, m *meter, f form) *output {
	o := &output{meter: m, buffer: bufio.NewWriterSize(w, outputBuffer)}
	switch f {
	case csvForm:
		o.filter = newCellFilter(o.buffer)
	case jsonForm:
		o.filter = &jsonFilter{w: o.buffer}
	default:
		o.filter = plainFilter{o.buffer}
	}
	return o
}

func (o *output) next(kind int) { o.filter.next(kind) }

// Write takes what the template prints.
func (o *output) Write(p []byte) (int, error) {
	o.written += int64(len(p))
	if o.written > o.meter.limits.Output {
		return 0, overLimit("it prints more than the limit of %d bytes", o.meter.limits.Output)
	}
	if err := o.meter.spendBytes(int64(len(p))); err != nil {
		return 0, err
	}
	if err := o.filter.write(p); err != nil {
		return 0, &writeError{err}
	}
	return len(p), nil
}

func (o *output) close() error {
	if err := o.filter.finish(); err != nil {
		return &writeError{err}
	}
	if err := o.buffer.Flush(); err != nil {
		return &writeError{err}
	}
	return nil
}

// plainFilter leaves everything as it is.
type plainFilter struct{ w *bufio.Writer }

func (plainFilter) next(int)               {}
func (f plainFilter) write(p []byte) error { _, err := f.w.Write(p); return err }
func (plainFilter) finish() error          { return nil }

// jsonFilter escapes plain fields within JSON strings and leaves everything else as it is.
type jsonFilter struct {
	w        *bufio.Writer
	kind     int
	inString bool
	escape   bool
}

func (f *jsonFilter) next(kind int) { f.kind = kind }

func (f *jsonFilter) write(p []byte) error {
	if f.inString && !f.escape && f.kind == showData {
		for _, c := range p {
			f.escaped(c)
		}
		return nil
	}
	for _, c := range p {
		switch {
		case f.escape:
			f.escape = false
		case c == '\\' && f.inString:
			f.escape = true
		case c == '"':
			f.inString = !f.inString
		}
	}
	_, err := f.w.Write(p)
	return err
}

// escaped writes one byte of a JSON string. A bufio.Writer keeps its first error for Flush.
func (f *jsonFilter) escaped(c byte) {
	const hex = "0123456789abcdef"
	switch {
	case c == '"' || c == '\\':
		f.w.WriteByte('\\')
		f.w.WriteByte(c)
	case c == '\n':
		f.w.WriteString(`\n`)
	case c == '\t':
		f.w.WriteString(`\t`)
	case c == '\r':
		f.w.WriteString(`\r`)
	case c < 0x20:
		f.w.WriteString(`\u00`)
		f.w.WriteByte(hex[c>>4])
		f.w.WriteByte(hex[c&15])
	default:
		f.w.WriteByte(c)
	}
}

func (f *jsonFilter) finish() error { return nil }
