package worker

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/activities/porttest"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/logfile"
)

// filesIn writes files below a new folder.
func filesIn(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o600))
	}
	return dir
}

func ports(t *testing.T, in config.Inputs, partitionBytes int64) *Ports {
	t.Helper()
	open, err := FilePorts(&in, partitionBytes)
	require.NoError(t, err)
	return open
}

func absent(t *testing.T) string { return filepath.Join(t.TempDir(), "absent") }

func TestClusterFiles(t *testing.T) {
	porttest.TestCluster(t, porttest.ClusterSource{
		Open: func(t *testing.T, content porttest.Content) activities.Cluster {
			files := map[string][]byte{}
			for i, object := range content.Objects {
				files[fmt.Sprintf("%d.json", i)] = object
			}
			return ports(t, config.Inputs{Cluster: filesIn(t, files), ClusterAt: content.At.Format("2006-01-02T15:04:05Z07:00")}, 0).Cluster
		},
		Missing: func(t *testing.T) (activities.Cluster, string) {
			return ports(t, config.Inputs{Cluster: absent(t)}, 0).Cluster, "absent"
		},
	})
}

func TestAuditFiles(t *testing.T) {
	porttest.TestAuditLog(t, porttest.AuditSource{
		Open: func(t *testing.T, folder porttest.Folder) activities.AuditLog {
			return ports(t, config.Inputs{Audit: filesIn(t, folder.Files)}, int64(folder.PartitionBytes)).Audit
		},
		Missing: func(t *testing.T) (activities.AuditLog, string) {
			return ports(t, config.Inputs{Audit: absent(t)}, 0).Audit, "absent"
		},
	})
}

func TestFlowFiles(t *testing.T) {
	porttest.TestFlowLog(t, porttest.FlowSource{
		Open: func(t *testing.T, folder porttest.Folder) activities.FlowLog {
			return ports(t, config.Inputs{Flows: filesIn(t, folder.Files)}, int64(folder.PartitionBytes)).Flows
		},
		// A folder that is there at the start may be gone later; one that was never there is refused at the start.
		Missing: func(t *testing.T) (activities.FlowLog, string) {
			return flowFiles{logfile.FlowLogOptions{Dir: absent(t)}}, "absent"
		},
	})
}

func TestBenchmarkFiles(t *testing.T) {
	porttest.TestBenchmarks(t, porttest.BenchmarkSource{
		Open: func(t *testing.T, results []porttest.Result) activities.Benchmarks {
			files := map[string][]byte{}
			for _, result := range results {
				name := result.Node
				if !result.At.IsZero() {
					name += "/" + result.At.Format("20060102T150405Z")
				}
				files[name+".json"] = bytes.Clone(result.Raw)
			}
			return ports(t, config.Inputs{Benchmarks: filesIn(t, files)}, 0).Benchmarks
		},
		Missing: func(t *testing.T) (activities.Benchmarks, string) {
			return ports(t, config.Inputs{Benchmarks: absent(t)}, 0).Benchmarks, "absent"
		},
	})
}

func TestNoFolderIsNoSource(t *testing.T) {
	open := ports(t, config.Inputs{}, 0)
	require.Nil(t, open.Cluster)
	require.Nil(t, open.Audit)
	require.Nil(t, open.Flows)
	require.Nil(t, open.Benchmarks)
}

func TestFilePortsRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		in   config.Inputs
		want string
	}{
		"time of the cluster": {config.Inputs{Cluster: t.TempDir(), ClusterAt: "yesterday"}, `inputs.clusterAt is "yesterday": give a time like`},
		"no flow logs":        {config.Inputs{Flows: absent(t)}, "absent"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := FilePorts(&c.in, 0)
			require.ErrorContains(t, err, c.want)
		})
	}
}
