package harness

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	sdklog "go.temporal.io/sdk/log"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/probity/probity/workflows"
)

// MaxPayload is the house rule for what passes through Temporal (temporal-practice.md section 4.2).
const MaxPayload = 64 << 10

// History reads all events of a run.
func (s *Stack) History(ctx context.Context, id, run string) (*historypb.History, error) {
	out := &historypb.History{}
	events := s.Client.GetWorkflowHistory(ctx, id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return nil, fmt.Errorf("read history of %s: %w", id, err)
		}
		out.Events = append(out.Events, event)
	}
	return out, nil
}

// List finds workflows by a query of Temporal's visibility, in no order.
func (s *Stack) List(ctx context.Context, query string) ([]*workflowpb.WorkflowExecutionInfo, error) {
	var found []*workflowpb.WorkflowExecutionInfo
	var page []byte
	for {
		list, err := s.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query, NextPageToken: page})
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", query, err)
		}
		found = append(found, list.GetExecutions()...)
		if page = list.GetNextPageToken(); len(page) == 0 {
			return found, nil
		}
	}
}

// Attempts counts how often each activity type was tried, by the events of steps that ended.
func Attempts(h *historypb.History) map[string]int {
	attempts, types := map[string]int{}, map[int64]string{}
	for _, event := range h.GetEvents() {
		if a := event.GetActivityTaskScheduledEventAttributes(); a != nil {
			types[event.GetEventId()] = a.GetActivityType().GetName()
		}
		if a := event.GetActivityTaskStartedEventAttributes(); a != nil {
			attempts[types[a.GetScheduledEventId()]] += int(a.GetAttempt())
		}
	}
	return attempts
}

// checkHistories holds every history of the env against the house rules.
func (e *Env) checkHistories(t *testing.T) {
	ctx := context.WithoutCancel(t.Context())
	runs, err := e.List(ctx, fmt.Sprintf("TaskQueue = '%s'", e.Queue()))
	require.NoError(t, err)
	for _, run := range runs {
		h, err := e.History(ctx, run.GetExecution().GetWorkflowId(), run.GetExecution().GetRunId())
		require.NoError(t, err)
		require.NoError(t, CheckHistory(h), "%s %s", run.GetExecution().GetWorkflowId(), run.GetExecution().GetRunId())
	}
}

// CheckHistory finds what in a history is not as it must be: a step or a timer without a summary, a step without the
// timeouts that end it, a payload over the limit, code that no longer gives the same commands.
func CheckHistory(h *historypb.History) error {
	for _, event := range h.GetEvents() {
		if err := checkEvent(event); err != nil {
			return fmt.Errorf("event %d, %s: %w", event.GetEventId(), event.GetEventType(), err)
		}
	}
	if len(h.GetEvents()) < decided {
		return nil
	}
	return Replay(h)
}

// decided is how many events a history has at least in which a workflow's code has decided something: started, scheduled, begun. A
// run that a test leaves behind may have fewer, and then there is nothing to replay.
const decided = 3

func checkEvent(event *historypb.HistoryEvent) error {
	summary := event.GetUserMetadata().GetSummary()
	if a := event.GetActivityTaskScheduledEventAttributes(); a != nil {
		if summary == nil {
			return fmt.Errorf("step %s has no summary", a.GetActivityType().GetName())
		}
		if a.GetStartToCloseTimeout().AsDuration() <= 0 {
			return fmt.Errorf("step %s has no timeout", a.GetActivityType().GetName())
		}
	}
	if event.GetTimerStartedEventAttributes() != nil && summary == nil {
		return fmt.Errorf("timer has no summary")
	}
	return proxy.VisitPayloads(context.Background(), event, proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
			for _, payload := range payloads {
				if len(payload.GetData()) > MaxPayload {
					return nil, fmt.Errorf("payload of %d bytes is over the limit of %d", len(payload.GetData()), MaxPayload)
				}
			}
			return payloads, nil
		},
	})
}

// Replay runs the workflow code on a history.
func Replay(h *historypb.History) error {
	replayer := sdkworker.NewWorkflowReplayer()
	for name, fn := range map[string]any{
		workflows.TickName: workflows.Tick, workflows.ReportName: workflows.Report,
		workflows.SnapshotName: workflows.Snapshot, workflows.BackfillName: workflows.Backfill,
	} {
		replayer.RegisterWorkflowWithOptions(fn, workflow.RegisterOptions{Name: name})
	}
	return replayer.ReplayWorkflowHistory(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)), h)
}
