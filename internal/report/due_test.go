package report_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/cron"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func schedule(t require.TestingT, text string) cron.Schedule {
	s, err := cron.Parse(text)
	require.NoError(t, err)
	return s
}

func printed(due []interval.Interval) []string {
	texts := []string{}
	for _, iv := range due {
		texts = append(texts, iv.String())
	}
	return texts
}

func TestDue(t *testing.T) {
	for _, c := range []struct {
		name, cron, after, upTo string
		want                    []string
	}{
		{"next day", "0 0 * * *", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", []string{"2026-11-20T00:00:00Z/2026-11-21T00:00:00Z"}},
		{"not due yet", "0 0 * * *", "2026-11-20T00:00:00Z", "2026-11-20T23:59:59Z", []string{}},
		{
			"one for each missed due time, oldest first", "0 0 * * *", "2026-11-20T00:00:00Z", "2026-11-23T05:00:00Z",
			[]string{"2026-11-20T00:00:00Z/2026-11-21T00:00:00Z", "2026-11-21T00:00:00Z/2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z/2026-11-23T00:00:00Z"},
		},
		{
			"an edited schedule leaves no gap", "30 6 * * *", "2026-11-20T00:00:00Z", "2026-11-21T12:00:00Z",
			[]string{"2026-11-20T00:00:00Z/2026-11-20T06:30:00Z", "2026-11-20T06:30:00Z/2026-11-21T06:30:00Z"},
		},
		{"the first covers a whole day", "0 0 * * *", "", "2026-11-21T00:00:00Z", []string{"2026-11-20T00:00:00Z/2026-11-21T00:00:00Z"}},
		{"the first after a late start", "0 0 * * *", "", "2026-11-21T10:00:00Z", []string{"2026-11-20T00:00:00Z/2026-11-21T00:00:00Z"}},
		{"the first of a month", "0 0 1 * *", "", "2026-03-01T00:00:00Z", []string{"2026-02-01T00:00:00Z/2026-03-01T00:00:00Z"}},
		{"another zone", "0 0 * * *", "2026-11-20T01:00:00+01:00", "2026-11-21T00:00:00Z", []string{"2026-11-20T00:00:00Z/2026-11-21T00:00:00Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var after time.Time
			if c.after != "" {
				after = at(c.after)
			}
			require.Equal(t, c.want, printed(report.Due(schedule(t, c.cron), after, at(c.upTo))))
		})
	}
}

func TestDueNeverFires(t *testing.T) {
	never := schedule(t, "0 0 31 2 *")
	require.Empty(t, report.Due(never, time.Time{}, at("2026-11-21T00:00:00Z")))
	require.Empty(t, report.Due(never, at("2020-11-21T00:00:00Z"), at("2026-11-21T00:00:00Z")))
	require.Empty(t, report.Within(never, at("2020-11-21T00:00:00Z"), at("2026-11-21T00:00:00Z")))
}

func TestDueIsBounded(t *testing.T) {
	s := schedule(t, "*/30 * * * *")
	due := report.Due(s, at("2020-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z"))
	require.Len(t, due, report.MaxDue)
	rest := report.Due(s, due[len(due)-1].End, at("2026-01-01T00:00:00Z"))
	require.Equal(t, due[len(due)-1].End, rest[0].Start)
}

// Whatever the points at which Due is asked, the intervals tile the time line: no gap, no overlap, every due time once.
func TestDueTiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := schedule(t, rapid.SampledFrom([]string{"0 0 * * *", "*/30 * * * *", "8 6 * * *", "0 0 13 * 5", "0 9,17 * * 1-5"}).Draw(t, "cron"))
		start := at("2026-01-01T00:00:00Z")
		last, now := start, start
		var all []interval.Interval
		for range rapid.IntRange(1, 10).Draw(t, "ticks") {
			now = now.Add(time.Duration(rapid.IntRange(0, 100*60).Draw(t, "minutes")) * time.Minute)
			due := report.Due(s, last, now)
			all = append(all, due...)
			if len(due) > 0 {
				last = due[len(due)-1].End
			}
		}
		require.Equal(t, printed(report.Due(s, start, now)), printed(all))
		for i, end := 0, start; i < len(all); i++ {
			require.Equal(t, end, all[i].Start)
			end = all[i].End
			before, _ := s.Previous(end.Add(1))
			require.Equal(t, end, before, "the end is a due time")
		}
	})
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		name, start, end string
		want             []string
	}{
		{"exact", "2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z", []string{"2026-11-19T00:00:00Z/2026-11-20T00:00:00Z"}},
		{"only whole ones", "2026-11-19T00:00:01Z", "2026-11-21T23:00:00Z", []string{"2026-11-20T00:00:00Z/2026-11-21T00:00:00Z"}},
		{"none", "2026-11-19T01:00:00Z", "2026-11-20T12:00:00Z", []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, printed(report.Within(schedule(t, "0 0 * * *"), at(c.start), at(c.end))))
		})
	}
}

func TestReadyAt(t *testing.T) {
	iv := interval.Interval{Start: at("2026-11-20T00:00:00Z"), End: at("2026-11-21T00:00:00Z")}
	require.Equal(t, at("2026-11-21T00:30:00Z"), report.ReadyAt(iv, 30*time.Minute))
	require.Equal(t, iv.End, report.ReadyAt(iv, 0))
}

func TestWindow(t *testing.T) {
	now := at("2026-11-21T12:00:00Z")
	check := report.WindowLimits{Now: now, Longest: 48 * time.Hour}
	window := func(start, end string) report.Window { return report.Window{Start: at(start), End: at(end)} }
	t.Run("accepts", func(t *testing.T) {
		iv, err := window("2026-11-19T13:00:00+01:00", "2026-11-21T12:00:00Z").Check(check)
		require.NoError(t, err)
		require.Equal(t, "2026-11-19T12:00:00Z/2026-11-21T12:00:00Z", iv.String())
	})
	t.Run("no limit on the length", func(t *testing.T) {
		_, err := window("2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z").Check(report.WindowLimits{Now: now})
		require.NoError(t, err)
	})
	for _, c := range []struct {
		name   string
		window report.Window
		says   []string
	}{
		{"no start", report.Window{End: now}, []string{"both a start and an end"}},
		{"no end", report.Window{Start: now}, []string{"both a start and an end"}},
		{"turned round", window("2026-11-21T00:00:00Z", "2026-11-20T00:00:00Z"), []string{"end 2026-11-20T00:00:00Z is not after start 2026-11-21T00:00:00Z"}},
		{"empty", window("2026-11-20T00:00:00Z", "2026-11-20T00:00:00Z"), []string{"not after"}},
		{"future", window("2026-11-21T00:00:00Z", "2026-11-21T12:00:01Z"), []string{"in the future", "2026-11-21T12:00:00Z"}},
		{"long", window("2026-11-01T00:00:00Z", "2026-11-10T00:00:00Z"), []string{"216h0m0s", "at most 48h0m0s"}},
		{"future and long", window("2026-11-01T00:00:00Z", "2027-11-10T00:00:00Z"), []string{"in the future", "at most 48h0m0s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			iv, err := c.window.Check(check)
			require.True(t, iv.IsZero())
			for _, text := range c.says {
				require.ErrorContains(t, err, text)
			}
		})
	}
}
