package logfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// MaxLine is the longest line that is read, in bytes. An audit event carries an object twice (request and answer); etcd
// bounds an object at 1.5 MiB, and escaping can grow it.
const MaxLine = 8 << 20

// bom is what some editors put before UTF-8 text.
var bom = []byte{0xef, 0xbb, 0xbf}

// LineStats says what a file held, uncompressed.
type LineStats struct {
	Lines int64 // lines given to the caller, empty ones left out
	Bytes int64 // bytes read, line ends included
	// TooLong counts lines over MaxLine, which were skipped.
	TooLong int64
	// Truncated is set when a compressed file ended early or was damaged: the whole lines before that point were given.
	Truncated bool
	// Damaged names the files of which that is true, without their folders.
	Damaged []string
}

// Add sums two files up.
func (s *LineStats) Add(other LineStats) {
	s.Lines += other.Lines
	s.Bytes += other.Bytes
	s.TooLong += other.TooLong
	s.Truncated = s.Truncated || other.Truncated
	s.Damaged = append(s.Damaged, other.Damaged...)
}

// Lines calls fn with each non-empty line of the file, without its line end (LF or CRLF), in order. The slice is valid only
// during the call. It stops at fn's first error and returns it, and at the end of ctx. A damaged compressed file is no
// error: it is told in the statistics, so that the caller can say what is missing, and the line that the damage cut is not
// given. The last line of a plain file is given even without a line end.
//
// Bytes pass through as they are, invalid UTF-8 included, but for a byte order mark before the first line. UTF-16 is not
// converted: its lines are no JSON, so the caller counts them as bad records.
func Lines(ctx context.Context, path string, fn func(line []byte) error) (LineStats, error) {
	file, err := os.Open(path)
	if err != nil {
		return LineStats{}, fmt.Errorf("open log file: %w", err)
	}
	defer file.Close()
	return ReadLines(ctx, file, fn)
}

// ReadLines is Lines for any reader; one that has a Name, as a file does, is told by it when it is damaged.
func ReadLines(ctx context.Context, source io.Reader, fn func(line []byte) error) (LineStats, error) {
	return ReadLinesAside(ctx, source, fn, io.Discard)
}

// ReadLinesAside is ReadLines that writes lines over MaxLine to aside, as they stand.
func ReadLinesAside(ctx context.Context, source io.Reader, fn func(line []byte) error, aside io.Writer) (LineStats, error) {
	var stats LineStats
	in, done, err := Decompress(source)
	if err != nil {
		return readEnd(source, stats, err)
	}
	defer done()
	reader := bufio.NewReaderSize(in, 1<<20)
	if start, _ := reader.Peek(len(bom)); bytes.Equal(start, bom) {
		n, _ := reader.Discard(len(bom))
		stats.Bytes += int64(n)
	}
	long := longLine{aside: aside}
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return stats, ctx.Err()
		}
		var writeErr error
		line, err := reader.ReadSlice('\n')
		stats.Bytes += int64(len(line))
		if len(long.text) > 0 || errors.Is(err, bufio.ErrBufferFull) {
			if line, writeErr = long.add(line); writeErr != nil {
				return stats, writeErr
			}
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return readEnd(source, stats, err)
		}
		tooLong := stats.TooLong
		if giveErr := give(line, &stats, fn); giveErr != nil {
			return stats, giveErr
		}
		if writeErr = long.end(line, stats.TooLong > tooLong); writeErr != nil {
			return stats, writeErr
		}
		if err != nil {
			return stats, nil
		}
	}
}

// longLine is a line that is longer than the reader's buffer. What lies beyond the limit is not kept.
type longLine struct {
	text  []byte // the line so far, up to the part that went over the limit
	over  bool   // whether it is certainly over MaxLine, and so written to aside
	aside io.Writer
}

// add takes the next part and returns the line so far.
func (l *longLine) add(part []byte) ([]byte, error) {
	if !l.over {
		l.text = append(l.text, part...)
		part = l.text
	}
	if l.over = len(l.text) > MaxLine+len("\r\n"); !l.over {
		return l.text, nil
	}
	return l.text, l.write(part)
}

// end makes ready for the next line. One that has turned out to be too long only at its end is written now.
func (l *longLine) end(line []byte, tooLong bool) error {
	written := l.over
	l.text, l.over = l.text[:0], false
	if !tooLong || written {
		return nil
	}
	return l.write(line)
}

func (l *longLine) write(part []byte) error {
	if _, err := l.aside.Write(part); err != nil {
		return fmt.Errorf("put a long line aside: %w", err)
	}
	return nil
}

// readEnd tells a damaged file, which is a fact about the input, from one that could not be read.
func readEnd(source io.Reader, stats LineStats, err error) (LineStats, error) {
	if errors.Is(err, ErrDamaged) {
		stats.Truncated = true
		if file, ok := source.(interface{ Name() string }); ok {
			stats.Damaged = []string{filepath.Base(file.Name())}
		}
		return stats, nil
	}
	return stats, fmt.Errorf("read log file: %w", err)
}

func give(line []byte, stats *LineStats, fn func([]byte) error) error {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) == 0 {
		return nil
	}
	if len(line) > MaxLine {
		stats.TooLong++
		return nil
	}
	stats.Lines++
	return fn(line)
}
