package logfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// rangeBuffer is what is read at a time: it stays in a core's cache while its lines are looked at.
const rangeBuffer = 256 << 10

// rangeReader reads parts of plain files. It is used again and again, for its buffer.
type rangeReader struct {
	in   *bufio.Reader
	long []byte // the start of a line that is longer than the buffer
}

func newRangeReader() *rangeReader {
	return &rangeReader{in: bufio.NewReaderSize(nil, rangeBuffer)}
}

// read gives fn each non-empty line that begins in [from, to), as ReadLines would: so the parts of a file together give
// each line once, wherever the file is cut.
func (r *rangeReader) read(ctx context.Context, file io.ReaderAt, from, to int64, fn func(line []byte)) (LineStats, error) {
	var stats LineStats
	give := func(line []byte) {
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) > MaxLine:
			stats.TooLong++
		case len(line) > 0:
			stats.Lines++
			fn(line)
		}
	}
	at := max(from-1, 0)
	r.in.Reset(io.NewSectionReader(file, at, 1<<62))
	if from == 0 {
		if start, _ := r.in.Peek(len(bom)); bytes.Equal(start, bom) {
			n, _ := r.in.Discard(len(bom))
			at, stats.Bytes = int64(n), int64(n)
		}
	} else { // the line that holds the byte before the range begins before it
		_, size, err := r.line()
		at += size
		if err != nil {
			return stats, rangeEnd(err)
		}
	}
	for n := 0; at < to; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return stats, ctx.Err()
		}
		line, size, err := r.line()
		at += size
		if err != nil && !errors.Is(err, io.EOF) {
			return stats, rangeEnd(err)
		}
		stats.Bytes += size
		give(line)
		if errors.Is(err, io.EOF) {
			break
		}
	}
	return stats, nil
}

func rangeEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("read log file: %w", err)
}

// line is the next line and its size. Of one over MaxLine, only as much as is over it is kept.
func (r *rangeReader) line() (line []byte, size int64, err error) {
	r.long = r.long[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		size += int64(len(part))
		full := errors.Is(err, bufio.ErrBufferFull)
		if !full && len(r.long) == 0 {
			return part, size, err
		}
		if len(r.long) <= MaxLine+2 {
			r.long = append(r.long, part...)
		}
		if !full {
			return r.long, size, err
		}
	}
}
