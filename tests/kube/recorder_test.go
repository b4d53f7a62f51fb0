package kube

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/recording"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/tests/kube/cluster"
)

// soak is how long a test goes on that gains by going on longer: 20 seconds, which is more than a leader's lease, or PROBITY_SOAK
// as in "5m" (`make soak-recorder`, `make soak-outage`).
func soak(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("PROBITY_SOAK")
	if text == "" {
		return 20 * time.Second
	}
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d
}

// TestRecorderLosesNothing compares what a recorder archived with the API server's own audit log, under some hundred changes a
// second, with the recorder killed once, or in a longer run twice.
func TestRecorderLosesNothing(t *testing.T) {
	t.Parallel()
	server := cluster.Start(t, devstack.KubeOptions{})
	e := stackWith(t, server)
	api := clientOf(t, server)
	makeSpace(t, api, raceSpace)
	makeSpace(t, api, "probity")
	file := e.WriteConfig(t, "")
	args := []string{"recorder", "--config", file, "--kube-access", "kubeconfig", "--kube-config", server.Kubeconfig,
		"--recorder-segment-age", "3s", "--recorder-scratch", t.TempDir()}
	process := e.Command(t, args...)
	require.Eventually(t, func() bool { return len(recordedIn(t, e).coverage.Spans) == len(resource.Kinds()) }, time.Minute, 200*time.Millisecond)
	began := time.Now()
	writers, steady := startWriters(t, api, 2), startSteadyWriters(t, api, 12)
	soak := soak(t)
	for kill := soak / 3; kill < soak; kill += max(soak/3, time.Minute) { // the next one waits for the lease of the killed one first
		require.Eventually(t, func() bool { return time.Since(began) > kill }, 2*soak, 10*time.Millisecond)
		process.Kill()
		process = e.Command(t, args...)
	}
	require.Eventually(t, func() bool { return time.Since(began) > soak }, 2*soak, 10*time.Millisecond)
	writers.end(t)
	steady.end(t)
	ended := time.Now()
	all := followedUntil(t, e, ended)
	process.Kill()

	want, have := logged(t, server.AuditLogs), all.changes(t)
	took := ended.Sub(began)
	t.Logf("%d changes in %s, %.0f a second; %d recorded in %d segments", len(want), took.Round(time.Second), float64(len(want))/took.Seconds(), len(have), all.segments)
	require.Greater(t, len(want), 100)
	found := foundVersions(t, all)
	for change := range want {
		_, ok := have[change]
		require.True(t, ok || found[change], "%s is in the audit log, and was not recorded", change)
	}
	require.Empty(t, all.coverage.Missing(began, ended, []string{"core.pods", "core.namespaces", "networking.k8s.io.networkpolicies"}))
}

// foundVersions are the objects of lists, in the form of changes.
func foundVersions(t *testing.T, all *recorded) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, line := range all.lines {
		if line.Type == recording.Found {
			obj, err := resource.Read(line.Object)
			require.NoError(t, err)
			out[obj.ID.Key.String()+" "+obj.Version] = true
		}
	}
	return out
}
