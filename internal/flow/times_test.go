package flow_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
)

func TestTimes(t *testing.T) {
	at := time.Date(2026, 11, 24, 16, 0, 0, 0, time.UTC)
	var dater flow.Dater
	for name, c := range map[string]struct {
		line    string
		seconds bool
		start   time.Time
		why     flow.Reason
	}{
		"seconds":                {line: `{"start_time":1795536000,"end_time":1795536300,"action":"allow"}`, seconds: true, start: at},
		"seconds as strings":     {line: `{"start_time":"1795536000","end_time":"1795536300"}`, seconds: true, start: at},
		"milliseconds":           {line: `{"start_time":1795536000000,"end_time":1795536300000}`, start: at},
		"one in milliseconds":    {line: `{"start_time":1795536000,"end_time":1795536300000}`, start: at},
		"RFC 3339":               {line: `{"end_time":"2026-11-24T17:05:00+01:00","start_time":"2026-11-24T17:00:00+01:00"}`, start: at},
		"Goldmane's":             {line: `{"Key":{"source_name":"a"},"start_time":1795536000,"end_time":1795536300}`, seconds: true, start: at},
		"with escapes":           {line: `{"x":"é\n", "start_time" : 1795536000 , "end_time" : 1795536300}`, seconds: true, start: at},
		"end before start":       {line: `{"start_time":1795536000,"end_time":1}`, seconds: true, start: at},
		"no end":                 {line: `{"start_time":1795536000}`, why: flow.NoTimes},
		"nothing":                {line: `{}`, why: flow.NoTimes},
		"a fraction":             {line: `{"start_time":1795536000.5,"end_time":1795536300}`, why: flow.BadTime},
		"a word":                 {line: `{"start_time":"noon","end_time":1795536300}`, why: flow.BadTime},
		"twice":                  {line: `{"start_time":1,"start_time":1,"end_time":2}`, why: flow.BadField},
		"cut":                    {line: `{"start_time":1795536000,"end_ti`, why: flow.BadJSON},
		"an array":               {line: `[1,2]`, why: flow.BadJSON},
		"text":                   {line: `level=info msg="started"`, why: flow.BadJSON},
		"two on a line":          {line: `{"start_time":1,"end_time":2}{"start_time":1,"end_time":2}`, why: flow.BadJSON},
		"invalid UTF-8":          {line: "{\"start_time\":1,\"end_time\":2,\"x\":\"\xff\"}", why: flow.BadUTF8},
		"times of what is in it": {line: `{"flow":{"start_time":1795536000,"end_time":1795536300}}`, why: flow.NoTimes},
	} {
		t.Run(name, func(t *testing.T) {
			got, why := dater.Times([]byte(c.line))
			require.Equal(t, c.why, why)
			require.Equal(t, c.seconds, got.Seconds)
			require.Equal(t, c.start, got.Start)
			if why == "" {
				require.Equal(t, time.UTC, got.End.Location())
			}
		})
	}
}

// A dater reads the same times, whatever it has learned from the lines before, as a new one does; and what it refuses for its times a
// reducer refuses too.
func FuzzTimes(f *testing.F) {
	f.Add([]byte(`{"start_time":1795536000,"end_time":1795536300}`))
	f.Add([]byte(`{"start_time":"2026-11-24T17:00:00+01:00","end_time":1795536300000}`))
	f.Add([]byte(`{"a":{"b":[1,2]},"start_time":1,"end_time":2}`))
	var learned flow.Dater
	f.Fuzz(func(t *testing.T, line []byte) {
		var fresh flow.Dater
		a, whyA := learned.Times(line)
		b, whyB := fresh.Times(line)
		require.Equal(t, b, a)
		require.Equal(t, whyB, whyA)
		r := flow.NewReducer(flow.Options{Interval: interval.Interval{Start: time.Unix(0, 0), End: time.Unix(86400, 0)}})
		r.AddLine(line)
		if whyA != "" {
			require.Equal(t, map[flow.Reason]int64{whyA: 1}, r.Stats().Bad)
		}
	})
}
