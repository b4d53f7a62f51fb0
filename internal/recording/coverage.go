package recording

import (
	"slices"
	"strings"
	"time"
)

// Coverage is what segments cover together. Coverages add up in any order.
type Coverage struct {
	// Spans has the times in which each kind was followed: sorted, apart from each other.
	Spans map[string][]Span `json:"spans,omitempty"`
	// Gaps are those that the segments name; sorted, each once.
	Gaps []Gap `json:"gaps,omitempty"`
}

// Span is a time from From to To.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Add adds what a segment covers.
func (c *Coverage) Add(f *Footer) {
	for _, kind := range f.Kinds {
		c.cover(kind.Kind, Span{kind.From, kind.To})
	}
	c.addGaps(f.Gaps)
}

// Merge adds another coverage.
func (c *Coverage) Merge(other *Coverage) {
	for kind, spans := range other.Spans {
		for _, span := range spans {
			c.cover(kind, span)
		}
	}
	c.addGaps(other.Gaps)
}

func (c *Coverage) addGaps(gaps []Gap) {
	for _, gap := range gaps {
		at, found := slices.BinarySearchFunc(c.Gaps, gap, compareGaps)
		if !found {
			c.Gaps = slices.Insert(c.Gaps, at, gap)
		}
	}
}

// cover unites the span with those that it touches.
func (c *Coverage) cover(kind string, span Span) {
	if c.Spans == nil {
		c.Spans = map[string][]Span{}
	}
	var apart []Span
	for _, other := range c.Spans[kind] {
		if other.To.Before(span.From) || span.To.Before(other.From) {
			apart = append(apart, other)
			continue
		}
		span = Span{earlier(span.From, other.From), later(span.To, other.To)}
	}
	apart = append(apart, span)
	slices.SortFunc(apart, func(a, b Span) int { return a.From.Compare(b.From) })
	c.Spans[kind] = apart
}

// NotCovered is why a span is a gap that no segment explains.
const NotCovered = "no segment covers it"

// Missing lists the spans of [from, to) in which one of the kinds was not followed, sorted by kind and time. A gap that a
// segment names has its reason; a span that belongs to no segment at all is a gap too.
func (c *Coverage) Missing(from, to time.Time, kinds []string) []Gap {
	var all []Gap
	for _, kind := range kinds {
		at := from
		for _, span := range append(slices.Clone(c.Spans[kind]), Span{to, to}) {
			if span.From.After(at) && at.Before(to) {
				end := earlier(span.From, to)
				all = append(all, Gap{kind, at, end, c.why(kind, at, end)})
			}
			at = later(at, span.To)
		}
	}
	slices.SortFunc(all, compareGaps)
	return all
}

// why gives the reasons of the named gaps within a span, each once.
func (c *Coverage) why(kind string, from, to time.Time) string {
	var reasons []string
	for _, gap := range c.Gaps {
		if gap.Kind == kind && gap.From.Before(to) && gap.To.After(from) && !slices.Contains(reasons, gap.Why) {
			reasons = append(reasons, gap.Why)
		}
	}
	if len(reasons) == 0 {
		return NotCovered
	}
	return strings.Join(reasons, "; ")
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
