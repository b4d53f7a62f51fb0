package evidence_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
)

// provenance is a partial one with something of everything.
func provenance(t testing.TB) evidence.Provenance {
	iv := day(t, "2026-11-21")
	first, last := iv.Start.Add(time.Minute), iv.End.Add(-time.Second)
	p := evidence.Provenance{
		Interval: iv,
		Snapshot: &evidence.SnapshotUse{Time: iv.Start, Key: "snapshots/2026/11/21/20261121T000000Z/manifest.json", SHA256: evidence.Digest([]byte("s"))},
		Sources: []evidence.Source{
			{Name: "flows", Kind: "files", Query: "flows/*.log", Count: evidence.Counts{Lines: 100, Records: 99, Used: 98, Bad: 1},
				First: &first, Last: &last, Gaps: []evidence.Gap{{Start: iv.Start.Add(3 * time.Hour), End: iv.Start.Add(4 * time.Hour), Reason: "no records"}}},
			{Name: "audit", Kind: "files", Query: "audit/*.log", Count: evidence.Counts{Lines: 10, Records: 10, Used: 10, Refused: 3}, Notes: []string{"one stream"}},
		},
		Differences: []evidence.Difference{{Object: "pods/shop/cart-1", Time: iv.End, What: "in the snapshot, but no event created it"}},
	}
	p.Decide(evidence.Needs{Snapshot: true, Sources: []string{"audit"}})
	return p
}

func TestProvenanceHasOneEncoding(t *testing.T) {
	raw, err := provenance(t).Encode()
	require.NoError(t, err)
	golden(t, "provenance.json", raw)
	read, err := evidence.ReadProvenance(raw)
	require.NoError(t, err)
	again, err := read.Encode()
	require.NoError(t, err)
	require.Equal(t, string(raw), string(again))
}

// decision is what [evidence.Provenance.Decide] makes of a provenance.
type decision struct {
	p     evidence.Provenance
	needs evidence.Needs
	extra []evidence.Reason
	want  evidence.Verdict
	codes []string
	says  string
}

var (
	november21 = interval.Interval{Start: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
	needAll    = evidence.Needs{Snapshot: true, Sources: []string{"audit"}}
	hourOld    = &evidence.SnapshotUse{Time: november21.Start.Add(-time.Hour)}
)

func good(name string) evidence.Source {
	return evidence.Source{Name: name, Count: evidence.Counts{Records: 5, Used: 5}}
}

func with(s evidence.Source, change func(*evidence.Source)) evidence.Source {
	change(&s)
	return s
}

func TestDecideWhatIsMissing(t *testing.T) {
	decide(t, map[string]decision{
		"everything there": {
			p:     evidence.Provenance{Snapshot: hourOld, Sources: []evidence.Source{good("audit"), good("flows")}},
			needs: needAll, want: evidence.Complete,
		},
		"a server did not give everything": {
			p: evidence.Provenance{Snapshot: hourOld, Sources: []evidence.Source{with(good("audit"), func(s *evidence.Source) {
				s.Faults = []string{"shard 1 of index b failed", "index a is closed", "shard 1 of index b failed"}
			})}},
			needs: needAll, want: evidence.Partial, codes: []string{evidence.ReasonFault, evidence.ReasonFault}, says: "audit: index a is closed",
		},
		"nothing needed, nothing read": {want: evidence.Complete},
		"no snapshot": {
			p:     evidence.Provenance{Sources: []evidence.Source{good("audit")}},
			needs: needAll, want: evidence.Insufficient, codes: []string{evidence.ReasonNoSnapshot}, says: "no snapshot at or before 2026-11-21T00:00:00Z",
		},
		"snapshot after the start": {
			p:     evidence.Provenance{Snapshot: &evidence.SnapshotUse{Time: november21.Start.Add(time.Hour)}, Sources: []evidence.Source{good("audit")}},
			needs: needAll, want: evidence.Partial, codes: []string{evidence.ReasonLateSnapshot}, says: "2026-11-21T01:00:00Z, after the interval's start",
		},
		"snapshot lacks kinds": {
			p:     evidence.Provenance{Snapshot: &evidence.SnapshotUse{Time: november21.Start, Missing: []string{"tiers", "nodes"}}, Sources: []evidence.Source{good("audit")}},
			needs: needAll, want: evidence.Partial, codes: []string{evidence.ReasonMissingKinds, evidence.ReasonMissingKinds}, says: "lacks nodes",
		},
		"an hour without flows": {
			p: evidence.Provenance{Snapshot: hourOld, Sources: []evidence.Source{good("audit"), with(good("flows"), func(s *evidence.Source) {
				s.Gaps = []evidence.Gap{{Start: november21.Start.Add(6 * time.Hour), End: november21.Start.Add(7 * time.Hour), Reason: "no records"}}
			})}},
			needs: needAll, want: evidence.Partial, codes: []string{evidence.ReasonGap}, says: "flows: no records from 2026-11-21T06:00:00Z to 2026-11-21T07:00:00Z",
		},
		"no flows at all": {
			p:     evidence.Provenance{Snapshot: hourOld, Sources: []evidence.Source{good("audit"), {Name: "flows"}}},
			needs: needAll, want: evidence.Partial, codes: []string{evidence.ReasonNoRecords}, says: "flows: no records at all",
		},
		"a needed source is missing": {
			p:     evidence.Provenance{Snapshot: hourOld},
			needs: needAll, want: evidence.Insufficient, codes: []string{evidence.ReasonNoSource}, says: "audit: there is no such source",
		},
		"a needed source is empty": {
			p:     evidence.Provenance{Snapshot: hourOld, Sources: []evidence.Source{{Name: "audit"}}},
			needs: needAll, want: evidence.Insufficient, codes: []string{evidence.ReasonNoRecords}, says: "audit: no records at all",
		},
	})
}

func TestDecideWhatIsBad(t *testing.T) {
	decide(t, map[string]decision{
		"bad input": {
			p: evidence.Provenance{Snapshot: hourOld, Sources: []evidence.Source{with(good("audit"), func(s *evidence.Source) {
				s.Count.Bad, s.Count.TooLong, s.Count.Truncated, s.Count.Forbidden = 1, 2, 3, 4
			})}},
			needs: needAll, want: evidence.Partial,
			codes: []string{evidence.ReasonBad, evidence.ReasonTooLong, evidence.ReasonTruncated, evidence.ReasonForbidden}, says: "audit: 3 files end in the middle",
		},
		"refused requests and duplicates are no defect": {
			p: evidence.Provenance{Snapshot: hourOld, Sources: []evidence.Source{with(good("audit"), func(s *evidence.Source) {
				s.Count.Refused, s.Count.Duplicates = 7, 8
			})}},
			needs: needAll, want: evidence.Complete,
		},
		"differences": {
			p:     evidence.Provenance{Snapshot: hourOld, Sources: []evidence.Source{good("audit")}, DifferenceCount: 12},
			needs: needAll, want: evidence.Partial, codes: []string{evidence.ReasonDifferences}, says: "12 objects",
		},
		"a caller's own reason": {
			p:     evidence.Provenance{Snapshot: hourOld, Sources: []evidence.Source{good("audit")}},
			needs: needAll, extra: []evidence.Reason{{Verdict: evidence.Insufficient, Code: "own", Text: "own text"}},
			want: evidence.Insufficient, codes: []string{"own"}, says: "own text",
		},
		"a reason never leaves it complete": {
			extra: []evidence.Reason{{Verdict: evidence.Complete, Code: "own", Text: "own text"}},
			want:  evidence.Partial, codes: []string{"own"},
		},
	})
}

func decide(t *testing.T, cases map[string]decision) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.p.Interval = november21
			c.p.Decide(c.needs, c.extra...)
			require.Equal(t, c.want, c.p.Verdict)
			var codes []string
			said := ""
			for _, r := range c.p.Reasons {
				codes = append(codes, r.Code)
				said += r.Text + "\n"
			}
			require.Equal(t, c.codes, codes)
			require.Contains(t, said, c.says)
			_, err := c.p.Encode()
			require.NoError(t, err)
		})
	}
}

