package starter

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/client"
)

// Archive tells whether a cluster has a snapshot.
type Archive interface {
	HasSnapshot(ctx context.Context) (bool, error)
}

// FirstSnapshot starts a snapshot of a cluster that has none: without one no report can be made, and the schedule may be hours
// away. The run is nil where there is one. Several starters at once start one snapshot.
func (r *Runs) FirstSnapshot(ctx context.Context, cluster string, archive Archive) (client.WorkflowRun, error) {
	some, err := archive.HasSnapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for a snapshot of %s: %w", cluster, err)
	}
	if some {
		return nil, nil //nolint:nilnil // there is nothing to start
	}
	return r.Snapshot(ctx, cluster)
}
