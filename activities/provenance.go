package activities

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/probity/probity/internal/benchmark"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/resource"
)

// The names of the sources in a provenance.
const (
	sourceSnapshot   = "snapshot"
	sourceAudit      = "audit-logs"
	sourceRecorder   = "recorder"
	sourceFlows      = "flow-logs"
	sourceBenchmarks = "benchmark-results"
)

// Codes of reasons that only the computation knows.
const (
	reasonUnreadable   = "unreadable-objects"
	reasonNotEvaluated = "not-evaluated"
	reasonNotLogged    = "not-logged"
	reasonUnsettled    = "unsettled-writes"
)

// provenance states where everything came from and decides what the report is worth.
func (c *computation) provenance() *evidence.Provenance {
	p := &evidence.Provenance{Interval: c.plan.Interval, Differences: c.differences, Sources: c.snapshots}
	needs := evidence.Needs{Snapshot: c.want.needsState(c.def)}
	var extra []evidence.Reason
	if c.snapshot != nil {
		p.Snapshot = &evidence.SnapshotUse{
			Time: c.snapshot.Time, SHA256: c.plan.Baseline.SHA256, Missing: c.missingKinds(),
			Key:        strings.TrimPrefix(c.Store.Layout.Snapshot(c.snapshot.Time), c.Store.Layout.Root()) + evidence.ManifestName,
			AgeSeconds: int64(c.plan.Interval.Start.Sub(c.snapshot.Time) / time.Second),
		}
		p.Snapshot.Why = c.snapshot.Missing()
		maps.DeleteFunc(p.Snapshot.Why, func(kind, _ string) bool { return !slices.Contains(p.Snapshot.Missing, kind) })
	}
	stateUnknown := needs.Snapshot && c.snapshot == nil
	if c.want.state() && !stateUnknown {
		sources, needed, reasons := c.changeSources()
		p.Sources, extra = append(p.Sources, sources...), append(extra, reasons...)
		needs.Sources = append(needs.Sources, needed)
	}
	if c.want.flows && !stateUnknown {
		needs.Sources = append(needs.Sources, sourceFlows)
		if len(c.gathered.Flows) > 0 {
			p.Sources = append(p.Sources, c.flowSource())
		}
	}
	if c.want.benchmarks {
		needs.Sources = append(needs.Sources, sourceBenchmarks)
		if !c.gathered.Benchmarks.Results.IsZero() {
			source, reasons := c.benchmarkSource()
			p.Sources, extra = append(p.Sources, source), append(extra, reasons...)
		}
	}
	p.Decide(needs, append(extra, c.stateReasons()...)...)
	return p
}

// changeSources states where the changes came from: audit logs, a recorder or both, and which of them a report cannot do without.
func (c *computation) changeSources() (sources []evidence.Source, needed string, reasons []evidence.Reason) {
	if len(c.plan.Recorded) == 0 {
		if len(c.gathered.Changes) == 0 {
			return nil, sourceAudit, nil
		}
		logs, reasons := c.auditSource()
		return []evidence.Source{logs}, sourceAudit, reasons
	}
	recorder := c.recorderSource()
	if len(c.plan.Audit) == 0 {
		return []evidence.Source{recorder}, sourceRecorder, nil
	}
	whole := len(recorder.Gaps) == 0
	logs, reasons := c.auditSource()
	share(&logs, &recorder)
	if whole { // what the log does not tell, the recorder does
		for _, reason := range reasons {
			logs.Notes = append(logs.Notes, reason.Text+" (a recorder followed the objects)")
		}
		reasons = nil
	}
	needed = sourceAudit // one of the two must have something
	if logs.Count.Records == 0 {
		needed = sourceRecorder
	}
	return []evidence.Source{logs, recorder}, needed, reasons
}

// reads are the statistics of the parts that are a recorder's segments, or of all others.
func (c *computation) reads(recorded bool) []ReadStats {
	var reads []ReadStats
	for i, part := range c.gathered.Changes {
		if (i >= len(c.plan.Audit)) == recorded {
			reads = append(reads, part.Read)
		}
	}
	return reads
}

// missingKinds are the kinds that the baseline lacks and the report would have used.
func (c *computation) missingKinds() []string {
	missing := c.snapshot.MissingKinds()
	if c.want.state() {
		return missing
	}
	return slices.DeleteFunc(missing, func(kind string) bool { return kind != resource.Node.Collection() })
}

