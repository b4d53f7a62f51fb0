package evidence_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/evidence"
)

// sealed writes a bundle of two objects into the archive and returns its folder.
func sealed(t testing.TB, archive fstest.MapFS, change func(*evidence.Manifest)) string {
	t.Helper()
	m := manifest(t)
	m.Objects = []evidence.Object{object("downloads/a.csv", "a,b\n", 1), object("report.html", "<p>", 0)}
	change(&m)
	folder := layout(t).Bundle(m.BundleID())
	archive[folder+"downloads/a.csv"] = &fstest.MapFile{Data: []byte("a,b\n")}
	archive[folder+"report.html"] = &fstest.MapFile{Data: []byte("<p>")}
	raw, err := m.Encode()
	require.NoError(t, err)
	archive[folder+"manifest.json"] = &fstest.MapFile{Data: raw}
	return folder
}

func unchanged(*evidence.Manifest) {}

func TestVerifyFindsEveryChange(t *testing.T) {
	for name, c := range map[string]struct {
		change func(archive fstest.MapFS, folder string)
		kind   string
		key    string
	}{
		"untouched":      {func(fstest.MapFS, string) {}, "", ""},
		"signed":         {func(a fstest.MapFS, f string) { a[f+"manifest.dsse.json"] = &fstest.MapFile{} }, "", ""},
		"byte changed":   {func(a fstest.MapFS, f string) { a[f+"downloads/a.csv"].Data = []byte("a,c\n") }, evidence.FaultDigest, "downloads/a.csv"},
		"byte added":     {func(a fstest.MapFS, f string) { a[f+"downloads/a.csv"].Data = []byte("a,b\n\n") }, evidence.FaultSize, "downloads/a.csv"},
		"byte removed":   {func(a fstest.MapFS, f string) { a[f+"downloads/a.csv"].Data = []byte("a,b") }, evidence.FaultSize, "downloads/a.csv"},
		"object removed": {func(a fstest.MapFS, f string) { delete(a, f+"report.html") }, evidence.FaultMissing, "report.html"},
		"object added":   {func(a fstest.MapFS, f string) { a[f+"downloads/b.csv"] = &fstest.MapFile{} }, evidence.FaultExtra, "downloads/b.csv"},
		"no manifest":    {func(a fstest.MapFS, f string) { delete(a, f+"manifest.json") }, evidence.FaultManifest, "manifest.json"},
		"manifest edited": {func(a fstest.MapFS, f string) {
			a[f+"manifest.json"].Data = []byte(strings.Replace(string(a[f+"manifest.json"].Data), `"bytes": 4`, `"bytes": 5`, 1))
		}, evidence.FaultManifest, "manifest.json"},
	} {
		t.Run(name, func(t *testing.T) {
			archive := fstest.MapFS{}
			folder := sealed(t, archive, unchanged)
			c.change(archive, folder)
			_, v, err := evidence.VerifyBundle(t.Context(), evidence.FS{From: archive}, folder)
			require.NoError(t, err)
			require.Equal(t, c.kind == "", v.OK())
			if c.kind == "" {
				require.EqualValues(t, 2, v.Objects)
				require.EqualValues(t, 7, v.Bytes)
				return
			}
			require.Len(t, v.Faults, 1)
			require.Equal(t, c.kind, v.Faults[0].Kind)
			require.Equal(t, folder+c.key, v.Faults[0].Key)
			require.NotEmpty(t, v.Faults[0].Text)
		})
	}
}

func TestVerifyFindsABundleInAnotherFolder(t *testing.T) {
	archive := fstest.MapFS{}
	folder := sealed(t, archive, unchanged)
	moved := strings.Replace(folder, "/r1/", "/r2/", 1)
	for name, file := range archive {
		archive[strings.Replace(name, folder, moved, 1)] = file
	}
	_, v, err := evidence.VerifyBundle(t.Context(), evidence.FS{From: archive}, moved)
	require.NoError(t, err)
	require.Len(t, v.Faults, 1)
	require.Equal(t, evidence.FaultManifest, v.Faults[0].Kind)
}

// broken fails where it is told to.
type broken struct {
	evidence.FS
	get, list error
}

