package opensearch

import (
	"context"
	"encoding/json"

	"github.com/probity/probity/internal/flow"
)

// cover is how records are spread over the hours of an interval, as a server can count it: by the hours in which they begin and end.
type cover struct {
	part       *part
	from, to   int64 // the interval, milliseconds
	base       int64 // the clock hour in which it starts
	total      int64
	starts     []int64
	ends       []int64
	started    int64
	ended      int64
	endedLater int64
	zero       []int64 // records without a length that begin where an hour does
}

func newCover(p *part, r *flow.Reducer) *cover {
	iv := r.Options().Interval
	c := &cover{part: p, from: millis(iv.Start), to: millis(iv.End)}
	c.base = floor(c.from, hour) * hour
	hours := int((c.to-1-c.base)/hour) + 1
	c.starts, c.ends, c.zero = make([]int64, hours), make([]int64, hours), make([]int64, hours)
	return c
}

// ask adds what has to be asked. An end is in the hour before it when it is the start of one.
func (c *cover) ask(aggs m, read map[string]func(*json.Decoder) error) {
	start, end := c.part.Fields[startTime], c.part.Fields[endTime]
	behind := c.to + 1
	for name, agg := range start.histograms("starts", steps{c.from, c.to, hour, 0}) {
		aggs[name] = agg
	}
	for name, agg := range end.histograms("ends", steps{c.from + 1, c.to + 1, hour, 1}) {
		aggs[name] = agg
	}
	aggs["later"] = m{"filter": end.span(&behind, nil, false)}
	readHistograms(read, "starts", func() { clear(c.starts); c.started = 0 }, func(at, docs int64) {
		if i := (at - c.base) / hour; i >= 0 && i < int64(len(c.starts)) {
			c.starts[i] += docs
		}
		c.started += docs
	})
	readHistograms(read, "ends", func() { clear(c.ends); c.ended = 0 }, func(at, docs int64) {
		if i := floor(at-1-c.base, hour); i >= 0 && i < int64(len(c.ends)) {
			c.ends[i] += docs
		}
		c.ended += docs
	})
	read["later"] = func(d *json.Decoder) error {
		var found bucket
		err := into(&found)(d)
		c.endedLater = found.Docs
		return err
	}
}

// count asks for all of it in a request of its own.
func (c *cover) count(ctx context.Context, s *summing) error {
	aggs, read := m{}, map[string]func(*json.Decoder) error{}
	c.ask(aggs, read)
	total, faults, err := s.log.client.ask(ctx, c.part.indices, m{"query": c.part.query, "aggs": aggs}, &reading{aggs: read})
	s.stats.Faults = append(s.stats.Faults, faults...)
	if err != nil {
		return err
	}
	c.total = total
	return c.zeros(ctx, s)
}

// hoursAtOnce is how many hours one query names.
const hoursAtOnce = 50

// zeros counts the records that begin and end where an hour does, or the interval. The hour of their start is theirs, not the one
// before.
func (c *cover) zeros(ctx context.Context, s *summing) error {
	start, end := c.part.Fields[startTime], c.part.Fields[endTime]
	var at []int64
	for i := range c.zero {
		if edge := max(c.base+int64(i)*hour, c.from); edge >= c.part.From && edge < c.part.To {
			at = append(at, edge)
		}
	}
	for len(at) > 0 {
		some := at[:min(hoursAtOnce, len(at))]
		at = at[len(some):]
		var any []m
		for _, from := range some {
			to := from + 1
			any = append(any, all(start.span(&from, &to, false), end.span(&from, &to, false)))
		}
		found, read := []weight(nil), map[string]func(*json.Decoder) error{}
		readHistograms(read, "zero", func() { found = nil }, func(at, docs int64) { found = append(found, weight{at, docs}) })
		body := m{"query": all(c.part.query, either(any...)), "aggs": start.histograms("zero", steps{c.from, c.to, hour, 0})}
		_, faults, err := s.log.client.ask(ctx, c.part.indices, body, &reading{aggs: read})
		s.stats.Faults = append(s.stats.Faults, faults...)
		if err != nil {
			return err
		}
		for _, w := range found {
			c.zero[(w.at-c.base)/hour] += w.docs
		}
	}
	return nil
}

// subtract takes away what another cover counts, of the same interval.
func (c *cover) subtract(o *cover) {
	c.total, c.started, c.ended, c.endedLater = c.total-o.total, c.started-o.started, c.ended-o.ended, c.endedLater-o.endedLater
	for i := range c.starts {
		c.starts[i], c.ends[i], c.zero[i] = c.starts[i]-o.starts[i], c.ends[i]-o.ends[i], c.zero[i]-o.zero[i]
	}
}

// stats are the statistics of the records. They are false when the counts contradict each other, as they do when some record ends
// before it begins and a border lies between.
func (c *cover) stats(r *flow.Reducer) (flow.Stats, bool) {
	out := flow.Stats{Lines: c.total, Used: c.total, Hours: flow.NewReducer(flow.Options{Interval: r.Options().Interval}).Stats().Hours}
	last := len(c.starts) - 1
	if last < 0 || len(out.Hours) != len(c.starts) {
		return out, false
	}
	starts, ends := append([]int64{}, c.starts...), append([]int64{}, c.ends...)
	starts[0] += c.total - c.started
	ends[last] += c.endedLater
	ended := c.ended + c.endedLater
	for i, n := range c.zero {
		ends[i] += n
		if i > 0 {
			ends[i-1] -= n
		} else {
			ended += n // it ends where the interval starts, so it was in no hour
		}
	}
	if ended != c.total {
		return out, false
	}
	running := int64(0)
	for i := range out.Hours {
		running += starts[i]
		out.Hours[i].Records = running
		if running -= ends[i]; running < 0 {
			return out, false
		}
	}
	return out, true
}