// snapshotSource is a snapshot as a source; what was read of it is for the reader to count.
func snapshotSource(snapshot *evidence.Snapshot) evidence.Source {
	query := "the resources of the followed kinds at " + snapshot.Time.Format(time.RFC3339)
	if holds := snapshot.Holds(); holds.After(snapshot.Time) {
		query += ", complete at " + holds.Format(time.RFC3339)
	}
	return evidence.Source{Name: sourceSnapshot, Kind: snapshot.Source, Notes: snapshot.Notes, Query: query}
}

// stateReasons are what the replay could not read or evaluate. An object that two snapshots have is told once.
func (c *computation) stateReasons() []evidence.Reason {
	var reasons []evidence.Reason
	slices.Sort(c.bad)
	for _, text := range slices.Compact(c.bad) {
		reasons = append(reasons, evidence.Reason{Verdict: evidence.Partial, Code: reasonUnreadable, Text: text})
	}
	if c.found == nil || !c.want.needsState(c.def) {
		return reasons // changes alone are listed without judging anything
	}
	for _, warning := range c.found.Warnings {
		reasons = append(reasons, evidence.Reason{
			Verdict: evidence.Partial, Code: reasonNotEvaluated, Text: fmt.Sprintf("%s: %s", warning.Object, warning.Reason),
		})
	}
	return reasons
}

// auditSource counts in ways that do not depend on how the log is spread over files.
func (c *computation) auditSource() (evidence.Source, []evidence.Reason) {
	facts := &c.merged
	source := evidence.Source{
		Name: sourceAudit, Kind: c.Audit,
		Query: fmt.Sprintf("audit.k8s.io/v1 events of stage ResponseComplete, verbs create, update, patch, delete and deletecollection, "+
			"successful, no dry runs, stageTimestamp from %s to %s", c.plan.From.Format(time.RFC3339), c.plan.Interval.End.Format(time.RFC3339)),
		Count: evidence.Counts{
			Lines: facts.Lines, Records: facts.Events, Used: facts.Entries, Duplicates: facts.Duplicates, Refused: facts.Refused,
		},
		First: timeOrNil(facts.First), Last: timeOrNil(facts.Last),
	}
	addBad(&source, facts.Bad)
	if facts.Repaired > 0 {
		source.Notes = append(source.Notes, fmt.Sprintf("%d events held invalid UTF-8, which was replaced by U+FFFD", facts.Repaired))
	}
	addReads(&source, c.reads(false))
	hours := func(hour time.Time) int64 { return facts.Hours[hour.UTC().Format("2006-01-02T15")] }
	for _, gap := range evidence.HoursWithout(c.plan.Interval, hours) {
		if gap.End.Sub(gap.Start) > c.Rules.AuditQuiet {
			gap.Reason = "no audit events"
			source.Gaps = append(source.Gaps, gap)
		}
	}
	var reasons []evidence.Reason
	for _, warning := range facts.Warnings() {
		// A sub-resource that is not logged in full is how the old product's own audit policy is: the reader copes.
		if strings.Contains(warning, "/") {
			source.Notes = append(source.Notes, warning)
			continue
		}
		reasons = append(reasons, evidence.Reason{Verdict: evidence.Partial, Code: reasonNotLogged, Source: sourceAudit, Text: warning})
	}
	if reason, ok := c.unsettled(); ok {
		reasons = append(reasons, reason)
	}
	for _, text := range facts.Unsettled {
		source.Notes = append(source.Notes, "outcome not known: "+text)
	}
	for _, end := range facts.NamespaceEnds {
		source.Notes = append(source.Notes, fmt.Sprintf("end of namespace %s known by: %s", end.Name, end.How))
	}
	if c.found != nil && c.found.Counts.Orphaned > 0 {
		source.Notes = append(source.Notes, fmt.Sprintf("%d changes end or bind an object that was never seen", c.found.Counts.Orphaned))
	}
	return source, reasons
}

