package blobtest

import (
	"context"
	"io"
	"time"

	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/evidence"
)

// Bucket is all that the implementations of blob can do. The ports that use them ask for less.
type Bucket interface {
	Put(ctx context.Context, key string, body io.ReadSeeker) error
	PutIfAbsent(ctx context.Context, key string, body io.ReadSeeker) error
	Stream(ctx context.Context, key string, body io.Reader) error
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	Head(ctx context.Context, key string) (evidence.Object, error)
	List(ctx context.Context, prefix string, yield func(key string, modified time.Time) error) error
	Folders(ctx context.Context, folder string) ([]string, error)
	Copy(ctx context.Context, from, to string) error
	Delete(ctx context.Context, key string) error
	Sweep(ctx context.Context, folder string, before time.Time) (blob.Swept, error)
	Clear(ctx context.Context, folder string, before time.Time) (int64, error)
}

var (
	_ Bucket          = (*blob.Memory)(nil)
	_ Bucket          = (*blob.S3)(nil)
	_ Bucket          = (*Faults)(nil)
	_ evidence.Reader = Bucket(nil)
)
