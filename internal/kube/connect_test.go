package kube_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/kube"
)

const kubeconfig = `apiVersion: v1
kind: Config
current-context: east
clusters:
- {name: east, cluster: {server: "https://east.example:6443"}}
- {name: west, cluster: {server: "https://west.example:6443"}}
contexts:
- {name: east, context: {cluster: east, user: auditor}}
- {name: west, context: {cluster: west, user: auditor}}
users:
- {name: auditor, user: {token: t}}
`

func TestConnect(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(file, []byte(kubeconfig), 0o600))
	for _, test := range []struct{ name, context, host string }{
		{"the current context", "", "https://east.example:6443"},
		{"a named context", "west", "https://west.example:6443"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config, err := kube.Connect(kube.Access{Config: file, Context: test.context, Agent: "probity/1 worker"})
			require.NoError(t, err)
			require.Equal(t, test.host, config.Host)
			require.Equal(t, "probity/1 worker", config.UserAgent)
		})
	}
}

func TestConnectSaysWhatIsWrong(t *testing.T) {
	_, err := kube.Connect(kube.Access{Config: "nowhere/config"})
	require.ErrorContains(t, err, `kube.config "nowhere/config"`)

	file := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(file, []byte(kubeconfig), 0o600))
	_, err = kube.Connect(kube.Access{Config: file, Context: "north"})
	require.ErrorContains(t, err, "north")

	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	_, err = kube.Connect(kube.Access{InCluster: true})
	require.ErrorContains(t, err, "kube.access in-cluster")
}
