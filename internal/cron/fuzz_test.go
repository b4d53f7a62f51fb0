package cron

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"0 0 * * *", "8 6 * * *", "*/10 0-5,7 1,15 JAN-DEC/2 MON-FRI", "@weekly", "@every 1h", "TZ=UTC 0 0 * * *", "0 0 31 2 *",
		"5/20 * * * 7", "0 0 L * 5#3", "60 24 0 13 8", ",,, - / * ?", "0 0 29 2 *",
	} {
		f.Add(seed, int64(1_795_564_800))
	}
	f.Fuzz(func(t *testing.T, expr string, second int64) {
		s, err := Parse(expr)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.Equal(t, expr, s.String())
		now := time.Unix(second%(1<<36), 0)
		next, ok := s.Next(now)
		if !ok {
			_, err := Validate(expr, 60)
			require.Error(t, err)
			return
		}
		require.True(t, next.After(now))
		require.False(t, next.After(now.AddDate(horizonYears, 0, 1)))
		for _, calendar := range s.Calendars() {
			require.NotEmpty(t, calendar.Minute)
			require.NotEmpty(t, calendar.DayOfWeek)
		}
		matches := false
		for _, calendar := range s.Calendars() {
			matches = matches || calendar.matches(next)
		}
		require.True(t, matches)
	})
}

func BenchmarkNext(b *testing.B) {
	for _, expr := range []string{"0 0 * * *", "0 0 29 2 *"} {
		b.Run(expr, func(b *testing.B) {
			s, err := Parse(expr)
			if err != nil {
				b.Fatal(err)
			}
			now := time.Date(2096, 3, 1, 0, 0, 0, 0, time.UTC)
			b.ReportAllocs()
			for b.Loop() {
				s.Next(now)
			}
		})
	}
}
