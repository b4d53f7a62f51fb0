package recording

import (
	"fmt"
	"io"
	"time"
)

// Writer writes the lines of one segment as they come; it does not buffer. It is not safe for concurrent use. After its first error of
// the underlying writer the segment may end in the middle of a line.
type Writer struct {
	out     io.Writer
	tracker Tracker
	opened  time.Time
	size    int64
}

// NewWriter begins a segment. Type and Schema of the first line are filled in; its Spans are where the coverage begins.
func NewWriter(out io.Writer, first Line) (*Writer, error) {
	w := &Writer{out: out, opened: first.At}
	first.Type, first.Schema = Opened, Schema
	if err := w.Add(&first); err != nil {
		return nil, err
	}
	return w, nil
}

// Add writes one line.
func (w *Writer) Add(line *Line) error {
	if err := line.validate(); err != nil {
		return err
	}
	if err := w.tracker.Add(line); err != nil {
		return err
	}
	return w.write(line)
}

// Close writes the last line.
func (w *Writer) Close(at time.Time) error {
	footer := w.tracker.Footer()
	footer.At = at
	return w.write(&footer)
}

// WriteFooter writes the last line of a segment of which only the whole lines are left.
func (t *Tracker) WriteFooter(out io.Writer, at time.Time) error {
	footer := t.Footer()
	footer.At = at
	encoded, err := footer.encode()
	if err != nil {
		return err
	}
	if _, err := out.Write(encoded); err != nil {
		return fmt.Errorf("write segment: %w", err)
	}
	return nil
}

// Tracker knows what the lines so far cover.
func (w *Writer) Tracker() *Tracker { return &w.tracker }

// Opened is the time of the first line.
func (w *Writer) Opened() time.Time { return w.opened }

// Size is how many bytes were written.
func (w *Writer) Size() int64 { return w.size }

func (w *Writer) write(line *Line) error {
	encoded, err := line.encode()
	if err != nil {
		return err
	}
	n, err := w.out.Write(encoded)
	w.size += int64(n)
	if err != nil {
		return fmt.Errorf("write segment: %w", err)
	}
	return nil
}
