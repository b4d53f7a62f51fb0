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

// SweepResult counts what was removed.
type SweepResult struct {
	Own int `json:"own"` // of this run
	Old int `json:"old"` // of runs that never cleared theirs
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
	own, err := a.remove(ctx, a.Store.staging(ctx), func(time.Time) bool { return true })
	if err != nil {
		return result, err
	}
	result.Own = own
	oldest := a.Now().Add(-StagingAge)
	result.Old, err = a.remove(ctx, a.Store.Layout.StagingRoot(), func(modified time.Time) bool {
		return !modified.IsZero() && modified.Before(oldest)
	})
	return result, err
}

func (a *Sweep) remove(ctx context.Context, prefix string, goes func(modified time.Time) bool) (int, error) {
	var keys []string
	err := a.Store.Bucket.List(ctx, prefix, func(key string, modified time.Time) error {
		if goes(modified) {
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("list %s: %w", prefix, err)
	}
	for _, key := range keys {
		if err := a.Store.Bucket.Delete(ctx, key); err != nil {
			return 0, fmt.Errorf("delete %s: %w", key, err)
		}
	}
	return len(keys), nil
}
