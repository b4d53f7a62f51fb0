package audit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/recording"
	"github.com/probity/probity/internal/resource"
)

// told by a recorder: a line of a segment.
type recordedLine struct {
	of      recording.Type
	at      time.Duration
	kind    resource.Kind
	version string
	manager string
	list    int64
	count   int64
	late    bool
	object  string
}

func (l recordedLine) line(t *testing.T) []byte {
	t.Helper()
	line := recording.Line{Type: l.of, At: day.Start.Add(l.at), Kind: l.kind.Collection(), Version: l.version, Manager: l.manager, List: l.list, Count: l.count}
	if l.late {
		line.Received = line.At.Add(time.Minute)
	}
	if l.object != "" {
		line.Object = json.RawMessage(l.object)
	}
	raw, err := json.Marshal(line)
	require.NoError(t, err)
	return raw
}

func policyLine(of recording.Type, at time.Duration, version, spec string) recordedLine {
	return recordedLine{of: of, at: at, kind: resource.GlobalNetworkPolicy, version: version, manager: "kubectl-edit",
		object: gnp("security.x", "u1", version, "", `"spec":{"order":`+spec+`}`)}
}

// mergedWith gives what audit events and recorded lines come to together, each in partitions of their own, and the rows.
func mergedWith(t *testing.T, o audit.CollectorOptions, baseline []string, events []logged, recorded ...recordedLine) ([]audit.Entry, audit.Facts, audit.Trail) {
	t.Helper()
	logs, segments := audit.NewCollector(o), audit.NewCollector(o)
	for _, event := range events {
		logs.AddLine(event.line())
	}
	for _, line := range recorded {
		segments.AddRecorded(line.line(t))
	}
	var facts []audit.Facts
	var runs []io.Reader
	for _, collector := range []*audit.Collector{logs, segments} {
		var run bytes.Buffer
		found, err := collector.Encode(&run)
		require.NoError(t, err)
		facts, runs = append(facts, found), append(runs, &run)
	}
	d := audit.NewDiffer(o.Interval, o.Selection)
	for _, raw := range baseline {
		require.NoError(t, d.Baseline([]byte(raw)))
	}
	merged := audit.Merge(facts, runs)
	var entries []audit.Entry
	for {
		entry, ok, err := merged.Next()
		require.NoError(t, err)
		if !ok {
			return entries, merged.Facts(), d.Finish(nil)
		}
		entries = append(entries, entry)
		require.NoError(t, d.Add(entry))
	}
}

func people(rows []audit.Row) []string {
	all := []string{}
	for _, r := range rows {
		all = append(all, fmt.Sprintf("%s %s %s: %s", r.User, r.Verb, r.Object, r.What))
	}
	return all
}

// TestWhoIsUnknownToARecorder: the rows of policy-audit from a recorder alone.
func TestWhoIsUnknownToARecorder(t *testing.T) {
	_, facts, trail := mergedWith(t, options(), []string{gnp("security.x", "u1", "7", "", `"spec":{"order":10}`)}, nil,
		policyLine(recording.Changed, time.Hour, "8", "20"),
		policyLine(recording.Deleted, 2*time.Hour, "9", "20"),
		recordedLine{of: recording.Created, at: 3 * time.Hour, kind: resource.GlobalNetworkPolicy, version: "12", object: gnp("security.y", "u2", "12", "", `"spec":{"order":1}`)},
	)
	require.Equal(t, []string{
		"unknown (field manager kubectl-edit) update GlobalNetworkPolicy(security.x): spec.order: 10 → 20",
		"unknown (field manager kubectl-edit) delete GlobalNetworkPolicy(security.x): spec.order: 20",
		"unknown create GlobalNetworkPolicy(security.y): spec.order: 1",
	}, people(trail.Changes))
	require.EqualValues(t, 3, facts.Recorded.Entries)
	require.Zero(t, facts.Entries)
	require.Zero(t, facts.Lines, "the counts of audit logs are of audit logs")
	require.Len(t, trail.Events, 3)
	event, err := audit.Convert(trail.Events[0])
	require.NoError(t, err, "old templates print events")
	require.Equal(t, "unknown (field manager kubectl-edit)", event.User.Username)
	require.Contains(t, event.Annotations["probity/recorded"], "who did it is unknown")
	require.Equal(t, 1, trail.Summary.NumCreate)
	require.Equal(t, 1, trail.Summary.NumModify)
	require.Equal(t, 1, trail.Summary.NumDelete)
}

