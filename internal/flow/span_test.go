package flow_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
)

func TestSpanOf(t *testing.T) {
	for _, test := range []struct {
		name, line string
		why        flow.Reason
		start, end int64
	}{
		{name: "Goldmane", line: `{"Key":{"source_name":"a"},"start_time":1700000000,"end_time":1700000300}`, start: 1700000000, end: 1700000300},
		{name: "Enterprise, milliseconds", line: `{"action":"allow","start_time":1700000000000,"end_time":1700000300000}`, start: 1700000000, end: 1700000300},
		{name: "no JSON", line: `{"start_time":`, why: flow.BadJSON},
		{name: "no object", line: `[1]`, why: flow.BadJSON},
		{name: "no times", line: `{}`, why: flow.NoTimes},
		{name: "the end first", line: `{"start_time":5,"end_time":4}`, why: flow.EndFirst},
		{name: "a negative counter", line: `{"start_time":4,"end_time":5,"bytes_in":-1}`, why: flow.Negative},
		{name: "a time twice", line: `{"start_time":4,"start_time":4,"end_time":5}`, why: flow.BadField},
		{name: "invalid UTF-8", line: "{\"start_time\":4,\"end_time\":5,\"x\":\"\xff\"}", why: flow.BadUTF8},
	} {
		t.Run(test.name, func(t *testing.T) {
			span, why := flow.SpanOf([]byte(test.line))
			require.Equal(t, test.why, why)
			if test.why == "" {
				require.Equal(t, interval.Interval{Start: time.Unix(test.start, 0).UTC(), End: time.Unix(test.end, 0).UTC()}, span)
			}
		})
	}
}

func TestDroppedLinesCountInTheirInterval(t *testing.T) {
	line := []byte(`{"start_time":1700000000,"end_time":1700000300,"action":"dropped","why":"the line is too long"}`)
	for name, test := range map[string]struct {
		start int64
		bad   map[flow.Reason]int64
	}{
		"within":  {1700000000, map[flow.Reason]int64{flow.Dropped: 1}},
		"outside": {1700003600, nil},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Unix(test.start, 0).UTC()
			r := flow.NewReducer(flow.Options{Interval: interval.Interval{Start: start, End: start.Add(time.Hour)}})
			r.AddLine(line)
			require.Equal(t, test.bad, r.Stats().Bad)
			require.Zero(t, r.Stats().Used)
			require.NoError(t, r.Close())
		})
	}
}
