package activities

import (
	"context"
	"fmt"
	"time"
)

// SlotName is the activity type of Slot.
const SlotName = "AwaitSlot"

// Run is a workflow run that a tick started.
type Run struct {
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId"`
}

// SlotParams asks for one of a report's slots.
type SlotParams struct {
	Cluster string `json:"cluster"`
	Report  string `json:"report"`
	Active  []Run  `json:"active,omitempty"` // runs that were active when last seen
	Max     int    `json:"max"`
}

// SlotResult says which runs are still active, fewer than Max.
type SlotResult struct {
	Active []Run `json:"active,omitempty"`
	// Suspended tells that the report's schedule was paused meanwhile: nothing is to be started.
	Suspended bool `json:"suspended,omitempty"`
}

// slotPoll is how often a full report is asked about again.
const slotPoll = 15 * time.Second

// Slot waits until a report has a free slot. It asks about each run by name, so the count is exact.
type Slot struct {
	Runs Runs
	// Poll is how often to ask again; zero means 15 seconds.
	Poll time.Duration
}

// Execute answers when there is a free slot, and with a Waiting error until then.
func (a *Slot) Execute(ctx context.Context, params SlotParams) (SlotResult, error) {
	var result SlotResult
	for _, run := range params.Active {
		closed, err := a.Runs.Closed(ctx, run.WorkflowID, run.RunID)
		if err != nil {
			return SlotResult{}, err
		}
		if !closed {
			result.Active = append(result.Active, run)
		}
	}
	paused, err := a.Runs.Paused(ctx, params.Cluster, params.Report)
	if err != nil {
		return SlotResult{}, err
	}
	result.Suspended = paused
	if paused || len(result.Active) < params.Max {
		return result, nil
	}
	again := a.Poll
	if again <= 0 {
		again = slotPoll
	}
	return SlotResult{}, &Waiting{
		Reason: fmt.Sprintf("%d runs of %s are active; %d may be", len(result.Active), params.Report, params.Max),
		Again:  again,
	}
}