func TestDecideDoesNotDependOnOrder(t *testing.T) {
	want := provenance(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := provenance(t)
		p.Sources = rapid.Permutation(p.Sources).Draw(rt, "sources")
		p.Decide(evidence.Needs{Snapshot: true, Sources: []string{"audit"}})
		require.Equal(rt, want.Reasons, p.Reasons)
	})
}

func TestDifferencesAreBoundedButCounted(t *testing.T) {
	p := provenance(t)
	for i := range 2000 {
		p.Differences = append(p.Differences, evidence.Difference{Object: fmt.Sprintf("pods/%04d", i), Time: p.Interval.End})
	}
	raw, err := p.Encode()
	require.NoError(t, err)
	read, err := evidence.ReadProvenance(raw)
	require.NoError(t, err)
	require.Len(t, read.Differences, 1000)
	require.EqualValues(t, 2001, read.DifferenceCount)
	require.Equal(t, "pods/0000", read.Differences[0].Object)
}

func TestHoursWithout(t *testing.T) {
	start := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	span := func(from, to time.Duration) interval.Interval {
		return interval.Interval{Start: start.Add(from), End: start.Add(to)}
	}
	gap := func(from, to time.Duration) evidence.Gap {
		return evidence.Gap{Start: start.Add(from), End: start.Add(to), Reason: "no records"}
	}
	const h, m = time.Hour, time.Minute
	for name, c := range map[string]struct {
		iv   interval.Interval
		full []int
		want []evidence.Gap
	}{
		"all there":        {span(0, 3*h), []int{0, 1, 2}, nil},
		"one missing":      {span(0, 3*h), []int{0, 2}, []evidence.Gap{gap(h, 2*h)}},
		"adjacent ones":    {span(0, 4*h), []int{0, 3}, []evidence.Gap{gap(h, 3*h)}},
		"two gaps":         {span(0, 5*h), []int{1, 3}, []evidence.Gap{gap(0, h), gap(2*h, 3*h), gap(4*h, 5*h)}},
		"parts of hours":   {span(30*m, 2*h+15*m), []int{1}, []evidence.Gap{gap(30*m, h), gap(2*h, 2*h+15*m)}},
		"within one hour":  {span(10*m, 20*m), nil, []evidence.Gap{gap(10*m, 20*m)}},
		"nothing anywhere": {span(0, 24*h), nil, []evidence.Gap{gap(0, 24*h)}},
	} {
		t.Run(name, func(t *testing.T) {
			got := evidence.HoursWithout(c.iv, func(hour time.Time) int64 {
				for _, f := range c.full {
					if hour.Equal(start.Add(time.Duration(f) * h)) {
						return 1
					}
				}
				return 0
			})
			require.Equal(t, c.want, got)
		})
	}
}

func TestWorse(t *testing.T) {
	order := []evidence.Verdict{evidence.Complete, evidence.Partial, evidence.Insufficient}
	for i, a := range order {
		for j, b := range order {
			require.Equal(t, order[max(i, j)], evidence.Worse(a, b))
		}
	}
}

func TestCountsAdd(t *testing.T) {
	one := evidence.Counts{1, 2, 3, 4, 5, 6, 7, 8, 9}
	require.Equal(t, evidence.Counts{2, 4, 6, 8, 10, 12, 14, 16, 18}, one.Add(one))
}
