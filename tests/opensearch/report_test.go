package opensearch

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/tests/opensearch/cluster"
	"github.com/probity/probity/worker"
	"github.com/probity/probity/workflows"
)

// absence is a server that is killed while flows are added up, and is started again only when a step begins its sixth attempt.
type absence struct {
	t      *testing.T
	server *cluster.Server
	folder string
	kill   sync.Once
	back   sync.Once
}

func (a *absence) killed() { a.kill.Do(func() { a.server.Kill(a.t) }) }

func (a *absence) attempt(ctx context.Context) {
	if activity.GetInfo(ctx).Attempt < 6 {
		return
	}
	a.back.Do(func() { a.server.Back(a.t, a.folder) })
}

type absentFlows struct {
	activities.FlowLog
	*absence
}

func (f absentFlows) Reduce(ctx context.Context, part activities.Partition, r *flow.Reducer, progress func(int64)) (activities.ReadStats, error) {
	f.attempt(ctx)
	return f.FlowLog.Reduce(ctx, part, r, func(n int64) {
		f.killed()
		progress(n)
	})
}

type absentAudit struct {
	activities.AuditLog
	*absence
}

func (l absentAudit) Wanting(w audit.Wanted) activities.AuditLog {
	return absentAudit{l.AuditLog.(activities.SelectiveAuditLog).Wanting(w), l.absence}
}

func (l absentAudit) Read(ctx context.Context, part activities.Partition, line func([]byte) error) (activities.ReadStats, error) {
	l.attempt(ctx)
	return l.AuditLog.Read(ctx, part, line)
}

func reportFrom(t *testing.T, e *harness.Env) (workflows.ReportResult, map[string]int) {
	t.Helper()
	def := e.Define(t, "across", harness.Spec{"reportType": "network-access", "endpoints": map[string]any{"selector": "part-of == 'shop'"}})
	run, err := e.Runs().Report(t.Context(), def.Definition, def.Raw, harness.Day, "tester")
	require.NoError(t, err)
	var result workflows.ReportResult
	require.NoError(t, run.Get(t.Context(), &result))
	history, err := e.History(t.Context(), run.GetID(), run.GetRunID())
	require.NoError(t, err)
	return result, harness.Attempts(history)
}

// A report whose OpenSearch is killed while it adds up flows, and stays away for five attempts, is the report that it is without that.
func TestServerIsAwayInMidReport(t *testing.T) {
	t.Parallel()
	stack, err := harness.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Stop()) })
	a := &absence{t: t, folder: t.TempDir()}
	a.server = cluster.Start(t, devstack.OpenSearchOptions{Folder: a.folder, Brief: true})
	for _, kind := range []string{"flows", "audit"} {
		did := probity(t, a.server.Address, nil, "ingest", kind, filepath.Join(stack.Sample, kind), "--cluster", harness.Cluster, "-o", "json")
		require.Positive(t, did.counts(t).Read, did.err)
	}
	env := func() *harness.Env {
		e := stack.Env(t)
		e.Config.Inputs.Flows, e.Config.Inputs.Audit = "", ""
		o := &e.Config.OpenSearch
		o.Addresses, o.Patience = []string{a.server.Address}, time.Second
		return e
	}
	calm := env()
	stop := calm.Worker(t, nil)
	want, steps := reportFrom(t, calm)
	require.Equal(t, evidence.Complete, want.Verdict)
	require.Equal(t, 1, steps[activities.FlowsName])
	stop()

	e := env()
	e.Worker(t, func(p *worker.Ports) { p.Flows, p.Audit = absentFlows{p.Flows, a}, absentAudit{p.Audit, a} })
	got, steps := reportFrom(t, e)
	require.Equal(t, 6, steps[activities.FlowsName], "attempts at the flows")
	require.Equal(t, want.SHA256, got.SHA256)
	require.Equal(t, evidence.Complete, got.Verdict)
}
