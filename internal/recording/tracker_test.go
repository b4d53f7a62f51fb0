package recording_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/recording"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

const pods = "core.pods"

func span(from, to int, versions ...string) recording.Span {
	s := recording.Span{Kind: pods, From: at(from), To: at(to)}
	if len(versions) == 2 {
		s.FromVersion, s.ToVersion = versions[0], versions[1]
	}
	return s
}

func change(seconds int, version string) recording.Line {
	return recording.Line{Type: recording.Changed, At: at(seconds), Kind: pods, Version: version, Object: json.RawMessage(`{"kind":"Pod"}`)}
}

func followed(seconds int, version string) recording.Line {
	return recording.Line{Type: recording.Followed, At: at(seconds), Kind: pods, Version: version}
}

func listed(seconds int, version string, since int, why string) recording.Line {
	line := recording.Line{Type: recording.Listed, At: at(seconds), Kind: pods, Version: version, List: int64(seconds) + 1, Why: why}
	if since >= 0 {
		line.Since = at(since)
	}
	return line
}

func absent(seconds int) recording.Line {
	return recording.Line{Type: recording.Absent, At: at(seconds), Kind: pods}
}

func TestWhatLinesCover(t *testing.T) {
	gone := func(from, to int) recording.Span {
		return recording.Span{Kind: pods, From: at(from), To: at(to), Absent: true}
	}
	gap := func(from, to int, why string) recording.Gap {
		return recording.Gap{Kind: pods, From: at(from), To: at(to), Why: why}
	}
	for _, tc := range []struct {
		name  string
		start []recording.Span
		lines []recording.Line
		want  []recording.Span
		gaps  []recording.Gap
	}{
		{"a first list, and what follows", nil, []recording.Line{listed(0, "5", -1, ""), change(3, "7"), followed(9, "12")}, []recording.Span{span(0, 9, "5", "12")}, nil},
		{"it goes on where the last segment ends", []recording.Span{span(0, 4, "5", "9")}, []recording.Line{change(6, "11")}, []recording.Span{span(0, 6, "5", "11")}, nil},
		{"a late change does not shorten it", []recording.Span{span(0, 0, "5", "5")}, []recording.Line{followed(6, "11"), change(4, "10")}, []recording.Span{span(0, 6, "5", "11")}, nil},
		{"versions are numbers", []recording.Span{span(0, 0, "9", "9")}, []recording.Line{change(1, "10"), change(1, "9")}, []recording.Span{span(0, 1, "9", "10")}, nil},
		{"a list after a gap", []recording.Span{span(0, 0, "5", "5")}, []recording.Line{change(2, "6"), listed(30, "90", 2, "expired"), change(31, "91")},
			[]recording.Span{span(0, 2, "5", "6"), span(30, 31, "90", "91")}, []recording.Gap{gap(2, 30, "expired")}},
		{"a list without a gap", []recording.Span{span(0, 0, "5", "5")}, []recording.Line{followed(2, "6"), listed(4, "9", -1, "")},
			[]recording.Span{span(0, 2, "5", "6"), span(2, 4, "9", "9")}, nil},
		{"a kind that is not there", nil, []recording.Line{absent(0), absent(60)}, []recording.Span{gone(0, 60)}, nil},
		{"a kind that goes", []recording.Span{span(0, 0, "5", "5")}, []recording.Line{followed(2, "6"), absent(10)}, []recording.Span{span(0, 2, "5", "6"), gone(2, 10)}, nil},
		{"a kind that comes", nil, []recording.Line{absent(0), absent(10), listed(20, "7", 10, "")}, []recording.Span{gone(0, 10), span(20, 20, "7", "7")}, []recording.Gap{gap(10, 20, "")}},
		{"a kind that is refused", nil, []recording.Line{{Type: recording.Refused, At: at(5), Kind: pods, Why: "forbidden"}}, []recording.Span{}, nil},
		{"a kind that is refused from then on", []recording.Span{span(0, 0, "5", "5")}, []recording.Line{{Type: recording.Refused, At: at(5), Kind: pods, Since: at(0), Why: "forbidden"}},
			[]recording.Span{span(0, 0, "5", "5")}, []recording.Gap{gap(0, 5, "forbidden")}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var tracker recording.Tracker
			require.NoError(t, tracker.Add(&recording.Line{Type: recording.Opened, Spans: tc.start}))
			for _, line := range tc.lines {
				require.NoError(t, tracker.Add(&line))
			}
			footer := tracker.Footer()
			for i := range tc.want { // a span begins where the segment does
				if len(tc.start) > 0 && i == 0 {
					tc.want[i].From, tc.want[i].FromVersion = tc.start[0].From, tc.start[0].FromVersion
				}
			}
			require.ElementsMatch(t, tc.want, footer.Spans)
			require.Equal(t, tc.gaps, footer.Gaps)
			require.Equal(t, int64(len(tc.lines)), footer.Lines)
		})
	}
}

