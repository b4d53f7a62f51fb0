package catalogue_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/evidence"
)

func TestHasSnapshot(t *testing.T) {
	a := newArchive(t)
	c := catalogue.New(a, a.Layout)
	has := func() bool {
		t.Helper()
		found, err := c.HasSnapshot(t.Context())
		require.NoError(t, err)
		return found
	}
	require.False(t, has())
	folder := a.Snapshot(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	a.put(t, folder+"core.pods.ndjson.zst", []byte("x"))
	require.False(t, has(), "one that was not finished is none")
	a.put(t, folder+evidence.ManifestName, []byte("{}"))
	require.True(t, has())

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.HasSnapshot(ctx)
	require.ErrorIs(t, err, context.Canceled)
}
