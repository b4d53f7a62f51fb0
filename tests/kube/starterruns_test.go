package kube

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/deploy"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/workflows"
)

// notes are the notes of the events of one reason about a report, by the name of what they are related to.
func (l *life) notes(t *testing.T, name, reason string) map[string]string {
	t.Helper()
	out := l.server.Kubectl(t, "get", "events.events.k8s.io", "-n", "default", "-o",
		`jsonpath={range .items[*]}{.regarding.name}|{.reason}|{.related.name}|{.note}{"\n"}{end}`)
	notes := map[string]string{}
	for line := range strings.Lines(out) {
		if fields := strings.SplitN(line, "|", 4); len(fields) == 4 && fields[0] == name && fields[1] == reason {
			require.NotContains(t, notes, fields[2], "told twice")
			notes[fields[2]] = fields[3]
		}
	}
	return notes
}

// TestEachFailureIsTold: of runs that fail at one time, each has an event of its own.
func TestEachFailureIsTold(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.work(t)
	l.control(t)
	l.failing.Store(true)
	l.server.Apply(t, manifestOf("failing", "0 * * * *"))
	l.event(t, "failing", "ScheduleCreated", "0 * * * *")
	l.due(t, "failing", 1, 3)
	var notes map[string]string
	require.Eventually(t, func() bool {
		notes = l.notes(t, "failing", "ReportFailed")
		return len(notes) == 3
	}, time.Minute, 200*time.Millisecond)
	for _, hour := range []string{"01", "02", "03"} {
		note := notes["report/"+l.Config.Cluster+"/failing/2026-03-10T"+hour+":00:00Z"]
		require.Contains(t, note, "the share is gone")
		require.Contains(t, note, "run it again with `probity run`", "what to do")
	}
}

// TestDeletedReportFinishesItsRuns: a tick that waits for a slot counts as scheduled, and with the definition only the Schedule goes.
func TestDeletedReportFinishesItsRuns(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.work(t)
	l.control(t)
	l.server.Apply(t, manifestOf("going", "0 * * * *"))
	l.event(t, "going", "ScheduleCreated", "0 * * * *")
	l.due(t, "going", 1, 6)
	l.await(t, "going", "the sixth waits for a slot", func(p v3.ReportStatus, _ deploy.ReportStatus) bool {
		last := p.LastScheduledReportJob
		return len(p.ActiveReportJobs) == 5 && last != nil && last.End.UTC().Equal(harness.Day.Start.Add(6*time.Hour)) &&
			strings.HasPrefix(last.Job.Name, workflows.TickID(l.Config.Cluster, "going"))
	})

	l.server.Kubectl(t, "delete", "globalreport", "going")
	handle := l.Client.ScheduleClient().GetHandle(t.Context(), workflows.ScheduleID(l.Config.Cluster, "going"))
	require.Eventually(t, func() bool {
		_, err := handle.Describe(t.Context())
		return err != nil
	}, time.Minute, 100*time.Millisecond)
	require.Equal(t, 5, l.gate.Waiting(), "they still run")
	l.gate.Open()
	require.Eventually(t, func() bool {
		outcomes, err := l.Catalogue.Outcomes(t.Context(), "going")
		return err == nil && len(outcomes) >= 5
	}, time.Minute, 100*time.Millisecond)
}

// TestStarterWithDefinitionsOfAnotherMaker: their status has the published fields only; the rest is told by events.
func TestStarterWithDefinitionsOfAnotherMaker(t *testing.T) {
	l := lifeWith(t, theirs, typesOnly(t))
	l.work(t)
	l.control(t)
	l.gate.Open()
	l.server.Apply(t, manifestOf("fine", "0 * * * *"))
	l.server.Apply(t, manifestOf("bad", "61 * * * *"))
	l.event(t, "bad", "DefinitionRefused", `spec.schedule "61 * * * *"`)
	l.event(t, "fine", "ScheduleCreated", "0 * * * *")
	l.due(t, "fine", 1, 2)
	l.await(t, "fine", "two have ended", func(p v3.ReportStatus, _ deploy.ReportStatus) bool {
		return len(p.LastSuccessfulReportJobs) == 2 && len(p.ActiveReportJobs) == 0
	})
	l.event(t, "fine", "ReportPartial", "2026-03-10T02:00:00Z")

	// What is as it should be is not written again, however often it is looked at.
	version := func() string {
		return l.server.Kubectl(t, "get", "globalreport", "fine", "bad", "-o", "jsonpath={.items[*].metadata.resourceVersion}")
	}
	before := version()
	for _, name := range []string{"next", "last"} {
		l.server.Apply(t, manifestOf(name, "0 * * * *"))
		l.event(t, name, "ScheduleCreated", "0 * * * *")
		l.server.Kubectl(t, "delete", "globalreport", name)
	}
	require.Equal(t, before, version())
	require.Len(t, l.notes(t, "bad", "DefinitionRefused"), 1)
}

// typesOnly is the definition of GlobalReportType alone.
func typesOnly(t *testing.T) string {
	t.Helper()
	crds, err := deploy.Definitions()
	require.NoError(t, err)
	for document := range strings.SplitSeq(string(crds), "\n---\n") {
		if strings.Contains(document, "name: globalreporttypes.projectcalico.org") {
			return document
		}
	}
	t.Fatal("no definition of GlobalReportType")
	return ""
}
