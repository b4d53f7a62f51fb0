package activities

import (
	"context"
	"fmt"
	"time"
)

// SweepName is the activity type of Sweep.
const SweepName = "Sweep"

// SweepParams has nothing to say: a run clears what is its own, and what is too old to be anyone's.
type SweepParams struct{}

// SweepResult counts what was removed, old versions included.
type SweepResult struct {
	Own int64 `json:"own"` // of this run
	Old int64 `json:"old"` // of runs that never cleared theirs
}

// StagingAge is how long another run's working objects are kept. No run is active that long.
const StagingAge = 7 * 24 * time.Hour

// Sweep empties the run's staging area. Servers with lifecycle rules expire the rest by themselves; for those that have none
// the same sweep removes what is older than StagingAge.
type Sweep struct {
	Store *Store
	Now   func() time.Time
}

// Execute removes what is to go.
func (a *Sweep) Execute(ctx context.Context, _ SweepParams) (SweepResult, error) {
	var result SweepResult
	var err error
	// A clock that is behind the bucket's must not keep the run's own objects alive.
	if result.Own, err = a.Store.Bucket.Clear(ctx, a.Store.staging(ctx), a.Now().Add(24*time.Hour)); err != nil {
		return result, fmt.Errorf("clear staging: %w", err)
	}
	if result.Old, err = a.Store.Bucket.Clear(ctx, a.Store.Layout.StagingRoot(), a.Now().Add(-StagingAge)); err != nil {
		return result, fmt.Errorf("clear old staging: %w", err)
	}
	return result, nil
}
