package interval_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/interval"
)

func at(hour int) time.Time { return time.Date(2026, 11, 21, hour, 0, 0, 0, time.UTC) }

func TestNew(t *testing.T) {
	for _, test := range []struct {
		name       string
		start, end time.Time
		fails      string
	}{
		{name: "an hour", start: at(1), end: at(2)},
		{name: "no length", start: at(1), end: at(1), fails: "end 2026-11-21T01:00:00Z is not after start 2026-11-21T01:00:00Z"},
		{name: "backwards", start: at(2), end: at(1), fails: "give an end that is later than the start"},
		{name: "other zones are told in UTC", start: at(1).In(time.FixedZone("", 3600)), end: at(2)},
	} {
		t.Run(test.name, func(t *testing.T) {
			iv, err := interval.New(test.start, test.end)
			if test.fails != "" {
				require.ErrorContains(t, err, test.fails)
				return
			}
			require.NoError(t, err)
			require.Equal(t, interval.Interval{Start: test.start.UTC(), End: test.end.UTC()}, iv)
		})
	}
}

func TestOverlaps(t *testing.T) {
	iv := interval.Interval{Start: at(10), End: at(12)}
	for _, test := range []struct {
		name       string
		start, end time.Time
		want       bool
	}{
		{"before", at(8), at(9), false},
		{"touches the start", at(9), at(10), false},
		{"over the start", at(9), at(11), true},
		{"inside", at(10), at(11), true},
		{"around", at(9), at(13), true},
		{"over the end", at(11), at(13), true},
		{"touches the end", at(12), at(13), false},
		{"an instant at the start", at(10), at(10), true},
		{"an instant at the end", at(12), at(12), false},
	} {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, iv.Overlaps(test.start, test.end)) })
	}
}

func TestSpellings(t *testing.T) {
	iv := interval.Interval{Start: at(0).In(time.FixedZone("", -7200)), End: at(24)}
	require.Equal(t, "2026-11-21T00:00:00Z/2026-11-22T00:00:00Z", iv.String())
	require.Equal(t, "20261121T000000Z_20261122T000000Z", iv.Key())
	require.Equal(t, 24*time.Hour, iv.Duration())
	require.False(t, iv.IsZero())
	require.True(t, interval.Interval{}.IsZero())
}

func TestNeighboursShareNoInstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		second := func(name string) time.Time { return time.Unix(rapid.Int64Range(0, 100).Draw(t, name), 0) }
		instant, cut := second("instant"), second("cut")
		before := interval.Interval{Start: time.Unix(-1, 0), End: cut}
		after := interval.Interval{Start: cut, End: time.Unix(101, 0)}
		require.NotEqual(t, before.Contains(instant), after.Contains(instant), "every instant is in exactly one of two neighbours")
	})
}
