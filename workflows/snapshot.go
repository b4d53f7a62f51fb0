package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/probity/probity/activities"
)

// SnapshotInput starts a Snapshot.
type SnapshotInput struct {
	Cluster string `json:"cluster"`
	Retry   Retry  `json:"retry,omitzero"`
}

// Snapshot lists every followed resource of the cluster into the bucket.
func Snapshot(ctx workflow.Context, in SnapshotInput) (activities.SnapshotResult, error) {
	workflow.SetCurrentDetails(ctx, "listing the resources of "+in.Cluster)
	var taken activities.SnapshotResult
	err := workflow.ExecuteActivity(chunk(ctx, in.Retry, "snapshot of "+in.Cluster), activities.SnapshotName,
		activities.SnapshotParams{}).Get(ctx, &taken)
	if err == nil {
		workflow.SetCurrentDetails(ctx, "snapshot "+taken.Key)
	}
	return taken, err
}
