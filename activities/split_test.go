package activities_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/config"
)

// shopLines are the lines of a log of the shop, each with its end.
func shopLines(t *testing.T, name string) []string {
	return strings.SplitAfter(strings.TrimSuffix(string(shopFile(t, name)), "\n"), "\n")
}

// scatter writes the lines into files of a new folder, in an order, a number of files, folders and a form that are drawn.
func scatter(t *testing.T, r *rapid.T, lines []string, name string) string {
	t.Helper()
	dir := t.TempDir()
	count := rapid.IntRange(1, len(lines)).Draw(r, name+" files")
	files := make([]strings.Builder, count)
	for _, line := range rapid.Permutation(lines).Draw(r, name+" order") {
		files[rapid.IntRange(0, count-1).Draw(r, name+" file of a line")].WriteString(strings.TrimSuffix(line, "\n") + "\n")
	}
	for i := range files {
		at := filepath.Join(dir, fmt.Sprintf("node-%d", rapid.IntRange(0, 2).Draw(r, name+" folder")))
		require.NoError(t, os.MkdirAll(at, 0o755))
		data := []byte(files[i].String())
		if rapid.Bool().Draw(r, name+" compressed") {
			data = gz(t, string(data))
		}
		require.NoError(t, os.WriteFile(filepath.Join(at, fmt.Sprintf("%02d.log", i)), data, 0o600))
	}
	return dir
}

// scatterCluster writes the shop's objects into files of a new folder, some of them together.
func scatterCluster(t *testing.T, r *rapid.T) string {
	t.Helper()
	documents := strings.Split(string(shopFile(t, "cluster/objects.yaml")), "---\n")
	dir, file := t.TempDir(), []string{}
	for i, document := range rapid.Permutation(documents).Draw(r, "cluster order") {
		file = append(file, document)
		if i == len(documents)-1 || rapid.Bool().Draw(r, "cluster cut") {
			data := []byte(strings.Join(file, "---\n"))
			name := fmt.Sprintf("%02d.yaml", i)
			if rapid.Bool().Draw(r, "cluster compressed") {
				name, data = name+".gz", gz(t, string(data))
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
			file = nil
		}
	}
	return dir
}

// TestSplitNeverShows: however the input is cut, ordered, compressed and partitioned, however little fits into memory, on one
// core or two: every object of the bundle has the same bytes.
func TestSplitNeverShows(t *testing.T) {
	want := map[string]map[string]string{}
	for _, name := range reportTypes {
		want[name] = shop(t, name).run(t).digests()
	}
	audit, flows := shopLines(t, "audit/audit.log"), shopLines(t, "flows/flows.log")
	cores := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(cores)
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.SampledFrom(reportTypes).Draw(r, "report")
		p := newPipeline(t, shopReport(t, name))
		p.open(t, config.Inputs{
			Cluster: scatterCluster(t, r), ClusterAt: "2026-11-24T00:00:00Z", Audit: scatter(t, r, audit, "audit"),
			Flows: scatter(t, r, flows, "flows"), Benchmarks: filepath.Join("testdata", "shop", "benchmarks"),
		}, rapid.SampledFrom([]int64{0, 400, 5000}).Draw(r, "partition bytes"))
		p.memory = rapid.SampledFrom([]int{0, 1, 3}).Draw(r, "memory")
		runtime.GOMAXPROCS(rapid.IntRange(1, 2).Draw(r, "cores"))
		got := p.run(t).digests()
		for file, digest := range want[name] {
			if got[file] != digest {
				r.Fatalf("%s of %s differs", file, name)
			}
		}
		if len(got) != len(want[name]) {
			r.Fatalf("other files: %v", got)
		}
	})
}

// TestDamageIsToldTheSameWay: which files are damaged is told in an order that does not show the partitions.
func TestDamageIsToldTheSameWay(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/z.log.gz", "b/m.log.gz", "c/a.log.gz"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(cut(t, strings.Repeat(shopLog(t), 20))), 0o600))
	}
	var notes [][]string
	for _, bytes := range []int64{0, 1} { // all in one partition, and one for each file
		p := shop(t, inventory)
		p.open(t, config.Inputs{Cluster: filepath.Join("testdata", "shop", "cluster"), ClusterAt: "2026-11-24T00:00:00Z", Audit: dir}, bytes)
		notes = append(notes, p.run(t).manifest.Provenance.Sources[0].Notes)
	}
	require.Len(t, notes[0], 3)
	require.Equal(t, notes[0], notes[1])
	require.True(t, slices.IsSorted(notes[0]))
}
