package kube

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/tests/kube/cluster"
)

var deployFolder = filepath.Join("..", "..", "deploy")

// TestProcessesAreAdmitted: the API server takes the Deployments with the accounts that the rights are given to, and Probity takes the
// settings and flags that they name.
func TestProcessesAreAdmitted(t *testing.T) {
	c := cluster.Shared(t)
	c.Kubectl(t, "apply", "-k", filepath.Join(deployFolder, "rbac"))
	for _, folder := range []string{"processes", "selected-nodes"} {
		out := c.Kubectl(t, "apply", "--dry-run=server", "-k", filepath.Join(deployFolder, folder))
		require.Contains(t, out, "deployment.apps/probity-worker")
	}

	settings := filepath.Join(deployFolder, "processes", "probity.yaml")
	var loaded config.Config
	flags := pflag.NewFlagSet("worker", pflag.ContinueOnError)
	flags.String("config", "", "")
	loaded.Register(flags)
	var worker appsv1.Deployment
	manifest := c.Kubectl(t, "kustomize", filepath.Join(deployFolder, "selected-nodes"))
	for _, document := range documents(manifest) {
		var candidate appsv1.Deployment
		require.NoError(t, yaml.Unmarshal([]byte(document), &candidate))
		if candidate.Kind == "Deployment" {
			worker = candidate
		}
	}
	require.Equal(t, "probity-worker-infrastructure", worker.Name, "the starter is not there twice")
	require.NoError(t, flags.Parse(worker.Spec.Template.Spec.Containers[0].Args[1:]))
	_, err := config.Load(flags, settings, nil)
	require.NoError(t, err)
	require.NoError(t, loaded.Validate())
	require.Equal(t, "in-cluster", loaded.Kube.Access)
	selector, err := report.ParseNodeSelector(loaded.Worker.NodeSelector)
	require.NoError(t, err)
	require.Equal(t, worker.Spec.Template.Spec.NodeSelector, selector, "both say the same")
	require.Contains(t, c.Kubectl(t, "apply", "--dry-run=server", "-k", filepath.Join(deployFolder, "recorder")), "statefulset.apps/probity-recorder")
	var recorder appsv1.StatefulSet
	raw, err := os.ReadFile(filepath.Join(deployFolder, "recorder", "recorder.yaml"))
	require.NoError(t, err)
	require.NoError(t, yaml.UnmarshalStrict(raw, &recorder))
	require.Contains(t, c.Kubectl(t, "-n", "probity", "get", "serviceaccount", recorder.Spec.Template.Spec.ServiceAccountName, "-o", "name"), "probity-recorder")
	require.NoError(t, flags.Parse(recorder.Spec.Template.Spec.Containers[0].Args[1:]))
	require.NoError(t, loaded.Validate())
	require.Equal(t, "/scratch", loaded.Recorder.Scratch)
	for _, name := range []string{"worker.yaml", "starter.yaml"} {
		raw, err := os.ReadFile(filepath.Join(deployFolder, "processes", name))
		require.NoError(t, err)
		var deployment appsv1.Deployment
		require.NoError(t, yaml.UnmarshalStrict(raw, &deployment))
		account := deployment.Spec.Template.Spec.ServiceAccountName
		require.Contains(t, c.Kubectl(t, "-n", "probity", "get", "serviceaccount", account, "-o", "name"), account)
	}
}

// TestReceiverIsAdmitted: the API server takes the receiver, and Probity takes its settings.
func TestReceiverIsAdmitted(t *testing.T) {
	c := cluster.Shared(t)
	c.Kubectl(t, "apply", "-f", filepath.Join(deployFolder, "rbac", "namespace.yaml"))
	folder := filepath.Join(deployFolder, "receive")
	out := c.Kubectl(t, "apply", "--dry-run=server", "-k", folder)
	for _, name := range []string{"service/probity-receive", "deployment.apps/probity-receive", "persistentvolumeclaim/flow-logs"} {
		require.Contains(t, out, name)
	}
	var receiver appsv1.Deployment
	for _, document := range documents(c.Kubectl(t, "kustomize", folder)) {
		var candidate appsv1.Deployment
		require.NoError(t, yaml.Unmarshal([]byte(document), &candidate))
		if candidate.Kind == "Deployment" {
			receiver = candidate
		}
	}
	container := receiver.Spec.Template.Spec.Containers[0]
	var loaded config.Config
	flags := pflag.NewFlagSet("receive", pflag.ContinueOnError)
	flags.String("config", "", "")
	loaded.Register(flags)
	require.NoError(t, flags.Parse(container.Args[1:]))
	_, err := config.Load(flags, filepath.Join(deployFolder, "processes", "probity.yaml"), nil)
	require.NoError(t, err)
	require.NoError(t, loaded.Validate())
	require.Equal(t, "/flows", loaded.Receive.Folder)
	for i, address := range []string{loaded.Receive.Address, loaded.Receive.StatusAddress} {
		require.Equal(t, address, fmt.Sprintf(":%d", container.Ports[i].ContainerPort))
	}
}

// documents splits a YAML stream.
func documents(stream string) []string { return strings.Split(stream, "\n---\n") }
