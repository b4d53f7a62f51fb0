package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/cron"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
)

// TickInput is the argument that a report's Schedule gives to each Tick.
type TickInput struct {
	Cluster    string          `json:"cluster"`
	Report     string          `json:"report"`
	Type       string          `json:"type"`
	Definition json.RawMessage `json:"definition"`
	Schedule   string          `json:"schedule"` // the crontab text
	// Delay is how long after an interval's end its logs are taken to be complete.
	Delay time.Duration `json:"delay"`
	// MaxActive is how many runs of the report may be active at one time.
	MaxActive int   `json:"maxActive"`
	Retry     Retry `json:"retry,omitzero"`
	// Continued is set when a long catch-up continues as a new run.
	Continued *Continued `json:"continued,omitempty"`
}

// Continued carries a Tick over into its next run.
type Continued struct {
	State   TickState `json:"state"`
	Nominal time.Time `json:"nominal"`
}

// TickState is a Tick's result: what the next Tick of the report goes on from.
type TickState struct {
	// End is the end of the newest interval that was accepted; zero before the first.
	End time.Time `json:"end,omitzero"`
	// Active are the runs that were started and not yet seen to end.
	Active []activities.Run `json:"active,omitempty"`
}

// intervalsPerTick bounds the history of one Tick: some 15 events for each interval.
const intervalsPerTick = 100

// scheduledStart is the nominal time of a run that a Schedule started.
var scheduledStart = temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime")

// Tick starts a Report for each interval that is due and was not accepted yet, oldest first.
func Tick(ctx workflow.Context, in TickInput) (TickState, error) {
	state, nominal, err := tickStart(ctx, in)
	if err != nil {
		return state, err
	}
	schedule, err := cron.Parse(in.Schedule)
	if err != nil {
		return state, activities.InvalidInput(err)
	}
	due := report.Due(schedule, state.End, nominal)
	for n, iv := range due {
		if n == intervalsPerTick {
			in.Continued = &Continued{State: state, Nominal: nominal}
			return state, workflow.NewContinueAsNewError(ctx, TickName, in)
		}
		accepted, err := accept(ctx, &in, iv, &state)
		if err != nil || !accepted {
			return state, err
		}
	}
	return state, nil
}

// tickStart finds what the previous tick left and the time that this one stands for.
func tickStart(ctx workflow.Context, in TickInput) (TickState, time.Time, error) {
	if in.Continued != nil {
		return in.Continued.State, in.Continued.Nominal, nil
	}
	var state TickState
	if workflow.HasLastCompletionResult(ctx) {
		// On the first run the newer scheduler reports a result that is empty: a zero End means there is none.
		if err := workflow.GetLastCompletionResult(ctx, &state); err != nil {
			return state, time.Time{}, fmt.Errorf("read the previous tick's result: %w", err)
		}
	}
	nominal, ok := workflow.GetTypedSearchAttributes(ctx).GetTime(scheduledStart)
	if !ok {
		nominal = workflow.GetInfo(ctx).WorkflowStartTime
	}
	return state, nominal.UTC(), nil
}

// accept waits for the interval's logs and for a slot, and starts its Report. False means that the report was suspended
// meanwhile: the interval stays due.
func accept(ctx workflow.Context, in *TickInput, iv interval.Interval, state *TickState) (bool, error) {
	ready := report.ReadyAt(iv, in.Delay)
	if wait := ready.Sub(workflow.Now(ctx)); wait > 0 {
		summary := "logs settle until " + ready.Format("2006-01-02 15:04Z")
		timer := workflow.NewTimerWithOptions(ctx, wait, workflow.TimerOptions{Summary: summary})
		if err := timer.Get(ctx, nil); err != nil {
			return false, err
		}
	}
	var free activities.SlotResult
	params := activities.SlotParams{Cluster: in.Cluster, Report: in.Report, Active: state.Active, Max: in.MaxActive}
	summary := fmt.Sprintf("wait for 1 of %d slots", in.MaxActive)
	if err := workflow.ExecuteActivity(slot(ctx, summary), activities.SlotName, params).Get(ctx, &free); err != nil {
		return false, err
	}
	state.Active = free.Active
	if free.Suspended {
		return false, nil
	}
	run, err := startReport(ctx, in, iv)
	if err != nil {
		return false, err
	}
	state.End = iv.End
	if run != nil {
		state.Active = append(state.Active, *run)
	}
	return true, nil
}

// startReport starts the Report as an abandoned child and waits until it has started: without that wait the child may never
// start (temporal-practice.md 3.3). A run of the same interval that is there already is as good; nil then.
func startReport(ctx workflow.Context, in *TickInput, iv interval.Interval) (*activities.Run, error) {
	input := ReportInput{
		Cluster: in.Cluster, Report: in.Report, Definition: in.Definition, Interval: iv,
		Trigger: evidence.Scheduled, Retry: in.Retry,
	}
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            ReportID(in.Cluster, in.Report, evidence.Scheduled, iv),
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON,
		TypedSearchAttributes: Subject{in.Cluster, in.Report, in.Type, evidence.Scheduled, iv}.Attributes(),
		StaticSummary:         RunSummary(in.Type, in.Report, iv),
	})
	var execution workflow.Execution
	err := workflow.ExecuteChildWorkflow(child, ReportName, input).GetChildWorkflowExecution().Get(ctx, &execution)
	var started *temporal.ChildWorkflowExecutionAlreadyStartedError
	if errors.As(err, &started) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("start the report of %s: %w", iv, err)
	}
	return &activities.Run{WorkflowID: execution.ID, RunID: execution.RunID}, nil
}

// RunSummary is the line that the Temporal UI shows for a run.
func RunSummary(reportType, name string, iv interval.Interval) string {
	const minute = "2006-01-02 15:04"
	return fmt.Sprintf("%s %s %s→%s UTC", reportType, name, iv.Start.UTC().Format(minute), iv.End.UTC().Format(minute))
}
