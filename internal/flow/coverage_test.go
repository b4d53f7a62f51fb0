package flow

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/interval"
)

func at(hour, minute int) time.Time {
	return day.Start.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

func spanLine(t testing.TB, from, to time.Time) []byte {
	return enterprise(t, map[string]any{"start_time": from.UnixMilli(), "end_time": to.UnixMilli()})
}

func TestWhichRecordsAreInTheInterval(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to time.Time
		used     bool
	}{
		{"within", at(3, 0), at(3, 5), true},
		{"over the start", at(-1, 0), at(0, 1), true},
		{"over the end", at(23, 59), at(25, 0), true},
		{"over the whole", at(-5, 0), at(30, 0), true},
		{"up to the start", at(-1, 0), at(0, 0), false},
		{"from the end on", at(24, 0), at(24, 5), false},
		{"no length, at the start", at(0, 0), at(0, 0), true},
		{"no length, at the end", at(24, 0), at(24, 0), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			stats := reduce(t, Options{}, spanLine(t, c.from, c.to)).Stats()
			require.Equal(t, c.used, stats.Used == 1)
			require.Equal(t, !c.used, stats.Outside == 1)
			require.Equal(t, int64(1), stats.Records())
			require.Equal(t, c.used, day.Overlaps(c.from, c.to))
			require.Equal(t, c.used, !stats.First.IsZero())
		})
	}
}

func TestAnHourWithoutFlowLogsIsNamed(t *testing.T) {
	iv := interval.Interval{Start: at(0, 30), End: at(6, 15)}
	r := reduce(t, Options{Interval: iv},
		spanLine(t, at(0, 20), at(0, 40)), spanLine(t, at(1, 0), at(2, 0)), spanLine(t, at(4, 59), at(6, 30)), spanLine(t, at(8, 0), at(9, 0)))
	r.AddTooLong(3)
	stats := r.Stats()
	require.Equal(t, []Hour{
		{interval.Interval{Start: at(0, 30), End: at(1, 0)}, 1},
		{interval.Interval{Start: at(1, 0), End: at(2, 0)}, 1},
		{interval.Interval{Start: at(2, 0), End: at(3, 0)}, 0},
		{interval.Interval{Start: at(3, 0), End: at(4, 0)}, 0},
		{interval.Interval{Start: at(4, 0), End: at(5, 0)}, 1},
		{interval.Interval{Start: at(5, 0), End: at(6, 0)}, 1},
		{interval.Interval{Start: at(6, 0), End: at(6, 15)}, 1},
	}, stats.Hours)
	require.Equal(t, []interval.Interval{{Start: at(2, 0), End: at(4, 0)}}, stats.Missing())
	require.Equal(t, at(0, 20), stats.First)
	require.Equal(t, at(6, 30), stats.Last)
	require.Equal(t, int64(3), stats.TooLong)
	require.Equal(t, int64(1), stats.Outside)
}

func TestNoRecordsAtAll(t *testing.T) {
	stats := NewReducer(Options{Interval: day}).Stats()
	require.Len(t, stats.Hours, 24)
	require.Equal(t, []interval.Interval{day}, stats.Missing())
	require.True(t, stats.First.IsZero())
}

// TestHours counts each record in each hour that it overlaps, one by one.
func TestHours(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		minute := rapid.IntRange(-120, 26*60)
		start := rapid.IntRange(0, 600).Draw(rt, "start")
		iv := interval.Interval{Start: at(0, start), End: at(0, start+rapid.IntRange(1, 700).Draw(rt, "length"))}
		r := NewReducer(Options{Interval: iv})
		var spans []interval.Interval
		for range rapid.IntRange(0, 10).Draw(rt, "records") {
			from := at(0, minute.Draw(rt, "from"))
			span := interval.Interval{Start: from, End: from.Add(time.Duration(rapid.IntRange(0, 300).Draw(rt, "minutes")) * time.Minute)}
			spans = append(spans, span)
			r.AddLine(spanLine(t, span.Start, span.End))
		}
		stats := r.Stats()
		next := iv.Start
		for _, h := range stats.Hours {
			require.Equal(rt, next, h.Start)
			next = h.End
			want := int64(0)
			for _, s := range spans {
				if h.Overlaps(s.Start, s.End) {
					want++
				}
			}
			require.Equal(rt, want, h.Records, "%s", h.Interval)
		}
		require.Equal(rt, iv.End, next)
	})
}

func TestStatsMerge(t *testing.T) {
	a := reduce(t, Options{}, enterprise(t, nil), []byte("x"), spanLine(t, at(1, 0), at(2, 30))).Stats()
	b := reduce(t, Options{}, spanLine(t, at(2, 0), at(3, 30)), []byte("y"), []byte("\xff")).Stats()
	want := reduce(t, Options{}, enterprise(t, nil), []byte("x"), spanLine(t, at(1, 0), at(2, 30)), spanLine(t, at(2, 0), at(3, 30)), []byte("y"), []byte("\xff")).Stats()
	require.Equal(t, want, a.Merge(b))
	require.Equal(t, want, b.Merge(a))
	require.Equal(t, a, Stats{}.Merge(a))
	require.Equal(t, a, a.Merge(Stats{}))
	require.Equal(t, int64(1), a.Bad[BadJSON], "merging changes neither")
}

func TestAnIntervalBeyondAllRecords(t *testing.T) {
	for _, year := range []int{1900, 2400} {
		far := interval.Interval{Start: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(year, 1, 2, 0, 0, 0, 0, time.UTC)}
		r := reduce(t, Options{Interval: far}, enterprise(t, nil))
		require.Equal(t, int64(1), r.Stats().Outside, "%d", year)
		require.Empty(t, all(t, r))
	}
	long := interval.Interval{Start: day.Start, End: time.Date(2400, 1, 1, 0, 0, 0, 0, time.UTC)}
	require.Equal(t, int64(1), reduce(t, Options{Interval: long}, enterprise(t, nil)).Stats().Used)
}
