package activities_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/recording"
	"github.com/probity/probity/internal/resource"
)

// boundShopLog is the shop's audit log with a pod that has a node from the beginning: a recorder always shows nodes, the log does not.
func boundShopLog(t *testing.T) string {
	t.Helper()
	const unbound = `"spec":{"serviceAccountName":"default","containers":[{"name":"web","image":"web"}]}`
	require.Contains(t, shopLog(t), unbound)
	return strings.Replace(shopLog(t), unbound, `"spec":{"nodeName":"node-1",`+strings.TrimPrefix(unbound, `"spec":{`), 1)
}

// shopChanges are the shop's audit events as a recorder would have been told of them.
func shopChanges(t *testing.T) []recording.Line {
	t.Helper()
	last := map[resource.Key]json.RawMessage{}
	for _, raw := range shopObjects(t) {
		if obj, err := resource.Read(raw); err == nil { // not all of them are of followed kinds
			last[obj.ID.Key] = raw
		}
	}
	var lines []recording.Line
	for text := range strings.Lines(boundShopLog(t)) {
		var event struct {
			Verb           string
			ObjectRef      struct{ Resource, Namespace, Name, APIGroup string }
			ResponseStatus struct{ Code int }
			ResponseObject json.RawMessage
			StageTimestamp time.Time
		}
		require.NoError(t, json.Unmarshal([]byte(text), &event))
		kind := resource.KindOfPlural(event.ObjectRef.APIGroup, event.ObjectRef.Resource)
		if kind == resource.NoKind || event.ResponseStatus.Code >= 300 {
			continue
		}
		key := resource.Key{Kind: kind, Namespace: event.ObjectRef.Namespace, Name: event.ObjectRef.Name}
		line := recording.Line{Type: recording.Changed, At: event.StageTimestamp.Add(3 * time.Millisecond), Kind: kind.Collection(), Object: event.ResponseObject}
		switch event.Verb {
		case "create":
			line.Type = recording.Created
		case "delete":
			line.Type, line.Object = recording.Deleted, last[key]
		}
		obj, err := resource.Read(line.Object)
		require.NoError(t, err, text)
		line.Version = obj.Version
		last[key] = line.Object
		lines = append(lines, line)
	}
	return lines
}

// segmentOf is a packed segment that covers all kinds in a span.
func segmentOf(t *testing.T, span interval.Interval, lines []recording.Line) []byte {
	t.Helper()
	var plain bytes.Buffer
	first := recording.Line{At: span.Start, Cluster: "test", Recorder: "a1"}
	for _, kind := range resource.Kinds() {
		first.Spans = append(first.Spans, recording.Span{Kind: kind.Collection(), From: span.Start, To: span.Start, FromVersion: "1", ToVersion: "1"})
	}
	w, err := recording.NewWriter(&plain, first)
	require.NoError(t, err)
	for _, line := range lines {
		if !line.At.Before(span.Start) && line.At.Before(span.End) {
			require.NoError(t, w.Add(&line))
		}
	}
	for _, kind := range resource.Kinds() {
		require.NoError(t, w.Add(&recording.Line{Type: recording.Followed, At: span.End, Kind: kind.Collection(), Version: "9999"}))
	}
	require.NoError(t, w.Close(span.End))
	encoder, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return encoder.EncodeAll(plain.Bytes(), nil)
}

func (p *pipeline) putSegment(t *testing.T, span interval.Interval, packed []byte) {
	t.Helper()
	require.NoError(t, p.bucket.PutIfAbsent(t.Context(), layout(t).Segment(span, "a1"), bytes.NewReader(packed)))
}

// hours is a span of the day of all tests, and some more before and after it.
func hours(from, to int) interval.Interval {
	return interval.Interval{Start: midnight.Add(time.Duration(from) * time.Hour), End: midnight.Add(time.Duration(to) * time.Hour)}
}

// recordedShop is the shop with segments of the given spans, and with its audit log or without.
func recordedShop(t *testing.T, kind string, withLog bool, spans ...interval.Interval) *pipeline {
	t.Helper()
	p := shop(t, kind).auditFiles(map[string]string{"audit.log": boundShopLog(t)})
	if !withLog {
		p.audit = nil
	}
	for _, span := range spans {
		p.putSegment(t, span, segmentOf(t, span, shopChanges(t)))
	}
	return p
}

