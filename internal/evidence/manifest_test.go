package evidence_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with a file of testdata. The files of v1 are what version 1 wrote: they must stay readable.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "v1", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func object(key, content string, rows int64) evidence.Object {
	return evidence.Object{Key: key, SHA256: evidence.Digest([]byte(content)), Bytes: int64(len(content)), Rows: evidence.Rows(rows), MediaType: evidence.MediaType(key)}
}

func manifest(t testing.TB) evidence.Manifest {
	t.Helper()
	return evidence.Manifest{
		Report: "daily", Type: "inventory", Cluster: "prod-eu", Interval: day(t, "2026-11-21"), Revision: 1,
		Previous:   link(t, "2026-11-20", 2),
		Trigger:    evidence.Scheduled,
		Tool:       evidence.Tool{Name: "probity", Version: "0.1.0"},
		Definition: json.RawMessage(`{"spec": {"schedule": "0 0 * * *", "endpoints": {"selector": "a == \"<b>\""}}, "metadata": {"name": "daily"}}`),
		TypeAsWas:  json.RawMessage(`{"metadata":{"name":"inventory"}}`),
		Provenance: provenance(t),
		Objects:    []evidence.Object{object("provenance.json", "p", 1), object("downloads/a.csv", "a,b\n", 2), {Key: "report.html", SHA256: evidence.Digest(nil), MediaType: "text/html"}},
	}
}

func link(t testing.TB, date string, revision int) *evidence.Link {
	id := evidence.BundleID{Report: "daily", Interval: day(t, date), Revision: revision}
	return &evidence.Link{Key: id.Path() + evidence.ManifestName, SHA256: evidence.Digest([]byte(date))}
}

func TestManifestHasOneEncoding(t *testing.T) {
	m := manifest(t)
	raw, err := m.Encode()
	require.NoError(t, err)
	golden(t, "manifest.json", raw)
	t.Run("reading it back gives the same bytes", func(t *testing.T) {
		read, err := evidence.ReadManifest(raw)
		require.NoError(t, err)
		again, err := read.Encode()
		require.NoError(t, err)
		require.Equal(t, string(raw), string(again))
	})
	t.Run("whatever the order of objects, sources and keys of the definition", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			other := manifest(t)
			other.Objects = rapid.Permutation(other.Objects).Draw(rt, "objects")
			other.Provenance.Sources = rapid.Permutation(other.Provenance.Sources).Draw(rt, "sources")
			other.Definition = json.RawMessage(`{"metadata":{"name":"daily"},"spec":{"endpoints":{"selector":"a == \"\u003cb\u003e\""},"schedule":"0 0 * * *"}}`)
			got, err := other.Encode()
			require.NoError(rt, err)
			require.Equal(rt, string(raw), string(got))
		})
	})
	t.Run("whatever the zone of the times", func(t *testing.T) {
		other, zone := manifest(t), time.FixedZone("x", 7200)
		other.Interval = interval.Interval{Start: other.Interval.Start.In(zone), End: other.Interval.End.In(zone)}
		got, err := other.Encode()
		require.NoError(t, err)
		require.Equal(t, string(raw), string(got))
	})
	t.Run("and leaves its argument alone", func(t *testing.T) { require.Equal(t, manifest(t), m) })
}

func TestManifestNamesNoRunAndNoClock(t *testing.T) {
	raw, err := manifest(t).Encode()
	require.NoError(t, err)
	for _, word := range []string{"runId", "workflow", `"created`, `"started`, `"finished`, `"generated`} {
		require.NotContains(t, string(raw), word)
	}
}

func TestContentDigestSpeaksOfObjectsOnly(t *testing.T) {
	content := func(change func(*evidence.Manifest)) string {
		m := manifest(t)
		change(&m)
		raw, err := m.Encode()
		require.NoError(t, err)
		read, err := evidence.ReadManifest(raw)
		require.NoError(t, err)
		return read.Content
	}
	same := content(func(*evidence.Manifest) {})
	require.Equal(t, same, content(func(m *evidence.Manifest) {
		m.Revision, m.Supersedes, m.Trigger = 2, link(t, "2026-11-21", 1), evidence.Manual
	}))
	require.NotEqual(t, same, content(func(m *evidence.Manifest) { m.Objects[0] = object("provenance.json", "q", 1) }))
}

func TestManifestReaderToleratesUnknownFields(t *testing.T) {
	raw, err := manifest(t).Encode()
	require.NoError(t, err)
	later := strings.Replace(string(raw), "{\n", "{\n  \"fromTheFuture\": {\"a\": [1]},\n", 1)
	_, err = evidence.ReadManifest([]byte(later))
	require.NoError(t, err)
}

