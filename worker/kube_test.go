package worker

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/evidence"
)

func TestWhereTheClusterComesFrom(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(kubeconfig, []byte(`
apiVersion: v1
kind: Config
current-context: x
clusters: [{name: x, cluster: {server: "https://x.example:6443"}}]
contexts: [{name: x, context: {cluster: x}}]
`), 0o600))
	live := config.Kube{Access: "kubeconfig", Config: kubeconfig}
	for _, test := range []struct {
		name   string
		kube   config.Kube
		folder string
		want   string
	}{
		{"nowhere", config.Kube{}, "", ""},
		{"a folder", config.Kube{}, "cluster", "files"},
		{"the API server", live, "", "api-server"},
		{"a folder in the place of the API server", live, "cluster", "files"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := &Options{Config: &config.Config{Cluster: "prod", Kube: test.kube, Inputs: config.Inputs{Cluster: test.folder}}, Tool: evidence.Tool{Name: "probity"}}
			_, ports, err := assemble(o)
			require.NoError(t, err)
			if test.want == "" {
				require.Nil(t, ports.Cluster)
				return
			}
			require.Equal(t, test.want, ports.Cluster.Describe())
		})
	}
	t.Run("a kubeconfig that is not there", func(t *testing.T) {
		_, _, err := assemble(&Options{Config: &config.Config{Cluster: "prod", Kube: config.Kube{Access: "kubeconfig", Config: "nowhere"}}})
		require.ErrorContains(t, err, `kube.config "nowhere"`)
	})
}

func TestKubeAccess(t *testing.T) {
	access := KubeAccess(&config.Kube{Access: "in-cluster"}, evidence.Tool{Name: "probity", Version: "1.2"}, "recorder")
	require.True(t, access.InCluster)
	require.Equal(t, "probity/1.2 recorder", access.Agent)
}
