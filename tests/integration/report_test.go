package integration

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/starter"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/worker"
)

func TestFourReportsTellTheStoryOfTheSample(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	e.Config.Inputs.Reports = filepath.Join(e.Sample, "reports")
	e.Worker(t, nil)
	set, err := e.Folder().Load(t.Context())
	require.NoError(t, err)
	require.Len(t, set.Reports, 4)
	runs := map[string]client.WorkflowRun{}
	for i := range set.Reports {
		runs[set.Reports[i].TypeName] = start(t, e, &set.Reports[i], harness.Day)
	}
	for kind, run := range runs {
		result := finish(t, run)
		require.Equal(t, evidence.Complete, result.Verdict, "%s: %v", kind, result.Reasons)
		require.Equal(t, 1, result.Revision)
	}
	for _, event := range e.Story {
		for _, check := range event.Checks {
			require.NoError(t, check.Verify(e.Download(t, check.Report, check.File)), event.Sentence)
		}
	}
	require.Empty(t, e.Keys(t, "staging/"))
	e.Record(t, "report_ok", runs["network-access"].GetID(), runs["network-access"].GetRunID())
	e.Record(t, "report_benchmark", runs["cis-benchmark"].GetID(), runs["cis-benchmark"].GetRunID())
}

func TestRepeatedRunFindsTheSameBundle(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	e.Worker(t, nil)
	def := e.Define(t, "repeated", harness.Spec{"reportType": "policy-audit"})
	first := finish(t, start(t, e, def, harness.Day))
	require.Equal(t, evidence.Complete, first.Verdict)
	second := finish(t, start(t, e, def, harness.Day))
	require.Equal(t, first, second)
	require.Equal(t, 1, second.Revision)
	records := outcomes(t, e, "repeated")
	require.Len(t, records, 2, "each run has a record of its own")
	require.Equal(t, evidence.Manual, records[0].Trigger)
	require.Equal(t, "tester", records[0].By)
	ids, err := e.Catalogue.Bundles(t.Context(), "repeated")
	require.NoError(t, err)
	require.Len(t, ids, 1)
	bundle, err := e.Catalogue.Open(t.Context(), ids[0])
	require.NoError(t, err)
	found, err := evidence.Verify(t.Context(), e.Catalogue.Reader(), bundle.Folder, bundle.Manifest)
	require.NoError(t, err)
	require.True(t, found.OK(), "%v", found.Faults)
}

// What a report says must not depend on how its logs are cut into files, and on how many cores read them.
func TestOtherFilesGiveTheSameDigests(t *testing.T) {
	t.Parallel()
	digests := map[string]bool{}
	for _, inputs := range []func(*harness.Env){
		func(*harness.Env) {},
		func(e *harness.Env) { e.Config.Inputs.Audit = oneFile(t, e.Config.Inputs.Audit, "audit.log") },
		func(e *harness.Env) {
			e.Config.Inputs.Flows = oneFile(t, e.Config.Inputs.Flows, "flows.ndjson")
			e.Config.Worker.Parallel = 1
		},
	} {
		e := stack.Env(t)
		inputs(e)
		stop := e.Worker(t, nil)
		def := e.Define(t, "other-files", harness.Spec{"reportType": "network-access", "endpoints": map[string]any{"selector": "part-of == 'shop'"}})
		result := finish(t, start(t, e, def, harness.Day))
		require.Equal(t, evidence.Complete, result.Verdict, "%v", result.Reasons)
		digests[result.SHA256] = true
		stop()
	}
	require.Len(t, digests, 1)
}

func TestSecondStartOfARunningReportIsRefused(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	gate := e.Gate()
	e.Worker(t, func(p *worker.Ports) { p.Audit = gatedAudit{p.Audit, gate} })
	def := e.Define(t, "twice", harness.Spec{"reportType": "inventory"})
	first := start(t, e, def, harness.Day)
	_, err := e.Runs().Report(t.Context(), def.Definition, def.Raw, harness.Day, "someone else")
	require.ErrorIs(t, err, starter.ErrRunning)
	require.ErrorContains(t, err, "report twice over 2026-03-10T00:00:00Z")
	gate.Open()
	require.Equal(t, evidence.Complete, finish(t, first).Verdict)
}

