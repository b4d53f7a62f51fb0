package evidence_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
)

func day(t testing.TB, date string) interval.Interval {
	t.Helper()
	start, err := time.Parse(time.DateOnly, date)
	require.NoError(t, err)
	iv, err := interval.New(start, start.AddDate(0, 0, 1))
	require.NoError(t, err)
	return iv
}

func layout(t testing.TB) evidence.Layout {
	t.Helper()
	l, err := evidence.NewLayout("archive/probity", "prod-eu")
	require.NoError(t, err)
	return l
}

func TestLayoutMakesTheDocumentedKeys(t *testing.T) {
	l, iv := layout(t), day(t, "2026-11-21")
	berlin := time.FixedZone("CET", 3600)
	for name, c := range map[string]struct{ got, want string }{
		"root":          {l.Root(), "archive/probity/prod-eu/"},
		"snapshot":      {l.Snapshot(iv.Start), "archive/probity/prod-eu/snapshots/2026/11/21/20261121T000000Z/"},
		"other zone":    {l.Snapshot(iv.Start.In(berlin)), l.Snapshot(iv.Start)},
		"snapshot day":  {l.SnapshotDay(iv.Start.In(berlin)), "archive/probity/prod-eu/snapshots/2026/11/21/"},
		"report":        {l.Report("daily"), "archive/probity/prod-eu/reports/daily/"},
		"revisions":     {l.Revisions("daily", iv), "archive/probity/prod-eu/reports/daily/20261121T000000Z_20261122T000000Z/"},
		"bundle":        {l.Bundle(evidence.BundleID{Report: "daily", Interval: iv, Revision: 12}), l.Revisions("daily", iv) + "r12/"},
		"outcomes at":   {l.OutcomesAt("daily", iv.End), "archive/probity/prod-eu/outcomes/daily/20261122T000000Z/"},
		"outcome":       {l.Outcome(evidence.OutcomeID{Report: "daily", End: iv.End, Trigger: evidence.Scheduled, Run: "0192-ab"}), l.OutcomesAt("daily", iv.End) + "scheduled.0192-ab.json"},
		"staging":       {l.Staging("report/daily/2026-11-22T00:00:00Z", "0192-ab"), "archive/probity/prod-eu/staging/report_daily_2026-11-22T00~3A00~3A00Z/0192-ab/"},
		"staging empty": {l.Staging("", ""), "archive/probity/prod-eu/staging/~/~/"},
		"relative":      {l.Key("reports/x"), "archive/probity/prod-eu/reports/x"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, c.got) })
	}
}

func TestIntervalNamesAgreeWithTheIntervalPackage(t *testing.T) {
	l, iv := layout(t), day(t, "2026-11-21")
	require.True(t, strings.HasSuffix(l.Revisions("daily", iv), "/"+iv.Key()+"/"))
}

func TestNewLayoutRefusesUnsafeNames(t *testing.T) {
	for name, c := range map[string]struct{ prefix, cluster, says string }{
		"no cluster":      {"p", "", "cluster name"},
		"slash":           {"p", "a/b", "cluster name"},
		"parent":          {"p", "..", "cluster name"},
		"space":           {"p", "my cluster", "cluster name"},
		"long":            {"p", strings.Repeat("a", 101), "cluster name"},
		"prefix parent":   {"a/../b", "c", "key prefix"},
		"prefix doubled":  {"a//b", "c", "key prefix"},
		"prefix long":     {strings.Repeat("a", 201), "c", "too long"},
		"prefix control":  {"a\nb", "c", "key prefix"},
		"prefix dot":      {".", "c", "key prefix"},
		"prefix unicode":  {"ä", "c", "key prefix"},
		"cluster unicode": {"", "ä", "cluster name"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := evidence.NewLayout(c.prefix, c.cluster)
			require.ErrorContains(t, err, c.says)
		})
	}
	l, err := evidence.NewLayout("/p/", "c")
	require.NoError(t, err)
	require.Equal(t, "p/c/", l.Root())
	l, err = evidence.NewLayout("", "c")
	require.NoError(t, err)
	require.Equal(t, "c/", l.Root())
}

func TestValidateReport(t *testing.T) {
	for _, good := range []string{"a", "daily-soc2-inventory", "a.b-c.9", strings.Repeat("a", 253)} {
		require.NoError(t, evidence.ValidateReport(good), good)
	}
	for _, bad := range []string{"", "-a", "a-", ".a", "A", "a/b", "..", "a_b", "a b", strings.Repeat("a", 254), "a\x00b"} {
		require.Error(t, evidence.ValidateReport(bad), bad)
	}
}

