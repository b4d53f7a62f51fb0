package recording

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Writer writes one segment. It is not safe for concurrent use. Its first error makes the segment useless.
type Writer struct {
	out     *bufio.Writer
	encoder *json.Encoder
	size    int64
	records int64
}

// NewWriter begins a segment. The header's Type and Schema are filled in.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	s := &Writer{}
	s.out = bufio.NewWriterSize(&counting{w, &s.size}, 64<<10)
	s.encoder = json.NewEncoder(s.out)
	s.encoder.SetEscapeHTML(false) // so that objects stay as the server wrote them
	h.Type, h.Schema, h.Opened = Opened, Schema, h.Opened.UTC()
	if err := s.encoder.Encode(h); err != nil {
		return nil, fmt.Errorf("write header of a segment: %w", err)
	}
	return s, nil
}

// Add writes one record.
func (s *Writer) Add(r *Record) error {
	if err := r.validate(); err != nil {
		return err
	}
	if err := s.encoder.Encode(r); err != nil {
		return fmt.Errorf("write %s record: %w", r.Type, err)
	}
	s.records++
	return nil
}

// Records is how many records were added.
func (s *Writer) Records() int64 { return s.records }

// Size is how many bytes were written, before compression.
func (s *Writer) Size() int64 { return s.size + int64(s.out.Buffered()) }

// Close writes the footer, with Type, Schema and Records filled in and its lists sorted.
func (s *Writer) Close(f Footer) error {
	f.Type, f.Schema, f.Records, f.Closed = Closed, Schema, s.records, f.Closed.UTC()
	f.Kinds = append([]Covered{}, f.Kinds...)
	slices.SortFunc(f.Kinds, func(a, b Covered) int { return cmp.Or(strings.Compare(a.Kind, b.Kind), a.From.Compare(b.From)) })
	f.Gaps = append([]Gap{}, f.Gaps...)
	slices.SortFunc(f.Gaps, compareGaps)
	if err := s.encoder.Encode(f); err != nil {
		return fmt.Errorf("write footer of a segment: %w", err)
	}
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("write segment: %w", err)
	}
	return nil
}

func compareGaps(a, b Gap) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), a.From.Compare(b.From), a.To.Compare(b.To), strings.Compare(a.Why, b.Why))
}

type counting struct {
	io.Writer
	size *int64
}

func (c *counting) Write(data []byte) (int, error) {
	n, err := c.Writer.Write(data)
	*c.size += int64(n)
	return n, err
}
