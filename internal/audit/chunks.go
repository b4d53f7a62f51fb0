package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// record is an encoded entry with what orders it.
type record struct {
	at    int64 // microseconds since 1970
	order string
	line  []byte
	entry *Entry // the decoded line, where it had to be decoded anyway
}

// compare orders records totally: those that compare equal have the same bytes.
func (r *record) compare(other *record) int {
	return cmp.Or(cmp.Compare(r.at, other.at), strings.Compare(r.order, other.order), bytes.Compare(r.line, other.line))
}

// size is about what the record holds in memory: its bytes and its headers.
func (r *record) size() int { return len(r.order) + len(r.line) + 64 }

// chunks collects records in any order and gives them sorted. Above max bytes it moves them to spill files.
type chunks struct {
	max    int
	spill  func() (SpillFile, error)
	held   []record
	bytes  int
	spills []SpillFile
	err    error
}

func (c *chunks) add(r record) {
	if c.err != nil {
		return
	}
	c.held = append(c.held, r)
	c.bytes += r.size()
	if c.spill != nil && c.bytes > c.max {
		c.err = c.spillOut()
	}
}

func (c *chunks) sort() {
	slices.SortFunc(c.held, func(a, b record) int { return a.compare(&b) })
}

func (c *chunks) spillOut() error {
	file, err := c.spill()
	if err != nil {
		return fmt.Errorf("make spill file: %w", err)
	}
	c.spills = append(c.spills, file)
	c.sort()
	out := bufio.NewWriterSize(file, 256<<10)
	for i := range c.held {
		writeRecord(out, &c.held[i])
	}
	if err := out.Flush(); err != nil { // a bufio.Writer keeps its first error
		return fmt.Errorf("write spill file: %w", err)
	}
	if err := file.Rewind(); err != nil {
		return fmt.Errorf("rewind spill file: %w", err)
	}
	clear(c.held)
	c.held, c.bytes = c.held[:0], 0
	return nil
}

// writeTo writes all records in order, one line each, and closes the spill files.
func (c *chunks) writeTo(w io.Writer) error {
	defer c.close()
	if c.err != nil {
		return c.err
	}
	c.sort()
	sources := []source{&heldSource{c.held}}
	for _, file := range c.spills {
		sources = append(sources, &spillSource{in: bufio.NewReaderSize(file, 64<<10)})
	}
	sorted, err := newSorted(sources)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 256<<10)
	for {
		r, err := sorted.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		out.Write(r.line)
		out.WriteByte('\n')
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write run of audit entries: %w", err)
	}
	return nil
}

func (c *chunks) close() {
	for _, file := range c.spills {
		file.Close() // it was read to its end, or is of no use any more
	}
	c.spills, c.held = nil, nil
}

// A record in a spill file is: microseconds (8 bytes), length of order, order, length of line, line.
func writeRecord(out *bufio.Writer, r *record) {
	out.Write(binary.BigEndian.AppendUint64(out.AvailableBuffer(), uint64(r.at)))
	out.Write(binary.AppendUvarint(out.AvailableBuffer(), uint64(len(r.order))))
	out.WriteString(r.order)
	out.Write(binary.AppendUvarint(out.AvailableBuffer(), uint64(len(r.line))))
	out.Write(r.line)
}

type heldSource struct{ rest []record }

func (s *heldSource) next() (record, error) {
	if len(s.rest) == 0 {
		return record{}, io.EOF
	}
	r := s.rest[0]
	s.rest = s.rest[1:]
	return r, nil
}

type spillSource struct{ in *bufio.Reader }

func (s *spillSource) next() (record, error) {
	var at [8]byte
	if _, err := io.ReadFull(s.in, at[:]); errors.Is(err, io.EOF) {
		return record{}, io.EOF
	} else if err != nil {
		return record{}, fmt.Errorf("read spill file: %w", err)
	}
	order, err := s.part()
	if err != nil {
		return record{}, fmt.Errorf("read spill file: %w", err)
	}
	line, err := s.part()
	if err != nil {
		return record{}, fmt.Errorf("read spill file: %w", err)
	}
	return record{at: int64(binary.BigEndian.Uint64(at[:])), order: string(order), line: line}, nil
}

func (s *spillSource) part() ([]byte, error) {
	size, err := binary.ReadUvarint(s.in)
	if err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	part := make([]byte, size)
	if _, err := io.ReadFull(s.in, part); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return part, nil
}
