package activities_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/activities/porttest"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/worker"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The reports on the shop in testdata: three pods, two policies, five audit events and six flows, made by hand.
const (
	inventory     = "inventory"
	networkAccess = "network-access"
	policyAudit   = "policy-audit"
	cisBenchmark  = "cis-benchmark"
)

var reportTypes = []string{inventory, networkAccess, policyAudit, cisBenchmark}

// shopFile reads a file of the shop.
func shopFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "shop", filepath.FromSlash(name)))
	require.NoError(t, err)
	return data
}

func shopReport(t *testing.T, name string) string {
	t.Helper()
	definition, err := yaml.YAMLToJSON(shopFile(t, "reports/"+name+".yaml"))
	require.NoError(t, err)
	return string(definition)
}

// shop is a report on the shop, read from its files.
func shop(t *testing.T, name string) *pipeline {
	t.Helper()
	p := newPipeline(t, shopReport(t, name))
	dir := filepath.Join("testdata", "shop")
	p.open(t, config.Inputs{
		Cluster: filepath.Join(dir, "cluster"), ClusterAt: "2026-11-24T00:00:00Z", Audit: filepath.Join(dir, "audit"),
		Flows: filepath.Join(dir, "flows"), Benchmarks: filepath.Join(dir, "benchmarks"),
	}, 0)
	return p
}

// open takes the inputs from files.
func (p *pipeline) open(t *testing.T, in config.Inputs, partitionBytes int64) {
	t.Helper()
	ports, err := worker.FilePorts(&in, partitionBytes)
	require.NoError(t, err)
	p.cluster, p.audit, p.flows, p.benchmarks = ports.Cluster, ports.Audit, ports.Flows, ports.Benchmarks
}

// auditFiles takes the audit log from memory.
func (p *pipeline) auditFiles(files map[string]string) *pipeline {
	p.audit = &porttest.AuditLog{Folder: porttest.Folder{Files: asBytes(files)}}
	return p
}

// flowFiles takes the flow logs from memory.
func (p *pipeline) flowFiles(files map[string]string) *pipeline {
	p.flows = &porttest.FlowLog{Folder: porttest.Folder{Files: asBytes(files)}}
	return p
}

func asBytes(files map[string]string) map[string][]byte {
	out := make(map[string][]byte, len(files))
	for name, text := range files {
		out[name] = []byte(text)
	}
	return out
}

// downloads are the files of each type that people take away.
var downloads = map[string][]string{
	inventory:     {"endpoint-lives.csv", "endpoints.csv", "namespaces.csv", "services.csv", "summary.csv"},
	networkAccess: {"endpoint-lives.csv", "endpoints.csv", "flows.csv", "summary.csv"},
	policyAudit:   {"changes.csv", "events.json", "events.yaml", "refused.csv", "summary.csv"},
	cisBenchmark:  {"all-tests.csv", "failed-tests.csv", "node-summary.csv", "total-summary.csv"},
}

// TestShopReports shows a reviewer what each report is: all its files but the page and the data, which have tests of their own.
func TestShopReports(t *testing.T) {
	t.Parallel()
	for _, name := range reportTypes {
		t.Run(name, func(t *testing.T) {
			b := shop(t, name).run(t)
			names := []string{evidence.DataName, evidence.ProvenanceName, "report.html", "ui-summary.json"}
			for _, file := range downloads[name] {
				names = append(names, evidence.DownloadsName+file)
			}
			require.ElementsMatch(t, names, b.names())
			requireFiles(t, b)
			golden := filepath.Join("testdata", "golden", name)
			if *update {
				require.NoError(t, os.RemoveAll(golden))
			}
			var want []string
			for file, text := range b.files {
				if file == evidence.DataName || file == "report.html" {
					continue
				}
				want = append(want, file)
				checkGolden(t, filepath.Join(golden, filepath.FromSlash(file)), text)
			}
			require.ElementsMatch(t, want, filesBelow(t, golden), "the bundle has these files and no others")
		})
	}
}

func checkGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func filesBelow(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, filepath.ToSlash(strings.TrimPrefix(path, dir+string(filepath.Separator))))
		}
		return err
	}))
	return files
}
