package kube

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/deploy"
	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/starter"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/tests/kube/cluster"
	"github.com/probity/probity/worker"
	"github.com/probity/probity/workflows"
)

// life is an API server with the definitions, an archive, a worker whose steps can be held and made to fail, and a controller.
type life struct {
	*harness.Env
	server  *cluster.Cluster
	gate    *harness.Gate
	failing atomic.Bool
}

// heldBenchmarks waits at a gate, and fails on demand.
type heldBenchmarks struct {
	activities.Benchmarks
	life *life
}

func (h heldBenchmarks) Each(ctx context.Context, yield func(string, time.Time, []byte) error) error {
	if h.life.failing.Load() {
		return errors.New("the share is gone")
	}
	if err := h.life.gate.Pass(ctx); err != nil {
		return err
	}
	return h.Benchmarks.Each(ctx, yield)
}

func newLife(t *testing.T) *life {
	t.Helper()
	server := serverWithDefinitions(t)
	return lifeOf(server, stackWith(t, server))
}

func serverWithDefinitions(t *testing.T) *cluster.Cluster {
	t.Helper()
	server := cluster.Start(t, devstack.KubeOptions{})
	crds, err := deploy.Definitions()
	require.NoError(t, err)
	server.Apply(t, string(crds), "--server-side")
	server.Kubectl(t, "wait", "--for=condition=Established", "--timeout=60s", "crd/globalreports.projectcalico.org", "crd/globalreporttypes.projectcalico.org")
	return server
}

func lifeOf(server *cluster.Cluster, e *harness.Env) *life {
	e.Config.Inputs.Reports, e.Config.Inputs.Audit = "", ""
	e.Config.Inputs.Benchmarks = e.Sample + "/benchmarks"
	l := &life{Env: e, server: server}
	l.gate = e.Gate()
	return l
}

func (l *life) work(t *testing.T) {
	l.Worker(t, func(p *worker.Ports) { p.Benchmarks = heldBenchmarks{p.Benchmarks, l} })
}

// control runs a controller in this process until stop is called.
func (l *life) control(t *testing.T) (stop func()) {
	t.Helper()
	config := l.server.Config(t)
	followed, err := kube.Follow(config, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	events, err := kube.NewEvents(ctx, config, "probity-starter")
	require.NoError(t, err)
	c := starter.NewController(starter.ControllerOptions{
		Followed: followed, Events: events, Client: l.Client, Schedules: l.Schedules(), Runs: l.Runs(),
		Outcomes: catalogue.NewRecent(l.Catalogue), Settings: l.Settings(), Limits: report.Limits{MaxPerHour: 2},
		Resync: 500 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-ended)
			events.Close()
		}
	}
	t.Cleanup(stop)
	return stop
}

func (l *life) get(t *testing.T, name string) (published v3.ReportStatus, own deploy.ReportStatus) {
	t.Helper()
	raw := []byte(l.server.Kubectl(t, "get", "globalreport", name, "-o", "json"))
	var a struct {
		Status v3.ReportStatus `json:"status"`
	}
	var b struct {
		Status deploy.ReportStatus `json:"status"`
	}
	require.NoError(t, yaml.Unmarshal(raw, &a))
	require.NoError(t, yaml.Unmarshal(raw, &b))
	return a.Status, b.Status
}

// await waits until the report's status is as wanted.
func (l *life) await(t *testing.T, name, what string, want func(v3.ReportStatus, deploy.ReportStatus) bool) {
	t.Helper()
	var last string
	ok := false
	defer func() {
		if !ok {
			t.Logf("%s: the last status was %s", what, last)
		}
	}()
	require.Eventually(t, func() bool {
		published, own := l.get(t, name)
		last = fmt.Sprintf("%+v %+v", published, own)
		ok = want(published, own)
		return ok
	}, time.Minute, 200*time.Millisecond, what)
}

