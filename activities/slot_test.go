package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/probity/probity/activities"
)

// recorded are runs as Temporal's record has them.
type recorded struct {
	closed  map[string]bool
	paused  bool
	failure error
}

func (r *recorded) Closed(_ context.Context, workflowID, _ string) (bool, error) {
	return r.closed[workflowID], r.failure
}

func (r *recorded) Paused(_ context.Context, _, report string) (bool, error) {
	return r.paused && report == "daily", r.failure
}

func runs(ids ...string) []activities.Run {
	var all []activities.Run
	for _, id := range ids {
		all = append(all, activities.Run{WorkflowID: id, RunID: "run of " + id})
	}
	return all
}

func awaitSlot(t *testing.T, slot *activities.Slot, params activities.SlotParams) (activities.SlotResult, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&activities.FailureInterceptor{}}})
	env.RegisterActivityWithOptions(slot.Execute, activity.RegisterOptions{Name: activities.SlotName})
	var result activities.SlotResult
	value, err := env.ExecuteActivity(activities.SlotName, params)
	if err != nil {
		return result, err
	}
	require.NoError(t, value.Get(&result))
	return result, nil
}

func TestSlot(t *testing.T) {
	for name, c := range map[string]struct {
		runs   recorded
		params activities.SlotParams
		want   activities.SlotResult
	}{
		"nothing is active":          {recorded{}, activities.SlotParams{Report: "daily", Max: 1}, activities.SlotResult{}},
		"fewer than may be":          {recorded{}, activities.SlotParams{Report: "daily", Active: runs("a", "b"), Max: 3}, activities.SlotResult{Active: runs("a", "b")}},
		"what has ended frees slots": {recorded{closed: map[string]bool{"b": true}}, activities.SlotParams{Report: "daily", Active: runs("a", "b", "c"), Max: 3}, activities.SlotResult{Active: runs("a", "c")}},
		"all have ended":             {recorded{closed: map[string]bool{"a": true, "b": true}}, activities.SlotParams{Report: "daily", Active: runs("a", "b"), Max: 1}, activities.SlotResult{}},
		"suspended, and full":        {recorded{paused: true}, activities.SlotParams{Report: "daily", Active: runs("a"), Max: 1}, activities.SlotResult{Active: runs("a"), Suspended: true}},
		"another report's suspension": {recorded{paused: true}, activities.SlotParams{Report: "hourly", Active: runs("a"), Max: 2},
			activities.SlotResult{Active: runs("a")}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := awaitSlot(t, &activities.Slot{Runs: &c.runs}, c.params)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestSlotWaits(t *testing.T) {
	for poll, again := range map[time.Duration]time.Duration{0: 15 * time.Second, time.Second: time.Second} {
		_, err := awaitSlot(t, &activities.Slot{Runs: &recorded{}, Poll: poll}, activities.SlotParams{Report: "daily", Active: runs("a", "b"), Max: 2})
		failure := requireFailure(t, err, activities.FailureWaiting, false)
		require.Equal(t, "2 runs of daily are active; 2 may be", failure.Message())
		require.Equal(t, again, failure.NextRetryDelay())
		require.Equal(t, temporal.ApplicationErrorCategoryBenign, failure.Category())
	}
}

func TestSlotWithoutAnAnswer(t *testing.T) {
	_, err := awaitSlot(t, &activities.Slot{Runs: &recorded{failure: errors.New("no connection")}}, activities.SlotParams{Report: "daily", Max: 2})
	_ = requireFailure(t, err, activities.FailureUnavailable, false)
}
