package flow

import (
	"math"
	"time"

	"github.com/probity/probity/internal/interval"
)

// coverage counts lines, and records by hour of the interval. Times are nanoseconds since 1970.
type coverage struct {
	interval   interval.Interval
	start, end int64
	base       int64 // start of the clock hour in which the interval starts
	lines      int64
	used       int64
	outside    int64
	tooLong    int64
	bad        [allReasons]int64
	first      int64
	last       int64
	// steps holds, for each hour, how many more records overlap it than the hour before, so that a record that spans many
	// hours costs no more than a short one.
	steps []int64
}

func newCoverage(iv interval.Interval) coverage {
	c := coverage{interval: iv, start: nanos(iv.Start), end: nanos(iv.End), first: math.MaxInt64}
	c.base = c.start - c.start%int64(time.Hour)
	if c.end > c.start {
		c.steps = make([]int64, (c.end-c.base-1)/int64(time.Hour)+2)
	}
	return c
}

// nanos is the time in nanoseconds, kept within the span that records can have.
func nanos(t time.Time) int64 {
	switch {
	case t.Unix() < 0:
		return 0
	case t.Unix() >= maxSeconds:
		return math.MaxInt64
	}
	return t.UnixNano()
}

// overlaps is interval.Overlaps.
func (c *coverage) overlaps(s *sums) bool {
	if s.last <= s.first {
		return s.first >= c.start && s.first < c.end
	}
	return s.first < c.end && s.last > c.start
}

// use counts a record that overlaps the interval.
func (c *coverage) use(s *sums) {
	c.used++
	c.first, c.last = min(c.first, s.first), max(c.last, s.last)
	from, to := max(s.first, c.start), min(s.last-1, c.end-1)
	c.steps[(from-c.base)/int64(time.Hour)]++
	c.steps[(max(from, to)-c.base)/int64(time.Hour)+1]--
}

func (c *coverage) reject(why Reason) {
	for i, reason := range reasons {
		if reason == why {
			c.bad[i]++
		}
	}
}

func (c *coverage) merge(o *coverage) {
	c.lines, c.used, c.outside, c.tooLong = c.lines+o.lines, c.used+o.used, c.outside+o.outside, c.tooLong+o.tooLong
	for i, n := range o.bad {
		c.bad[i] += n
	}
	c.first, c.last = min(c.first, o.first), max(c.last, o.last)
	for i, n := range o.steps {
		c.steps[i] += n
	}
}

// stats prints what was counted.
func (c *coverage) stats() Stats {
	s := Stats{Lines: c.lines, Used: c.used, Outside: c.outside, TooLong: c.tooLong}
	for i, n := range c.bad {
		if n > 0 {
			if s.Bad == nil {
				s.Bad = map[Reason]int64{}
			}
			s.Bad[reasons[i]] = n
		}
	}
	if c.used > 0 {
		s.First, s.Last = time.Unix(0, c.first).UTC(), time.Unix(0, c.last).UTC()
	}
	var records int64
	for i := range len(c.steps) - 1 {
		records += c.steps[i]
		from := max(c.start, c.base+int64(i)*int64(time.Hour))
		to := min(c.end, c.base+int64(i+1)*int64(time.Hour))
		s.Hours = append(s.Hours, Hour{interval.Interval{Start: time.Unix(0, from).UTC(), End: time.Unix(0, to).UTC()}, records})
	}
	return s
}

// add is the inverse of stats: it counts what an encoded reducer had counted.
func (c *coverage) add(s Stats) {
	o := newCoverage(c.interval)
	o.lines, o.used, o.outside, o.tooLong = s.Lines, s.Used, s.Outside, s.TooLong
	for i, reason := range reasons {
		o.bad[i] = s.Bad[reason]
	}
	if s.Used > 0 {
		o.first, o.last = nanos(s.First), nanos(s.Last)
	}
	var before int64
	for i, hour := range s.Hours[:min(len(s.Hours), max(0, len(o.steps)-1))] {
		o.steps[i] = hour.Records - before
		before = hour.Records
	}
	c.merge(&o)
}
