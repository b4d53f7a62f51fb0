package activities_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
)

// maxPayload is what the house allows to pass through Temporal (temporal-practice.md 4.2).
const maxPayload = 64 << 10

// midnight begins the day of all tests.
var midnight = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

func theDay() interval.Interval {
	return interval.Interval{Start: midnight, End: midnight.AddDate(0, 0, 1)}
}

// pipeline runs the steps of one report as the Report workflow does, each through Temporal's test environment for activities.
type pipeline struct {
	bucket     activities.Bucket
	cluster    activities.Cluster
	audit      activities.AuditLog
	flows      activities.FlowLog
	benchmarks activities.Benchmarks
	definition json.RawMessage
	interval   interval.Interval
	trigger    evidence.Trigger
	types      activities.Types
	rules      activities.Rules
	tool       string          // its version
	memory     int             // bytes or groups that a reducer may hold; 0 is a lot
	background context.Context // ends when the worker stops
	payloads   *payloads
}

// payloads remembers the largest result of each activity, in bytes of JSON.
type payloads struct {
	mu   sync.Mutex
	most map[string]int
}

func (p *payloads) see(t *testing.T, name string, value any) {
	raw, err := json.Marshal(value)
	require.NoError(t, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most[name] = max(p.most[name], len(raw))
}

func newPipeline(t *testing.T, definition string) *pipeline {
	t.Helper()
	return &pipeline{
		bucket: &blob.Memory{}, definition: json.RawMessage(definition), interval: theDay(), trigger: evidence.Scheduled,
		types: &definitions.Folder{}, rules: activities.Rules{StartDelay: 30 * time.Minute, AuditQuiet: 25 * time.Hour},
		tool: "1", background: t.Context(), payloads: &payloads{most: map[string]int{}},
	}
}

// copied is the same pipeline, to be changed.
func (p *pipeline) copied() *pipeline {
	c := *p
	return &c
}

func layout(t *testing.T) evidence.Layout {
	t.Helper()
	l, err := evidence.NewLayout("archive", "test")
	require.NoError(t, err)
	return l
}

func (p *pipeline) store(t *testing.T) *activities.Store {
	return &activities.Store{
		Bucket: p.bucket, Layout: layout(t), Cluster: "test", Scratch: t.TempDir(), Tool: evidence.Tool{Name: "probity", Version: p.tool},
	}
}

// environment has every activity registered as a worker has them.
func (p *pipeline) environment(t *testing.T) *testsuite.TestActivityEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{
		BackgroundActivityContext: p.background,
		Interceptors:              []interceptor.WorkerInterceptor{&activities.FailureInterceptor{}},
	})
	env.SetTestTimeout(time.Minute)
	store, memory := p.store(t), p.memory
	if memory == 0 {
		memory = 64 << 20
	}
	for name, fn := range map[string]any{
		activities.PlanName: (&activities.Plan{
			Store: store, Types: p.types, Cluster: p.cluster, Audit: p.audit, Flows: p.flows, Benchmarks: p.benchmarks,
			Limits: report.Limits{MaxPerHour: 2},
		}).Execute,
		activities.SnapshotName:   (&activities.Snapshot{Store: store, Cluster: p.cluster}).Execute,
		activities.ChangesName:    (&activities.Changes{Store: store, Audit: p.audit, MaxMemory: memory}).Execute,
		activities.FlowsName:      (&activities.Flows{Store: store, Flows: p.flows, MaxGroups: memory}).Execute,
		activities.BenchmarksName: (&activities.GatherBenchmarks{Store: store, Benchmarks: p.benchmarks}).Execute,
		activities.ComputeName: (&activities.Compute{
			Store: store, Rules: p.rules, Audit: "test", Flows: "test", Benchmarks: "test",
		}).Execute,
		activities.RenderName:  (&activities.Render{Store: store}).Execute,
		activities.SealName:    (&activities.Seal{Store: store}).Execute,
		activities.OutcomeName: (&activities.Outcome{Store: store}).Execute,
		activities.SweepName:   (&activities.Sweep{Store: store, Now: func() time.Time { return midnight }}).Execute,
	} {
		env.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
	return env
}

// step runs one activity.
func step[R any](t *testing.T, p *pipeline, name string, params any) (R, error) {
	t.Helper()
	var result R
	value, err := p.environment(t).ExecuteActivity(name, params)
	if err != nil {
		return result, err
	}
	require.NoError(t, value.Get(&result))
	p.payloads.see(t, name, result)
	return result, nil
}

// staged is a run before it is sealed.
type staged struct {
	plan     activities.PlanResult
	gathered activities.Gathered
	computed activities.ComputeResult
	rendered activities.RenderResult
}

func (s *staged) seal() activities.SealParams {
	return activities.SealParams{Plan: s.plan.Plan, Computed: s.computed, Rendered: s.rendered}
}

// snapshot takes one.
func (p *pipeline) snapshot(t *testing.T) activities.SnapshotResult {
	t.Helper()
	taken, err := step[activities.SnapshotResult](t, p, activities.SnapshotName, activities.SnapshotParams{})
	require.NoError(t, err)
	return taken
}

