package evidence

import (
	"fmt"
	"slices"
	"time"

	"github.com/probity/probity/internal/interval"
)

// Verdict tells how much of the interval a report really speaks about.
type Verdict string

// The verdicts, from good to bad.
const (
	Complete     Verdict = "complete"     // every source was there for the whole interval
	Partial      Verdict = "partial"      // something is missing, and the reasons name it
	Insufficient Verdict = "insufficient" // nothing can be said
)

func (v Verdict) rank() int { return slices.Index([]Verdict{Complete, Partial, Insufficient}, v) }

func (v Verdict) validate() error {
	if v.rank() < 0 {
		return fmt.Errorf("verdict is %q: it must be %q, %q or %q", shown(string(v)), Complete, Partial, Insufficient)
	}
	return nil
}

// Worse is the worse of two verdicts.
func Worse(a, b Verdict) Verdict {
	if b.rank() > a.rank() {
		return b
	}
	return a
}

// Reason is one ground for a verdict that is not complete.
type Reason struct {
	Verdict Verdict `json:"verdict"`          // what this reason alone amounts to
	Code    string  `json:"code"`             // stable, for programs: one of the Reason constants, or a caller's own
	Source  string  `json:"source,omitempty"` // name of the source, when it is about one
	Text    string  `json:"text"`             // one sentence for a person
}

// Codes of the reasons that [Provenance.Decide] gives.
const (
	ReasonNoSnapshot   = "no-snapshot"
	ReasonLateSnapshot = "late-snapshot"
	ReasonMissingKinds = "missing-kinds"
	ReasonNoSource     = "no-source"
	ReasonNoRecords    = "no-records"
	ReasonGap          = "gap"
	ReasonBad          = "bad-lines"
	ReasonTooLong      = "too-long-lines"
	ReasonTruncated    = "truncated"
	ReasonForbidden    = "forbidden"
	ReasonFault        = "fault"
	ReasonDifferences  = "differences"
)

// Needs tells what a report type cannot do without.
type Needs struct {
	Snapshot bool     // the state of the cluster at the interval's start
	Sources  []string // names of the sources without which nothing can be said
}

// Decide sets the verdict and its reasons from what the provenance states. The worst reason decides; extra are reasons that
// only the caller knows. Reasons come in a fixed order: snapshot, needed sources, each source in order, differences, extra.
func (p *Provenance) Decide(needs Needs, extra ...Reason) {
	sorted := p.sorted()
	reasons := snapshotReasons(sorted, needs.Snapshot)
	for _, name := range slices.Compact(slices.Sorted(slices.Values(needs.Sources))) {
		reasons = append(reasons, neededReasons(sorted, name)...)
	}
	for _, s := range sorted.Sources {
		reasons = append(reasons, sourceReasons(s, slices.Contains(needs.Sources, s.Name))...)
	}
	if n := sorted.DifferenceCount; n > 0 {
		reasons = append(reasons, Reason{Partial, ReasonDifferences, "",
			fmt.Sprintf("%d objects of a later snapshot differ from what the logs explain", n)})
	}
	p.Reasons, p.Verdict = append(reasons, extra...), Complete
	for _, r := range p.Reasons {
		p.Verdict = Worse(p.Verdict, Worse(r.Verdict, Partial))
	}
}

func snapshotReasons(p Provenance, needed bool) []Reason {
	use := p.Snapshot
	switch {
	case use == nil && needed:
		return []Reason{{Insufficient, ReasonNoSnapshot, "", fmt.Sprintf(
			"no snapshot at or before %s: the state of the cluster is not known", at(p.Interval.Start))}}
	case use == nil:
		return nil
	}
	var reasons []Reason
	if use.Time.After(p.Interval.Start) {
		reasons = append(reasons, Reason{Partial, ReasonLateSnapshot, "", fmt.Sprintf(
			"the snapshot was taken at %s, after the interval's start: what ended before it is not known", at(use.Time))})
	}
	for _, kind := range use.Missing {
		text := "the snapshot lacks " + kind
		if why := use.Why[kind]; why != "" {
			text += ": " + why
		}
		reasons = append(reasons, Reason{Partial, ReasonMissingKinds, "", text})
	}
	return reasons
}

// neededReasons speaks about a source that must have records, over all sources of that name.
func neededReasons(p Provenance, name string) []Reason {
	found, records := false, int64(0)
	for _, s := range p.Sources {
		if s.Name == name {
			found, records = true, records+s.Count.Records
		}
	}
	switch {
	case !found:
		return []Reason{{Insufficient, ReasonNoSource, name, fmt.Sprintf("%s: there is no such source", name)}}
	case records == 0:
		return []Reason{{Insufficient, ReasonNoRecords, name, fmt.Sprintf("%s: no records at all", name)}}
	}
	return nil
}

func sourceReasons(s Source, needed bool) []Reason {
	var reasons []Reason
	partial := func(code, format string, args ...any) {
		reasons = append(reasons, Reason{Partial, code, s.Name, s.Name + ": " + fmt.Sprintf(format, args...)})
	}
	if s.Count.Records == 0 && !needed && len(s.Gaps) == 0 {
		partial(ReasonNoRecords, "no records at all")
	}
	for _, g := range s.Gaps {
		partial(ReasonGap, "%s from %s to %s", g.Reason, at(g.Start), at(g.End))
	}
	for _, c := range []struct {
		code, text string
		n          int64
	}{
		{ReasonBad, "lines could not be understood", s.Count.Bad},
		{ReasonTooLong, "lines were longer than the limit", s.Count.TooLong},
		{ReasonTruncated, "files end in the middle", s.Count.Truncated},
		{ReasonForbidden, "things could not be read for want of rights", s.Count.Forbidden},
	} {
		if c.n > 0 {
			partial(c.code, "%d %s", c.n, c.text)
		}
	}
	for _, fault := range s.Faults {
		partial(ReasonFault, "%s", fault)
	}
	return reasons
}

// HoursWithout returns the spans of the interval in which no whole or partial clock hour (UTC) has a record; adjacent hours
// are one gap. records tells the number of records in the hour that starts at the given time.
func HoursWithout(iv interval.Interval, records func(hour time.Time) int64) []Gap {
	var gaps []Gap
	for hour := iv.Start.UTC().Truncate(time.Hour); hour.Before(iv.End); hour = hour.Add(time.Hour) {
		if records(hour) > 0 {
			continue
		}
		start, end := hour, hour.Add(time.Hour)
		if start.Before(iv.Start) {
			start = iv.Start.UTC()
		}
		if end.After(iv.End) {
			end = iv.End.UTC()
		}
		if n := len(gaps); n > 0 && gaps[n-1].End.Equal(start) {
			gaps[n-1].End = end
			continue
		}
		gaps = append(gaps, Gap{Start: start, End: end, Reason: "no records"})
	}
	return gaps
}

func at(t time.Time) string { return t.UTC().Format(time.RFC3339) }