func TestLinesOutOfPlace(t *testing.T) {
	for name, lines := range map[string][]recording.Line{
		"a change before anything":             {change(1, "5")},
		"a change of a kind that was not read": {{Type: recording.Opened}, change(1, "5")},
		"a change of a kind that is not there": {{Type: recording.Opened}, absent(0), change(1, "5")},
		"a second first line":                  {{Type: recording.Opened}, {Type: recording.Opened}},
		"a last line":                          {{Type: recording.Opened}, {Type: recording.Closed}},
	} {
		t.Run(name, func(t *testing.T) {
			var tracker recording.Tracker
			var err error
			for i := range lines {
				err = tracker.Add(&lines[i])
			}
			require.Error(t, err)
		})
	}
}

// written is a segment as a recorder writes it.
func written(t *testing.T, start []recording.Span, lines ...recording.Line) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := recording.NewWriter(&out, recording.Line{At: at(0), Cluster: "prod", Recorder: "a1", Spans: start})
	require.NoError(t, err)
	for i := range lines {
		require.NoError(t, w.Add(&lines[i]))
	}
	require.NoError(t, w.Close(at(60)))
	require.Equal(t, int64(out.Len()), w.Size())
	return out.Bytes()
}

func TestSegmentComesBack(t *testing.T) {
	object := json.RawMessage(`{"kind":"Pod","note":"a <b> & c"}`)
	raw := written(t, nil, listed(0, "5", -1, ""), recording.Line{
		Type: recording.Deleted, At: at(2), Received: at(3), Kind: pods, Version: "6", Manager: "kubectl", Object: object})
	require.Contains(t, string(raw), string(object), "objects stay as the server wrote them")
	var lines []recording.Line
	footer, err := recording.Read(bytes.NewReader(raw), func(raw []byte) error {
		line, err := recording.Parse(raw)
		lines = append(lines, line)
		return err
	})
	require.NoError(t, err)
	require.Len(t, lines, 4)
	require.Equal(t, recording.Opened, lines[0].Type)
	require.Equal(t, "kubectl", lines[2].Manager)
	require.Equal(t, footer, lines[3])
	require.Equal(t, []recording.Span{span(0, 2, "5", "6")}, footer.Spans)
}

