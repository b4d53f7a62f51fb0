package activities

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/probity/probity/internal/evidence"
)

// snapshotRef names a snapshot in the archive.
type snapshotRef struct {
	At     time.Time `json:"at"`
	SHA256 string    `json:"sha256"` // of its manifest
	// Holds is the moment from which on it shows the cluster as it was (evidence.Snapshot.Holds).
	Holds time.Time `json:"holds"`
}

// findSnapshots sets the plan's snapshots; some tells whether the archive has any snapshot.
//
// The baseline is the newest snapshot that holds at the interval's start. One that was being taken then is none: what ended in
// the meantime is not in it, and what began is. The later snapshot is the newest that holds within the interval.
func (s *Store) findSnapshots(ctx context.Context, plan *planned) (some bool, err error) {
	var times []time.Time
	err = s.Bucket.List(ctx, s.Layout.Snapshots(), func(key string, _ time.Time) error {
		at, name, ok := s.Layout.ParseSnapshot(key)
		if !ok || name != evidence.ManifestName {
			return nil
		}
		some = true
		if !at.After(plan.Interval.End) {
			times = append(times, at)
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("list snapshots: %w", err)
	}
	slices.SortFunc(times, time.Time.Compare)
	var later *snapshotRef
	for _, at := range slices.Backward(times) {
		if later != nil && at.After(plan.Interval.Start) {
			continue
		}
		ref, err := s.snapshotRef(ctx, at)
		switch {
		case err != nil:
			return false, err
		case !ref.Holds.After(plan.Interval.Start):
			plan.Baseline, plan.Later, plan.From = ref, later, ref.At
			return some, nil
		case later == nil && !ref.Holds.After(plan.Interval.End):
			later = ref
		}
	}
	return some, nil
}

func (s *Store) snapshotRef(ctx context.Context, at time.Time) (*snapshotRef, error) {
	encoded, err := s.readAll(ctx, s.Layout.Snapshot(at)+evidence.ManifestName)
	if err != nil {
		return nil, err
	}
	manifest, err := evidence.ReadSnapshot(encoded)
	if err != nil {
		return nil, fmt.Errorf("snapshot of %s: %w", at.Format(time.RFC3339), err)
	}
	return &snapshotRef{At: at, SHA256: evidence.Digest(encoded), Holds: manifest.Holds()}, nil
}
