package recording

import (
	"slices"
	"strings"
	"time"
)

// Coverage is what segments cover together. Coverages add up in any order.
type Coverage struct {
	// Spans are sorted by kind and time, and apart from each other; they have no versions.
	Spans []Span `json:"spans,omitempty"`
	// Gaps are those that the segments name; sorted, each once. They say why something is missing, not that it is: another
	// segment may cover it.
	Gaps []Gap `json:"gaps,omitempty"`
}

// Add adds what a segment's last line tells.
func (c *Coverage) Add(footer *Line) {
	c.Merge(&Coverage{Spans: footer.Spans, Gaps: footer.Gaps})
}

// Merge adds another coverage.
func (c *Coverage) Merge(other *Coverage) {
	spans := slices.Concat(c.Spans, other.Spans)
	slices.SortFunc(spans, compareSpans)
	var joined []Span
	for _, span := range spans {
		span = Span{Kind: span.Kind, From: span.From, To: span.To}
		last := len(joined) - 1
		if last >= 0 && joined[last].Kind == span.Kind && !span.From.After(joined[last].To) {
			joined[last].To = later(joined[last].To, span.To)
			continue
		}
		joined = append(joined, span)
	}
	c.Spans = joined
	gaps := slices.Concat(c.Gaps, other.Gaps)
	slices.SortFunc(gaps, compareGaps)
	c.Gaps = slices.CompactFunc(gaps, func(a, b Gap) bool { return compareGaps(a, b) == 0 })
}

// NotCovered is why a span is missing that no segment explains.
const NotCovered = "no segment covers it"

// Missing lists the spans of [from, to) in which one of the kinds was not followed, sorted by kind and time, with the reasons that
// segments give.
func (c *Coverage) Missing(from, to time.Time, kinds []string) []Gap {
	var all []Gap
	for _, kind := range kinds {
		at := from
		missing := func(end time.Time) {
			if end = earlier(end, to); end.After(at) {
				all = append(all, Gap{kind, at, end, c.why(kind, at, end)})
			}
		}
		for _, span := range c.Spans {
			if span.Kind == kind {
				missing(span.From)
				at = later(at, span.To)
			}
		}
		missing(to)
	}
	slices.SortFunc(all, compareGaps)
	return all
}

// why gives the reasons of the named gaps within a span, each once.
func (c *Coverage) why(kind string, from, to time.Time) string {
	var reasons []string
	for _, gap := range c.Gaps {
		if gap.Kind == kind && gap.From.Before(to) && gap.To.After(from) && gap.Why != "" && !slices.Contains(reasons, gap.Why) {
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
