package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/evidence"
)

func outcomes(t *testing.T, p *pipeline) []evidence.Outcome {
	t.Helper()
	all, err := catalogue.New(p.bucket, layout(t)).Outcomes(t.Context(), "")
	require.NoError(t, err)
	return all
}

func TestOutcomeOfABundle(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	p.cluster = nil
	b := p.run(t)
	all := outcomes(t, p)
	require.Len(t, all, 1)
	require.Equal(t, evidence.StateInsufficient, all[0].State)
	require.Equal(t, b.Reasons, all[0].Reasons)
	require.Equal(t, &evidence.BundleRef{Key: b.Path, SHA256: b.SHA256, Revision: 1}, all[0].Bundle)
	require.Equal(t, "daily-inventory", all[0].Report)
	require.Equal(t, "inventory", all[0].Type)
	require.Equal(t, theDay(), all[0].Interval)
}

func TestOutcomeOfAFailure(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	cause := &evidence.Cause{Message: "GatherFlows: read flow logs: no connection", Type: activities.FailureUnavailable, Step: "GatherFlows", Attempts: 6}
	params := activities.OutcomeParams{
		Report: "daily-inventory", Type: "inventory", Interval: p.interval, Trigger: evidence.Manual, By: "kim", Cause: cause,
		Started: midnight, Finished: midnight.Add(time.Hour),
	}
	first, err := step[activities.Ref](t, p, activities.OutcomeName, params)
	require.NoError(t, err)
	second, err := step[activities.Ref](t, p, activities.OutcomeName, params)
	require.NoError(t, err, "another attempt finds what the first one wrote")
	require.Equal(t, first, second)
	all := outcomes(t, p)
	require.Len(t, all, 1)
	require.Equal(t, evidence.StateFailed, all[0].State)
	require.Equal(t, cause, all[0].Cause)
	require.Equal(t, "kim", all[0].By)
	require.Nil(t, all[0].Bundle)
}

func TestOutcomeOfNothing(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	_, err := step[activities.Ref](t, p, activities.OutcomeName, activities.OutcomeParams{
		Report: "daily-inventory", Type: "inventory", Interval: p.interval, Trigger: evidence.Scheduled, Started: midnight, Finished: midnight,
	})
	_ = requireFailure(t, err, activities.FailureInvalidInput, true)
	require.ErrorContains(t, err, "needs a cause with a message")
}
