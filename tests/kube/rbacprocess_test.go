package kube

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/deploy"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/tests/kube/cluster"
)

// TestStarterWorksWithItsRights: it takes the lead, follows definitions, learns whose they are, and writes a status, all with what the
// manifests give it.
func TestStarterWorksWithItsRights(t *testing.T) {
	c := withRights(t, cluster.Start(t, devstack.KubeOptions{}))
	c.Apply(t, reportNamed("dev-inventory"))
	config, logger := as(t, c, asStarter), slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := kube.Lead(ctx, config, kube.Lease{Namespace: "probity", Name: "probity-starter"}, logger, func(ctx context.Context) error {
		defer cancel()
		followed, err := kube.Follow(config, logger)
		require.NoError(t, err)
		labels, err := followed.DefinitionLabels(ctx)
		require.NoError(t, err)
		require.True(t, deploy.Own(labels))
		ctx, stop := context.WithCancel(ctx)
		synced := false
		return followed.Run(ctx, func() {
			synced = true
			require.Equal(t, []string{"dev-inventory"}, followed.ReportNames())
			require.NoError(t, followed.WriteStatus(ctx, followed.Report("dev-inventory"), ownStatus()))
			stop()
		}, func(string) { require.True(t, synced) })
	})
	require.NoError(t, err)
	require.Equal(t, "complete", c.Kubectl(t, "get", "globalreport", "dev-inventory", "-o", "jsonpath={.status.lastOutcome}"))
}

// TestWorkerReadsTypesWithItsRights: and not the reports, which come to it with its work.
func TestWorkerReadsTypesWithItsRights(t *testing.T) {
	c := withRights(t, cluster.Shared(t))
	c.Kubectl(t, "apply", "-k", "../../deploy/reporttypes")
	lister, err := kube.NewLister(as(t, c, asWorker))
	require.NoError(t, err)
	types, err := lister.List(t.Context(), kube.GlobalReportTypes)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(types), 4)
	_, err = lister.List(t.Context(), kube.GlobalReports)
	require.ErrorContains(t, err, "forbidden")
}
