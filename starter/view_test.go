package starter

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probity/probity/deploy"
	"github.com/probity/probity/internal/cron"
	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/report"
)

func TestStatusIsWrittenOnlyWhereItDiffers(t *testing.T) {
	jobs := report.Jobs{Namespace: "compliance", Outcomes: []evidence.Outcome{ended(1, evidence.StateComplete)}}
	jobsStatus := report.Status(jobs)
	end := metav1.NewTime(jobs.Outcomes[0].Interval.End)
	mine := deploy.ReportStatus{Message: "scheduled", LastOutcome: "complete", LastEnd: &end}
	both := status{published{jobsStatus}, own{mine}}
	raw := func(v any) string {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		return string(text)
	}
	for _, test := range []struct {
		name string
		have string
		next any
		want bool
	}{
		{"nothing yet", "{}", both, false},
		{"nothing to say", "{}", report.Status(report.Jobs{}), true},
		{"the same", raw(both), both, true},
		{"the same, published only", raw(jobsStatus), jobsStatus, true},
		{"ours is missing", raw(jobsStatus), both, false},
		{"something is left over", `{"message":"old"}`, report.Status(report.Jobs{}), false},
		{"another number", `{"conditions":[{"type":"Ready","observedGeneration":2}]}`,
			map[string]any{"conditions": []any{map[string]any{"type": "Ready", "observedGeneration": 3}}}, false},
		{"the same number", `{"conditions":[{"type":"Ready","observedGeneration":3}]}`,
			map[string]any{"conditions": []any{map[string]any{"type": "Ready", "observedGeneration": 3}}}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, same(stored(t, test.have), test.next))
		})
	}
}

func TestOwnFields(t *testing.T) {
	schedule, err := cron.Parse("0 3 * * *")
	require.NoError(t, err)
	var v view
	s := &standing{
		name: "daily", object: stored(t, "{}"), def: &definitions.Entry{Definition: &report.Definition{Schedule: &schedule}},
		reason: ReasonScheduled, message: "scheduled", ready: true,
	}
	first := v.ours(s, 2, []evidence.Outcome{ended(1, evidence.StateComplete), ended(2, evidence.StateFailed)})
	require.Equal(t, "scheduled; 2 active", first.Message)
	require.Equal(t, "failed", first.LastOutcome)
	require.Equal(t, 2, first.LastEnd.Hour())
	require.Equal(t, 3, first.Next.Hour())
	require.Len(t, first.Conditions, 1)
	require.Equal(t, int64(3), first.Conditions[0].ObservedGeneration)
	require.Equal(t, metav1.ConditionTrue, first.Conditions[0].Status)

	// What stays as it was keeps the time of its last transition.
	first.Conditions[0].LastTransitionTime = metav1.NewTime(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	text, err := json.Marshal(first)
	require.NoError(t, err)
	s.object = stored(t, string(text))
	require.True(t, v.ours(s, 0, nil).Conditions[0].LastTransitionTime.Equal(&first.Conditions[0].LastTransitionTime))
	s.ready, s.reason, s.def = false, ReasonRefused, nil
	refused := v.ours(s, 2, nil)
	require.Equal(t, metav1.ConditionFalse, refused.Conditions[0].Status)
	require.True(t, refused.Conditions[0].LastTransitionTime.After(first.Conditions[0].LastTransitionTime.Time))
	require.Equal(t, "scheduled", refused.Message, "a report that cannot be used says why, not how much is active")
	require.Nil(t, refused.Next)
}

func TestAnswersAreRememberedForAWhile(t *testing.T) {
	asked := 0
	var r remembered[int]
	ask := func() (int, error) { asked++; return asked, nil }
	for range 3 {
		value, err := r.get(ask)
		require.NoError(t, err)
		require.Equal(t, 1, value)
	}
	r.until = time.Now().Add(-time.Second)
	_, err := r.get(func() (int, error) { return 0, errors.New("away") })
	require.EqualError(t, err, "away")
	value, err := r.get(ask)
	require.NoError(t, err)
	require.Equal(t, 2, value, "a failure is not remembered")
}