func (b broken) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if b.get != nil && strings.HasSuffix(key, ".csv") {
		return nil, b.get
	}
	return b.FS.Get(ctx, key)
}

func (b broken) List(ctx context.Context, prefix string, yield func(string, time.Time) error) error {
	if b.list != nil {
		return b.list
	}
	return b.FS.List(ctx, prefix, yield)
}

func TestVerifyTellsFaultsFromFailures(t *testing.T) {
	archive, down := fstest.MapFS{}, errors.New("bucket is down")
	folder := sealed(t, archive, unchanged)
	for name, r := range map[string]evidence.Reader{
		"get":  broken{FS: evidence.FS{From: archive}, get: down},
		"list": broken{FS: evidence.FS{From: archive}, list: down},
	} {
		t.Run(name, func(t *testing.T) {
			_, v, err := evidence.VerifyBundle(t.Context(), r, folder)
			require.ErrorIs(t, err, down)
			require.Empty(t, v.Faults)
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err := evidence.VerifyBundle(ctx, evidence.FS{From: archive}, folder)
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestVerifySnapshot(t *testing.T) {
	at := day(t, "2026-11-21").Start
	folder := layout(t).Snapshot(at)
	s := evidence.Snapshot{Cluster: "prod-eu", Time: at, Objects: []evidence.Object{object("core.pods.ndjson.zst", "x", 1)}}
	archive := fstest.MapFS{folder + "core.pods.ndjson.zst": {Data: []byte("x")}, folder + "manifest.json": {}}
	v, err := evidence.VerifySnapshot(t.Context(), evidence.FS{From: archive}, folder, s)
	require.NoError(t, err)
	require.True(t, v.OK())
	archive[folder+"core.pods.ndjson.zst"].Data = []byte("y")
	v, err = evidence.VerifySnapshot(t.Context(), evidence.FS{From: archive}, folder, s)
	require.NoError(t, err)
	require.Equal(t, evidence.FaultDigest, v.Faults[0].Kind)
}

func TestFSListsAPrefix(t *testing.T) {
	archive := evidence.FS{From: fstest.MapFS{"a/b/1": {}, "a/b/2": {}, "a/bc": {}, "d": {}}}
	for prefix, want := range map[string][]string{
		"":     {"a/b/1", "a/b/2", "a/bc", "d"},
		"a/b":  {"a/b/1", "a/b/2", "a/bc"},
		"a/b/": {"a/b/1", "a/b/2"},
		"x/y/": nil,
	} {
		t.Run(prefix, func(t *testing.T) {
			var got []string
			require.NoError(t, archive.List(t.Context(), prefix, func(key string, _ time.Time) error {
				got = append(got, key)
				return nil
			}))
			require.Equal(t, want, got)
		})
	}
	stop := errors.New("enough")
	require.Equal(t, stop, archive.List(t.Context(), "", func(string, time.Time) error { return stop }))
	_, err := archive.Get(t.Context(), "none")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// days seals bundles of consecutive days, each naming the one before it.
func days(t testing.TB, dates ...string) []evidence.Sealed {
	var all []evidence.Sealed
	for i, date := range dates {
		m := manifest(t)
		m.Interval, m.Previous = day(t, date), nil
		if i > 0 {
			m.Previous = to(all[i-1])
		}
		all = append(all, seal(t, m))
	}
	return all
}

func seal(t testing.TB, m evidence.Manifest) evidence.Sealed {
	raw, err := m.Encode()
	require.NoError(t, err)
	read, err := evidence.ReadManifest(raw)
	require.NoError(t, err)
	return evidence.Sealed{Manifest: read, SHA256: evidence.Digest(raw)}
}

func to(s evidence.Sealed) *evidence.Link {
	return &evidence.Link{Key: s.Manifest.BundleID().Path() + evidence.ManifestName, SHA256: s.SHA256}
}

func TestVerifyChain(t *testing.T) {
	revise := func(s evidence.Sealed, change func(*evidence.Manifest)) evidence.Sealed {
		m := s.Manifest
		m.Revision, m.Supersedes = m.Revision+1, to(s)
		change(&m)
		return seal(t, m)
	}
	week := days(t, "2026-11-19", "2026-11-20", "2026-11-21")
	other := week[1].Manifest
	other.Report, other.Previous = "weekly", nil
	again := revise(week[1], unchanged)
	byHand := week[1].Manifest
	byHand.Trigger, byHand.Interval, byHand.Previous = evidence.Manual, day(t, "2026-11-25"), nil
	forward := week[0].Manifest
	forward.Previous = to(week[2])
	long := week[0].Manifest
	long.Interval.End = week[1].Manifest.Interval.End
	for name, c := range map[string]struct {
		bundles []evidence.Sealed
		kinds   []string
		says    string
	}{
		"nothing":                   {nil, nil, ""},
		"three days":                {week, nil, ""},
		"any order":                 {[]evidence.Sealed{week[2], week[0], week[1]}, nil, ""},
		"the first days are gone":   {week[1:], nil, ""},
		"with a revision":           {append([]evidence.Sealed{again}, week...), nil, ""},
		"a day is missing":          {[]evidence.Sealed{week[0], week[2]}, []string{evidence.FaultChain, evidence.FaultGap}, "which is not there"},
		"a manifest was changed":    {[]evidence.Sealed{week[0], {Manifest: week[1].Manifest, SHA256: evidence.Digest(nil)}, week[2]}, []string{evidence.FaultChain}, "with manifest sha256"},
		"a bundle is there twice":   {append([]evidence.Sealed{week[0]}, week...), []string{evidence.FaultChain}, "twice"},
		"another report's bundle":   {append([]evidence.Sealed{}, week[0], seal(t, other), week[2]), []string{evidence.FaultChain, evidence.FaultChain}, `of report "weekly"`},
		"no days between":           {days(t, "2026-11-19", "2026-11-22"), []string{evidence.FaultGap}, "no bundle speaks about 2026-11-20T00:00:00Z to 2026-11-22T00:00:00Z"},
		"runs by hand leave no gap": {append([]evidence.Sealed{seal(t, byHand)}, week...), nil, ""},
		"a revision out of order": {append([]evidence.Sealed{revise(again, func(m *evidence.Manifest) { m.Supersedes = to(week[1]) }), again}, week...),
			[]string{evidence.FaultChain}, "not the revision before it"},
		"a number that was never sealed is left out": {append([]evidence.Sealed{revise(week[1], func(m *evidence.Manifest) { m.Revision = 3 })}, week...), nil, ""},
		"a revision that names none": {append([]evidence.Sealed{revise(week[1], func(m *evidence.Manifest) { m.Supersedes = nil })}, week...),
			[]string{evidence.FaultChain}, "does not name revision 1"},
		"the previous is later":       {append([]evidence.Sealed{seal(t, forward)}, week[1:]...), []string{evidence.FaultChain, evidence.FaultChain}, "not of an earlier interval"},
		"a longer interval covers it": {[]evidence.Sealed{seal(t, long), week[0], days(t, "2026-11-21")[0]}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			faults := evidence.VerifyChain(c.bundles)
			var kinds []string
			said := ""
			for _, f := range faults {
				kinds = append(kinds, f.Kind)
				said += f.Text + "\n"
			}
			require.Equal(t, c.kinds, kinds, said)
			require.Contains(t, said, c.says)
		})
	}
}

// Documents that released versions wrote must stay readable.
func TestReadersTakeAllReleasedVersions(t *testing.T) {
	for name, read := range map[string]func([]byte) error{
		"v1/manifest.json":         func(b []byte) error { _, err := evidence.ReadManifest(b); return err },
		"v1/provenance.json":       func(b []byte) error { _, err := evidence.ReadProvenance(b); return err },
		"v1/outcome-complete.json": func(b []byte) error { _, err := evidence.ReadOutcome(b); return err },
		"v1/outcome-failed.json":   func(b []byte) error { _, err := evidence.ReadOutcome(b); return err },
		"v1/snapshot.json":         func(b []byte) error { _, err := evidence.ReadSnapshot(b); return err },
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("testdata", name))
			require.NoError(t, err)
			require.NoError(t, read(raw))
		})
	}
}