// TestReportsFromARecorder: what a recorder knows gives the same reports as the audit log does, but for who did what.
func TestReportsFromARecorder(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{inventory, networkAccess, policyAudit} {
		want := recordedShop(t, kind, true).run(t)
		alone := recordedShop(t, kind, false, hours(-1, 5), hours(5, 14), hours(14, 25)).run(t)
		both := recordedShop(t, kind, true, hours(-1, 5), hours(5, 14), hours(14, 25)).run(t)
		require.Equal(t, want.Verdict, alone.Verdict, alone.reasons(t))
		require.Equal(t, want.Verdict, both.Verdict, both.reasons(t))
		for _, file := range downloads[kind] {
			file = evidence.DownloadsName + file
			require.Equal(t, want.files[file], both.files[file], "%s: of both the audit log wins", file)
			if kind != policyAudit && !strings.Contains(file, "lives") { // which have the times, that a recorder learns a moment later
				require.Equal(t, want.files[file], alone.files[file], file)
			}
		}
		require.NotContains(t, alone.files[evidence.ProvenanceName], `"audit-logs"`)
		require.Contains(t, alone.files[evidence.ProvenanceName], `"recorder"`)
		require.Contains(t, both.files[evidence.ProvenanceName], `"audit-logs"`)
		require.Contains(t, both.files[evidence.ProvenanceName], `"recorder"`)
		if kind == policyAudit {
			require.Contains(t, alone.files["downloads/changes.csv"], "unknown")
			require.NotContains(t, alone.files["downloads/changes.csv"], "kim")
		}
	}
}

// TestGapOfARecorder: alone it makes a report partial; where the audit log has the changes, it is a note.
func TestGapOfARecorder(t *testing.T) {
	t.Parallel()
	alone := recordedShop(t, inventory, false, hours(-1, 10), hours(11, 25)).run(t)
	require.Equal(t, evidence.Partial, alone.Verdict)
	require.Equal(t, "partial gap: recorder: any kind not recorded (no segment covers it) from 2026-11-24T10:00:00Z to 2026-11-24T11:00:00Z\n", alone.reasons(t))
	both := recordedShop(t, inventory, true, hours(-1, 10), hours(11, 25)).run(t)
	require.Equal(t, evidence.Complete, both.Verdict, both.reasons(t))
	require.Contains(t, both.files[evidence.ProvenanceName], "from 2026-11-24T10:00:00Z to 2026-11-24T11:00:00Z: audit-logs had the changes")
}

// TestQuietAuditLogBesideARecorder: hours without audit events are no gap where a recorder followed the cluster.
func TestQuietAuditLogBesideARecorder(t *testing.T) {
	t.Parallel()
	quiet := func(p *pipeline) *pipeline {
		p.rules.AuditQuiet = time.Minute
		return p
	}
	require.Contains(t, quiet(shop(t, inventory)).run(t).reasons(t), "no audit events")
	b := quiet(recordedShop(t, inventory, true, hours(-1, 25))).run(t)
	require.Equal(t, evidence.Complete, b.Verdict, b.reasons(t))
	require.Contains(t, b.files[evidence.ProvenanceName], "recorder had the changes")
	b = quiet(recordedShop(t, inventory, true, hours(-1, 3), hours(4, 25))).run(t)
	require.Contains(t, b.reasons(t), "audit-logs: no audit events from 2026-11-24T03:00:00Z to 2026-11-24T04:00:00Z", "neither knows that hour")
}

func TestDamagedSegment(t *testing.T) {
	t.Parallel()
	p := recordedShop(t, inventory, false, hours(-1, 10), hours(11, 25))
	packed := segmentOf(t, hours(10, 11), shopChanges(t))
	p.putSegment(t, hours(10, 11), packed[:len(packed)-20])
	b := p.run(t)
	require.Equal(t, evidence.Partial, b.Verdict)
	require.Contains(t, b.reasons(t), "recorder: 1 files end in the middle")
	require.Contains(t, b.reasons(t), "from 2026-11-24T10:00:00Z to 2026-11-24T11:00:00Z")
	require.Contains(t, b.files[evidence.ProvenanceName], "20261124T100000Z_20261124T110000Z_a1.ndjson.zst ends in the middle")
	require.Contains(t, b.files["downloads/endpoints.csv"], "Pod.v1(shop/web-2)", "what can be read is used")
}

// TestSegmentsInAnyPieces: how the changes are spread over segments shows nowhere.
func TestSegmentsInAnyPieces(t *testing.T) {
	t.Parallel()
	one := recordedShop(t, policyAudit, false, hours(-1, 25)).run(t)
	var spans []interval.Interval
	for hour := -1; hour < 25; hour++ {
		spans = append(spans, hours(hour, hour+1))
	}
	many := recordedShop(t, policyAudit, false, spans...).run(t)
	for _, file := range downloads[policyAudit] {
		file = evidence.DownloadsName + file
		require.Equal(t, one.files[file], many.files[file], file)
	}
	require.Equal(t, one.files[evidence.DataName], many.files[evidence.DataName])
}
