package activities_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
)

// hooked is a bucket that asks before each operation whether it may be done.
type hooked struct {
	activities.Bucket
	before func(op, key string) error
}

func (h *hooked) Put(ctx context.Context, key string, body io.ReadSeeker) error {
	if err := h.before("put", key); err != nil {
		return err
	}
	return h.Bucket.Put(ctx, key, body)
}

func (h *hooked) PutIfAbsent(ctx context.Context, key string, body io.ReadSeeker) error {
	if err := h.before("put new", key); err != nil {
		return err
	}
	return h.Bucket.PutIfAbsent(ctx, key, body)
}

func (h *hooked) Stream(ctx context.Context, key string, body io.Reader) error {
	if err := h.before("put new", key); err != nil {
		return err
	}
	return h.Bucket.Stream(ctx, key, body)
}

func (h *hooked) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := h.before("get", key); err != nil {
		return nil, err
	}
	return h.Bucket.Get(ctx, key)
}

func (h *hooked) Clear(ctx context.Context, folder string, before time.Time) (int64, error) {
	if err := h.before("clear", folder); err != nil {
		return 0, err
	}
	return h.Bucket.Clear(ctx, folder, before)
}

var errOutage = errors.New("the bucket does not answer")

// dies lets n new objects be written, and no more: a worker that is killed in the middle.
func dies(bucket activities.Bucket, n int) *hooked {
	var mu sync.Mutex
	return &hooked{bucket, func(op, _ string) error {
		mu.Lock()
		defer mu.Unlock()
		if op == "put new" {
			if n--; n < 0 {
				return errOutage
			}
		}
		return nil
	}}
}

func keysBelow(t *testing.T, bucket activities.Bucket, prefix string) []string {
	t.Helper()
	var keys []string
	require.NoError(t, bucket.List(t.Context(), prefix, func(key string, _ time.Time) error {
		keys = append(keys, key)
		return nil
	}))
	return keys
}

func readAll(t *testing.T, from io.Reader) string {
	t.Helper()
	raw, err := io.ReadAll(from)
	require.NoError(t, err)
	return string(raw)
}
