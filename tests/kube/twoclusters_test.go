package kube

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probity/probity/deploy"
	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/starter"
	"github.com/probity/probity/tests/integration/harness"
)

// TestTwoClustersWithOneReportName: two API servers, one Temporal, one bucket. Schedules, runs, status, events and bundles of the two
// reports of one name stay apart, and the end of one leaves the other alone.
func TestTwoClustersWithOneReportName(t *testing.T) {
	t.Parallel()
	eastServer, westServer := serverWithDefinitions(t), serverWithDefinitions(t)
	e := stackWith(t, eastServer)
	other := e.Stack.Env(t)
	other.Config.Bucket.Prefix, other.Config.Temporal.TaskQueue = e.Config.Bucket.Prefix, e.Config.Temporal.TaskQueue
	other.Config.Inputs.Flows, other.Config.Inputs.Cluster, other.Config.Inputs.ClusterAt = "", "", ""
	other.Config.Kube = e.Config.Kube
	other.Config.Kube.Config = westServer.Kubeconfig
	east, west := lifeOf(eastServer, e), lifeOf(westServer, other)
	for name, l := range map[string]*life{"east": east, "west": west} {
		l.Config.Cluster = name
		var err error
		l.Layout, err = evidence.NewLayout(l.Config.Bucket.Prefix, name)
		require.NoError(t, err)
		l.Catalogue = catalogue.New(l.Bucket, l.Layout)
		l.gate.Open()
	}
	west.failing.Store(true)
	for _, l := range []*life{east, west} {
		l.work(t)
		l.control(t)
		l.server.Apply(t, manifestOf("shared", "0 * * * *"))
	}
	for _, l := range []*life{east, west} {
		l.await(t, "shared", "scheduled", func(_ v3.ReportStatus, own deploy.ReportStatus) bool {
			status, reason := ready(own)
			return status == metav1.ConditionTrue && reason == starter.ReasonScheduled
		})
		l.due(t, "shared", 3, 3)
	}
	end := harness.Day.Start.Add(3 * time.Hour)
	east.await(t, "shared", "done", func(p v3.ReportStatus, own deploy.ReportStatus) bool {
		return len(p.LastSuccessfulReportJobs) == 1 && len(p.LastFailedReportJobs) == 0 && own.LastEnd != nil && own.LastEnd.UTC().Equal(end)
	})
	west.await(t, "shared", "failed", func(p v3.ReportStatus, own deploy.ReportStatus) bool {
		return len(p.LastSuccessfulReportJobs) == 0 && len(p.LastFailedReportJobs) == 1 && own.LastOutcome == "failed"
	})
	west.event(t, "shared", "ReportFailed", "the share is gone")
	require.NotEmpty(t, east.Keys(t, "reports/shared/"))
	require.Empty(t, west.Keys(t, "reports/shared/"))
	for name, l := range map[string]*life{"east": east, "west": west} {
		outcomes, err := l.Catalogue.Outcomes(t.Context(), "shared")
		require.NoError(t, err)
		require.Len(t, outcomes, 1)
		require.Equal(t, name, outcomes[0].Cluster)
		runs, err := l.List(t.Context(), "GlobalReport = 'shared' AND WorkflowType = 'Report' AND Cluster = '"+name+"'")
		require.NoError(t, err)
		require.Len(t, runs, 1)
		require.Contains(t, runs[0].GetExecution().GetWorkflowId(), "report/"+name+"/shared/")
	}

	east.server.Kubectl(t, "delete", "globalreport", "shared")
	require.Eventually(t, func() bool {
		names, err := east.Schedules().Names(t.Context())
		return err == nil && len(names) == 0
	}, time.Minute, 100*time.Millisecond)
	names, err := west.Schedules().Names(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"shared"}, names)
	west.await(t, "shared", "still scheduled", func(_ v3.ReportStatus, own deploy.ReportStatus) bool { return own.Next != nil })
}