func TestManifestRefusesWhatIsNotTrue(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*evidence.Manifest)
		says   string
	}{
		"report name":         {func(m *evidence.Manifest) { m.Report = "../x" }, "report name"},
		"cluster":             {func(m *evidence.Manifest) { m.Cluster = "" }, "cluster name"},
		"empty interval":      {func(m *evidence.Manifest) { m.Interval.End = m.Interval.Start }, "not after start"},
		"no type":             {func(m *evidence.Manifest) { m.Type = "" }, "report type is empty"},
		"revision 0":          {func(m *evidence.Manifest) { m.Revision = 0 }, "count from 1"},
		"first supersedes":    {func(m *evidence.Manifest) { m.Supersedes = link(t, "2026-11-21", 1) }, "must not name what it supersedes"},
		"trigger":             {func(m *evidence.Manifest) { m.Trigger = "cron" }, `trigger is "cron"`},
		"verdict":             {func(m *evidence.Manifest) { m.Provenance.Verdict = "fine" }, `verdict is "fine"`},
		"reasons":             {func(m *evidence.Manifest) { m.Provenance.Verdict = evidence.Complete }, "every verdict but"},
		"listed twice":        {func(m *evidence.Manifest) { m.Objects = append(m.Objects, m.Objects[0]) }, "listed twice"},
		"lists itself":        {func(m *evidence.Manifest) { m.Objects[0].Key = "manifest.json" }, "does not list itself"},
		"escapes the folder":  {func(m *evidence.Manifest) { m.Objects[0].Key = "../other" }, "clean path"},
		"absolute":            {func(m *evidence.Manifest) { m.Objects[0].Key = "/etc/passwd" }, "clean path"},
		"unclean":             {func(m *evidence.Manifest) { m.Objects[0].Key = "a//b" }, "clean path"},
		"short digest":        {func(m *evidence.Manifest) { m.Objects[0].SHA256 = "abc" }, "64 lower-case hex digits"},
		"upper-case digest":   {func(m *evidence.Manifest) { m.Objects[0].SHA256 = strings.ToUpper(m.Objects[0].SHA256) }, "64 lower-case hex digits"},
		"negative size":       {func(m *evidence.Manifest) { m.Objects[0].Bytes = -1 }, "negative"},
		"broken definition":   {func(m *evidence.Manifest) { m.Definition = json.RawMessage(`{`) }, "definition"},
		"two definitions":     {func(m *evidence.Manifest) { m.Definition = json.RawMessage(`{} {}`) }, "more than one JSON value"},
		"link to elsewhere":   {func(m *evidence.Manifest) { m.Previous.Key = "outcomes/x" }, "must be a manifest of report"},
		"link to other one":   {func(m *evidence.Manifest) { m.Previous.Key = strings.Replace(m.Previous.Key, "daily", "other", 1) }, "must be a manifest of report"},
		"link without digest": {func(m *evidence.Manifest) { m.Previous.SHA256 = "" }, "64 lower-case hex digits"},
	} {
		t.Run(name, func(t *testing.T) {
			m := manifest(t)
			c.change(&m)
			_, err := m.Encode()
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestReadManifestRefusesForgeries(t *testing.T) {
	raw, err := manifest(t).Encode()
	require.NoError(t, err)
	for name, c := range map[string]struct{ old, new, says string }{
		"other schema":    {"probity.manifest/v1", "probity.manifest/v9", `schema is "probity.manifest/v9"`},
		"changed digest":  {evidence.Digest([]byte("a,b\n")), evidence.Digest([]byte("x")), "content digest"},
		"changed report":  {`"report": "daily"`, `"report": "weekly"`, "id"},
		"changed times":   {`"start": "2026-11-21T00:00:00Z"`, `"start": "2026-11-21T01:00:00Z"`, "id"},
		"not JSON":        {"{", "", "read manifest"},
		"escaping object": {"downloads/a.csv", "../../a.csv", "clean path"},
	} {
		t.Run(name, func(t *testing.T) {
			forged := strings.Replace(string(raw), c.old, c.new, 1)
			require.NotEqual(t, string(raw), forged)
			_, err := evidence.ReadManifest([]byte(forged))
			require.ErrorContains(t, err, c.says)
		})
	}
	_, err = evidence.ReadManifest(make([]byte, evidence.MaxDocument+1))
	require.ErrorContains(t, err, "larger than the limit")
}

func FuzzReadManifest(f *testing.F) {
	raw, err := manifest(f).Encode()
	require.NoError(f, err)
	f.Add(raw)
	f.Add([]byte(`{"schema":"probity.manifest/v1","objects":[{}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := evidence.ReadManifest(raw)
		if err != nil {
			return
		}
		once, err := m.Encode()
		require.NoError(t, err)
		read, err := evidence.ReadManifest(once)
		require.NoError(t, err)
		twice, err := read.Encode()
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice))
	})
}

func TestReportIDs(t *testing.T) {
	// The ids of the first two are known from reports that the removed product exported.
	at := func(text string) time.Time {
		parsed, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return parsed
	}
	for name, c := range map[string]struct{ report, start, end, want string }{
		"exported":   {"daily-cis-results", "2022-02-13T00:00:00Z", "2022-02-14T00:00:00Z", "6475dcd6-9caf-5087-881a-2df41d489c25"},
		"other zone": {"daily-cis-results", "2022-02-13T01:00:00+01:00", "2022-02-14T01:00:00+01:00", "6475dcd6-9caf-5087-881a-2df41d489c25"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, evidence.ReportID(c.report, interval.Interval{Start: at(c.start), End: at(c.end)}))
		})
	}
}

func TestMediaType(t *testing.T) {
	require.Equal(t, "text/csv; charset=utf-8", evidence.MediaType("downloads/a.csv"))
	require.Equal(t, "application/zstd", evidence.MediaType("data.json.zst"))
	require.Equal(t, "application/octet-stream", evidence.MediaType("downloads/noending"))
}
