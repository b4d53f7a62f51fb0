package logfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// ErrDamaged is wrapped by every read error that comes from the compressed data itself: cut short, corrupt, or followed by
// something else. A source that could not be read gives its own error instead.
var ErrDamaged = errors.New("compressed data is damaged or cut short")

// maxWindow bounds what a zstd file can make the reader allocate: 128 MiB is what "zstd --long" uses.
const maxWindow = 128 << 20

// Decompress unpacks gzip and zstd, told by the first bytes; anything else is passed on as it is. Files that were joined
// end to end are read as one. The returned function frees what the decompressor holds.
func Decompress(source io.Reader) (io.Reader, func(), error) {
	tracked := &trackedSource{reader: source}
	buffered := bufio.NewReaderSize(tracked, 256<<10)
	magic, _ := buffered.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, nil, tracked.explain(err)
		}
		return &unpacker{tracked, unpacked}, func() { unpacked.Close() }, nil
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		unpacked, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, tracked.explain(err)
		}
		return &unpacker{tracked, unpacked}, unpacked.Close, nil
	}
	return buffered, func() {}, nil
}

// trackedSource remembers that the source itself failed: the decompressors have too many errors of their own to list.
type trackedSource struct {
	reader io.Reader
	failed error
}

func (t *trackedSource) Read(p []byte) (int, error) {
	n, err := t.reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		t.failed = err
	}
	return n, err
}

func (t *trackedSource) explain(err error) error {
	if t.failed != nil {
		return t.failed
	}
	return fmt.Errorf("%w: %s", ErrDamaged, err.Error())
}

type unpacker struct {
	source *trackedSource
	inner  io.Reader
}

func (u *unpacker) Read(p []byte) (int, error) {
	n, err := u.inner.Read(p)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	return n, u.source.explain(err)
}
