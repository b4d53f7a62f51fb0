package starter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/probity/probity/internal/cron"
	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/report"
)

// written keeps the events that were written.
type written struct{ events []kube.Event }

func (w *written) Write(_ runtime.Object, event kube.Event) { w.events = append(w.events, event) }

func (w *written) take() []kube.Event {
	events := w.events
	w.events = nil
	return events
}

func newTold() (*told, *written) {
	w := &written{}
	return &told{events: w, namespace: "compliance", last: map[string]string{}}, w
}

// stored is a report as the API server has it.
func stored(t *testing.T, status string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	require.NoError(t, object.UnmarshalJSON([]byte(`{"apiVersion":"projectcalico.org/v3","kind":"GlobalReport",`+
		`"metadata":{"name":"daily","generation":3},"spec":{"reportType":"inventory"},"status":`+status+`}`)))
	return object
}

func TestStandingIsToldWhenItIsNew(t *testing.T) {
	told, w := newTold()
	bad := func(message, status string) *standing {
		return &standing{name: "daily", object: stored(t, status), reason: ReasonRefused, message: message}
	}
	told.standing(bad("bad cron", "{}"))
	events := w.take()
	require.Len(t, events, 1)
	require.True(t, events[0].Warning)
	require.Equal(t, ReasonRefused, events[0].Reason)
	require.Equal(t, "bad cron", events[0].Note)
	told.standing(bad("bad cron", "{}"))
	require.Empty(t, w.take(), "once")
	told.standing(bad("bad selector", "{}"))
	require.Len(t, w.take(), 1, "another problem is news")
	told.standing(&standing{name: "daily", ready: true})
	require.Empty(t, w.take())
	told.standing(bad("bad selector", "{}"))
	require.Len(t, w.take(), 1, "and so is one that came back")

	other, w := newTold()
	other.standing(bad("bad cron", `{"message":"bad cron"}`))
	require.Empty(t, w.take(), "another process has said it")
}

func TestChangesOfSchedulesAreTold(t *testing.T) {
	schedule, err := cron.Parse("0 3 * * *")
	require.NoError(t, err)
	s := &standing{name: "daily", def: &definitions.Entry{Definition: &report.Definition{Schedule: &schedule}}}
	told, w := newTold()
	told.change(s, Unchanged)
	require.Empty(t, w.take())
	for _, change := range []Change{Created, Updated, Suspended, Resumed} {
		told.change(s, change)
		events := w.take()
		require.Len(t, events, 1)
		require.Equal(t, string(change), events[0].Reason)
		require.Contains(t, events[0].Note, "0 3 * * *")
		require.False(t, events[0].Warning)
	}
}

func ended(hour int, state evidence.State) evidence.Outcome {
	end := time.Date(2026, 11, 21, hour, 0, 0, 0, time.UTC)
	o := evidence.Outcome{
		Interval: interval.Interval{Start: end.Add(-time.Hour), End: end}, State: state, Trigger: evidence.Scheduled,
		Run: evidence.Run{WorkflowID: "report/prod/daily/" + end.Format(time.RFC3339), RunID: string(state)}, Finished: end.Add(time.Minute),
	}
	switch {
	case state == evidence.StateFailed:
		o.Cause = &evidence.Cause{Message: "the share is gone"}
	case state != evidence.StateComplete:
		o.Bundle, o.Reasons = &evidence.BundleRef{Revision: 1}, []evidence.Reason{{Text: "an hour is missing"}}
	default:
		o.Bundle = &evidence.BundleRef{Revision: 1}
	}
	return o
}

func TestEndedRunsAreToldOnce(t *testing.T) {
	told, w := newTold()
	records := []evidence.Outcome{
		ended(1, evidence.StateComplete), ended(2, evidence.StatePartial), ended(3, evidence.StateInsufficient), ended(4, evidence.StateFailed),
	}
	none := report.Status(report.Jobs{})
	after := report.Status(report.Jobs{Outcomes: records})
	s := &standing{name: "daily", object: stored(t, "{}")}
	told.outcomes(s, &none, &after, records)
	said := map[string]kube.Event{}
	for _, event := range w.take() {
		said[event.Reason] = event
		require.Contains(t, event.Note, event.Related.Name, "the workflow")
		require.Equal(t, "compliance", event.Related.Namespace)
	}
	require.Len(t, said, 4)
	require.False(t, said["ReportComplete"].Warning)
	for reason, says := range map[string]string{
		"ReportPartial": "an hour is missing", "ReportInsufficient": "run it again", "ReportFailed": "the share is gone",
	} {
		require.True(t, said[reason].Warning, reason)
		require.Contains(t, said[reason].Note, says)
	}
	told.outcomes(s, &after, &after, records)
	require.Empty(t, w.take())
}
