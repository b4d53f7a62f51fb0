package activities

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/recording"
	"github.com/probity/probity/internal/resource"
)

// recorderSource states what the recorder's segments had, and which spans they do not cover.
func (c *computation) recorderSource() evidence.Source {
	facts := c.merged.Recorded
	if facts == nil {
		facts = &audit.RecordedFacts{} // no segment could be read
	}
	source := evidence.Source{
		Name: sourceRecorder, Kind: "segments in the bucket",
		Query: fmt.Sprintf("changes that a recorder was told from %s to %s",
			c.plan.From.Format(time.RFC3339), c.plan.Interval.End.Format(time.RFC3339)),
		Count: evidence.Counts{Lines: facts.Lines, Records: facts.Lines, Used: facts.Entries, Duplicates: facts.Duplicates},
		First: timeOrNil(facts.First), Last: timeOrNil(facts.Last),
		Gaps:  c.recorderGaps(facts),
		Notes: []string{"a watch does not tell who made a change: the field manager, which the client chooses, is the only hint"},
	}
	addBad(&source, facts.Bad)
	source.Count.Records -= source.Count.Bad
	addReads(&source, c.reads(true))
	if facts.Late > 0 {
		source.Notes = append(source.Notes, fmt.Sprintf("%d changes came late: their times are what the objects themselves tell, to the second", facts.Late))
	}
	if c.found != nil && c.found.Counts.Unlisted > 0 {
		source.Notes = append(source.Notes, fmt.Sprintf("%d objects were gone when their kind was listed after a gap", c.found.Counts.Unlisted))
	}
	return source
}

// recorderGaps lists the spans in which some kind was not recorded; kinds that share a reason and overlap are one gap.
func (c *computation) recorderGaps(facts *audit.RecordedFacts) []evidence.Gap {
	var kinds []string
	for _, kind := range resource.Kinds() {
		kinds = append(kinds, kind.Collection())
	}
	missing := facts.Coverage.Missing(c.plan.From, c.plan.Interval.End, kinds)
	slices.SortStableFunc(missing, func(a, b recording.Gap) int { return cmp.Or(strings.Compare(a.Why, b.Why), a.From.Compare(b.From)) })
	var gaps []evidence.Gap
	var within []string
	var why string
	flush := func() {
		if n := len(gaps); n > 0 && gaps[n-1].Reason == "" {
			slices.Sort(within)
			within = slices.Compact(within)
			what := strings.Join(within, ", ")
			if len(within) == len(kinds) {
				what = "any kind"
			}
			gaps[n-1].Reason = fmt.Sprintf("%s not recorded (%s)", what, why)
		}
		within = nil
	}
	for _, gap := range missing {
		last := len(gaps) - 1
		if last >= 0 && why == gap.Why && !gap.From.After(gaps[last].End) {
			gaps[last].End = laterOf(gaps[last].End, gap.To)
		} else {
			flush()
			gaps = append(gaps, evidence.Gap{Start: gap.From, End: gap.To})
			why = gap.Why
		}
		within = append(within, gap.Kind)
	}
	flush()
	return gaps
}

func laterOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// share settles what two sources of changes miss: what one of them has is not missing. Only the spans that neither has remain
// gaps; the others are notes.
func share(a, b *evidence.Source) {
	gapsOfA, gapsOfB := a.Gaps, b.Gaps
	keepShared(a, gapsOfB, b.Name)
	keepShared(b, gapsOfA, a.Name)
}

func keepShared(source *evidence.Source, others []evidence.Gap, other string) {
	var kept []evidence.Gap
	for _, gap := range source.Gaps {
		shared := overlaps(gap, others)
		kept = append(kept, shared...)
		if len(shared) == 0 {
			source.Notes = append(source.Notes, fmt.Sprintf("%s from %s to %s: %s had the changes",
				gap.Reason, gap.Start.UTC().Format(time.RFC3339), gap.End.UTC().Format(time.RFC3339), other))
		}
	}
	source.Gaps = kept
}

// overlaps are the parts of a gap in which others lie, joined where they touch.
func overlaps(gap evidence.Gap, others []evidence.Gap) []evidence.Gap {
	var parts []evidence.Gap
	others = slices.Clone(others)
	slices.SortFunc(others, func(a, b evidence.Gap) int { return a.Start.Compare(b.Start) })
	for _, other := range others {
		part := evidence.Gap{Start: laterOf(gap.Start, other.Start), End: other.End, Reason: gap.Reason}
		if part.End.After(gap.End) {
			part.End = gap.End
		}
		if !part.End.After(part.Start) {
			continue
		}
		if last := len(parts) - 1; last >= 0 && !part.Start.After(parts[last].End) {
			parts[last].End = laterOf(parts[last].End, part.End)
			continue
		}
		parts = append(parts, part)
	}
	return parts
}
