package workflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/workflows"
)

// maxPayload is the house rule: what passes through Temporal is references (temporal-practice.md section 4.2).
const maxPayload = 64 << 10

// smallPayloads fails on a payload that is larger than the house rule allows.
type smallPayloads struct{ converter.DataConverter }

func (s smallPayloads) ToPayload(value any) (*commonpb.Payload, error) {
	payload, err := s.DataConverter.ToPayload(value)
	if err == nil && len(payload.GetData()) > maxPayload {
		return nil, fmt.Errorf("payload of %d bytes is over the limit of %d", len(payload.GetData()), maxPayload)
	}
	return payload, err
}

func (s smallPayloads) ToPayloads(values ...any) (*commonpb.Payloads, error) {
	payloads, err := s.DataConverter.ToPayloads(values...)
	for _, payload := range payloads.GetPayloads() {
		if len(payload.GetData()) > maxPayload {
			return nil, fmt.Errorf("payload of %d bytes is over the limit of %d", len(payload.GetData()), maxPayload)
		}
	}
	return payloads, err
}

// steps are the activities as a test wants them: each does nothing but succeed until it is told otherwise.
type steps struct {
	mu       sync.Mutex
	calls    map[string]int
	fail     map[string]func(attempt int) error
	plan     activities.PlanResult
	verdict  evidence.Verdict
	outcomes []activities.OutcomeParams
	slots    func(activities.SlotParams) (activities.SlotResult, error)
}

func newSteps() *steps {
	return &steps{
		calls: map[string]int{}, fail: map[string]func(int) error{}, verdict: evidence.Complete,
		plan: activities.PlanResult{Plan: activities.Ref{Key: "staging/plan.json"}, Type: "inventory", AuditPartitions: 2, FlowPartitions: 3},
		slots: func(p activities.SlotParams) (activities.SlotResult, error) {
			return activities.SlotResult{Active: p.Active}, nil
		},
	}
}

func (s *steps) count(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[name]
}

// enter counts a call and fails it if the test wants that.
func (s *steps) enter(ctx context.Context, name string) error {
	s.mu.Lock()
	s.calls[name]++
	fail := s.fail[name]
	s.mu.Unlock()
	if fail == nil {
		return nil
	}
	return fail(int(activity.GetInfo(ctx).Attempt))
}

// register puts the steps into an environment under the names that the workflows call.
func (s *steps) register(env *testsuite.TestWorkflowEnvironment) {
	add := func(name string, fn any) { env.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name}) }
	add(activities.PlanName, func(ctx context.Context, p activities.PlanParams) (activities.PlanResult, error) {
		plan := s.plan
		plan.WantsSnapshot = plan.WantsSnapshot && !p.HadSnapshot
		return plan, s.enter(ctx, activities.PlanName)
	})
	add(activities.SnapshotName, func(ctx context.Context, _ activities.SnapshotParams) (activities.SnapshotResult, error) {
		return activities.SnapshotResult{Key: "snapshots/x/manifest.json"}, s.enter(ctx, activities.SnapshotName)
	})
	add(activities.ChangesName, func(ctx context.Context, p activities.PartParams) (activities.ChangesResult, error) {
		return activities.ChangesResult{Run: activities.Ref{Key: fmt.Sprint("changes-", p.Index)}}, s.enter(ctx, activities.ChangesName)
	})
	add(activities.FlowsName, func(ctx context.Context, p activities.PartParams) (activities.FlowsResult, error) {
		return activities.FlowsResult{Groups: activities.Ref{Key: fmt.Sprint("flows-", p.Index)}}, s.enter(ctx, activities.FlowsName)
	})
	add(activities.BenchmarksName, func(ctx context.Context, _ activities.PartParams) (activities.BenchmarksResult, error) {
		return activities.BenchmarksResult{}, s.enter(ctx, activities.BenchmarksName)
	})
	add(activities.ComputeName, func(ctx context.Context, _ activities.ComputeParams) (activities.ComputeResult, error) {
		return activities.ComputeResult{Verdict: s.verdict}, s.enter(ctx, activities.ComputeName)
	})
	add(activities.RenderName, func(ctx context.Context, _ activities.RenderParams) (activities.RenderResult, error) {
		return activities.RenderResult{}, s.enter(ctx, activities.RenderName)
	})
	add(activities.SealName, func(ctx context.Context, p activities.SealParams) (activities.Sealed, error) {
		return activities.Sealed{Path: "reports/x", Revision: 1, Verdict: p.Computed.Verdict}, s.enter(ctx, activities.SealName)
	})
	add(activities.OutcomeName, func(ctx context.Context, p activities.OutcomeParams) (activities.Ref, error) {
		err := s.enter(ctx, activities.OutcomeName)
		if err == nil {
			s.mu.Lock()
			s.outcomes = append(s.outcomes, p)
			s.mu.Unlock()
		}
		return activities.Ref{}, err
	})
	add(activities.SweepName, func(ctx context.Context, _ activities.SweepParams) (activities.SweepResult, error) {
		return activities.SweepResult{}, s.enter(ctx, activities.SweepName)
	})
	add(activities.SlotName, func(ctx context.Context, p activities.SlotParams) (activities.SlotResult, error) {
		if err := s.enter(ctx, activities.SlotName); err != nil {
			return activities.SlotResult{}, err
		}
		return s.slots(p)
	})
}

// environment is a Temporal test environment with all workflows, the given steps, and the payload limit.
func environment(t *testing.T, s *steps) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	suite := &testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetDataConverter(smallPayloads{converter.GetDefaultDataConverter()})
	env.SetTestTimeout(20 * time.Second)
	for name, fn := range map[string]any{
		workflows.TickName: workflows.Tick, workflows.ReportName: workflows.Report,
		workflows.SnapshotName: workflows.Snapshot, workflows.BackfillName: workflows.Backfill,
	} {
		env.RegisterWorkflowWithOptions(fn, workflow.RegisterOptions{Name: name})
	}
	s.register(env)
	return env
}

func day(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }

func days(from, to int) interval.Interval { return interval.Interval{Start: day(from), End: day(to)} }

var errOutage = errors.New("connection refused")

// outage fails the first attempts as an activity of the worker would.
func outage(attempts int) func(int) error {
	return func(attempt int) error {
		if attempt <= attempts {
			return temporal.NewApplicationErrorWithOptions("read flow logs: "+errOutage.Error(), activities.FailureUnavailable,
				temporal.ApplicationErrorOptions{})
		}
		return nil
	}
}

func definition(t *testing.T) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"kind": "GlobalReport", "metadata": map[string]string{"name": "daily"}})
	require.NoError(t, err)
	return raw
}