// TestToldTwice: an audit event and a recorder tell one change. The event knows who; clocks may differ by seconds.
func TestToldTwice(t *testing.T) {
	update := logged{at: time.Hour, verb: "patch", ref: gnpRef("security.x"), response: gnp("security.x", "u1", "8", "", `"spec":{"order":20}`)}
	end := logged{at: 2 * time.Hour, verb: "delete", ref: gnpRef("security.x"), response: status("", "", "security.x", "u1")}
	base := []string{gnp("security.x", "u1", "7", "", `"spec":{"order":10}`)}
	both := []string{"jane patch GlobalNetworkPolicy(security.x): spec.order: 10 → 20", "jane delete GlobalNetworkPolicy(security.x): spec.order: 20"}
	for _, skew := range []time.Duration{-4 * time.Second, -time.Millisecond, 0, time.Millisecond, 4 * time.Second} {
		t.Run(skew.String(), func(t *testing.T) {
			entries, facts, trail := mergedWith(t, options(), base, []logged{update, end},
				policyLine(recording.Changed, time.Hour+skew, "8", "20"), policyLine(recording.Deleted, 2*time.Hour+skew, "9", "20"))
			require.Equal(t, both, people(trail.Changes))
			require.Len(t, entries, 2)
			require.EqualValues(t, 2, facts.Entries)
			require.EqualValues(t, 2, facts.Recorded.Duplicates)
			require.Zero(t, facts.Recorded.Entries)
			require.Zero(t, facts.Duplicates)
		})
	}
	t.Run("two recorders", func(t *testing.T) {
		entries, facts, _ := mergedWith(t, options(), base, nil,
			policyLine(recording.Changed, time.Hour, "8", "20"), policyLine(recording.Changed, time.Hour+time.Millisecond, "8", "20"))
		require.Len(t, entries, 1)
		require.EqualValues(t, 1, facts.Recorded.Duplicates)
	})
	t.Run("a late one, minutes off", func(t *testing.T) {
		late := policyLine(recording.Changed, time.Hour+3*time.Minute, "8", "20")
		late.late = true
		_, facts, trail := mergedWith(t, options(), base, []logged{update}, late)
		require.Equal(t, both[:1], people(trail.Changes), "the version tells that it is known")
		require.EqualValues(t, 1, facts.Recorded.Late)
	})
	t.Run("what the log misses", func(t *testing.T) {
		_, _, trail := mergedWith(t, options(), base, []logged{update},
			policyLine(recording.Changed, time.Hour, "8", "20"), policyLine(recording.Changed, time.Hour+time.Second, "9", "30"))
		require.Equal(t, []string{both[0], "unknown (field manager kubectl-edit) update GlobalNetworkPolicy(security.x): spec.order: 20 → 30"}, people(trail.Changes))
	})
	t.Run("the end of another life", func(t *testing.T) {
		other := policyLine(recording.Deleted, 2*time.Hour+time.Second, "12", "20")
		other.object = strings.Replace(other.object, `"u1"`, `"u2"`, 1)
		entries, _, _ := mergedWith(t, options(), base, []logged{end}, other)
		require.Len(t, entries, 2)
	})
	t.Run("a deletecollection", func(t *testing.T) {
		many := logged{at: time.Hour, verb: "deletecollection", ref: gnpRef(""), response: list("projectcalico.org/v3", "GlobalNetworkPolicyList", gnp("security.x", "u1", "7", "", `"spec":{"order":10}`))}
		entries, _, trail := mergedWith(t, options(), base, []logged{many}, policyLine(recording.Deleted, time.Hour, "9", "10"))
		require.Len(t, entries, 1)
		require.Equal(t, []string{"jane delete GlobalNetworkPolicy(security.x): spec.order: 10"}, people(trail.Changes))
	})
}

// TestRowsOfAGap: what happened while nobody looked is told as far as a list shows it.
func TestRowsOfAGap(t *testing.T) {
	at := 5 * time.Hour
	found := func(object string) recordedLine {
		return recordedLine{of: recording.Found, at: at, kind: resource.GlobalNetworkPolicy, list: 1, object: object}
	}
	whole := func(count int64) recordedLine {
		return recordedLine{of: recording.Listed, at: at, kind: resource.GlobalNetworkPolicy, list: 1, version: "90", count: count}
	}
	baseline := []string{
		gnp("same", "u1", "7", "", `"spec":{"order":10}`), gnp("changed", "u2", "8", "", `"spec":{"order":10}`),
		gnp("gone", "u3", "9", "", `"spec":{"order":10}`), gnp("replaced", "u4", "10", "", `"spec":{"order":10}`),
	}
	const (
		old   = `"creationTimestamp":"2026-11-01T00:00:00Z"`
		young = `"creationTimestamp":"2026-11-21T04:00:00Z"`
	)
	lines := []recordedLine{
		found(gnp("same", "u1", "7", old, `"spec":{"order":10}`)), found(gnp("changed", "u2", "50", old, `"spec":{"order":20}`)),
		found(gnp("replaced", "u5", "60", young, `"spec":{"order":30}`)), found(gnp("created", "u6", "70", young, `"spec":{"order":40}`)),
		found(gnp("never-seen", "u7", "3", old, `"spec":{"order":50}`)),
	}
	rows := []string{
		"unknown update GlobalNetworkPolicy(changed): changed while no recorder followed it, at a time that is not known: spec.order: 10 → 20",
		"unknown create GlobalNetworkPolicy(created): created while no recorder followed it, by its creation time at 2026-11-21T04:00:00Z: spec.order: 40",
		"unknown create GlobalNetworkPolicy(replaced): created while no recorder followed it, by its creation time at 2026-11-21T04:00:00Z: spec.order: 30",
	}
	gone := "unknown delete GlobalNetworkPolicy(gone): deleted while no recorder followed it, at a time that is not known: spec.order: 10"
	_, facts, trail := mergedWith(t, options(), baseline, nil, append(lines, whole(5))...)
	require.ElementsMatch(t, append(rows[:3:3], gone), people(trail.Changes))
	require.EqualValues(t, 5, facts.Recorded.Found)
	_, _, trail = mergedWith(t, options(), baseline, nil, append(lines, whole(6))...)
	require.ElementsMatch(t, rows, people(trail.Changes), "a list of which a part is missing ends nothing")
	event := logged{at: 4 * time.Hour, verb: "delete", ref: gnpRef("gone"), response: status("", "", "gone", "u3")}
	_, _, trail = mergedWith(t, options(), baseline, []logged{event}, append(lines, whole(5))...)
	require.ElementsMatch(t, append(rows[:3:3], "jane delete GlobalNetworkPolicy(gone): spec.order: 10"), people(trail.Changes), "the audit log has what the recorder missed")
}