// plan plans, and takes the first snapshot where there is none, as the workflow does.
func (p *pipeline) plan(t *testing.T) (activities.PlanResult, error) {
	t.Helper()
	params := activities.PlanParams{Definition: p.definition, Interval: p.interval, Trigger: p.trigger}
	planned, err := step[activities.PlanResult](t, p, activities.PlanName, params)
	if err != nil || !planned.WantsSnapshot {
		return planned, err
	}
	if _, err = step[activities.SnapshotResult](t, p, activities.SnapshotName, activities.SnapshotParams{}); err != nil {
		return planned, err
	}
	params.HadSnapshot = true
	return step[activities.PlanResult](t, p, activities.PlanName, params)
}

func (p *pipeline) gather(t *testing.T, planned activities.PlanResult) (activities.Gathered, error) {
	t.Helper()
	var out activities.Gathered
	for i := range planned.AuditPartitions {
		part, err := step[activities.ChangesResult](t, p, activities.ChangesName, activities.PartParams{Plan: planned.Plan, Index: i})
		if err != nil {
			return out, err
		}
		out.Changes = append(out.Changes, part)
	}
	for i := range planned.FlowPartitions {
		part, err := step[activities.FlowsResult](t, p, activities.FlowsName, activities.PartParams{Plan: planned.Plan, Index: i})
		if err != nil {
			return out, err
		}
		out.Flows = append(out.Flows, part)
	}
	var err error
	if planned.Benchmarks {
		out.Benchmarks, err = step[activities.BenchmarksResult](t, p, activities.BenchmarksName, activities.PartParams{Plan: planned.Plan})
	}
	return out, err
}

// prepare runs everything but the seal.
func (p *pipeline) prepare(t *testing.T) (*staged, error) {
	t.Helper()
	s := &staged{}
	var err error
	if s.plan, err = p.plan(t); err != nil {
		return nil, err
	}
	if s.gathered, err = p.gather(t, s.plan); err != nil {
		return nil, err
	}
	s.computed, err = step[activities.ComputeResult](t, p, activities.ComputeName,
		activities.ComputeParams{Plan: s.plan.Plan, Gathered: s.gathered})
	if err != nil {
		return nil, err
	}
	s.rendered, err = step[activities.RenderResult](t, p, activities.RenderName,
		activities.RenderParams{Plan: s.plan.Plan, Computed: s.computed})
	return s, err
}

// try runs one report up to its outcome record, as far as it gets.
func (p *pipeline) try(t *testing.T) (activities.Sealed, error) {
	t.Helper()
	s, err := p.prepare(t)
	if err != nil {
		return activities.Sealed{}, err
	}
	sealed, err := step[activities.Sealed](t, p, activities.SealName, s.seal())
	if err != nil {
		return sealed, err
	}
	_, err = step[activities.Ref](t, p, activities.OutcomeName, activities.OutcomeParams{
		Report: p.name(t), Type: s.plan.Type, Interval: p.interval, Trigger: p.trigger, Sealed: &sealed,
		Started: p.interval.End, Finished: p.interval.End.Add(time.Minute),
	})
	return sealed, err
}

func (p *pipeline) name(t *testing.T) string {
	t.Helper()
	var manifest struct {
		Metadata struct{ Name string }
	}
	require.NoError(t, json.Unmarshal(p.definition, &manifest))
	return manifest.Metadata.Name
}

// bundle is a sealed bundle as a reader of the archive finds it.
type bundle struct {
	activities.Sealed
	manifest evidence.Manifest
	files    map[string]string
}

// run runs one report and reads its bundle back, verified.
func (p *pipeline) run(t *testing.T) *bundle {
	t.Helper()
	sealed, err := p.try(t)
	require.NoError(t, err)
	return p.read(t, sealed)
}

func (p *pipeline) read(t *testing.T, sealed activities.Sealed) *bundle {
	t.Helper()
	archive := catalogue.New(p.bucket, layout(t))
	opened, err := archive.Open(t.Context(), evidence.BundleID{Report: p.name(t), Interval: p.interval, Revision: sealed.Revision})
	require.NoError(t, err)
	require.Equal(t, sealed.SHA256, opened.SHA256)
	checked, err := evidence.Verify(t.Context(), archive.Reader(), opened.Folder, opened.Manifest)
	require.NoError(t, err)
	require.Empty(t, checked.Faults)
	b := &bundle{Sealed: sealed, manifest: opened.Manifest, files: map[string]string{}}
	for _, object := range opened.Manifest.Objects {
		raw, err := archive.Read(t.Context(), opened, object.Key)
		require.NoError(t, err)
		b.files[object.Key] = string(raw)
	}
	return b
}

// digests are what must not depend on how the input is cut: of each object, and of the manifest.
func (b *bundle) digests() map[string]string {
	all := map[string]string{"manifest": b.SHA256}
	for _, object := range b.manifest.Objects {
		all[object.Key] = object.SHA256
	}
	return all
}

// reasons are the verdict's, as the manifest has them. That the provenance, the page and the result of the seal have them too
// is checked along the way.
func (b *bundle) reasons(t *testing.T) string {
	t.Helper()
	provenance, err := evidence.ReadProvenance([]byte(b.files[evidence.ProvenanceName]))
	require.NoError(t, err)
	require.Equal(t, b.manifest.Provenance, provenance)
	require.Equal(t, b.Verdict, provenance.Verdict)
	require.ElementsMatch(t, b.Reasons, provenance.Reasons[:min(len(provenance.Reasons), 50)])
	var text strings.Builder
	for _, reason := range provenance.Reasons {
		text.WriteString(string(reason.Verdict) + " " + reason.Code + ": " + reason.Text + "\n")
	}
	return text.String()
}
