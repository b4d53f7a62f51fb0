package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
)

// Add adds the facts of another partition that was read with the same options. The order of additions does not matter.
func (f *Facts) Add(other Facts) {
	if f.LookUntil.IsZero() {
		*f = newFacts(CollectorOptions{From: other.From, Interval: other.Interval}, other.LookUntil)
	}
	f.Lines += other.Lines
	f.Events += other.Events
	f.Used += other.Used
	f.Selected += other.Selected
	f.Refused += other.Refused
	f.Repaired += other.Repaired
	f.Entries += other.Entries
	f.Duplicates += other.Duplicates
	f.seeTimes(other.First, other.Last)
	f.Bad = addCounts(f.Bad, other.Bad)
	f.Skipped = addCounts(f.Skipped, other.Skipped)
	f.Stages = addCounts(f.Stages, other.Stages)
	f.Hours = addCounts(f.Hours, other.Hours)
	f.Seen = addCounts(f.Seen, other.Seen)
	f.Bodiless = addCounts(f.Bodiless, other.Bodiless)
	for _, text := range other.Unsettled {
		f.addUnsettled(text)
	}
	f.MoreUnsettled = f.MoreUnsettled || other.MoreUnsettled
	f.addRecorded(other.Recorded)
	if f.Namespaces == nil {
		f.Namespaces = map[string]*NamespaceFacts{}
	}
	for name, facts := range other.Namespaces {
		f.namespace(name).add(facts)
	}
}

func addCounts(into, from map[string]int64) map[string]int64 {
	if into == nil {
		into = make(map[string]int64, len(from))
	}
	for key, count := range from {
		into[key] += count
	}
	return into
}

func (n *NamespaceFacts) add(other *NamespaceFacts) {
	for _, mark := range other.Created {
		n.Created = addMark(n.Created, mark)
	}
	for _, mark := range other.Deleted {
		n.Deleted = addMark(n.Deleted, mark)
	}
	for _, mark := range other.Finalized {
		n.Finalized = addMark(n.Finalized, mark)
	}
	if n.Ends == nil {
		n.Ends = make(map[int64]time.Time, len(other.Ends))
	}
	for slice, at := range other.Ends {
		n.seeEnd(slice, at)
	}
}

// addMark keeps marks sorted and each once, so that copies of an event and the order of reading do not show.
func addMark(marks []Mark, mark Mark) []Mark {
	i, found := slices.BinarySearchFunc(marks, mark, compareMarks)
	if found {
		return marks
	}
	return slices.Insert(marks, i, mark)
}

func compareMarks(a, b Mark) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.UID, b.UID))
}

// PodsNeedNode tells whether the log shows to which node a pod is bound, by bindings or by the pods' status, as a recorder does. Only then is a
// pod no endpoint before that (decisions.md, "When is a pod an endpoint?"; AL 27).
func (f *Facts) PodsNeedNode() bool {
	for _, key := range []string{"create core.pods/binding", "patch core.pods/status", "update core.pods/status"} {
		if f.Seen[key] > f.Bodiless[key] {
			return true
		}
	}
	return f.Recorded.follows(resource.Pod)
}

// SilentHours lists the starts of the clock hours (UTC) in which some of i lies and no audit event at all was seen: either
// records are missing, or the cluster was off. Ascending.
func (f *Facts) SilentHours(i interval.Interval) []time.Time {
	var silent []time.Time
	for hour := i.Start.UTC().Truncate(time.Hour); hour.Before(i.End); hour = hour.Add(time.Hour) {
		if f.Hours[hour.Format(hourLayout)] == 0 {
			silent = append(silent, hour)
		}
	}
	return silent
}

// Warnings says, one sentence each and sorted, what the audit policy leaves out so that the state cannot be followed.
func (f *Facts) Warnings() []string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(f.Bodiless)) {
		missing, seen := f.Bodiless[key], f.Seen[key]
		if missing == 0 || loggedTwice(key) && missing*2 <= seen {
			continue
		}
		all = append(all, fmt.Sprintf(
			"the audit policy does not log %q with bodies (%d of %d): log it at level RequestResponse", key, missing, seen))
	}
	return all
}

// loggedTwice tells whether a request may be in the log of an aggregating API server too, always without bodies (AL, "What
// follows for a reader").
func loggedTwice(key string) bool {
	for _, kind := range resource.Kinds() {
		if kind.Group() == resource.GroupCalico && slices.ContainsFunc(writeVerbs[:], func(verb string) bool {
			return key == verb+" "+kind.Collection()
		}) {
			return true
		}
	}
	return false
}
