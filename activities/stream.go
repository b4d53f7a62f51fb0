package activities

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
)

// packer makes streams, one at a time: they share one compressor, whose memory is most of what a stream takes.
type packer struct{ pack *zstd.Encoder }

// stream is an object of lines, compressed, that is sent while it is written.
type stream struct {
	ref  Ref
	pack *zstd.Encoder
	pipe *io.PipeWriter
	hash hash.Hash
	done chan struct{} // closed when the bucket has answered
	err  error         // what it said then
}

// open begins an object that must not be there when it is closed.
func (p *packer) open(ctx context.Context, bucket Bucket, key string) (*stream, error) {
	reader, writer := io.Pipe()
	s := &stream{ref: Ref{Key: key}, pipe: writer, hash: sha256.New(), done: make(chan struct{})}
	if p.pack == nil {
		// One goroutine: the bytes must not depend on the number of cores.
		pack, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return nil, fmt.Errorf("open zstd writer: %w", err)
		}
		p.pack = pack
	}
	s.pack = p.pack
	s.pack.Reset(packed{s})
	go func() {
		err := bucket.Stream(ctx, key, reader)
		if err != nil {
			err = fmt.Errorf("write %s: %w", key, err)
		}
		reader.CloseWithError(err) // who still writes finds out
		s.err = err
		close(s.done)
	}()
	return s, nil
}

// line adds one line.
func (s *stream) line(raw []byte) error {
	s.ref.Rows++
	if _, err := s.pack.Write(raw); err != nil {
		return err
	}
	_, err := s.pack.Write([]byte{'\n'})
	return err
}

// close waits until the object is in the bucket. The Ref is what it would be also when the key was taken.
func (s *stream) close() (Ref, error) {
	if err := s.pack.Close(); err != nil {
		s.abandon()
		return Ref{}, err
	}
	_ = s.pipe.Close() // which never fails
	s.ref.SHA256 = hex.EncodeToString(s.hash.Sum(nil))
	<-s.done
	return s.ref, s.err
}

var errAbandoned = errors.New("the object is not wanted any more")

// abandon ends the stream; the bucket keeps nothing of it.
func (s *stream) abandon() {
	s.pipe.CloseWithError(errAbandoned)
	<-s.done
}

// packed takes the compressed bytes of a stream.
type packed struct{ *stream }

func (p packed) Write(data []byte) (int, error) {
	p.hash.Write(data)
	p.ref.Bytes += int64(len(data))
	return p.pipe.Write(data)
}
