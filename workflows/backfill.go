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

// BackfillInput asks for every interval of a report's schedule that lies within a range.
type BackfillInput struct {
	Cluster    string            `json:"cluster"`
	Report     string            `json:"report"`
	Type       string            `json:"type"`
	Definition json.RawMessage   `json:"definition"`
	Schedule   string            `json:"schedule"`
	Range      interval.Interval `json:"range"`
	// Parallel is how many runs are active at one time.
	Parallel int            `json:"parallel"`
	Retry    Retry          `json:"retry,omitzero"`
	Before   BackfillResult `json:"before,omitzero"` // what earlier runs of a long backfill did
}

// BackfillResult counts what became of the intervals.
type BackfillResult struct {
	// Done is the end of the newest interval that has an outcome.
	Done time.Time `json:"done,omitzero"`
	// Verdicts counts the intervals by outcome: complete, partial, insufficient, failed.
	Complete     int `json:"complete"`
	Partial      int `json:"partial"`
	Insufficient int `json:"insufficient"`
	Failed       int `json:"failed"`
}

// intervalsPerBackfill bounds the history of one run of a backfill.
const intervalsPerBackfill = 200

// Backfill runs a Report for each interval of the range, oldest first, a bounded number at one time. A failed interval is
// counted and does not stop the others.
func Backfill(ctx workflow.Context, in BackfillInput) (BackfillResult, error) {
	result := in.Before
	schedule, err := cron.Parse(in.Schedule)
	if err != nil {
		return result, activities.InvalidInput(err)
	}
	from := in.Range.Start
	if result.Done.After(from) {
		from = result.Done
	}
	due := report.Within(schedule, from, in.Range.End)
	progress := Progress{Stage: "backfill", Total: len(due)}
	err = workflow.SetQueryHandler(ctx, QueryProgress, func() (Progress, error) { return progress, nil })
	if err != nil {
		return result, err
	}
	batch := due[:min(len(due), intervalsPerBackfill)]
	group := newFanOut(ctx, int64(max(in.Parallel, 1)))
	for _, iv := range batch {
		group.run(func(ctx workflow.Context) error {
			verdict, err := runInterval(ctx, &in, iv)
			if err != nil {
				return err
			}
			result.count(verdict)
			progress.Done++
			workflow.SetCurrentDetails(ctx, fmt.Sprintf("**%s** %d of %d intervals", in.Report, progress.Done, progress.Total))
			return nil
		})
	}
	if err := group.wait(ctx); err != nil {
		return result, err
	}
	if len(batch) > 0 {
		result.Done = batch[len(batch)-1].End
	}
	if len(batch) < len(due) {
		in.Before = result
		return result, workflow.NewContinueAsNewError(ctx, BackfillName, in)
	}
	return result, nil
}

func (b *BackfillResult) count(verdict evidence.Verdict) {
	switch verdict {
	case evidence.Complete:
		b.Complete++
	case evidence.Partial:
		b.Partial++
	case evidence.Insufficient:
		b.Insufficient++
	default:
		b.Failed++
	}
}

// runInterval runs one Report to its end. Only a cancelled backfill is an error: a failed report is an outcome.
func runInterval(ctx workflow.Context, in *BackfillInput, iv interval.Interval) (evidence.Verdict, error) {
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            ReportID(in.Cluster, in.Report, evidence.Backfill, iv),
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		WaitForCancellation:   true,
		TypedSearchAttributes: Subject{in.Cluster, in.Report, in.Type, evidence.Backfill, iv}.Attributes(),
		StaticSummary:         RunSummary(in.Type, in.Report, iv),
	})
	input := ReportInput{
		Cluster: in.Cluster, Report: in.Report, Definition: in.Definition, Interval: iv,
		Trigger: evidence.Backfill, Retry: in.Retry,
	}
	var out ReportResult
	err := workflow.ExecuteChildWorkflow(child, ReportName, input).Get(ctx, &out)
	var canceled *temporal.CanceledError
	if errors.As(err, &canceled) && ctx.Err() != nil {
		return "", err
	}
	if err == nil {
		return out.Verdict, nil
	}
	return "", nil // a failed report is an outcome of the backfill, not its end
}
