package integration

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/probity/probity/internal/cron"
	"github.com/probity/probity/starter"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/workflows"
)

// keeper is a starter over the env's folder of definitions. It removes the schedules of all other reports, so tests that use
// one do not run beside others.
type keeper struct {
	*harness.Env
	starter *starter.Starter
}

func newKeeper(t *testing.T) keeper {
	e := stack.Env(t)
	return keeper{e, starter.New(e.Folder(), e.Schedules(), time.Hour, slog.New(slog.DiscardHandler))}
}

func (k keeper) sync(t *testing.T) {
	t.Helper()
	require.NoError(t, k.starter.Sync(t.Context()))
}

func (k keeper) handle(t *testing.T, name string) client.ScheduleHandle {
	return k.Client.ScheduleClient().GetHandle(t.Context(), workflows.ScheduleID(k.Config.Cluster, name))
}

func (k keeper) describe(t *testing.T, name string) *client.ScheduleDescription {
	t.Helper()
	described, err := k.handle(t, name).Describe(t.Context())
	require.NoError(t, err)
	return described
}

func TestSchedulesFollowTheDefinitions(t *testing.T) {
	k := newKeeper(t)
	daily := harness.Spec{"reportType": "inventory", "schedule": "8 6 * * *"}
	k.Define(t, "followed", daily)
	k.Define(t, "on-demand", harness.Spec{"reportType": "inventory"})
	k.sync(t)
	first := k.describe(t, "followed")
	require.Equal(t, []string{"8 6 * * *"}, comments(first))
	require.Equal(t, 6, first.Info.NextActionTimes[0].UTC().Hour())
	require.Equal(t, 8, first.Info.NextActionTimes[0].UTC().Minute())
	require.False(t, first.Schedule.State.Paused)
	_, err := k.handle(t, "on-demand").Describe(t.Context())
	require.Error(t, err, "a report without a schedule has no Schedule")

	k.sync(t)
	require.Equal(t, first.Info.LastUpdateAt, k.describe(t, "followed").Info.LastUpdateAt, "nothing changed, so nothing was written")

	k.Define(t, "followed", harness.Spec{"reportType": "inventory", "schedule": "0 0 13 * 5"})
	k.sync(t)
	require.Equal(t, []string{"0 0 13 * 5", "0 0 13 * 5"}, comments(k.describe(t, "followed")), "either day is a due day")

	k.Define(t, "followed", harness.Spec{"reportType": "inventory", "schedule": "0 0 13 * 5", "suspend": true})
	k.sync(t)
	paused := k.describe(t, "followed")
	require.True(t, paused.Schedule.State.Paused)
	require.Equal(t, "suspended by spec.suspend", paused.Schedule.State.Note)

	k.Define(t, "followed", daily)
	k.sync(t)
	require.False(t, k.describe(t, "followed").Schedule.State.Paused)

	require.NoError(t, os.Remove(filepath.Join(k.Config.Inputs.Reports, "followed.json")))
	eventually(t, "the schedule is gone", func() bool {
		k.sync(t) // the list of schedules lags behind
		_, err := k.handle(t, "followed").Describe(t.Context())
		return err != nil
	})
}

func TestSettingsReachTheSchedule(t *testing.T) {
	k := newKeeper(t)
	def := k.Define(t, "settings", harness.Spec{"reportType": "inventory", "schedule": "8 6 * * *"})
	k.sync(t)
	before := k.describe(t, "settings").Info.LastUpdateAt
	k.Config.Schedule.StartDelay, k.Config.Temporal.TaskQueue = time.Hour, k.Config.Temporal.TaskQueue+"-moved"
	_, err := k.Schedules().Ensure(t.Context(), def.Definition, def.Raw)
	require.NoError(t, err)
	after := k.describe(t, "settings")
	require.True(t, after.Info.LastUpdateAt.After(before))
	require.Equal(t, k.Queue(), after.Schedule.Action.(*client.ScheduleWorkflowAction).TaskQueue)
	require.NoError(t, k.Schedules().Remove(t.Context(), "settings"))
	require.NoError(t, k.Schedules().Remove(t.Context(), "settings"), "removing it twice is no error")
}

