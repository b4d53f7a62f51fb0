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
	dev.Stop(t)

	require.NoError(t, os.Remove(settings))
	again := cluster.Serve(t, program, ports...)
	again.Appears(t, settings)
	require.Contains(t, cluster.At(t, kubeconfig).Kubectl(t, "get", "globalreports"), "daily", "what was applied is kept")
	again.Stop(t)
}