// TestRecoveredSegment cuts a segment anywhere: what is left is closed, and covers what its whole lines say.
func TestRecoveredSegment(t *testing.T) {
	raw := written(t, nil, listed(0, "5", -1, ""), change(1, "6"), change(2, "7"), followed(9, "12"))
	first := bytes.IndexByte(raw, '\n') + 1
	for cut := range raw {
		found, err := recording.Recover(bytes.NewReader(raw[:cut]))
		if cut < first {
			require.ErrorIs(t, err, recording.ErrIncomplete)
			continue
		}
		require.NoError(t, err)
		whole := bytes.LastIndexByte(raw[:cut], '\n') + 1
		require.Equal(t, int64(whole), found.Bytes)
		var closed bytes.Buffer
		closed.Write(raw[:whole])
		require.NoError(t, found.Tracker.WriteFooter(&closed, at(60)))
		count := int64(-1)
		footer, err := recording.Read(&closed, func([]byte) error { count++; return nil })
		require.NoError(t, err)
		require.Equal(t, count-1, footer.Lines)
		require.Equal(t, "prod", found.First.Cluster)
	}
	found, err := recording.Recover(bytes.NewReader(raw))
	require.NoError(t, err)
	require.Equal(t, recording.Closed, found.Last.Type, "nothing is missing")
}

func TestSegmentWithoutItsEnd(t *testing.T) {
	raw := written(t, nil, listed(0, "5", -1, ""), change(1, "6"))
	cut := raw[:bytes.LastIndexByte(raw[:len(raw)-1], '\n')+1]
	_, err := recording.Read(bytes.NewReader(cut), func([]byte) error { return nil })
	require.ErrorIs(t, err, recording.ErrIncomplete)
	_, err = recording.Read(strings.NewReader(""), func([]byte) error { return nil })
	require.ErrorIs(t, err, recording.ErrIncomplete)
	caller := fmt.Errorf("enough")
	_, err = recording.Read(bytes.NewReader(raw), func([]byte) error { return caller })
	require.ErrorIs(t, err, caller)
}

func TestBadLines(t *testing.T) {
	for _, tc := range []struct{ line, message string }{
		{`{`, "decode line"},
		{`{"type":"exploded","at":"2026-11-21T12:00:00Z","kind":"core.pods"}`, `type "exploded"`},
		{`{"type":"opened","schema":"other/v9"}`, `schema "other/v9"`},
		{`{"type":"created","at":"2026-11-21T12:00:00Z","kind":"core.pods"}`, "no object"},
		{`{"type":"created","at":"2026-11-21T12:00:00Z","kind":"core.pods","object":null}`, "no object"},
		{`{"type":"created","kind":"core.pods","object":{}}`, "no time"},
		{`{"type":"followed","at":"2026-11-21T12:00:00Z"}`, "names no kind"},
		{`{"type":"closed","schema":"probity.changes/v1","spans":[{"kind":"x","from":"2026-11-21T12:00:00Z","to":"2026-11-21T11:00:00Z"}]}`, "ends after it begins"},
		{`{"type":"closed","schema":"probity.changes/v1","gaps":[{"kind":"x","from":"2026-11-21T12:00:00Z","to":"2026-11-21T11:00:00Z"}]}`, "ends after it begins"},
	} {
		_, err := recording.Parse([]byte(tc.line))
		require.ErrorContains(t, err, tc.message, tc.line)
	}
	line, err := recording.Parse([]byte(`{"type":"followed","at":"2026-11-21T12:00:00Z","kind":"core.pods","version":"3","later":true}`))
	require.NoError(t, err, "what a later version writes is tolerated")
	require.Equal(t, "3", line.Version)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"type":"created","at":"2026-11-21T12:00:00Z","kind":"core.pods","object":{}}`))
	f.Add([]byte(`{"type":"closed","schema":"probity.changes/v1","spans":[{"kind":"x"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		line, err := recording.Parse(raw)
		if err != nil {
			return
		}
		var tracker recording.Tracker
		_ = tracker.Add(&recording.Line{Type: recording.Opened})
		_ = tracker.Add(&line)
		tracker.Footer()
		_, _ = recording.Recover(bytes.NewReader(raw))
	})
}

