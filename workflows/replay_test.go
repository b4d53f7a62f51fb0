package workflows_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/workflows"
)

// The histories are those that a real server kept of released code. `go test ./tests/integration -record <release>` writes
// them; run it on the released commit, never on a branch, or the new code is compared with itself.
const fixtures = "testdata/replay/*/*.json"

// fewest is how many scenarios there are at least.
const fewest = 10

func replayer(t *testing.T, interceptors ...interceptor.WorkerInterceptor) worker.WorkflowReplayer {
	t.Helper()
	r, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{Interceptors: interceptors})
	require.NoError(t, err)
	for name, fn := range map[string]any{
		workflows.TickName: workflows.Tick, workflows.ReportName: workflows.Report,
		workflows.SnapshotName: workflows.Snapshot, workflows.BackfillName: workflows.Backfill,
	} {
		r.RegisterWorkflowWithOptions(fn, workflow.RegisterOptions{Name: name})
	}
	return r
}

func readHistory(t *testing.T, path string) *historypb.History {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	history, err := client.HistoryFromJSON(bytes.NewReader(raw), client.HistoryJSONOptions{})
	require.NoError(t, err)
	return history
}

func replay(r worker.WorkflowReplayer, history *historypb.History) error {
	return r.ReplayWorkflowHistory(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), history)
}

func TestReleasedHistoriesReplay(t *testing.T) {
	files, err := filepath.Glob(fixtures)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), fewest, "the fixtures are missing")
	kinds := map[string]bool{}
	for _, path := range files {
		t.Run(strings.TrimPrefix(path, "testdata/replay/"), func(t *testing.T) {
			history := readHistory(t, path)
			kinds[history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName()] = true
			require.NoError(t, replay(replayer(t), history))
		})
	}
	require.Equal(t, map[string]bool{"Tick": true, "Report": true, "Snapshot": true, "Backfill": true}, kinds)
}

// A fixture is read by people and kept for years: it is small, and tells nothing of the machine that recorded it.
func TestFixturesAreFitToKeep(t *testing.T) {
	files, err := filepath.Glob(fixtures)
	require.NoError(t, err)
	machine := regexp.MustCompile(`(^|[^a-zA-Z0-9.])/(tmp|home|root|work|Users|var)/|127\.0\.0\.1|localhost`)
	for _, path := range files {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Less(t, len(raw), 200<<10, path)
		require.NotRegexp(t, machine, string(raw), path)
		require.NotRegexp(t, `"identity": "[^"]*@`, string(raw), path)
		for _, event := range readHistory(t, path).GetEvents() {
			visit := func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
				for _, payload := range payloads {
					require.Less(t, len(payload.GetData()), maxPayload, path)
					require.NotRegexp(t, machine, string(payload.GetData()), path)
				}
				return payloads, nil
			}
			require.NoError(t, proxy.VisitPayloads(context.Background(), event, proxy.VisitPayloadsOptions{Visitor: visit}))
		}
	}
}

// The check can fail: it finds an activity call that was removed, renamed or added.
func TestChangedCodeDoesNotReplay(t *testing.T) {
	for _, test := range []struct {
		name, fixture, step string
		change              change
	}{
		{"render removed", "report_ok", activities.RenderName, removed},
		{"render renamed", "report_ok", activities.RenderName, renamed},
		{"seal twice", "report_ok", activities.SealName, doubled},
		{"outcome removed from a failed run", "report_six_attempts", activities.OutcomeName, removed},
		{"sweep removed from a cancelled run", "report_cancelled", activities.SweepName, removed},
		{"slot removed", "tick_first", activities.SlotName, removed},
		{"slot renamed", "tick_waits_for_slot", activities.SlotName, renamed},
		{"snapshot renamed", "snapshot", activities.SnapshotName, renamed},
	} {
		t.Run(test.name, func(t *testing.T) {
			files, err := filepath.Glob("testdata/replay/*/" + test.fixture + ".json")
			require.NoError(t, err)
			require.NotEmpty(t, files)
			for _, path := range files {
				history := readHistory(t, path)
				require.NoError(t, replay(replayer(t, &mutant{}), history), "the unchanged code replays")
				require.ErrorContains(t, replay(replayer(t, &mutant{step: test.step, change: test.change}), history), "TMPRL1100", "Temporal's code for it")
			}
		})
	}
}

type change int

const (
	removed change = iota
	renamed
	doubled
)

// mutant changes the calls of one activity, as an edit of the workflows would.
type mutant struct {
	interceptor.WorkerInterceptorBase
	step   string
	change change
}

func (m *mutant) InterceptWorkflow(
	_ workflow.Context, next interceptor.WorkflowInboundInterceptor,
) interceptor.WorkflowInboundInterceptor {
	return &mutantInbound{WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next}, mutant: m}
}

type mutantInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	mutant *mutant
}

func (m *mutantInbound) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	return m.Next.Init(&mutantOutbound{interceptor.WorkflowOutboundInterceptorBase{Next: outbound}, m.mutant})
}

type mutantOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	mutant *mutant
}

func (m *mutantOutbound) ExecuteActivity(ctx workflow.Context, step string, args ...any) workflow.Future {
	if step != m.mutant.step {
		return m.Next.ExecuteActivity(ctx, step, args...)
	}
	switch m.mutant.change {
	case removed:
		future, result := workflow.NewFuture(ctx)
		result.SetValue(nil)
		return future
	case renamed:
		return m.Next.ExecuteActivity(ctx, step+"2", args...)
	}
	_ = m.Next.ExecuteActivity(ctx, step, args...).Get(ctx, nil)
	return m.Next.ExecuteActivity(ctx, step, args...)
}
