package logfile_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/logfile"
)

var (
	auditFrom = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	auditTo   = auditFrom.Add(24 * time.Hour)
)

// auditFolder makes a folder of files by name.
func auditFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, contents := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(contents), 0o600))
	}
	return dir
}

func readAudit(t *testing.T, log *logfile.AuditLog) ([]string, logfile.LineStats) {
	t.Helper()
	partitions, err := log.Partitions(t.Context(), auditFrom, auditTo)
	require.NoError(t, err)
	var lines []string
	var all logfile.LineStats
	for _, p := range partitions {
		stats, err := log.Read(t.Context(), p, func(line []byte) { lines = append(lines, string(line)) })
		require.NoError(t, err)
		all.Add(stats)
	}
	slices.Sort(lines)
	return lines, all
}

func TestAuditLogReadsEveryFile(t *testing.T) {
	dir := auditFolder(t, map[string]string{
		"audit.log": "a1\na2\n", "server-2/audit.log": "b1\r\n\nb2", "server-2/audit-2026-11-21T12-00-00.000.log.gz": string(gzipped("c1\n")),
		"server-3/anything": string(zstded("d1\n")), "server-3/empty": "", "wrong-name.gz": "e1\n", ".hidden": "f1\n",
	})
	require.NoError(t, os.Symlink(filepath.Join(dir, "audit.log"), filepath.Join(dir, "link.log")))
	lines, stats := readAudit(t, &logfile.AuditLog{Dir: dir})
	require.Equal(t, []string{"a1", "a1", "a2", "a2", "b1", "b2", "c1", "d1", "e1", "f1"}, lines)
	require.EqualValues(t, 10, stats.Lines)
	require.False(t, stats.Truncated)
}

func TestAuditLogInAMountedConfigMap(t *testing.T) {
	dir := auditFolder(t, map[string]string{"..2026/audit.log": "a1\n"})
	require.NoError(t, os.Symlink("..2026", filepath.Join(dir, "..data")))
	require.NoError(t, os.Symlink(filepath.Join("..data", "audit.log"), filepath.Join(dir, "audit.log")))
	lines, _ := readAudit(t, &logfile.AuditLog{Dir: dir})
	require.Equal(t, []string{"a1"}, lines)
}

func TestAuditLogBehindALink(t *testing.T) {
	dir := auditFolder(t, map[string]string{"audit.log": "a1\n"})
	link := filepath.Join(t.TempDir(), "logs")
	require.NoError(t, os.Symlink(dir, link))
	lines, _ := readAudit(t, &logfile.AuditLog{Dir: link})
	require.Equal(t, []string{"a1"}, lines)
}

func TestAuditLogPartitions(t *testing.T) {
	files := map[string]string{}
	for i := range 10 {
		files[fmt.Sprintf("n%d/audit.log", i)] = strings.Repeat("x", 100)
	}
	files["n5/audit.log"] = strings.Repeat("x", 1000)
	log := &logfile.AuditLog{Dir: auditFolder(t, files), PartitionBytes: 250}
	partitions, err := log.Partitions(t.Context(), auditFrom, auditTo)
	require.NoError(t, err)
	var sizes []int
	var names []string
	for _, p := range partitions {
		sizes = append(sizes, len(p.Files))
		for _, f := range p.Files {
			names = append(names, f.Name)
			require.EqualValues(t, len(files[f.Name]), f.Bytes)
		}
	}
	require.Equal(t, []int{2, 2, 1, 1, 2, 2}, sizes)
	require.True(t, slices.IsSorted(names))
	require.Len(t, names, 10)
	again, err := log.Partitions(t.Context(), auditFrom, auditTo)
	require.NoError(t, err)
	require.Equal(t, partitions, again)
}

// AL 37: the name is the time of rotation in local time, and a stopping server may go on writing to that file.
func TestAuditLogSkipsOnlyWhatIsSafe(t *testing.T) {
	for name, read := range map[string]bool{
		"audit-2026-11-19T00-00-00.000.log":     false,
		"audit-2026-11-20T10-59-59.000.log.gz":  false,
		"audit-2026-11-20T10-59-59.000.log.zst": false,
		"audit-2026-11-20T11-00-01.000.log":     true, // might be 23:00:01 UTC, and be written to for an hour
		"audit-2026-11-21T00-00-00.000.log":     true,
		"audit-2027-11-21T00-00-00.000.log":     true, // may hold the whole interval
		"audit-2026-99-19T00-00-00.000.log":     true,
		"audit-2026-11-19T00-00-00.000.log.old": true,
		"audit-2026-11-19.log":                  true,
		"audit-2026-11-19T00-00-00.000/now.log": true,
		"audit-2026-11-19T00-00-00.000":         false,
	} {
		t.Run(name, func(t *testing.T) {
			lines, _ := readAudit(t, &logfile.AuditLog{Dir: auditFolder(t, map[string]string{name: "a1\n"})})
			require.Equal(t, read, len(lines) == 1)
		})
	}
}