func TestInvalidDefinitionLeavesItsScheduleAlone(t *testing.T) {
	k := newKeeper(t)
	k.Define(t, "spoilt", harness.Spec{"reportType": "inventory", "schedule": "8 6 * * *"})
	k.Define(t, "sound", harness.Spec{"reportType": "inventory", "schedule": "8 6 * * *"})
	k.sync(t)
	before := k.describe(t, "spoilt")
	file := filepath.Join(k.Config.Inputs.Reports, "spoilt.json")
	require.NoError(t, os.WriteFile(file, []byte(
		`{"apiVersion":"projectcalico.org/v3","kind":"GlobalReport","metadata":{"name":"spoilt"},"spec":{"reportType":"inventory","schedule":"99 6 * * *"}}`), 0o600))
	k.Define(t, "sound", harness.Spec{"reportType": "inventory", "schedule": "9 6 * * *"})
	eventually(t, "both schedules are listed", func() bool {
		names, err := k.Schedules().Names(t.Context())
		return err == nil && contains(names, "spoilt", "sound")
	})
	k.sync(t)
	require.Equal(t, before.Info.LastUpdateAt, k.describe(t, "spoilt").Info.LastUpdateAt)
	require.Equal(t, []string{"9 6 * * *"}, comments(k.describe(t, "sound")), "the others are followed")
}

// A file that cannot be read may hold the reports that are missing: the others are followed, and nothing is deleted.
func TestUnreadableFileDeletesNothing(t *testing.T) {
	k := newKeeper(t)
	k.Define(t, "hidden", harness.Spec{"reportType": "inventory", "schedule": "8 6 * * *"})
	k.Define(t, "seen", harness.Spec{"reportType": "inventory", "schedule": "8 6 * * *"})
	k.sync(t)
	eventually(t, "both schedules are listed", func() bool {
		names, err := k.Schedules().Names(t.Context())
		return err == nil && contains(names, "hidden", "seen")
	})
	require.NoError(t, os.WriteFile(filepath.Join(k.Config.Inputs.Reports, "hidden.json"), []byte(`{"kind":`), 0o600))
	k.Define(t, "seen", harness.Spec{"reportType": "inventory", "schedule": "9 6 * * *"})
	k.sync(t)
	k.describe(t, "hidden")
	require.Equal(t, []string{"9 6 * * *"}, comments(k.describe(t, "seen")))
}

func TestDriftIsRepaired(t *testing.T) {
	k := newKeeper(t)
	k.Define(t, "drifting", harness.Spec{"reportType": "inventory", "schedule": "8 6 * * *"})
	k.sync(t)
	require.NoError(t, k.handle(t, "drifting").Pause(t.Context(), client.SchedulePauseOptions{Note: "by hand"}))
	require.True(t, k.describe(t, "drifting").Schedule.State.Paused)
	k.sync(t)
	require.False(t, k.describe(t, "drifting").Schedule.State.Paused, "a pause by hand is undone")

	require.NoError(t, k.handle(t, "drifting").Update(t.Context(), client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			s := in.Description.Schedule
			s.Spec = &client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: time.Hour}}}
			return &client.ScheduleUpdate{Schedule: &s}, nil
		},
	}))
	k.sync(t)
	require.Equal(t, []string{"8 6 * * *"}, comments(k.describe(t, "drifting")), "a schedule that was edited by hand is too")
}

func TestSnapshotsHaveASchedule(t *testing.T) {
	t.Parallel()
	e := stack.Env(t)
	cluster := "scheduled-" + e.Config.Temporal.TaskQueue
	handle := e.Client.ScheduleClient().GetHandle(t.Context(), workflows.SnapshotScheduleID(cluster))
	for _, expr := range []string{"0 */6 * * *", "0 */6 * * *", "30 2 * * *"} {
		schedule, err := cron.Parse(expr)
		require.NoError(t, err)
		require.NoError(t, e.Schedules().EnsureSnapshots(t.Context(), cluster, schedule))
		described, err := handle.Describe(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{expr}, comments(described))
	}
	require.NoError(t, handle.Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	e.Worker(t, nil)
	eventually(t, "the snapshot is in the archive", func() bool { return len(e.Keys(t, "snapshots/")) > 0 })
	require.NoError(t, handle.Delete(t.Context()))
}

func comments(described *client.ScheduleDescription) []string {
	var texts []string
	for _, calendar := range described.Schedule.Spec.Calendars {
		texts = append(texts, calendar.Comment)
	}
	return texts
}

func contains(names []string, wanted ...string) bool {
	have := map[string]bool{}
	for _, name := range names {
		have[name] = true
	}
	for _, name := range wanted {
		if !have[name] {
			return false
		}
	}
	return true
}