func (l *life) event(t *testing.T, name, reason, says string) {
	t.Helper()
	require.Eventually(t, func() bool {
		out := l.server.Kubectl(t, "get", "events.events.k8s.io", "-n", "default", "-o",
			`jsonpath={range .items[*]}{.regarding.name}|{.reason}|{.note}{"\n"}{end}`)
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, name+"|"+reason+"|") && strings.Contains(line, says) {
				return true
			}
		}
		return false
	}, 30*time.Second, 200*time.Millisecond, "event %s of %s that says %q", reason, name, says)
}

func ready(own deploy.ReportStatus) (metav1.ConditionStatus, string) {
	for _, c := range own.Conditions {
		if c.Type == starter.Ready {
			return c.Status, c.Reason
		}
	}
	return "", ""
}

// due makes the report's Schedule act as at its due times of a range of hours of the sample's day.
func (l *life) due(t *testing.T, name string, from, to int) {
	t.Helper()
	handle := l.Client.ScheduleClient().GetHandle(t.Context(), workflows.ScheduleID(l.Config.Cluster, name))
	require.NoError(t, handle.Backfill(t.Context(), client.ScheduleBackfillOptions{Backfill: []client.ScheduleBackfill{{
		Start: harness.Day.Start.Add(time.Duration(from)*time.Hour - time.Minute), End: harness.Day.Start.Add(time.Duration(to)*time.Hour + time.Minute),
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL,
	}}}))
}

func manifestOf(name, schedule string, rest ...string) string {
	return "apiVersion: projectcalico.org/v3\nkind: GlobalReport\nmetadata: {name: " + name + "}\nspec:\n  reportType: cis-benchmark\n" +
		"  schedule: '" + schedule + "'\n  " + strings.Join(rest, "\n  ") + "\n"
}

// name is the report whose life is told.
const name = "hourly"

func TestStatusThroughALife(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.work(t)
	l.control(t)
	l.server.Apply(t, manifestOf(name, "0 * * * *"))
	l.await(t, name, "created", func(p v3.ReportStatus, own deploy.ReportStatus) bool {
		status, reason := ready(own)
		return status == metav1.ConditionTrue && reason == starter.ReasonScheduled && own.Next != nil && p.LastScheduledReportJob == nil
	})
	l.event(t, name, "ScheduleCreated", "0 * * * *")

	// Five are active at most; the sixth waits.
	l.due(t, name, 1, 6)
	l.await(t, name, "five active", func(p v3.ReportStatus, own deploy.ReportStatus) bool {
		return len(p.ActiveReportJobs) == 5 && strings.Contains(own.Message, "5 active")
	})
	require.Eventually(t, func() bool { return l.gate.Waiting() == 5 }, time.Minute, 100*time.Millisecond)
	published, _ := l.get(t, name)
	require.Equal(t, "temporal.io/v1", published.ActiveReportJobs[0].Job.APIVersion)
	require.Equal(t, "report/"+l.Config.Cluster+"/hourly/2026-03-10T05:00:00Z", published.ActiveReportJobs[0].Job.Name, "the newest first")
	l.gate.Open()
	l.await(t, name, "all six have ended", func(p v3.ReportStatus, own deploy.ReportStatus) bool {
		return len(p.ActiveReportJobs) == 0 && p.LastScheduledReportJob != nil && own.LastEnd != nil &&
			own.LastEnd.UTC().Equal(harness.Day.Start.Add(6*time.Hour)) && p.LastScheduledReportJob.End.UTC().Equal(own.LastEnd.UTC())
	})
	published, _ = l.get(t, name)
	require.Len(t, published.LastSuccessfulReportJobs, 2, "%+v", published)
	require.NotNil(t, published.LastSuccessfulReportJobs[0].JobCompletionTime)

	l.failures(t)
	l.suspension(t)
	l.edits(t)

	// A manual run never enters the status, and finds the definition in the API server.
	before, _ := l.get(t, name)
	out := l.Output(t, "run", name, "--start", "2026-03-10T01:00:00Z", "--end", "2026-03-10T04:00:00Z", "--wait", "--config", l.WriteConfig(t, ""))
	require.Contains(t, out, "report    hourly (cis-benchmark)")
	outcomes, err := l.Catalogue.Outcomes(t.Context(), name)
	require.NoError(t, err)
	require.Len(t, outcomes, 15)
	after, _ := l.get(t, name)
	require.Equal(t, before, after)

	// Deleted: the schedule goes, the archive stays.
	l.server.Kubectl(t, "delete", "globalreport", name)
	require.Eventually(t, func() bool {
		_, err := l.Client.ScheduleClient().GetHandle(t.Context(), workflows.ScheduleID(l.Config.Cluster, name)).Describe(t.Context())
		return err != nil
	}, time.Minute, 100*time.Millisecond)
	require.NotEmpty(t, l.Keys(t, "reports/hourly/"))
}

