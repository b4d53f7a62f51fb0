package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/probity/probity/internal/interval"
)

// ProvenanceSchema names the form of [Provenance].
const ProvenanceSchema = "probity.provenance/v1"

// maxDifferences bounds the differences that a provenance lists; all are counted.
const maxDifferences = 1000

// Provenance tells where a report's data came from, what was missing, and therefore what the report is worth.
type Provenance struct {
	Schema          string            `json:"schema"`
	Interval        interval.Interval `json:"interval"`
	Verdict         Verdict           `json:"verdict"`
	Reasons         []Reason          `json:"reasons"`            // why it is not complete; empty when it is
	Sources         []Source          `json:"sources"`            // sorted by name, then query
	Snapshot        *SnapshotUse      `json:"snapshot,omitempty"` // the baseline; absent when none was found or none is needed
	Differences     []Difference      `json:"differences"`        // between the replayed state and a later snapshot; the first 1,000
	DifferenceCount int64             `json:"differenceCount"`    // all of them
}

// Source is one thing that was read: a set of files, an index, the API server.
type Source struct {
	Name  string     `json:"name"`            // what it is for: "audit", "flows", "snapshot", "benchmark"
	Kind  string     `json:"kind"`            // how it was read: "files", "opensearch", "kubernetes"
	Query string     `json:"query"`           // what was asked of it, as text a person can repeat
	Count Counts     `json:"counts"`          // what was seen
	First *time.Time `json:"first,omitempty"` // time of the earliest record used
	Last  *time.Time `json:"last,omitempty"`  // time of the latest record used
	Gaps  []Gap      `json:"gaps"`            // spans without data, sorted
	Notes []string   `json:"notes"`           // anything else a reader must know; does not change the verdict
	// Faults say why a server may not have given everything, sorted, each once: a shard that failed, an index that is closed.
	Faults []string `json:"faults,omitempty"`
}

// Counts are what was seen in a source. Zero values are printed too: "no bad lines" is a statement. How many files there were is
// not among them: the same records must give the same report however they are spread.
type Counts struct {
	Lines      int64 `json:"lines"`
	Records    int64 `json:"records"`    // understood
	Used       int64 `json:"used"`       // of these, within the interval and selected
	Duplicates int64 `json:"duplicates"` // of these, seen before
	Refused    int64 `json:"refused"`    // requests that the API server refused; no defect of the source
	Bad        int64 `json:"bad"`        // lines that could not be understood
	TooLong    int64 `json:"tooLong"`    // lines above the size limit
	Truncated  int64 `json:"truncated"`  // files that end in the middle
	Forbidden  int64 `json:"forbidden"`  // kinds, files or indices that could not be read for want of rights
}

// Add returns the sum of two counts.
func (c Counts) Add(o Counts) Counts {
	return Counts{
		Lines: c.Lines + o.Lines, Records: c.Records + o.Records, Used: c.Used + o.Used,
		Duplicates: c.Duplicates + o.Duplicates, Refused: c.Refused + o.Refused, Bad: c.Bad + o.Bad, TooLong: c.TooLong + o.TooLong,
		Truncated: c.Truncated + o.Truncated, Forbidden: c.Forbidden + o.Forbidden,
	}
}

// Gap is a span of a source without data.
type Gap struct {
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	Reason string    `json:"reason"` // "no records"
}

// SnapshotUse is the snapshot that a report started from.
type SnapshotUse struct {
	Time       time.Time `json:"time"`
	Key        string    `json:"key"`        // of its manifest, relative to the cluster's folder, or what a file source calls it
	SHA256     string    `json:"sha256"`     // of its manifest; empty for a file source
	AgeSeconds int64     `json:"ageSeconds"` // from its time to the interval's start; negative when it is later
	Missing    []string  `json:"missing"`    // kinds that it lacks, sorted
	// Why says why it lacks them, by kind, where that is known.
	Why map[string]string `json:"why,omitempty"`
}

// Difference is one object whose replayed state differs from a later snapshot.
type Difference struct {
	Object string    `json:"object"`
	Time   time.Time `json:"time"` // of the snapshot that showed it
	What   string    `json:"what"` // "in the snapshot, but no event created it"
}

// Encode checks the provenance and gives its one encoding. p is not changed.
func (p Provenance) Encode() ([]byte, error) {
	p = p.sorted()
	if err := p.validate(); err != nil {
		return nil, fmt.Errorf("encode provenance: %w", err)
	}
	return encode(p)
}

// ReadProvenance reads and checks an encoded provenance.
func ReadProvenance(raw []byte) (Provenance, error) {
	var p Provenance
	if err := decode(raw, ProvenanceSchema, &p); err != nil {
		return Provenance{}, fmt.Errorf("read provenance: %w", err)
	}
	if err := p.validate(); err != nil {
		return Provenance{}, fmt.Errorf("read provenance: %w", err)
	}
	return p, nil
}

func (p *Provenance) validate() error {
	if err := p.Verdict.validate(); err != nil {
		return err
	}
	if (p.Verdict == Complete) != (len(p.Reasons) == 0) {
		return fmt.Errorf("verdict %q with %d reasons: every verdict but %q needs reasons, and it has none", p.Verdict, len(p.Reasons), Complete)
	}
	return nil
}

// sorted returns a copy with UTC times, sorted lists, no nil lists and bounded differences.
func (p Provenance) sorted() Provenance {
	p.Schema, p.Interval = ProvenanceSchema, utc(p.Interval)
	p.Reasons = append([]Reason{}, p.Reasons...)
	p.Sources = append([]Source{}, p.Sources...)
	for i, s := range p.Sources {
		p.Sources[i] = s.sorted()
	}
	slices.SortStableFunc(p.Sources, func(a, b Source) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Query, b.Query))
	})
	if p.Snapshot != nil {
		use := *p.Snapshot
		use.Time = use.Time.UTC()
		use.Missing = slices.Sorted(slices.Values(append([]string{}, use.Missing...)))
		if use.Missing == nil {
			use.Missing = []string{}
		}
		p.Snapshot = &use
	}
	p.DifferenceCount = max(p.DifferenceCount, int64(len(p.Differences)))
	p.Differences = append([]Difference{}, p.Differences...)
	for i := range p.Differences {
		p.Differences[i].Time = p.Differences[i].Time.UTC()
	}
	slices.SortFunc(p.Differences, func(a, b Difference) int {
		return cmp.Or(strings.Compare(a.Object, b.Object), a.Time.Compare(b.Time), strings.Compare(a.What, b.What))
	})
	p.Differences = p.Differences[:min(len(p.Differences), maxDifferences)]
	return p
}

func (s Source) sorted() Source {
	s.First, s.Last = utcTime(s.First), utcTime(s.Last)
	s.Notes = append([]string{}, s.Notes...)
	s.Faults = slices.Compact(slices.Sorted(slices.Values(s.Faults)))
	s.Gaps = append([]Gap{}, s.Gaps...)
	for i := range s.Gaps {
		s.Gaps[i].Start, s.Gaps[i].End = s.Gaps[i].Start.UTC(), s.Gaps[i].End.UTC()
	}
	slices.SortFunc(s.Gaps, func(a, b Gap) int {
		return cmp.Or(a.Start.Compare(b.Start), a.End.Compare(b.End), strings.Compare(a.Reason, b.Reason))
	})
	return s
}

func utcTime(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