// TestCoverageAddsUpInAnyOrder: what is missing is what no span covers, however the spans came.
func TestCoverageAddsUpInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type piece struct{ from, to int }
		var pieces []piece
		covered := map[int]bool{}
		for range rapid.IntRange(0, 12).Draw(t, "pieces") {
			from := rapid.IntRange(0, 40).Draw(t, "from")
			to := from + rapid.IntRange(0, 12).Draw(t, "length")
			pieces = append(pieces, piece{from, to})
			for second := from; second < to; second++ {
				covered[second] = true
			}
		}
		var coverage, other recording.Coverage
		for i, p := range rapid.Permutation(pieces).Draw(t, "order") {
			into := &coverage
			if i%2 == 1 {
				into = &other
			}
			into.Add(&recording.Line{Spans: []recording.Span{span(p.from, p.to)}})
		}
		coverage.Merge(&other)
		missing := map[int]bool{}
		for _, gap := range coverage.Missing(at(0), at(60), []string{pods}) {
			require.Equal(t, recording.NotCovered, gap.Why)
			for second := int(gap.From.Sub(noon) / time.Second); second < int(gap.To.Sub(noon)/time.Second); second++ {
				require.False(t, missing[second], "gaps overlap")
				missing[second] = true
			}
		}
		for second := range 60 {
			require.NotEqual(t, covered[second], missing[second], "second %d", second)
		}
	})
}

func TestReasonsOfGaps(t *testing.T) {
	var c recording.Coverage
	c.Add(&recording.Line{Spans: []recording.Span{span(0, 10), span(30, 60)}, Gaps: []recording.Gap{
		{Kind: pods, From: at(10), To: at(30), Why: "expired"}, {Kind: pods, From: at(5), To: at(20), Why: "forbidden"},
		{Kind: pods, From: at(40), To: at(50), Why: "told, but another segment covers it"}, {Kind: "core.nodes", From: at(0), To: at(60), Why: "of another kind"},
	}})
	require.Equal(t, []recording.Gap{{Kind: pods, From: at(10), To: at(30), Why: "forbidden; expired"}}, c.Missing(at(0), at(60), []string{pods}))
	require.Equal(t, []recording.Gap{{Kind: "core.services", From: at(0), To: at(60), Why: recording.NotCovered}}, c.Missing(at(0), at(60), []string{"core.services"}))
	require.Empty(t, c.Missing(at(31), at(60), []string{pods}))
}

func TestHints(t *testing.T) {
	for _, tc := range []struct {
		name, object, manager string
		at                    time.Time
	}{
		{"nothing", `{"metadata":{}}`, "", time.Time{}},
		{"not JSON", `{`, "", time.Time{}},
		{"creation", `{"metadata":{"creationTimestamp":"2026-11-21T12:00:05Z"}}`, "", at(5)},
		{"the newest manager", `{"metadata":{"creationTimestamp":"2026-11-21T12:00:05Z","managedFields":[
			{"manager":"helm","time":"2026-11-21T12:00:05Z"},{"manager":"kubectl-edit","time":"2026-11-21T12:00:09Z"},{"manager":"old","time":"2026-11-21T12:00:06Z"}]}}`, "kubectl-edit", at(9)},
		{"a manager without a time", `{"metadata":{"managedFields":[{"manager":"helm"}]}}`, "helm", time.Time{}},
		{"the grace period is taken off a deletion's time", `{"metadata":{"creationTimestamp":"2026-11-21T12:00:05Z","deletionTimestamp":"2026-11-21T12:00:40Z","deletionGracePeriodSeconds":30}}`, "", at(10)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			hint := recording.HintOf([]byte(tc.object))
			require.Equal(t, tc.manager, hint.Manager)
			require.True(t, tc.at.Equal(hint.Time), "%s", hint.Time)
		})
	}
}

func TestVersionsCompareAsNumbers(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{{"9", "10", -1}, {"10", "9", 1}, {"10", "10", 0}, {"", "1", -1}, {"18446744073709551616", "18446744073709551615", 1}} {
		require.Equal(t, tc.want, recording.CompareVersions(tc.a, tc.b))
	}
}
