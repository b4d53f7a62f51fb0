package kube

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/tests/kube/cluster"
)

// TestDevRunsAnAPIServer starts everything on one machine as a new user does, uses it with kubectl, stops it, and goes on with it.
func TestDevRunsAnAPIServer(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ports := []string{"dev", "--kube", "--dir", folder, "--temporal-port", "0", "--ui-port", "0", "--s3-port", "0", "--kube-port", "0"}
	settings, kubeconfig := filepath.Join(folder, "probity.yaml"), filepath.Join(folder, "kube", "kubeconfig")
	program := cluster.ProgramOf(t, "probity")

	dev := cluster.Serve(t, program, ports...)
	dev.Appears(t, settings)
	c := cluster.At(t, kubeconfig)
	require.Contains(t, c.Kubectl(t, "get", "globalreporttypes"), "network-access")
	c.Apply(t, "apiVersion: projectcalico.org/v3\nkind: GlobalReport\nmetadata: {name: daily}\nspec: {reportType: inventory, schedule: 0 0 * * *}\n")
	require.Eventually(t, func() bool {
		out, err := c.Try(t, "get", "globalreport", "daily", "-o", "jsonpath={.status.conditions[0].status}{.status.next}")
		return err == nil && len(out) > len("True") && out[:4] == "True"
	}, time.Minute, 200*time.Millisecond)
	snapshots := cluster.Output(t, program, "snapshot", "--config", settings)
	require.Contains(t, snapshots, "objects")
	out := cluster.Output(t, program, "schedule", "list", "--config", settings, "--output", "json")
	var list []struct{ Report, Type string }
	require.NoError(t, json.Unmarshal([]byte(out), &list), out)
	require.Equal(t, "daily", list[0].Report)
	require.Contains(t, aRunOf(t, program, settings, c), "shop/webstore")
	dev.Stop(t)

	require.NoError(t, os.Remove(settings))
	again := cluster.Serve(t, program, ports...)
	again.Appears(t, settings)
	require.Contains(t, cluster.At(t, kubeconfig).Kubectl(t, "get", "globalreports"), "daily", "what was applied is kept")
	again.Stop(t)
}

// aRunOf makes a Deployment between two seconds after the snapshot and reports on them by the server's audit log. The report must be
// complete: probity ends with an error otherwise. It returns the endpoints.
func aRunOf(t *testing.T, program, settings string, c *cluster.Cluster) string {
	t.Helper()
	start := nextSecond(t)
	c.Apply(t, webstore)
	require.Eventually(t, func() bool {
		out, err := c.Try(t, "-n", "shop", "get", "pods", "-o", "jsonpath={.items[*].status.phase}")
		return err == nil && out == "Running"
	}, time.Minute, 200*time.Millisecond)
	end := nextSecond(t)
	cluster.Output(t, program, "run", "daily", "--config", settings, "--wait", "--output", "json",
		"--start", start.Format(time.RFC3339), "--end", end.Format(time.RFC3339))
	return cluster.Output(t, program, "reports", "get", "daily", "--config", settings, "--file", "endpoints.csv", "--to", "-")
}

const webstore = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: webstore, namespace: shop}
spec:
  selector: {matchLabels: {app: webstore}}
  template:
    metadata: {labels: {app: webstore}}
    spec: {containers: [{name: webstore, image: webstore}]}
`

// nextSecond waits for the next full second, since the times of an interval are told in seconds.
func nextSecond(t *testing.T) time.Time {
	t.Helper()
	at := time.Now().UTC().Truncate(time.Second).Add(time.Second)
	require.Eventually(t, func() bool { return time.Now().After(at) }, 5*time.Second, 10*time.Millisecond)
	return at
}
