package recording

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// MaxLine bounds one line of a segment: an API server takes objects of 3 MiB at most, and answers are not much larger.
const MaxLine = 32 << 20

// ErrIncomplete says that a segment does not end with its last line: it was cut off.
var ErrIncomplete = errors.New("the segment is cut off: its last line is missing")

// Read gives each line of an unpacked segment, valid during the call, and returns the last one. A line that cannot be understood is
// given too: what to make of it is for the caller to decide. Read fails with ErrIncomplete, with the reader's and with the
// caller's error.
func Read(r io.Reader, line func([]byte) error) (Line, error) {
	var last []byte
	err := eachLine(r, func(raw []byte) error {
		last = append(last[:0], raw...)
		return line(raw)
	})
	if err != nil {
		return Line{}, err
	}
	parsed, err := Parse(last)
	if err != nil || parsed.Type != Closed {
		return Line{}, ErrIncomplete
	}
	return parsed, nil
}

func eachLine(r io.Reader, line func([]byte) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), MaxLine)
	for lines.Scan() {
		if err := line(lines.Bytes()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read segment: %w", err)
	}
	return nil
}

// Recovered is what is left of a segment whose writer was killed.
type Recovered struct {
	First   Line    // the first line
	Tracker Tracker // of the whole lines
	Bytes   int64   // length of the whole lines
	Last    Line    // the last whole line; of type Closed when nothing is missing
}

// Recover reads what is left of a segment, up to the first line that is not whole. It fails when there is no first line, with
// ErrIncomplete, and with the reader's error.
func Recover(r io.Reader) (*Recovered, error) {
	found := &Recovered{}
	reader := bufio.NewReaderSize(r, 64<<10)
	for {
		raw, err := reader.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read segment: %w", err)
		}
		if err != nil || len(raw) > MaxLine || !found.take(raw) {
			break
		}
	}
	if found.First.Type != Opened {
		return nil, ErrIncomplete
	}
	return found, nil
}

func (f *Recovered) take(raw []byte) bool {
	line, err := Parse(raw)
	if err != nil {
		return false
	}
	if line.Type != Closed {
		if err := f.Tracker.Add(&line); err != nil {
			return false
		}
	}
	if line.Type == Opened {
		f.First = line
	}
	f.Last, f.Bytes = line, f.Bytes+int64(len(raw))
	f.Last.Object = nil
	return line.Type != Closed
}