func TestRecordedTimes(t *testing.T) {
	o := options()
	o.From = day.Start.Add(-time.Hour)
	line := func(at time.Duration) recordedLine { return policyLine(recording.Changed, at, "8", "20") }
	for _, c := range []struct {
		at   time.Duration
		kept bool
	}{
		{-time.Hour - audit.RecordedBefore - time.Second, false}, {-time.Hour - audit.RecordedBefore, true},
		{24*time.Hour - time.Microsecond, true}, {24 * time.Hour, false},
	} {
		entries, facts, _ := mergedWith(t, o, nil, nil, line(c.at))
		require.Equal(t, c.kept, len(entries) == 1, c.at)
		require.EqualValues(t, 1, facts.Recorded.Changes)
	}
}

// TestNamespaceThatARecorderSawEnd: the audit log has its deletion only, the recorder its end.
func TestNamespaceThatARecorderSawEnd(t *testing.T) {
	asked := logged{at: time.Hour, verb: "delete", ref: coreRef("namespaces", "shop", "shop"),
		response: object("v1", "Namespace", "", "shop", "n1", "8", deleting, `"spec":{"finalizers":["kubernetes"]},"status":{"phase":"Terminating"}`)}
	ended := recordedLine{of: recording.Deleted, at: time.Hour + 10*time.Second, kind: resource.Namespace, version: "20",
		object: object("v1", "Namespace", "", "shop", "n1", "20", deleting)}
	entries, facts, _ := mergedWith(t, options(), nil, []logged{asked}, ended)
	require.Equal(t, []audit.NamespaceEnd{{Name: "shop", UID: "n1", Time: day.Start.Add(time.Hour + 10*time.Second), How: audit.EndFinalized}}, facts.NamespaceEnds)
	last := entries[len(entries)-1]
	require.True(t, last.Changes[0].Ends())
	require.True(t, last.Recorded)
}

func TestBadSegmentLines(t *testing.T) {
	collector := audit.NewCollector(options())
	for _, line := range []string{"{", `{"type":"created","at":"2026-11-21T01:00:00Z","kind":"core.pods","object":{"kind":"Pod","apiVersion":"v1","metadata":{}}}`,
		`{"type":"created","at":"2026-11-21T01:00:00Z","kind":"core.secrets","object":{"kind":"Secret","apiVersion":"v1","metadata":{"name":"x"}}}`} {
		collector.AddRecorded([]byte(line))
	}
	facts, err := collector.Encode(io.Discard)
	require.NoError(t, err)
	require.Equal(t, map[string]int64{audit.BadLine: 1, audit.BadRecord: 2}, facts.Recorded.Bad)
	require.Zero(t, facts.Recorded.Used)
}

// TestRecorderShowsNodes: pods are endpoints once they have a node, which a recorder always shows.
func TestRecorderShowsNodes(t *testing.T) {
	var facts audit.Facts
	require.False(t, facts.PodsNeedNode())
	collector := audit.NewCollector(options())
	footer, err := json.Marshal(recording.Line{Type: recording.Closed, Schema: recording.Schema, At: day.End, Spans: []recording.Span{
		{Kind: resource.Pod.Collection(), From: day.Start, To: day.End}}})
	require.NoError(t, err)
	collector.AddRecorded(footer)
	facts, err = collector.Encode(io.Discard)
	require.NoError(t, err)
	var sum audit.Facts
	sum.Add(facts)
	sum.Add(facts)
	require.True(t, sum.PodsNeedNode())
	require.EqualValues(t, 2, sum.Recorded.Segments)
	require.Empty(t, sum.Recorded.Coverage.Missing(day.Start, day.End, []string{"core.pods"}))
	require.NotEmpty(t, sum.Recorded.Coverage.Missing(day.Start, day.End, []string{"core.nodes"}))
}
