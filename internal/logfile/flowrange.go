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

// rangeLines is how many lines are given at a time.
const rangeLines = 64

// rangeReader reads parts of plain files. It is used again and again, for its memory.
type rangeReader struct {
	in    *bufio.Reader
	long  []byte // the start of a line that is longer than the buffer
	lines [][]byte
	give  func(lines [][]byte)
	stats LineStats
	first bool // whether the next line is the file's first
}

func newRangeReader() *rangeReader {
	return &rangeReader{in: bufio.NewReaderSize(nil, rangeBuffer), lines: make([][]byte, 0, rangeLines)}
}

// read gives fn the non-empty lines that begin in [from, to), some at a time, as ReadLines would: so the parts of a file
// together give each line once, wherever the file is cut. The lines are valid only during the call.
func (r *rangeReader) read(ctx context.Context, file io.ReaderAt, from, to int64, fn func(lines [][]byte)) (LineStats, error) {
	r.stats, r.give, r.first = LineStats{}, fn, from == 0
	at, err := r.begin(file, from)
	for at < to && err == nil {
		if err := ctx.Err(); err != nil {
			return r.stats, err
		}
		var size int64
		if block := r.block(); len(block) > 0 {
			size = r.blockLines(block, to-at)
			_, err = r.in.Discard(int(size))
		} else if size, err = r.single(); err == nil || errors.Is(err, io.EOF) {
			r.stats.Bytes += size
		}
		at += size
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return r.stats, fmt.Errorf("read log file: %w", err)
	}
	return r.stats, nil
}

// begin goes to the first line that begins at or after from.
func (r *rangeReader) begin(file io.ReaderAt, from int64) (at int64, err error) {
	at = max(from-1, 0)
	r.in.Reset(io.NewSectionReader(file, at, 1<<62))
	if from > 0 { // the line that holds the byte before the range begins before it
		_, size, err := r.line()
		return at + size, err
	}
	return 0, nil
}

// block is what is in the buffer, up to the end of its last whole line.
func (r *rangeReader) block() []byte {
	block, _ := r.in.Peek(r.in.Buffered())
	return block[:bytes.LastIndexByte(block, '\n')+1]
}

// blockLines gives the lines of a block that begin before its byte limit; it returns their size.
func (r *rangeReader) blockLines(block []byte, limit int64) (size int64) {
	for size < limit && len(block) > 0 {
		end := bytes.IndexByte(block, '\n')
		r.add(block[:end])
		block = block[end+1:]
		size += int64(end) + 1
	}
	r.flush()
	r.stats.Bytes += size
	return size
}

// single gives one line, which the buffer does not hold as a whole.
func (r *rangeReader) single() (size int64, err error) {
	line, size, err := r.line()
	if err == nil || errors.Is(err, io.EOF) {
		r.add(bytes.TrimSuffix(line, []byte("\n")))
		r.flush()
	}
	return size, err
}

// add takes a line without its line feed.
func (r *rangeReader) add(line []byte) {
	if r.first {
		r.first, line = false, bytes.TrimPrefix(line, bom)
	}
	for len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	switch {
	case len(line) > MaxLine:
		r.stats.TooLong++
		return
	case len(line) == 0:
		return
	}
	r.stats.Lines++
	if r.lines = append(r.lines, line); len(r.lines) == cap(r.lines) {
		r.flush()
	}
}

func (r *rangeReader) flush() {
	if len(r.lines) > 0 {
		r.give(r.lines)
	}
	r.lines = r.lines[:0]
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
