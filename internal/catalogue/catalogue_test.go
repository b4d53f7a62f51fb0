package catalogue_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
)

func day(n int) interval.Interval {
	start := time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC)
	return interval.Interval{Start: start, End: start.AddDate(0, 0, 1)}
}

// archive is a bucket with what a test puts into it.
type archive struct {
	*blob.Memory
	evidence.Layout
}

func newArchive(t *testing.T) *archive {
	t.Helper()
	layout, err := evidence.NewLayout("compliance", "prod")
	require.NoError(t, err)
	return &archive{&blob.Memory{}, layout}
}

func (a *archive) put(t *testing.T, key string, data []byte) {
	t.Helper()
	require.NoError(t, a.Put(t.Context(), key, bytes.NewReader(data)))
}

func (a *archive) outcome(t *testing.T, report string, n int, state evidence.State, run string) {
	t.Helper()
	o := evidence.Outcome{
		Report: report, Type: "inventory", Cluster: "prod", Interval: day(n), State: state, Trigger: evidence.Scheduled,
		Run: evidence.Run{WorkflowID: "report/" + report, RunID: run}, Finished: day(n).End.Add(time.Hour), Tool: evidence.Tool{Name: "probity"},
	}
	if state == evidence.StateFailed {
		o.Cause = &evidence.Cause{Message: "no answer"}
	} else {
		o.Bundle = &evidence.BundleRef{Revision: 1}
	}
	encoded, err := o.Encode()
	require.NoError(t, err)
	a.put(t, a.Outcome(o.OutcomeID()), encoded)
}

func (a *archive) bundle(t *testing.T, report string, n, revision int, content string) evidence.BundleID {
	t.Helper()
	m := evidence.Manifest{
		Report: report, Type: "inventory", Cluster: "prod", Interval: day(n), Revision: revision, Trigger: evidence.Scheduled,
		Provenance: evidence.Provenance{Interval: day(n), Verdict: evidence.Complete},
		Objects: []evidence.Object{{
			Key: "downloads/endpoints.csv", SHA256: evidence.Digest([]byte(content)), Bytes: int64(len(content)), MediaType: "text/csv",
		}},
	}
	encoded, err := m.Encode()
	require.NoError(t, err)
	a.put(t, a.Bundle(m.BundleID())+"downloads/endpoints.csv", []byte(content))
	a.put(t, a.Bundle(m.BundleID())+evidence.ManifestName, encoded)
	return m.BundleID()
}

func TestOutcomes(t *testing.T) {
	a := newArchive(t)
	a.outcome(t, "daily", 20, evidence.StateComplete, "r1")
	a.outcome(t, "daily", 21, evidence.StateFailed, "r2")
	a.outcome(t, "weekly", 21, evidence.StateComplete, "r3")
	a.put(t, a.AllOutcomes()+"README", []byte("not a record"))
	c := catalogue.New(a, a.Layout)
	for _, test := range []struct {
		name, report string
		want         []string
	}{
		{"all, newest first", "", []string{"r2", "r3", "r1"}},
		{"of one report", "daily", []string{"r2", "r1"}},
		{"of none", "monthly", []string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			outcomes, err := c.Outcomes(t.Context(), test.report)
			require.NoError(t, err)
			runs := []string{}
			for _, o := range outcomes {
				runs = append(runs, o.Run.RunID)
			}
			require.Equal(t, test.want, runs)
		})
	}
}

func TestOutcomeThatCannotBeReadIsNamed(t *testing.T) {
	a := newArchive(t)
	key := a.Outcome(evidence.OutcomeID{Report: "daily", End: day(20).End, Trigger: evidence.Scheduled, Run: "r1"})
	a.put(t, key, []byte("{"))
	_, err := catalogue.New(a, a.Layout).Outcomes(t.Context(), "daily")
	require.ErrorContains(t, err, key)
}

func TestBundles(t *testing.T) {
	a := newArchive(t)
	first := a.bundle(t, "daily", 20, 1, "one")
	revised := a.bundle(t, "daily", 20, 2, "two")
	later := a.bundle(t, "daily", 21, 1, "three")
	a.bundle(t, "weekly", 21, 1, "four")
	a.put(t, a.Bundle(evidence.BundleID{Report: "daily", Interval: day(22), Revision: 1})+"downloads/endpoints.csv", []byte("not sealed"))
	c := catalogue.New(a, a.Layout)
	ids, err := c.Bundles(t.Context(), "daily")
	require.NoError(t, err)
	require.Equal(t, []evidence.BundleID{first, revised, later}, ids)

	bundle, err := c.Open(t.Context(), revised)
	require.NoError(t, err)
	content, err := c.Read(t.Context(), bundle, "downloads/endpoints.csv")
	require.NoError(t, err)
	require.Equal(t, "two", string(content))
	_, err = c.Read(t.Context(), bundle, "downloads/other.csv")
	require.ErrorContains(t, err, `no object "downloads/other.csv"`)

	a.put(t, bundle.Folder+"downloads/endpoints.csv", []byte("tampered"))
	_, err = c.Read(t.Context(), bundle, "downloads/endpoints.csv")
	require.ErrorContains(t, err, "not what the manifest states")

	_, err = c.Open(t.Context(), evidence.BundleID{Report: "daily", Interval: day(22), Revision: 1})
	require.ErrorIs(t, err, catalogue.ErrNoBundle)
}
