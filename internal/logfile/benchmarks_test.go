package logfile_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/benchmark"
	"github.com/probity/probity/internal/logfile"
)

// scan is a small kube-bench result that can be told from others.
func scan(id string) string {
	return fmt.Sprintf(`{"Controls":[{"id":%q,"tests":[]}],"Totals":{}}`, id)
}

// benchmarkLines gives what a folder holds as "node time id".
func benchmarkLines(t *testing.T, dir string) []string {
	t.Helper()
	var lines []string
	folder := logfile.Benchmarks{Dir: dir}
	require.NoError(t, folder.Each(t.Context(), func(node string, at time.Time, raw []byte) error {
		result, err := benchmark.ReadResult(raw)
		require.NoError(t, err)
		stamp := "-"
		if !at.IsZero() {
			stamp = at.Format(time.RFC3339Nano)
		}
		lines = append(lines, node+" "+stamp+" "+result.Controls[0].ID)
		return nil
	}))
	return lines
}

func TestBenchmarks(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"none", map[string]string{"README.md": "nothing yet"}, nil},
		{"time unknown", map[string]string{"node-1.json": scan("a"), "ip-10-0-0-1.ec2.internal.json": scan("b")},
			[]string{"ip-10-0-0-1.ec2.internal - b", "node-1 - a"}},
		{"forms of a time", map[string]string{
			"n/2026-11-21T06:00:00Z.json": scan("a"), "n/20261121T070000Z.json": scan("b"), "n/2026-11-21T08-00-00Z.json": scan("c"),
			"n/2026-11-21T090000Z.json": scan("d"), "n/2026-11-21T12:00:00+02:00.json": scan("e"), "n/2026-11-21T10:30:00.5Z.json": scan("f"),
		}, []string{
			"n 2026-11-21T06:00:00Z a", "n 2026-11-21T07:00:00Z b", "n 2026-11-21T08:00:00Z c",
			"n 2026-11-21T09:00:00Z d", "n 2026-11-21T10:00:00Z e", "n 2026-11-21T10:30:00.5Z f",
		}},
		{"ordered by node and time", map[string]string{
			"b/20261121T060000Z.json": scan("b1"), "a/20261122T060000Z.json": scan("a2"), "a/20261121T060000Z.json": scan("a1"), "a.json": scan("a0"),
		}, []string{"a - a0", "a 2026-11-21T06:00:00Z a1", "a 2026-11-22T06:00:00Z a2", "b 2026-11-21T06:00:00Z b1"}},
		{"compressed, whatever the name says", map[string]string{
			"a.json.gz": string(gzipped(scan("1"))), "b/20261121T060000Z.json.zst": string(zstded(scan("2"))), "c.json": string(gzipped(scan("3"))), "d.json.gz": scan("4"),
		}, []string{"a - 1", "b 2026-11-21T06:00:00Z 2", "c - 3", "d - 4"}},
		{"other files", map[string]string{"a.json": scan("1"), "a.txt": "x", "job.yaml": "x", ".hidden.json": "x", "a/.git/x.json": "x"}, []string{"a - 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, benchmarkLines(t, write(t, c.files)))
		})
	}
}

func TestBenchmarkFileTimesDoNotMatter(t *testing.T) {
	dir := write(t, map[string]string{"a.json": scan("1")})
	before := benchmarkLines(t, dir)
	require.NoError(t, os.Chtimes(filepath.Join(dir, "a.json"), time.Unix(0, 0), time.Unix(0, 0)))
	require.Equal(t, before, benchmarkLines(t, dir))
}

func TestBenchmarkErrorsNameTheFile(t *testing.T) {
	for _, c := range []struct{ name, file, text, want string }{
		{"no time", "node-1/latest.json", scan("a"), `node-1/latest.json: "latest" is no time: name the file as`},
		{"a date only", "node-1/2026-11-21.json", scan("a"), `"2026-11-21" is no time`},
		{"too deep", "cluster/node-1/20261121T060000Z.json", scan("a"), "in its node's folder (<node>/<time>.json)"},
		{"not JSON", "node-1.json", "== Summary ==", "node-1.json: read kube-bench result: invalid character"},
		{"another object", "node-1.json", `{"kind":"Pod"}`, `node-1.json: read kube-bench result: it has no "Controls"`},
		{"cut short", "node-1.json", scan("a")[:20], "node-1.json: read kube-bench result: unexpected end"},
		{"empty", "node-1.json", "", "node-1.json: read kube-bench result: unexpected end"},
		{"damaged gzip", "node-1.json.gz", string(gzipped(scan("a"))[:20]), "node-1.json.gz: compressed data is damaged"},
		{"too large when unpacked", "node-1.json.zst", string(zstded(strings.Repeat(" ", benchmark.MaxResult+1))), "larger than the 16777216 bytes that are read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := logfile.Benchmarks{Dir: write(t, map[string]string{c.file: c.text})}
			err := folder.Each(t.Context(), func(string, time.Time, []byte) error { return nil })
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, c.file)
		})
	}
}

func TestBenchmarksStop(t *testing.T) {
	folder := logfile.Benchmarks{Dir: write(t, map[string]string{"a.json": scan("1"), "b.json": scan("2")})}
	t.Run("at an error", func(t *testing.T) {
		stop, calls := errors.New("stop"), 0
		err := folder.Each(t.Context(), func(string, time.Time, []byte) error { calls++; return stop })
		require.Equal(t, stop, err)
		require.Equal(t, 1, calls)
	})
	t.Run("at the end of the context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		err := folder.Each(ctx, func(string, time.Time, []byte) error { calls++; cancel(); return nil })
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 1, calls)
	})
	t.Run("without a folder", func(t *testing.T) {
		missing := logfile.Benchmarks{Dir: filepath.Join(folder.Dir, "missing")}
		require.ErrorIs(t, missing.Each(t.Context(), nil), os.ErrNotExist)
	})
}
