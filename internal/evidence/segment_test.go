package evidence_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
)

func TestSegmentKeys(t *testing.T) {
	layout, err := evidence.NewLayout("a/b", "prod")
	require.NoError(t, err)
	start := time.Date(2026, 11, 21, 23, 59, 59, 123456000, time.UTC)
	iv := interval.Interval{Start: start, End: start.Add(time.Minute)}
	key := layout.Segment(iv)
	require.Equal(t, "a/b/prod/changes/2026/11/21/20261121T235959.123456Z_20261122T000059.123456Z.ndjson.zst", key)
	back, ok := layout.ParseSegment(key)
	require.True(t, ok)
	require.Equal(t, iv, back)
	for _, other := range []string{
		"", layout.Changes(), layout.ChangesDay(start), key + "x", "x" + key,
		layout.ChangesDay(start.Add(time.Hour)) + "20261121T235959.123456Z_20261122T000059.123456Z.ndjson.zst", // in another day's folder
		layout.Changes() + "20261121T235959.123456Z_20261122T000059.123456Z.ndjson.zst",
		layout.ChangesDay(start) + "x/20261121T235959.123456Z_20261122T000059.123456Z.ndjson.zst",
		layout.ChangesDay(start) + "20261122T000059Z_20261121T235959Z.ndjson.zst", // ends before it begins
	} {
		_, ok := layout.ParseSegment(other)
		require.False(t, ok, other)
	}
}
