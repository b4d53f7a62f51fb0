package evidence_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/evidence"
)

func outcome(t testing.TB, change func(*evidence.Outcome)) evidence.Outcome {
	iv := day(t, "2026-11-21")
	o := evidence.Outcome{
		Report: "daily", Type: "inventory", Cluster: "prod-eu", Interval: iv, State: evidence.StateComplete, Trigger: evidence.Scheduled,
		Run:     evidence.Run{WorkflowID: "report/daily/2026-11-22T00:00:00Z", RunID: "0192-ab"},
		Started: iv.End.Add(30 * time.Minute), Finished: iv.End.Add(31 * time.Minute),
		Bundle: &evidence.BundleRef{Key: "reports/daily/20261121T000000Z_20261122T000000Z/r1/manifest.json", SHA256: evidence.Digest(nil), Revision: 1},
		Tool:   evidence.Tool{Name: "probity", Version: "0.1.0"},
	}
	change(&o)
	return o
}

func failed(o *evidence.Outcome) {
	o.State, o.Bundle = evidence.StateFailed, nil
	o.Cause = &evidence.Cause{Message: "bucket is full", Type: "ArchiveUnavailable", Step: "Seal", Attempts: 6}
}

func TestOutcomeHasOneEncoding(t *testing.T) {
	for name, change := range map[string]func(*evidence.Outcome){
		"outcome-complete.json": func(*evidence.Outcome) {},
		"outcome-failed.json":   failed,
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := outcome(t, change).Encode()
			require.NoError(t, err)
			golden(t, name, raw)
			read, err := evidence.ReadOutcome(raw)
			require.NoError(t, err)
			again, err := read.Encode()
			require.NoError(t, err)
			require.Equal(t, string(raw), string(again))
		})
	}
}

func TestOutcomeRefusesWhatIsNotTrue(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*evidence.Outcome)
		says   string
	}{
		"state":             {func(o *evidence.Outcome) { o.State = "ok" }, `state is "ok"`},
		"sealed, no bundle": {func(o *evidence.Outcome) { o.Bundle = nil }, "exactly a sealed state has a bundle"},
		"failed, bundle":    {func(o *evidence.Outcome) { o.State = evidence.StateFailed }, "exactly a sealed state has a bundle"},
		"failed, no cause":  {func(o *evidence.Outcome) { o.State, o.Bundle = evidence.StateFailed, nil }, "needs a cause"},
		"no run":            {func(o *evidence.Outcome) { o.Run.RunID = "" }, "run id is empty"},
		"trigger":           {func(o *evidence.Outcome) { o.Trigger = "" }, "trigger is"},
		"report":            {func(o *evidence.Outcome) { o.Report = "a/b" }, "report name"},
		"interval":          {func(o *evidence.Outcome) { o.Interval.End = o.Interval.Start }, "not after start"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := outcome(t, c.change).Encode()
			require.ErrorContains(t, err, c.says)
		})
	}
	_, err := evidence.ReadOutcome([]byte(`{"schema":"probity.manifest/v1"}`))
	require.ErrorContains(t, err, "schema is")
}

func TestCurrentOutcome(t *testing.T) {
	due := day(t, "2026-11-21")
	sealed := func(run string, revision int, after time.Duration) evidence.Outcome {
		return outcome(t, func(o *evidence.Outcome) {
			o.Run.RunID, o.Bundle.Revision, o.Finished = run, revision, o.Finished.Add(after)
		})
	}
	fails := func(run string, after time.Duration) evidence.Outcome {
		return outcome(t, func(o *evidence.Outcome) {
			failed(o)
			o.Run.RunID, o.Finished = run, o.Finished.Add(after)
		})
	}
	manual := sealed("manual", 9, time.Hour)
	manual.Trigger = evidence.Manual
	longer := sealed("longer", 9, time.Hour)
	longer.Interval.Start = longer.Interval.Start.Add(-time.Hour)
	for name, c := range map[string]struct {
		records []evidence.Outcome
		want    string
	}{
		"none":                                  {nil, ""},
		"one":                                   {[]evidence.Outcome{fails("a", 0)}, "a"},
		"a backfill mends a failure":            {[]evidence.Outcome{fails("a", 0), sealed("b", 1, time.Hour)}, "b"},
		"a later failure undoes no bundle":      {[]evidence.Outcome{sealed("a", 1, 0), fails("b", time.Hour)}, "a"},
		"the newest revision":                   {[]evidence.Outcome{sealed("a", 1, time.Hour), sealed("b", 2, 0)}, "b"},
		"the last of two failures":              {[]evidence.Outcome{fails("a", time.Hour), fails("b", 0)}, "a"},
		"manual runs do not count":              {[]evidence.Outcome{fails("a", 0), manual}, "a"},
		"only manual runs":                      {[]evidence.Outcome{manual}, ""},
		"other intervals with the same end not": {[]evidence.Outcome{fails("a", 0), longer}, "a"},
		"told apart by run when all is equal":   {[]evidence.Outcome{fails("a", 0), fails("b", 0)}, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				records := c.records
				if len(records) > 1 {
					records = rapid.Permutation(records).Draw(rt, "records")
				}
				got, ok := evidence.Current(due, records)
				require.Equal(rt, c.want != "", ok)
				require.Equal(rt, c.want, got.Run.RunID)
			})
		})
	}
}

func TestSnapshotManifest(t *testing.T) {
	at := day(t, "2026-11-21").Start
	snapshot := func(change func(*evidence.Snapshot)) evidence.Snapshot {
		s := evidence.Snapshot{
			Cluster: "prod-eu", Time: at, Source: "kubernetes", Tool: evidence.Tool{Name: "probity", Version: "0.1.0"},
			Kinds: []evidence.SnapshotKind{
				{Kind: "tiers", Time: at, Missing: "tiers.projectcalico.org is forbidden"},
				{Kind: "pods", Time: at.Add(time.Second), Version: "812", Count: 2, Key: "core.pods.ndjson.zst"},
			},
			Objects: []evidence.Object{object("core.pods.ndjson.zst", "x", 2)},
		}
		change(&s)
		return s
	}
	raw, err := snapshot(func(*evidence.Snapshot) {}).Encode()
	require.NoError(t, err)
	golden(t, "snapshot.json", raw)
	read, err := evidence.ReadSnapshot(raw)
	require.NoError(t, err)
	require.Equal(t, []string{"tiers"}, read.MissingKinds())
	again, err := read.Encode()
	require.NoError(t, err)
	require.Equal(t, string(raw), string(again))

	for name, c := range map[string]struct {
		change func(*evidence.Snapshot)
		says   string
	}{
		"no time":            {func(s *evidence.Snapshot) { s.Time = time.Time{} }, "time is not set"},
		"cluster":            {func(s *evidence.Snapshot) { s.Cluster = "" }, "cluster name"},
		"kind of no object":  {func(s *evidence.Snapshot) { s.Kinds[1].Key = "other" }, `kind "pods" must either`},
		"missing yet listed": {func(s *evidence.Snapshot) { s.Kinds[1].Missing = "x" }, `kind "pods" must either`},
		"bad object":         {func(s *evidence.Snapshot) { s.Objects[0].SHA256 = "" }, "hex digits"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := snapshot(c.change).Encode()
			require.ErrorContains(t, err, c.says)
		})
	}
}