func TestParseReturnsWhatMadeTheKey(t *testing.T) {
	l, iv := layout(t), day(t, "2026-11-21")
	t.Run("bundle", func(t *testing.T) {
		id := evidence.BundleID{Report: "daily", Interval: iv, Revision: 3}
		got, name, ok := l.ParseBundle(l.Bundle(id) + "downloads/a.csv")
		require.True(t, ok)
		require.Equal(t, id, got)
		require.Equal(t, "downloads/a.csv", name)
		require.Equal(t, "daily/20261121T000000Z_20261122T000000Z/r3", id.String())
	})
	t.Run("snapshot", func(t *testing.T) {
		at, name, ok := l.ParseSnapshot(l.Snapshot(iv.Start) + "manifest.json")
		require.True(t, ok)
		require.Equal(t, iv.Start, at)
		require.Equal(t, "manifest.json", name)
	})
	t.Run("outcome", func(t *testing.T) {
		id := evidence.OutcomeID{Report: "daily.x", End: iv.End, Trigger: evidence.Backfill, Run: "01-a"}
		got, ok := l.ParseOutcome(l.Outcome(id))
		require.True(t, ok)
		require.Equal(t, id, got)
	})
}

func TestParseRefusesOtherKeys(t *testing.T) {
	l, iv := layout(t), day(t, "2026-11-21")
	bundle, snapshot, outcome := l.Revisions("daily", iv), l.Snapshot(iv.Start), l.OutcomesAt("daily", iv.End)
	for _, key := range []string{
		"", "x", l.Root(), bundle, bundle + "r0/manifest.json", bundle + "r01/manifest.json", bundle + "r-1/m", bundle + "1/m", bundle + "r1",
		l.Report("daily") + "20261122T000000Z_20261121T000000Z/r1/m", l.Report("daily") + "2026_2027/r1/m", l.Report("daily") + "x/r1/m",
		"other/" + bundle + "r1/m", l.Reports() + "UPPER/" + iv.Key() + "/r1/m",
	} {
		_, _, ok := l.ParseBundle(key)
		require.False(t, ok, key)
	}
	for _, key := range []string{"", snapshot, snapshot[:len(snapshot)-1], l.Snapshots() + "2026/11/22/20261121T000000Z/m", l.Snapshots() + "2026/11/21/x/m", bundle} {
		if key == snapshot {
			continue // a folder with an empty name is a key of its own
		}
		_, _, ok := l.ParseSnapshot(key)
		require.False(t, ok, key)
	}
	for _, key := range []string{"", outcome, outcome + "scheduled.json", outcome + "scheduled..json", outcome + "scheduled.a", outcome + "a/b.c.json", l.Outcomes("daily") + "x/scheduled.a.json"} {
		_, ok := l.ParseOutcome(key)
		require.False(t, ok, key)
	}
}

func TestKeysAreSafeAndNeverShared(t *testing.T) {
	l := layout(t)
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		key := l.Staging(a, b)
		parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(key, l.StagingRoot()), "/"), "/")
		require.Len(t, parts, 2)
		for _, part := range parts {
			require.Regexp(t, `^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$`, part)
			require.LessOrEqual(t, len(part), 240)
		}
		if a != b {
			require.NotEqual(t, l.Staging(a, "x"), l.Staging(b, "x"))
		}
	})
}

func TestLongSegmentsAreToldApart(t *testing.T) {
	l, long := layout(t), strings.Repeat("a", 300)
	require.NotEqual(t, l.Staging(long+"x", "r"), l.Staging(long+"y", "r"))
	again := l.Staging(long+"x", "r")
	require.Equal(t, l.Staging(long+"x", "r"), again)
}

func TestTimesBelowASecondHaveTheirOwnKeys(t *testing.T) {
	l, iv := layout(t), day(t, "2026-11-21")
	half := iv.Start.Add(500 * time.Millisecond)
	require.NotEqual(t, l.Snapshot(iv.Start), l.Snapshot(half))
	at, _, ok := l.ParseSnapshot(l.Snapshot(half) + "x")
	require.True(t, ok)
	require.Equal(t, half, at)
}

func TestSnapshotsSortByTime(t *testing.T) {
	l := layout(t)
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) time.Time {
			return time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, name), 0)
		}
		a, b := draw("a"), draw("b")
		require.Equal(t, a.Compare(b), strings.Compare(l.Snapshot(a), l.Snapshot(b)))
	})
}

func FuzzParse(f *testing.F) {
	l, iv := layout(f), day(f, "2026-11-21")
	f.Add(l.Bundle(evidence.BundleID{Report: "daily", Interval: iv, Revision: 1}) + "manifest.json")
	f.Add(l.Snapshot(iv.Start) + "manifest.json")
	f.Add(l.Outcome(evidence.OutcomeID{Report: "daily", End: iv.End, Trigger: evidence.Manual, Run: "r"}))
	f.Fuzz(func(t *testing.T, key string) {
		if id, name, ok := l.ParseBundle(key); ok {
			require.Equal(t, key, l.Bundle(id)+name)
		}
		if at, name, ok := l.ParseSnapshot(key); ok {
			require.Equal(t, key, l.Snapshot(at)+name)
		}
		if id, ok := l.ParseOutcome(key); ok {
			require.Equal(t, key, l.Outcome(id))
		}
	})
}
