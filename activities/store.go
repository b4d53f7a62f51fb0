package activities

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
	"go.temporal.io/sdk/activity"

	"github.com/probity/probity/internal/evidence"
)

// Ref names an object that a step wrote: what passes through Temporal in place of the data.
type Ref struct {
	Key    string `json:"key"` // the whole key in the bucket
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows,omitempty"`
}

// IsZero tells whether there is no object.
func (r Ref) IsZero() bool { return r.Key == "" }

// Store is the bucket as the activities use it.
type Store struct {
	Bucket Bucket
	Layout evidence.Layout
	// Cluster is the cluster's name.
	Cluster string
	// Scratch is the folder for temporary files; "" is the system's.
	Scratch string
	Tool    evidence.Tool
}

// staging is the folder for the running workflow's working objects. Its keys depend on the run and the name alone, so that
// another attempt of a step writes the same keys.
func (s *Store) staging(ctx context.Context) string {
	execution := activity.GetInfo(ctx).WorkflowExecution
	return s.Layout.Staging(execution.ID, execution.RunID)
}

// spool collects an object in a temporary file: its size and digest are known before the bucket sees the first byte, and a
// step that fails half-way leaves nothing in the bucket.
type spool struct {
	file   *os.File
	buffer *bufio.Writer
	pack   *zstd.Encoder
}

func (s *Store) newSpool(compress bool) (*spool, error) {
	file, err := os.CreateTemp(s.Scratch, "probity-*")
	if err != nil {
		return nil, fmt.Errorf("create temporary file: %w", err)
	}
	sp := &spool{file: file, buffer: bufio.NewWriterSize(file, 256<<10)}
	if compress {
		// One goroutine: the bytes must not depend on the number of cores.
		sp.pack, err = zstd.NewWriter(sp.buffer, zstd.WithEncoderConcurrency(1))
		if err != nil {
			sp.discard()
			return nil, fmt.Errorf("open zstd writer: %w", err)
		}
	}
	return sp, nil
}

func (s *spool) Write(data []byte) (int, error) {
	if s.pack != nil {
		return s.pack.Write(data)
	}
	return s.buffer.Write(data)
}

func (s *spool) discard() {
	s.file.Close()
	os.Remove(s.file.Name())
}

// close ends the writing and returns the file at its start.
func (s *spool) close() error {
	if s.pack != nil {
		if err := s.pack.Close(); err != nil {
			return fmt.Errorf("close zstd writer: %w", err)
		}
	}
	if err := s.buffer.Flush(); err != nil {
		return fmt.Errorf("write temporary file: %w", err)
	}
	_, err := s.file.Seek(0, io.SeekStart)
	return err
}

// write puts what fill writes under key, zstd-compressed if asked.
func (s *Store) write(
	ctx context.Context, key string, compress bool, fill func(io.Writer) (rows int64, err error),
) (Ref, error) {
	sp, err := s.newSpool(compress)
	if err != nil {
		return Ref{}, err
	}
	defer sp.discard()
	rows, err := fill(sp)
	if err != nil {
		return Ref{}, err
	}
	if err := sp.close(); err != nil {
		return Ref{}, err
	}
	return s.upload(ctx, key, sp.file, rows)
}

func (s *Store) upload(ctx context.Context, key string, file *os.File, rows int64) (Ref, error) {
	ref, err := refOf(key, file, rows)
	if err != nil {
		return Ref{}, err
	}
	if err := s.Bucket.Put(ctx, key, file); err != nil {
		return Ref{}, fmt.Errorf("write %s: %w", key, err)
	}
	return ref, nil
}

// refOf measures a file and leaves it at its start.
func refOf(key string, file *os.File, rows int64) (Ref, error) {
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	if err != nil {
		return Ref{}, fmt.Errorf("read temporary file: %w", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return Ref{}, fmt.Errorf("read temporary file: %w", err)
	}
	return Ref{Key: key, SHA256: hex.EncodeToString(sum.Sum(nil)), Bytes: size, Rows: rows}, nil
}

// writeJSON puts one value.
func (s *Store) writeJSON(ctx context.Context, key string, value any) (Ref, error) {
	return s.write(ctx, key, false, func(w io.Writer) (int64, error) { return 1, json.NewEncoder(w).Encode(value) })
}

// open opens an object of the staging area and unpacks it; reading it to the end checks its digest.
func (s *Store) open(ctx context.Context, ref Ref, compressed bool) (io.ReadCloser, error) {
	body, err := s.Bucket.Get(ctx, ref.Key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ref.Key, err)
	}
	checked := &checkedReader{ref: ref, body: body, hash: sha256.New()}
	if !compressed {
		return checked, nil
	}
	unpack, err := zstd.NewReader(checked, zstd.WithDecoderConcurrency(1))
	if err != nil {
		body.Close()
		return nil, fmt.Errorf("unpack %s: %w", ref.Key, err)
	}
	return &unpacked{Decoder: unpack, from: checked}, nil
}

func (s *Store) readJSON(ctx context.Context, ref Ref, into any) error {
	body, err := s.open(ctx, ref, false)
	if err != nil {
		return err
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("read %s: %w", ref.Key, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("decode %s: %w", ref.Key, err)
	}
	return nil
}

// readAll reads a small object that has no Ref, such as a manifest.
func (s *Store) readAll(ctx context.Context, key string) ([]byte, error) {
	body, err := s.Bucket.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, evidence.MaxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return data, nil
}

// same checks that the object which is there is the one that would have been written.
func (s *Store) same(ctx context.Context, ref Ref) error {
	body, err := s.open(ctx, ref, false)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(io.Discard, body)
	switch {
	case errors.Is(err, errDigest):
		return fmt.Errorf("object %s: %w", ref.Key, ErrConflict)
	case err != nil:
		return fmt.Errorf("read %s: %w", ref.Key, err)
	}
	return nil
}

var errDigest = errors.New("the object is not what the step wrote")

// checkedReader fails at the end of an object whose bytes are not those of its Ref.
type checkedReader struct {
	ref  Ref
	body io.ReadCloser
	hash hash.Hash
}

func (c *checkedReader) Read(p []byte) (int, error) {
	n, err := c.body.Read(p)
	c.hash.Write(p[:n])
	if errors.Is(err, io.EOF) && c.ref.SHA256 != "" && hex.EncodeToString(c.hash.Sum(nil)) != c.ref.SHA256 {
		return n, fmt.Errorf("read %s: %w", c.ref.Key, errDigest)
	}
	return n, err
}

func (c *checkedReader) Close() error { return c.body.Close() }

type unpacked struct {
	*zstd.Decoder
	from io.Closer
}

func (u *unpacked) Close() error {
	u.Decoder.Close()
	return u.from.Close()
}
