package logfile

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// MaxLine is the longest line that is read, in bytes. An audit event carries an object twice (request and answer); etcd
// bounds an object at 1.5 MiB, and escaping can grow it.
const MaxLine = 8 << 20

// LineStats says what a file held, uncompressed.
type LineStats struct {
	Lines int64 // lines given to the caller, empty ones left out
	Bytes int64 // bytes read, line ends included
	// TooLong counts lines over MaxLine, which were skipped.
	TooLong int64
	// Truncated is set when a compressed file ended early or was damaged: the lines before that point were given.
	Truncated bool
}

// Add sums two files up.
func (s *LineStats) Add(other LineStats) {
	s.Lines += other.Lines
	s.Bytes += other.Bytes
	s.TooLong += other.TooLong
	s.Truncated = s.Truncated || other.Truncated
}

// Lines calls fn with each non-empty line of the file, without its line end, in order. The slice is valid only during the
// call. It stops at fn's first error and returns it, and at the end of ctx. A damaged compressed file is no error: it is
// told in the statistics, so that the caller can say what is missing.
func Lines(ctx context.Context, path string, fn func(line []byte) error) (LineStats, error) {
	file, err := os.Open(path)
	if err != nil {
		return LineStats{}, fmt.Errorf("open log file: %w", err)
	}
	defer file.Close()
	return ReadLines(ctx, file, fn)
}

// ReadLines is Lines for any reader.
func ReadLines(ctx context.Context, source io.Reader, fn func(line []byte) error) (LineStats, error) {
	var stats LineStats
	in, done, err := Decompress(source)
	if err != nil {
		return LineStats{Truncated: true}, nil
	}
	defer done()
	reader := bufio.NewReaderSize(in, 1<<20)
	var long []byte // the start of a line that is longer than the reader's buffer
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return stats, ctx.Err()
		}
		line, err := reader.ReadSlice('\n')
		stats.Bytes += int64(len(line))
		if errors.Is(err, bufio.ErrBufferFull) {
			if len(long) <= MaxLine {
				long = append(long, line...)
			}
			continue
		}
		if len(long) > 0 {
			if len(long) <= MaxLine {
				long = append(long, line...)
			}
			line = long
		}
		if giveErr := give(line, &stats, fn); giveErr != nil {
			return stats, giveErr
		}
		long = long[:0]
		if errors.Is(err, io.EOF) {
			return stats, nil
		}
		if err != nil {
			if isDamage(err) {
				stats.Truncated = true
				return stats, nil
			}
			return stats, fmt.Errorf("read log file: %w", err)
		}
	}
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

func isDamage(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) ||
		errors.Is(err, zstd.ErrCRCMismatch) || errors.Is(err, zstd.ErrMagicMismatch) || errors.As(err, new(flate.CorruptInputError))
}

// Decompress unpacks gzip and zstd, told by the first bytes; anything else is passed on as it is. The returned function
// frees what the decompressor holds.
func Decompress(source io.Reader) (io.Reader, func(), error) {
	buffered := bufio.NewReaderSize(source, 256<<10)
	magic, _ := buffered.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, nil, fmt.Errorf("read gzip header: %w", err)
		}
		return unpacked, func() { unpacked.Close() }, nil
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		unpacked, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, nil, fmt.Errorf("read zstd header: %w", err)
		}
		return unpacked, unpacked.Close, nil
	}
	return buffered, func() {}, nil
}
