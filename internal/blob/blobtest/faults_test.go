package blobtest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/blob/blobtest"
)

func TestFaultsChangeNothingUntilTold(t *testing.T) {
	blobtest.Run(t, blobtest.NewFaults(&blob.Memory{}), "suite/")
}

func TestFaults(t *testing.T) {
	down := errors.New("down")
	ops := map[blobtest.Op]func(b blobtest.Bucket) error{
		blobtest.Put:         func(b blobtest.Bucket) error { return b.Put(t.Context(), "x", strings.NewReader("x")) },
		blobtest.PutIfAbsent: func(b blobtest.Bucket) error { return b.PutIfAbsent(t.Context(), "new", strings.NewReader("x")) },
		blobtest.Stream:      func(b blobtest.Bucket) error { return b.Stream(t.Context(), "streamed", strings.NewReader("x")) },
		blobtest.Get:         func(b blobtest.Bucket) error { _, err := b.Get(t.Context(), "a"); return err },
		blobtest.Head:        func(b blobtest.Bucket) error { _, err := b.Head(t.Context(), "a"); return err },
		blobtest.List: func(b blobtest.Bucket) error {
			return b.List(t.Context(), "", func(string, time.Time) error { return nil })
		},
		blobtest.Folders: func(b blobtest.Bucket) error { _, err := b.Folders(t.Context(), ""); return err },
		blobtest.Copy:    func(b blobtest.Bucket) error { return b.Copy(t.Context(), "a", "b") },
		blobtest.Delete:  func(b blobtest.Bucket) error { return b.Delete(t.Context(), "a") },
	}
	for op, do := range ops {
		t.Run(string(op), func(t *testing.T) {
			b := blobtest.NewFaults(&blob.Memory{})
			require.NoError(t, b.Put(t.Context(), "a", strings.NewReader("x")))
			before := b.Calls(op)
			b.Fail(op, 2, down)
			require.ErrorIs(t, do(b), down)
			require.ErrorIs(t, do(b), down)
			require.NoError(t, do(b), "the third works")
			require.Equal(t, before+3, b.Calls(op))
			b.Fail(op, -1, down)
			for range 5 {
				require.ErrorIs(t, do(b), down)
			}
		})
	}
}

func TestAnswersCanBeLost(t *testing.T) {
	lost := errors.New("lost")
	b := blobtest.NewFaults(&blob.Memory{})
	b.FailAfter(blobtest.PutIfAbsent, 1, lost)
	require.ErrorIs(t, b.PutIfAbsent(t.Context(), "a", strings.NewReader("x")), lost)
	require.ErrorIs(t, b.PutIfAbsent(t.Context(), "a", strings.NewReader("x")), blob.ErrExists, "the first was written all the same")
	b.FailAfter(blobtest.Get, 1, lost)
	body, err := b.Get(t.Context(), "a")
	require.ErrorIs(t, err, lost)
	require.Nil(t, body)
}
