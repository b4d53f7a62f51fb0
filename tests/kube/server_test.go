package kube

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/tests/kube/cluster"
)

func TestServerRunsPods(t *testing.T) {
	c := cluster.Shared(t)
	c.Kubectl(t, "create", "namespace", "server-pods")
	c.Kubectl(t, "-n", "server-pods", "create", "deployment", "web", "--image=nginx", "--replicas=2")
	c.Kubectl(t, "-n", "server-pods", "rollout", "status", "deployment/web", "--timeout=60s")
	phases := c.Kubectl(t, "-n", "server-pods", "get", "pods", "-o", "jsonpath={.items[*].status.phase}")
	require.Equal(t, "Running Running", phases)

	log, err := os.ReadFile(filepath.Join(c.AuditLogs[0], "audit.log"))
	require.NoError(t, err)
	for _, what := range []string{`"resource":"pods","namespace":"server-pods"`, `"subresource":"binding"`, `"subresource":"status"`} {
		require.Contains(t, string(log), what)
	}
	require.NotContains(t, string(log), `"verb":"list"`, "reads are not logged")
}

func TestServerKeepsObjectsAndUsers(t *testing.T) {
	folder := t.TempDir()
	options := devstack.KubeOptions{Folder: folder, Second: true, Users: []string{"alice:viewers", "token:bob:viewers"}}
	c := cluster.Start(t, options)
	c.Kubectl(t, "create", "namespace", "kept")
	c.Kubectl(t, "create", "clusterrole", "viewer", "--verb=get,list", "--resource=pods")
	c.Kubectl(t, "create", "clusterrolebinding", "viewers", "--clusterrole=viewer", "--group=viewers")
	for _, user := range []string{"alice", "bob"} {
		require.Equal(t, "[]", c.Kubectl(t, "--kubeconfig", c.Users[user], "-n", "kept", "get", "pods", "-o", "jsonpath={.items}"))
		require.Contains(t, c.Refused(t, "--kubeconfig", c.Users[user], "get", "secrets", "-A"), `User "`+user+`" cannot list resource "secrets"`)
	}
	require.Contains(t, c.Kubectl(t, "--kubeconfig", c.SecondKubeconfig, "get", "namespaces"), "kept")
	require.Len(t, c.AuditLogs, 2)
	c.StopNow(t)

	again := cluster.Start(t, devstack.KubeOptions{Folder: folder})
	require.Contains(t, again.Kubectl(t, "get", "namespaces"), "kept")
}

func TestServerSaysWhatIsWrong(t *testing.T) {
	c := cluster.Shared(t)
	for _, test := range []struct {
		name    string
		options devstack.KubeOptions
		says    string
	}{
		{"a folder in use", devstack.KubeOptions{Folder: c.Folder}, "is in use by another kubestack"},
		{"kwok alone", devstack.KubeOptions{Folder: t.TempDir(), Kwok: 1}, "--kwok is 1 without --controllers"},
		{"no policy", devstack.KubeOptions{Folder: t.TempDir(), AuditPolicy: "nowhere.yaml"}, "--audit-policy"},
		{"a bad user", devstack.KubeOptions{Folder: t.TempDir(), Users: []string{":x"}}, `--user is ":x"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Program = cluster.Program(t)
			_, err := devstack.StartKube(t.Context(), test.options)
			require.ErrorContains(t, err, test.says)
		})
	}
}