func TestReportWithoutASnapshotIsInsufficient(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	e.Worker(t, nil)
	def := e.Define(t, "early", harness.Spec{"reportType": "inventory"})
	before := interval.Interval{Start: harness.Day.Start.AddDate(0, 0, -1), End: harness.Day.Start}
	run := start(t, e, def, before)
	result := finish(t, run)
	require.Equal(t, evidence.Insufficient, result.Verdict)
	require.Contains(t, result.Reasons[0].Text, "snapshot")
	require.Equal(t, evidence.StateInsufficient, outcomes(t, e, "early")[0].State)
	e.Record(t, "report_insufficient", run.GetID(), run.GetRunID())
}

func TestMissingHourOfFlowsIsNamed(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	flows := t.TempDir()
	require.NoError(t, os.CopyFS(flows, os.DirFS(e.Config.Inputs.Flows)))
	e.Config.Inputs.Flows = withoutHour(t, flows, harness.Day.Start.Add(15*time.Hour))
	e.Worker(t, nil)
	def := e.Define(t, "hour-missing", harness.Spec{"reportType": "network-access"})
	result := finish(t, start(t, e, def, harness.Day))
	require.Equal(t, evidence.Partial, result.Verdict)
	require.Contains(t, result.Reasons[0].Text, "15:00")
}

func TestSnapshotIsTakenOnce(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	e.Worker(t, nil)
	var taken [2]activities.SnapshotResult
	for i := range taken {
		run, err := e.Runs().Snapshot(t.Context(), "cluster-"+e.Config.Temporal.TaskQueue)
		require.NoError(t, err)
		require.NoError(t, run.Get(t.Context(), &taken[i]))
		e.Record(t, "snapshot", run.GetID(), run.GetRunID())
	}
	require.Equal(t, taken[0], taken[1], "the same moment of the same cluster is the same snapshot")
	require.Positive(t, taken[0].Objects)
	require.Equal(t, harness.Day.Start, taken[0].At.UTC())
	require.Contains(t, e.Keys(t, "snapshots/"), "snapshots/2026/03/10/20260310T000000Z/manifest.json")
}

// What a person sees in the Temporal UI.
func TestRunsAreFoundAndExplained(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	e.Worker(t, nil)
	e.Config.Retry = config.Retry{} // every optional input is absent
	def := e.Define(t, "found-again", harness.Spec{"reportType": "cis-benchmark"})
	run, err := e.Runs().Report(t.Context(), def.Definition, def.Raw, harness.Day, "")
	require.NoError(t, err)
	finish(t, run)
	e.Record(t, "report_defaults", run.GetID(), run.GetRunID())
	// Equality of times finds nothing on SQLite, whose index keeps them as text in a form of its own; ranges do.
	query := "GlobalReport = 'found-again' AND ReportTrigger = 'manual' AND ReportType = 'cis-benchmark' " +
		"AND ReportStart >= '2026-03-10T00:00:00Z' AND ReportEnd < '2026-03-11T00:00:01Z'"
	eventually(t, "the run is listed", func() bool {
		found, err := e.List(t.Context(), query)
		return err == nil && len(found) == 1 && found[0].GetExecution().GetWorkflowId() == run.GetID()
	})
	described, err := e.Client.DescribeWorkflowExecution(t.Context(), run.GetID(), run.GetRunID())
	require.NoError(t, err)
	var summary string
	metadata := described.GetExecutionConfig().GetUserMetadata()
	require.NoError(t, converter.GetDefaultDataConverter().FromPayload(metadata.GetSummary(), &summary))
	require.Equal(t, "cis-benchmark found-again 2026-03-10 00:00→2026-03-11 00:00 UTC", summary)
	progress, err := e.Runs().Progress(t.Context(), run)
	require.NoError(t, err)
	require.Equal(t, "done: complete", progress.Stage)
}

func TestArchiveIsAllThatTheCatalogueNeeds(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	e.Worker(t, nil)
	def := e.Define(t, "kept", harness.Spec{"reportType": "cis-benchmark"})
	result := finish(t, start(t, e, def, harness.Day))
	other := catalogue.New(e.Bucket, e.Layout)
	ids, err := other.Bundles(t.Context(), "kept")
	require.NoError(t, err)
	bundle, err := other.Open(t.Context(), ids[0])
	require.NoError(t, err)
	require.Equal(t, result.SHA256, bundle.SHA256)
}
