package porttest_test

import (
	"testing"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/activities/porttest"
)

func TestMemory(t *testing.T) {
	t.Run("cluster", func(t *testing.T) {
		porttest.TestCluster(t, porttest.ClusterSource{
			Open: func(_ *testing.T, content porttest.Content) activities.Cluster {
				return &porttest.Cluster{Objects: content.Objects, Listing: activities.ClusterListing{At: content.At}}
			},
			Missing: func(*testing.T) (activities.Cluster, string) { return &porttest.Cluster{Gone: "nowhere"}, "nowhere" },
		})
	})
	t.Run("audit log", func(t *testing.T) {
		porttest.TestAuditLog(t, porttest.AuditSource{
			Open: func(_ *testing.T, folder porttest.Folder) activities.AuditLog {
				return &porttest.AuditLog{Folder: folder}
			},
			Missing: func(*testing.T) (activities.AuditLog, string) {
				return &porttest.AuditLog{Folder: porttest.Folder{Gone: "nowhere"}}, "nowhere"
			},
		})
	})
	t.Run("flow log", func(t *testing.T) {
		porttest.TestFlowLog(t, porttest.FlowSource{
			Open: func(_ *testing.T, folder porttest.Folder) activities.FlowLog {
				return &porttest.FlowLog{Folder: folder}
			},
			Missing: func(*testing.T) (activities.FlowLog, string) {
				return &porttest.FlowLog{Folder: porttest.Folder{Gone: "nowhere"}}, "nowhere"
			},
		})
	})
	t.Run("benchmarks", func(t *testing.T) {
		porttest.TestBenchmarks(t, porttest.BenchmarkSource{
			Open: func(_ *testing.T, results []porttest.Result) activities.Benchmarks {
				return &porttest.Benchmarks{Results: results}
			},
			Missing: func(*testing.T) (activities.Benchmarks, string) {
				return &porttest.Benchmarks{Gone: "nowhere"}, "nowhere"
			},
		})
	})
}