// unsettled says that writes may have been done or not. Of those before a later snapshot, that has told: what was done is among the
// differences.
func (c *computation) unsettled() (evidence.Reason, bool) {
	open := c.merged.Unsettled
	if c.plan.Later != nil {
		open = slices.DeleteFunc(slices.Clone(open), func(text string) bool {
			at, _, _ := strings.Cut(text, " ")
			when, err := time.Parse(time.RFC3339Nano, at)
			return err == nil && when.Before(c.plan.Later.At)
		})
	}
	if len(open) == 0 {
		return evidence.Reason{}, false
	}
	count := fmt.Sprint(len(open))
	if c.merged.MoreUnsettled {
		count = "more than " + count
	}
	return evidence.Reason{
		Verdict: evidence.Partial, Code: reasonUnsettled, Source: sourceAudit,
		Text: fmt.Sprintf("of %s writes the log does not tell whether they were done, and no later snapshot does; the first is %s", count, open[0]),
	}, true
}

func (c *computation) flowSource() evidence.Source {
	stats := &c.flowStats
	source := evidence.Source{
		Name: sourceFlows, Kind: c.Flows,
		Query: fmt.Sprintf("flow records whose time from start to end overlaps %s", c.plan.Interval),
		Count: evidence.Counts{Lines: stats.Lines, Records: stats.Records(), Used: stats.Used},
		First: timeOrNil(stats.First), Last: timeOrNil(stats.Last),
	}
	bad := maps.Clone(stats.Bad)
	if n := bad[flow.Dropped]; n > 0 {
		delete(bad, flow.Dropped) // they are no defect of the log: it tells of what is not in it
		source.Faults = append(source.Faults, fmt.Sprintf("%d lines or pushes were dropped before they were stored", n))
	}
	addBad(&source, bad)
	var reads []ReadStats
	for _, part := range c.gathered.Flows {
		reads = append(reads, part.Read)
	}
	addReads(&source, reads)
	for _, missing := range stats.Missing() {
		source.Gaps = append(source.Gaps, evidence.Gap{Start: missing.Start, End: missing.End, Reason: "no flow logs"})
	}
	return source
}

// benchmarkSource states what is known of the nodes; one that was not evaluated makes the report partial.
func (c *computation) benchmarkSource() (evidence.Source, []evidence.Reason) {
	source := evidence.Source{
		Name: sourceBenchmarks, Kind: c.Benchmarks,
		Query: fmt.Sprintf("of each node the newest kube-bench result from %s to %s",
			c.plan.Interval.Start.Format(time.RFC3339), c.plan.Interval.End.Format(time.RFC3339)),
		Count: evidence.Counts{Records: int64(len(c.scans))},
		Notes: c.benchmark.Notes,
	}
	if c.snapshot == nil {
		source.Notes = append(source.Notes, "no snapshot at or before the interval's start: nodes without any result are not known")
	}
	var reasons []evidence.Reason
	for _, node := range c.benchmark.Nodes {
		if node.Summary.Status != benchmark.NotEvaluated {
			source.Count.Used++
			continue
		}
		reasons = append(reasons, evidence.Reason{
			Verdict: evidence.Partial, Code: reasonNotEvaluated, Source: sourceBenchmarks,
			Text: fmt.Sprintf("node %s is not evaluated", node.NodeName),
		})
	}
	for i := range c.scans {
		source.First, source.Last = widen(source.First, source.Last, c.scans[i].Time)
	}
	return source, reasons
}

func widen(first, last *time.Time, at time.Time) (*time.Time, *time.Time) {
	if at.IsZero() {
		return first, last
	}
	if first == nil || at.Before(*first) {
		first = &at
	}
	if last == nil || at.After(*last) {
		last = &at
	}
	return first, last
}

// addBad counts the lines that could not be understood, and says why.
func addBad[R ~string](source *evidence.Source, bad map[R]int64) {
	for _, reason := range slices.Sorted(maps.Keys(bad)) {
		source.Count.Bad += bad[reason]
		source.Notes = append(source.Notes, fmt.Sprintf("%s: %d lines", reason, bad[reason]))
	}
}

// addReads adds what the readers found wrong with the files. How many files there were is no part of it: it would tell how the
// log is split.
func addReads(source *evidence.Source, reads []ReadStats) {
	var damaged []string
	for _, read := range reads {
		source.Count.TooLong += read.TooLong
		damaged = append(damaged, read.Damaged...)
		source.Faults = append(source.Faults, read.Faults...)
		source.Notes = append(source.Notes, read.Notes...)
	}
	source.Count.Truncated = int64(len(damaged))
	slices.Sort(damaged)
	for _, name := range damaged {
		source.Notes = append(source.Notes, name+" ends in the middle: what follows in it is lost")
	}
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
