package blob_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/blob/blobtest"
)

func TestMemoryIsABucket(t *testing.T) {
	blobtest.Run(t, &blob.Memory{}, "suite/")
}

func TestMemoryTakesTheClockItIsGiven(t *testing.T) {
	at := time.Date(2026, 11, 21, 1, 0, 0, 0, time.FixedZone("CET", 3600))
	b := &blob.Memory{Now: func() time.Time { return at }}
	require.NoError(t, b.Put(t.Context(), "staging/a", strings.NewReader("x")))
	at = at.Add(time.Hour)
	require.NoError(t, b.Put(t.Context(), "staging/b", strings.NewReader("x")))
	swept, err := b.Sweep(t.Context(), "staging/", at)
	require.NoError(t, err)
	require.EqualValues(t, 1, swept.Objects)
	require.NoError(t, b.List(t.Context(), "", func(key string, modified time.Time) error {
		require.Equal(t, "staging/b", key)
		require.Equal(t, at.UTC(), modified)
		return nil
	}))
}
