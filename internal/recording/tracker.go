package recording

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Tracker follows the lines of one segment and knows what they cover. The zero value is ready.
type Tracker struct {
	opened bool
	open   map[string]*Span // the span that goes on, of each kind
	ended  []Span
	gaps   []Gap
	lines  int64
}

// Add takes the segment's next line, of any type but Closed. It fails when the line cannot stand there, and takes no notice of it.
func (t *Tracker) Add(line *Line) error {
	if line.Type == Closed || (line.Type == Opened) == t.opened {
		return fmt.Errorf("a segment begins with one %s line and ends with one %s line: there is a %s line in a wrong place", Opened, Closed, line.Type)
	}
	if line.Type == Opened {
		t.opened, t.open = true, map[string]*Span{}
		for _, span := range line.Spans {
			span.To, span.ToVersion = span.From, span.FromVersion
			t.open[span.Kind] = &span
		}
		return nil
	}
	open := t.open[line.Kind]
	switch {
	case line.Type.isChange() || line.Type == Followed:
		if open == nil || open.Absent {
			return fmt.Errorf("%s line of %s: the kind was neither listed nor followed before", line.Type, line.Kind)
		}
		t.follow(open, line)
	case line.Type == Listed:
		t.list(open, line)
	case line.Type == Absent:
		t.absent(open, line)
	case line.Type == Refused:
		t.gap(line)
	}
	t.lines++
	return nil
}

func (t *Tracker) follow(open *Span, line *Line) {
	if line.At.After(open.To) {
		open.To = line.At
	}
	if CompareVersions(line.Version, open.ToVersion) > 0 {
		open.ToVersion = line.Version
	}
}

// list begins a new span: the list says what there is, not what happened before it. A list that closes no gap goes on with the last.
func (t *Tracker) list(open *Span, line *Line) {
	if open != nil {
		t.ended = append(t.ended, *open)
	}
	t.gap(line)
	span := &Span{Kind: line.Kind, From: line.At, To: line.At, FromVersion: line.Version, ToVersion: line.Version}
	if open != nil && line.Since.IsZero() {
		span.From = open.To // nothing was missed
	}
	t.open[line.Kind] = span
}

// absent goes on with the span: what there was before is gone, which the lines before tell.
func (t *Tracker) absent(open *Span, line *Line) {
	if open != nil && open.Absent {
		open.To = line.At
		return
	}
	if open != nil {
		t.ended = append(t.ended, *open)
	}
	span := &Span{Kind: line.Kind, From: line.At, To: line.At, Absent: true}
	if open != nil {
		span.From = open.To
	}
	t.open[line.Kind] = span
}

func (t *Tracker) gap(line *Line) {
	if !line.Since.IsZero() && line.Since.Before(line.At) {
		t.gaps = append(t.gaps, Gap{Kind: line.Kind, From: line.Since, To: line.At, Why: line.Why})
	}
}

// Lines is how many lines were added after the first.
func (t *Tracker) Lines() int64 { return t.lines }

// Current gives, sorted by kind, where the coverage of each kind ends now: From and To are that moment. The next segment begins
// with these spans.
func (t *Tracker) Current() []Span {
	var all []Span
	for _, kind := range slices.Sorted(maps.Keys(t.open)) {
		span := *t.open[kind]
		span.From, span.FromVersion = span.To, span.ToVersion
		all = append(all, span)
	}
	return all
}

// Footer is the segment's last line, but for its time.
func (t *Tracker) Footer() Line {
	footer := Line{Type: Closed, Schema: Schema, Lines: t.lines, Spans: slices.Clone(t.ended), Gaps: slices.Clone(t.gaps)}
	for _, span := range t.open {
		footer.Spans = append(footer.Spans, *span)
	}
	slices.SortFunc(footer.Spans, compareSpans)
	slices.SortFunc(footer.Gaps, compareGaps)
	return footer
}

func compareSpans(a, b Span) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), a.From.Compare(b.From), a.To.Compare(b.To))
}

func compareGaps(a, b Gap) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), a.From.Compare(b.From), a.To.Compare(b.To), strings.Compare(a.Why, b.Why))
}
