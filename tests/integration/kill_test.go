package integration

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/tests/integration/harness"
)

// A worker is killed while it writes what a step found, and another one goes on. Requests to the bucket are the moments at
// which a step can be caught for certain.
func TestKilledWorkerChangesNothing(t *testing.T) {
	for _, test := range []struct {
		name, step string
		object     string // the write at which the worker dies: a part of the object's key
		after      bool   // it dies when the object is written, but before it learns that
	}{
		{name: "plan", step: activities.PlanName, object: "/plan.json"},
		{name: "gather-changes", step: activities.ChangesName, object: "/changes-"},
		{name: "gather-flows", step: activities.FlowsName, object: "/flows-"},
		{name: "compute", step: activities.ComputeName, object: "/provenance.json"},
		{name: "render", step: activities.RenderName, object: "/files/report.html"},
		{name: "seal-object", step: activities.SealName, object: "/r1/downloads/endpoints.csv", after: true},
		{name: "seal-manifest", step: activities.SealName, object: "/r1/manifest.json"},
		{name: "sealed-unknown", step: activities.SealName, object: "/r1/manifest.json", after: true},
		{name: "outcome", step: activities.OutcomeName, object: "/outcomes/", after: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			spec := harness.Spec{"reportType": "network-access", "endpoints": map[string]any{"selector": "part-of == 'shop'"}}
			calm := stack.Env(t)
			stop := calm.Worker(t, nil)
			name := "killed-at-" + test.name
			want := finish(t, start(t, calm, calm.Define(t, name, spec), harness.Day))
			require.Equal(t, evidence.Complete, want.Verdict)
			stop()

			e := stack.Env(t)
			e.Config.Retry.Heartbeat = 5 * time.Second // the other worker begins after it
			trap := e.NewTrap(t, test.after, func(r *http.Request) bool {
				return r.Method == http.MethodPut && strings.Contains(r.URL.Path, test.object)
			})
			process := e.Process(t, e.WriteConfig(t, trap.URL))
			run := start(t, e, e.Define(t, name, spec), harness.Day)
			ctx, cancel := waiting()
			defer cancel()
			select {
			case <-trap.Caught:
			case <-ctx.Done():
				require.Fail(t, "the step was not reached")
			}
			process.Kill()
			e.Worker(t, nil)
			got := finish(t, run)
			require.Equal(t, want.SHA256, got.SHA256)
			require.Equal(t, want.Revision, got.Revision)
			require.Greater(t, attempts(t, e, run)[test.step], 1, "the step was not interrupted")
			require.Len(t, outcomes(t, e, name), 1)
			require.Empty(t, e.Keys(t, "staging/"))
			if test.name == "gather-flows" {
				e.Record(t, "report_worker_restart", run.GetID(), run.GetRunID())
			}
		})
	}
}
