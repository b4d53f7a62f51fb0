package activities

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
)

// OutcomeName is the activity type of Outcome.
const OutcomeName = "RecordOutcome"

// OutcomeParams says what became of a run: Sealed or Cause is set.
type OutcomeParams struct {
	Report   string            `json:"report"`
	Type     string            `json:"type"`
	Interval interval.Interval `json:"interval"`
	Trigger  evidence.Trigger  `json:"trigger"`
	By       string            `json:"by,omitempty"`
	Sealed   *Sealed           `json:"sealed,omitempty"`
	Cause    *evidence.Cause   `json:"cause,omitempty"`
	Started  time.Time         `json:"started"`
	Finished time.Time         `json:"finished"`
}

// Outcome writes the record of a run, failures included. A run has one record.
type Outcome struct {
	Store *Store
}

// Execute writes the record once; that it is there already means that an earlier attempt wrote it.
func (a *Outcome) Execute(ctx context.Context, params OutcomeParams) (Ref, error) {
	execution := activity.GetInfo(ctx).WorkflowExecution
	record := evidence.Outcome{
		Report: params.Report, Type: params.Type, Cluster: a.Store.Cluster, Interval: params.Interval,
		State: evidence.StateFailed, Cause: params.Cause, Trigger: params.Trigger, By: params.By,
		Run:     evidence.Run{WorkflowID: execution.ID, RunID: execution.RunID},
		Started: params.Started, Finished: params.Finished, Tool: a.Store.Tool,
	}
	if params.Sealed != nil {
		record.State, record.Reasons = evidence.State(params.Sealed.Verdict), params.Sealed.Reasons
		record.Bundle = &evidence.BundleRef{
			Key: params.Sealed.Path, SHA256: params.Sealed.SHA256, Revision: params.Sealed.Revision,
		}
	}
	encoded, err := record.Encode()
	if err != nil {
		return Ref{}, invalid(err)
	}
	ref := Ref{Key: a.Store.Layout.Outcome(record.OutcomeID()), SHA256: evidence.Digest(encoded), Bytes: int64(len(encoded))}
	err = a.Store.Bucket.PutIfAbsent(ctx, ref.Key, bytes.NewReader(encoded))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return Ref{}, fmt.Errorf("write outcome %s: %w", ref.Key, err)
	}
	logger := activity.GetLogger(ctx)
	if record.Cause != nil {
		logger.Error("report failed", "report", record.Report, "interval", record.Interval.String(), "step", record.Cause.Step,
			"type", record.Cause.Type, "cause", record.Cause.Message)
	} else {
		logger.Info("report done", "report", record.Report, "interval", record.Interval.String(), "outcome", record.State)
	}
	return ref, nil
}
