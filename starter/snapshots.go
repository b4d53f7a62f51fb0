package starter

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/probity/probity/internal/cron"
	"github.com/probity/probity/workflows"
)

// EnsureSnapshots keeps the Schedule of the cluster's snapshots. Of snapshots that fall due while one is being taken, one is
// taken after it.
func (s *Schedules) EnsureSnapshots(ctx context.Context, cluster string, schedule cron.Schedule) error {
	id := workflows.SnapshotScheduleID(cluster)
	input := workflows.SnapshotInput{Cluster: cluster, Retry: s.settings.Retry}
	digest, err := digestOf([]any{s.settings.TaskQueue, schedule.String(), input})
	if err != nil {
		return err
	}
	action := &client.ScheduleWorkflowAction{
		ID:            id,
		Workflow:      workflows.SnapshotName,
		Args:          []any{input},
		TaskQueue:     s.settings.TaskQueue,
		Memo:          map[string]any{specMemo: digest, "cron": schedule.String()},
		StaticSummary: "snapshot of " + cluster,

		TypedSearchAttributes: temporal.NewSearchAttributes(workflows.ClusterKey.ValueSet(cluster)),
	}
	spec := client.ScheduleSpec{Calendars: calendars(schedule)}
	_, err = s.client.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: id, Spec: spec, Action: action, Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE,
	})
	if err == nil {
		s.logger.Info("schedule created", "snapshots", cluster, "schedule", schedule.String())
		return nil
	}
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return fmt.Errorf("create schedule of snapshots: %w", err)
	}
	err = s.client.ScheduleClient().GetHandle(ctx, id).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			have := in.Description.Schedule
			if old, ok := have.Action.(*client.ScheduleWorkflowAction); ok && memoText(old.Memo[specMemo]) == digest {
				return nil, temporal.ErrSkipScheduleUpdate
			}
			have.Spec, have.Action = &spec, action
			return &client.ScheduleUpdate{Schedule: &have}, nil
		},
	})
	if err != nil {
		return fmt.Errorf("update schedule of snapshots: %w", err)
	}
	return nil
}
