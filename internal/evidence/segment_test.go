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
	key := layout.Segment(iv, "0a1b")
	require.Equal(t, "a/b/prod/changes/2026/11/21/20261121T235959.123456Z_20261122T000059.123456Z_0a1b.ndjson.zst", key)
	back, ok := layout.ParseSegment(key)
	require.True(t, ok)
	require.Equal(t, iv, back)
	const name = "20261121T235959.123456Z_20261122T000059.123456Z"
	for _, other := range []string{
		"", layout.Changes(), layout.ChangesDay(start), key + "x", "x" + key,
		layout.ChangesDay(start.Add(time.Hour)) + name + "_0a1b.ndjson.zst", // in another day's folder
		layout.Changes() + name + "_0a1b.ndjson.zst",
		layout.ChangesDay(start) + "x/" + name + "_0a1b.ndjson.zst",
		layout.ChangesDay(start) + name + ".ndjson.zst",
		layout.ChangesDay(start) + name + "_.ndjson.zst",
		layout.ChangesDay(start) + name + "_A.ndjson.zst",
		layout.ChangesDay(start) + "20261122T000059Z_20261121T235959Z_0a1b.ndjson.zst", // ends before it begins
	} {
		_, ok := layout.ParseSegment(other)
		require.False(t, ok, other)
	}
}
