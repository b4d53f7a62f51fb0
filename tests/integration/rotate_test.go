package integration

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/worker"
)

// rotatingAudit rotates a log when it is about to be read for the first time.
type rotatingAudit struct {
	activities.AuditLog
	rotate func()
}

func (r rotatingAudit) Read(ctx context.Context, part activities.Partition, line func([]byte) error) (activities.ReadStats, error) {
	r.rotate()
	return r.AuditLog.Read(ctx, part, line)
}

func TestRotationBetweenPlanAndReadingChangesNothing(t *testing.T) {
	t.Parallel()
	digests := map[string]bool{}
	for _, rotates := range []bool{false, true} {
		e := stack.Env(t)
		audit := t.TempDir()
		e.Config.Inputs.Audit = oneFile(t, e.Config.Inputs.Audit, "audit.log")
		require.NoError(t, os.CopyFS(audit, os.DirFS(e.Config.Inputs.Audit)))
		e.Config.Inputs.Audit = audit
		var once sync.Once
		stop := e.Worker(t, func(p *worker.Ports) {
			if rotates {
				p.Audit = rotatingAudit{p.Audit, func() { once.Do(func() { rotateLog(t, audit) }) }}
			}
		})
		def := e.Define(t, "rotated", harness.Spec{"reportType": "policy-audit"})
		run := start(t, e, def, harness.Day)
		result := finish(t, run)
		require.Equal(t, evidence.Complete, result.Verdict, "%v", result.Reasons)
		digests[result.SHA256] = true
		plans := 2 // the first of them asks for the cluster's first snapshot
		if rotates {
			plans = 3
		}
		require.Equal(t, plans, planned(t, e, run.GetID(), run.GetRunID()))
		if rotates {
			e.Record(t, "report_planned_anew", run.GetID(), run.GetRunID())
		}
		stop()
	}
	require.Len(t, digests, 1)
}

// rotateLog does what an API server does: the full file gets a name with its time, and a new one begins.
func rotateLog(t *testing.T, folder string) {
	log := filepath.Join(folder, "audit.log")
	require.NoError(t, os.Rename(log, filepath.Join(folder, "audit-2026-03-11T00-00-10.000.log")))
	require.NoError(t, os.WriteFile(log, nil, 0o600))
}

// planned counts how often the run was planned.
func planned(t *testing.T, e *harness.Env, id, run string) int {
	t.Helper()
	history, err := e.History(t.Context(), id, run)
	require.NoError(t, err)
	n := 0
	for _, event := range history.GetEvents() {
		if event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == activities.PlanName {
			n++
		}
	}
	return n
}
