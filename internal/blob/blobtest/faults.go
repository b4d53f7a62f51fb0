package blobtest

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/probity/probity/internal/evidence"
)

// Op names a kind of operation of a [Bucket].
type Op string

// The operations that can be made to fail.
const (
	Put         Op = "put"
	PutIfAbsent Op = "put new"
	Stream      Op = "stream new"
	Get         Op = "get"
	Head        Op = "head"
	List        Op = "list"
	Folders     Op = "folders"
	Copy        Op = "copy"
	Delete      Op = "delete"
)

// Faults is a bucket that fails as it is told to, before anything is done or after it.
type Faults struct {
	Bucket

	mu    sync.Mutex
	plans map[Op]*plan
	calls map[Op]int
}

type plan struct {
	left  int
	err   error
	after bool
}

// NewFaults wraps a bucket. It does not fail until it is told to.
func NewFaults(b Bucket) *Faults {
	return &Faults{Bucket: b, plans: map[Op]*plan{}, calls: map[Op]int{}}
}

// Fail makes the next n operations of a kind return err without doing anything. A negative n means all.
func (f *Faults) Fail(op Op, n int, err error) { f.set(op, &plan{left: n, err: err}) }

// FailAfter makes the next n operations of a kind return err after doing their work, as when an answer is lost.
func (f *Faults) FailAfter(op Op, n int, err error) { f.set(op, &plan{left: n, err: err, after: true}) }

func (f *Faults) set(op Op, p *plan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plans[op] = p
}

// Calls is how often an operation was called, failures included.
func (f *Faults) Calls(op Op) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

// around does the operation, or fails in its place.
func (f *Faults) around(op Op, do func() error) error {
	fault := f.next(op)
	if fault != nil && !fault.after {
		return fault.err
	}
	if err := do(); err != nil {
		return err
	}
	if fault != nil {
		return fault.err
	}
	return nil
}

func (f *Faults) next(op Op) *plan {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[op]++
	p := f.plans[op]
	if p == nil || p.left == 0 {
		return nil
	}
	if p.left > 0 {
		p.left--
	}
	return p
}

// Put is the bucket's, or a fault.
func (f *Faults) Put(ctx context.Context, key string, body io.ReadSeeker) error {
	return f.around(Put, func() error { return f.Bucket.Put(ctx, key, body) })
}

// PutIfAbsent is the bucket's, or a fault.
func (f *Faults) PutIfAbsent(ctx context.Context, key string, body io.ReadSeeker) error {
	return f.around(PutIfAbsent, func() error { return f.Bucket.PutIfAbsent(ctx, key, body) })
}

// Stream is the bucket's, or a fault.
func (f *Faults) Stream(ctx context.Context, key string, body io.Reader) error {
	return f.around(Stream, func() error { return f.Bucket.Stream(ctx, key, body) })
}

// Get is the bucket's, or a fault.
func (f *Faults) Get(ctx context.Context, key string) (body io.ReadCloser, err error) {
	err = f.around(Get, func() error {
		body, err = f.Bucket.Get(ctx, key)
		return err
	})
	if err != nil && body != nil {
		body.Close()
		body = nil
	}
	return body, err
}

// Head is the bucket's, or a fault.
func (f *Faults) Head(ctx context.Context, key string) (o evidence.Object, err error) {
	err = f.around(Head, func() error {
		o, err = f.Bucket.Head(ctx, key)
		return err
	})
	return o, err
}

// List is the bucket's, or a fault.
func (f *Faults) List(ctx context.Context, prefix string, yield func(key string, modified time.Time) error) error {
	return f.around(List, func() error { return f.Bucket.List(ctx, prefix, yield) })
}

// Folders is the bucket's, or a fault.
func (f *Faults) Folders(ctx context.Context, folder string) (folders []string, err error) {
	err = f.around(Folders, func() error {
		folders, err = f.Bucket.Folders(ctx, folder)
		return err
	})
	return folders, err
}

// Copy is the bucket's, or a fault.
func (f *Faults) Copy(ctx context.Context, from, to string) error {
	return f.around(Copy, func() error { return f.Bucket.Copy(ctx, from, to) })
}

// Delete is the bucket's, or a fault.
func (f *Faults) Delete(ctx context.Context, key string) error {
	return f.around(Delete, func() error { return f.Bucket.Delete(ctx, key) })
}