func TestAuditLogTellsDamage(t *testing.T) {
	packed := string(gzipped(strings.Repeat("a1\n", 50000)))
	lines, stats := readAudit(t, &logfile.AuditLog{Dir: auditFolder(t, map[string]string{"audit.log.gz": packed[:len(packed)-9]})})
	require.True(t, stats.Truncated)
	require.NotEmpty(t, lines)
}

func TestAuditLogErrorsNameTheFile(t *testing.T) {
	list := func(t *testing.T, dir string) error {
		_, err := (&logfile.AuditLog{Dir: dir}).Partitions(t.Context(), auditFrom, auditTo)
		return err
	}
	t.Run("a link to nothing", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "audit.log")))
		require.ErrorContains(t, list(t, dir), "audit.log")
	})
	t.Run("a link to a folder", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(dir, "more")))
		require.ErrorContains(t, list(t, dir), "more is no file")
	})
	t.Run("no folder", func(t *testing.T) {
		require.ErrorContains(t, list(t, filepath.Join(t.TempDir(), "missing")), "missing")
	})
	t.Run("an interval that ends before it starts", func(t *testing.T) {
		_, err := (&logfile.AuditLog{Dir: t.TempDir()}).Partitions(t.Context(), auditTo, auditFrom)
		require.ErrorContains(t, err, "is not after start")
	})
	for name, change := range map[string]struct {
		do   func(path string) error
		want string
	}{
		"a file that is gone":    {os.Remove, "audit.log"},
		"a file that was cut":    {func(path string) error { return os.Truncate(path, 3) }, "audit.log is shorter than when the folder was listed"},
		"a file that is another": {func(path string) error { return os.WriteFile(path, []byte("b1\nb2\nb3\n"), 0o600) }, "audit.log is another file"},
	} {
		t.Run(name, func(t *testing.T) {
			log := &logfile.AuditLog{Dir: auditFolder(t, map[string]string{"audit.log": "a1\na2\n"})}
			partitions, err := log.Partitions(t.Context(), auditFrom, auditTo)
			require.NoError(t, err)
			require.NoError(t, change.do(filepath.Join(log.Dir, "audit.log")))
			_, err = log.Read(t.Context(), partitions[0], func([]byte) { t.Error("a line of it was given") })
			require.ErrorContains(t, err, change.want)
			require.ErrorIs(t, err, logfile.ErrChanged, "the run is planned anew")
		})
	}
}

func TestAuditLogMayGrow(t *testing.T) {
	log := &logfile.AuditLog{Dir: auditFolder(t, map[string]string{"audit.log": "a1\n"})}
	partitions, err := log.Partitions(t.Context(), auditFrom, auditTo)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(log.Dir, "audit.log"), []byte("a1\na2\n"), 0o600))
	stats, err := log.Read(t.Context(), partitions[0], func([]byte) {})
	require.NoError(t, err)
	require.EqualValues(t, 2, stats.Lines)
}

func TestAuditLogStopsWithItsContext(t *testing.T) {
	log := &logfile.AuditLog{Dir: auditFolder(t, map[string]string{"audit.log": "a1\n"})}
	partitions, err := log.Partitions(t.Context(), auditFrom, auditTo)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = log.Read(ctx, partitions[0], func([]byte) {})
	require.ErrorIs(t, err, context.Canceled)
	_, err = log.Partitions(ctx, auditFrom, auditTo)
	require.ErrorIs(t, err, context.Canceled)
}

func TestSpillTo(t *testing.T) {
	dir := t.TempDir()
	spill, err := logfile.SpillTo(dir)()
	require.NoError(t, err)
	_, err = io.WriteString(spill, "chunk")
	require.NoError(t, err)
	require.NoError(t, spill.Rewind())
	got, err := io.ReadAll(spill)
	require.NoError(t, err)
	require.Equal(t, "chunk", string(got))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoError(t, spill.Close())

	_, err = logfile.SpillTo(filepath.Join(dir, "missing"))()
	require.ErrorContains(t, err, "create spill file")
}
