package kube

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/tests/kube/cluster"
	"github.com/probity/probity/workflows"
)

// stackWith is an archive of its own for an API server, with its audit log.
func stackWith(t *testing.T, server *cluster.Cluster) *harness.Env {
	t.Helper()
	stack, err := harness.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Stop()) })
	e := stack.Env(t)
	e.Config.Inputs = config.Inputs{Audit: server.AuditLogs[0], Reports: e.Config.Inputs.Reports, AuditQuiet: time.Hour}
	e.Config.Kube = config.Kube{Access: "kubeconfig", Config: server.Kubeconfig}
	return e
}

func read(t *testing.T, e *harness.Env, key string) []byte {
	t.Helper()
	body, err := e.Bucket.Get(t.Context(), key)
	require.NoError(t, err)
	defer body.Close()
	raw, err := io.ReadAll(body)
	require.NoError(t, err)
	return raw
}

// manifest waits for a snapshot and reads what it says of itself.
func manifest(t *testing.T, e *harness.Env, run client.WorkflowRun) evidence.Snapshot {
	t.Helper()
	var taken activities.SnapshotResult
	require.NoError(t, run.Get(t.Context(), &taken))
	snapshot, err := evidence.ReadSnapshot(read(t, e, taken.Key))
	require.NoError(t, err)
	checked, err := evidence.VerifySnapshot(t.Context(), e.Bucket, e.Layout.Snapshot(snapshot.Time), snapshot)
	require.NoError(t, err)
	require.Empty(t, checked.Faults)
	return snapshot
}

// TestReportsOnSnapshotsOfARacingCluster: reports begin at a snapshot that was taken while objects changed, and are compared with
// another such one: the audit log explains every difference.
func TestReportsOnSnapshotsOfARacingCluster(t *testing.T) {
	t.Parallel()
	server := cluster.Start(t, devstack.KubeOptions{})
	api := clientOf(t, server)
	makeSpace(t, api, raceSpace)
	e := stackWith(t, server)
	e.Worker(t, nil)
	writers := startWriters(t, api, 4)
	first, err := e.Runs().FirstSnapshot(t.Context(), e.Config.Cluster, e.Catalogue)
	require.NoError(t, err)
	require.NotNil(t, first, "the archive has none")
	taken := []evidence.Snapshot{manifest(t, e, first)}
	again, err := e.Runs().FirstSnapshot(t.Context(), e.Config.Cluster, e.Catalogue)
	require.NoError(t, err)
	require.Nil(t, again, "the archive has one")
	for range 2 {
		if len(taken) == 2 {
			writers.end(t)
		}
		// The next one is named by another second, and begins after the one before it holds.
		require.Eventually(t, func() bool { return time.Now().After(taken[len(taken)-1].Holds().Add(3 * time.Second)) }, time.Minute, 50*time.Millisecond)
		run, err := e.Runs().Snapshot(t.Context(), e.Config.Cluster)
		require.NoError(t, err)
		taken = append(taken, manifest(t, e, run))
	}
	for _, snapshot := range taken {
		require.Equal(t, "api-server", snapshot.Source)
		require.False(t, snapshot.Partial)
		require.True(t, snapshot.Holds().After(snapshot.Time))
	}
	def := e.Define(t, "racing", harness.Spec{"reportType": "inventory"})
	for _, later := range taken[1:] {
		iv := interval.Interval{Start: taken[0].Holds(), End: later.Holds().Add(time.Second)}
		require.Eventually(t, func() bool { return time.Now().After(iv.End.Add(time.Second)) }, time.Minute, 50*time.Millisecond)
		run, err := e.Runs().Report(t.Context(), def.Definition, def.Raw, iv, "tester")
		require.NoError(t, err)
		var sealed workflows.ReportResult
		require.NoError(t, run.Get(t.Context(), &sealed))
		bundle, err := evidence.ReadManifest(read(t, e, sealed.Key))
		require.NoError(t, err)
		provenance := &bundle.Provenance
		require.Equal(t, evidence.Complete, provenance.Verdict, "%v %v", provenance.Reasons, provenance.Differences)
		require.Equal(t, taken[0].Time, provenance.Snapshot.Time)
		sources := 0
		for _, source := range provenance.Sources {
			if source.Name == "snapshot" {
				sources++
			}
		}
		require.Equal(t, 2, sources, "it was compared with the later one")
	}
}

// TestFirstSnapshotIsTakenAtOnce runs a worker and a starter as processes, on an archive that has nothing.
func TestFirstSnapshotIsTakenAtOnce(t *testing.T) {
	server := cluster.Start(t, devstack.KubeOptions{})
	e := stackWith(t, server)
	t.Setenv("PROBITY_KUBE_ACCESS", "kubeconfig")
	t.Setenv("PROBITY_KUBE_CONFIG", server.Kubeconfig)
	file := e.WriteConfig(t, "")
	e.Process(t, file)
	starter := exec.CommandContext(t.Context(), e.Program, "starter", "--config", file)
	log, err := os.Create(filepath.Join(t.TempDir(), "starter.log"))
	require.NoError(t, err)
	defer log.Close()
	starter.Stdout, starter.Stderr = log, log
	require.NoError(t, starter.Start())
	t.Cleanup(func() { _ = starter.Wait() }) // it is killed with the test's context
	require.Eventually(t, func() bool {
		some, err := e.Catalogue.HasSnapshot(t.Context())
		return err == nil && some
	}, time.Minute, 100*time.Millisecond)
	handle := e.Client.ScheduleClient().GetHandle(t.Context(), workflows.SnapshotScheduleID(e.Config.Cluster))
	described, err := handle.Describe(t.Context())
	require.NoError(t, err, "the others are taken by a schedule")
	require.Len(t, described.Schedule.Spec.Calendars, 1)
}

// TestPartialSnapshotIsNamed runs a worker that may list nothing but namespaces: the command says what the snapshot lacks, why,
// and ends with a code of its own.
func TestPartialSnapshotIsNamed(t *testing.T) {
	server := cluster.Start(t, devstack.KubeOptions{Users: []string{"token:auditor:auditors"}})
	grant(t, clientOf(t, server), "spaces", rbacv1.PolicyRule{APIGroups: []string{""}, Verbs: []string{"list"}, Resources: []string{"namespaces"}})
	e := stackWith(t, server)
	e.Config.Kube.Config = server.Users["auditor"]
	e.Worker(t, nil)
	out, err := exec.CommandContext(t.Context(), e.Program, "snapshot", "--config", e.WriteConfig(t, "")).CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, "%s", out)
	require.Equal(t, 4, exit.ExitCode())
	require.Contains(t, string(out), "the snapshot is partial: it lacks")
	require.Contains(t, string(out), "core.pods: list pods: forbidden for auditor: pods is forbidden")
	require.NotContains(t, string(out), "tiers", "what the cluster does not have is not missing")
	snapshots := 0
	require.NoError(t, e.Bucket.List(t.Context(), e.Layout.Snapshots(), func(key string, _ time.Time) error {
		if filepath.Base(key) == evidence.ManifestName {
			snapshots++
			snapshot, err := evidence.ReadSnapshot(read(t, e, key))
			require.NoError(t, err)
			require.True(t, snapshot.Partial)
			require.Len(t, snapshot.Missing(), 7)
		}
		return nil
	}))
	require.Equal(t, 1, snapshots)
}