func (l *life) failures(t *testing.T) {
	t.Helper()
	// Failures: the newest three are listed, and told.
	l.failing.Store(true)
	l.due(t, name, 7, 10)
	l.await(t, name, "three failures", func(p v3.ReportStatus, own deploy.ReportStatus) bool {
		return len(p.LastFailedReportJobs) == 3 && own.LastOutcome == "failed" && own.LastEnd.UTC().Equal(harness.Day.Start.Add(10*time.Hour))
	})
	l.event(t, name, "ReportFailed", "the share is gone")
	l.failing.Store(false)
}

func (l *life) suspension(t *testing.T) {
	t.Helper()
	// Suspended, and resumed with what fell due meanwhile.
	l.server.Kubectl(t, "patch", "globalreport", name, "--type=merge", "-p", `{"spec":{"suspend":true}}`)
	l.await(t, name, "suspended", func(_ v3.ReportStatus, own deploy.ReportStatus) bool {
		_, reason := ready(own)
		return reason == starter.ReasonSuspended && own.Next == nil
	})
	l.event(t, name, "ReportSuspended", "")
	l.SetNow(harness.Day.Start.Add(14*time.Hour + time.Minute))
	l.server.Kubectl(t, "patch", "globalreport", name, "--type=merge", "-p", `{"spec":{"suspend":false}}`)
	l.event(t, name, "ReportResumed", "")
	l.await(t, name, "caught up", func(p v3.ReportStatus, own deploy.ReportStatus) bool {
		return own.LastEnd.UTC().Equal(harness.Day.Start.Add(14*time.Hour)) && len(p.ActiveReportJobs) == 0
	})
	outcomes, err := l.Catalogue.Outcomes(t.Context(), name)
	require.NoError(t, err)
	require.Len(t, outcomes, 14, "one for each hour")
}

func (l *life) edits(t *testing.T) {
	t.Helper()
	// Edited: first to what cannot be used, then to another schedule.
	l.server.Kubectl(t, "patch", "globalreport", name, "--type=merge", "-p", `{"spec":{"schedule":"*/10 * * * *"}}`)
	l.await(t, name, "refused", func(_ v3.ReportStatus, own deploy.ReportStatus) bool {
		status, reason := ready(own)
		return status == metav1.ConditionFalse && reason == starter.ReasonRefused && strings.Contains(own.Message, "spec.schedule")
	})
	l.event(t, name, "DefinitionRefused", "its schedule stays as it was")
	l.server.Kubectl(t, "patch", "globalreport", name, "--type=merge", "-p", `{"spec":{"schedule":"30 2 * * *"}}`)
	l.await(t, name, "edited", func(_ v3.ReportStatus, own deploy.ReportStatus) bool {
		status, _ := ready(own)
		return status == metav1.ConditionTrue && own.Next != nil && own.Next.UTC().Hour() == 2 && own.Next.UTC().Minute() == 30
	})
}

func TestStarterRepairsDriftAndNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.control(t)
	l.server.Apply(t, manifestOf("drifts", "0 3 * * *"))
	l.await(t, "drifts", "nobody works", func(_ v3.ReportStatus, own deploy.ReportStatus) bool {
		status, reason := ready(own)
		return status == metav1.ConditionFalse && reason == starter.ReasonNoWorker && strings.Contains(own.Message, "no worker serves task queue")
	})
	l.work(t)
	l.await(t, "drifts", "somebody works", func(_ v3.ReportStatus, own deploy.ReportStatus) bool {
		status, _ := ready(own)
		return status == metav1.ConditionTrue
	})

	// What someone did to the schedule in Temporal is undone.
	handle := l.Client.ScheduleClient().GetHandle(t.Context(), workflows.ScheduleID(l.Config.Cluster, "drifts"))
	require.NoError(t, handle.Pause(t.Context(), client.SchedulePauseOptions{Note: "by hand"}))
	require.Eventually(t, func() bool {
		described, err := handle.Describe(t.Context())
		return err == nil && !described.Schedule.State.Paused
	}, time.Minute, 100*time.Millisecond)
	require.NoError(t, handle.Delete(t.Context()))
	require.Eventually(t, func() bool {
		_, err := handle.Describe(t.Context())
		return err == nil
	}, time.Minute, 100*time.Millisecond)

	// A report for selected nodes that nobody serves says so, with what to start.
	l.server.Apply(t, manifestOf("selected", "0 4 * * *", "jobNodeSelector: {nodetype: infrastructure}"))
	l.event(t, "selected", "NoWorker", "--worker-node-selector nodetype=infrastructure")

	// A type that is broken is named by the reports that use it, and its repair is noticed.
	const kind = "apiVersion: projectcalico.org/v3\nkind: GlobalReportType\nmetadata: {name: mine}\nspec:\n  uiSummaryTemplate: {name: ui-summary.json, template: '%s'}\n"
	l.server.Apply(t, fmt.Sprintf(kind, "{{ .Nothing }}"))
	l.server.Apply(t, strings.Replace(manifestOf("typed", "0 5 * * *"), "cis-benchmark", "mine", 1))
	l.await(t, "typed", "the type is broken", func(_ v3.ReportStatus, own deploy.ReportStatus) bool {
		return strings.Contains(own.Message, `template "ui-summary.json", line 1`)
	})
	l.server.Apply(t, fmt.Sprintf(kind, "{}"))
	l.await(t, "typed", "the type is mended", func(_ v3.ReportStatus, own deploy.ReportStatus) bool {
		status, _ := ready(own)
		return status == metav1.ConditionTrue
	})
	table := l.server.Kubectl(t, "get", "globalreports")
	t.Log("\n" + table)
	for _, column := range []string{"NAME", "TYPE", "SCHEDULE", "drifts", "0 3 * * *"} {
		require.Contains(t, table, column)
	}
}

func TestTwoStartersOneLeads(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.work(t)
	l.server.Kubectl(t, "create", "namespace", "probity")
	l.Config.Kube.Namespace, l.Config.Schedule.SyncInterval = "probity", 500*time.Millisecond
	file := l.WriteConfig(t, "")
	holder := func() string {
		out, _ := l.server.Try(t, "-n", "probity", "get", "lease", "probity-starter-"+l.Config.Cluster, "-o", "jsonpath={.spec.holderIdentity}")
		return out
	}
	first := l.Command(t, "starter", "--config", file)
	require.Eventually(t, func() bool { return holder() != "" }, time.Minute, 100*time.Millisecond)
	leader := holder()
	l.Command(t, "starter", "--config", file)
	l.server.Apply(t, manifestOf("led", "0 3 * * *"))
	l.await(t, "led", "scheduled", func(_ v3.ReportStatus, own deploy.ReportStatus) bool { return own.Next != nil })
	require.Equal(t, leader, holder(), "the second one waits")

	first.Kill()
	require.Eventually(t, func() bool { return holder() != leader && holder() != "" }, time.Minute, 200*time.Millisecond)
	l.server.Kubectl(t, "patch", "globalreport", "led", "--type=merge", "-p", `{"spec":{"schedule":"0 6 * * *"}}`)
	l.await(t, "led", "followed by the second", func(_ v3.ReportStatus, own deploy.ReportStatus) bool {
		return own.Next != nil && own.Next.UTC().Hour() == 6
	})
	names, err := l.Schedules().Names(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"led"}, names, "none is doubled, none is lost")
}
