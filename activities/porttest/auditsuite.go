package porttest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
)

// AuditSource makes audit logs.
type AuditSource = Source[activities.AuditLog, Folder]

// from and to are the span that the suites ask for.
var (
	from = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	to   = from.AddDate(0, 0, 1)
)

// TestAuditLog is the contract of activities.AuditLog.
func TestAuditLog(t *testing.T, source AuditSource) {
	runSuite(t, source, map[string]func(*testing.T, AuditSource){
		"every line once":               testAuditLines,
		"a partition of something else": testAuditOtherPartition,
		"partitions":                    testAuditPartitions,
		"description":                   testAuditDescription,
		"what is wrong is told":         testAuditFaults,
		"the caller's failure ends it":  testAuditCallerFails,
		"cancellation ends it":          testAuditCanceled,
		"not there":                     testAuditMissing,
	})
}

func auditLines(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		at := from.Add(time.Duration(i*37%86000) * time.Second)
		lines[i] = fmt.Sprintf("{\"auditID\":\"%04d\",\"stageTimestamp\":\"%s\"}\n", i, at.Format(time.RFC3339))
	}
	return lines
}

// readAudit reads all partitions and gives the lines sorted, with the sum of the statistics.
func readAudit(t *testing.T, log activities.AuditLog) ([]string, activities.ReadStats) {
	t.Helper()
	parts, err := log.Partitions(t.Context(), from, to)
	require.NoError(t, err)
	var lines []string
	var sum activities.ReadStats
	for _, part := range parts {
		stats, err := log.Read(t.Context(), part, func(line []byte) error {
			lines = append(lines, string(line)+"\n")
			return nil
		})
		require.NoError(t, err)
		require.True(t, slices.IsSorted(stats.Damaged))
		sum.Lines, sum.Bytes, sum.TooLong = sum.Lines+stats.Lines, sum.Bytes+stats.Bytes, sum.TooLong+stats.TooLong
		sum.Damaged = append(sum.Damaged, stats.Damaged...)
	}
	slices.Sort(lines)
	return lines, sum
}

func testAuditLines(t *testing.T, source AuditSource) {
	want := auditLines(30)
	for name, folder := range spread(t, want) {
		t.Run(name, func(t *testing.T) {
			lines, stats := readAudit(t, source.Open(t, folder))
			require.Equal(t, want, lines)
			require.Equal(t, int64(len(want)), stats.Lines)
			require.GreaterOrEqual(t, stats.Bytes, int64(len(strings.Join(want, ""))-1))
			require.Zero(t, stats.TooLong)
			require.Empty(t, stats.Damaged)
		})
	}
}

func testAuditPartitions(t *testing.T, source AuditSource) {
	sameParts(t, func(folder Folder) func(context.Context) ([]activities.Partition, error) {
		log := source.Open(t, folder)
		return func(ctx context.Context) ([]activities.Partition, error) { return log.Partitions(ctx, from, to) }
	}, auditLines(30))
	lines, stats := readAudit(t, source.Open(t, Folder{Files: map[string][]byte{}}))
	require.Empty(t, lines)
	require.Zero(t, stats.Lines)
}

func testAuditDescription(t *testing.T, source AuditSource) {
	all := spread(t, auditLines(30))
	first := source.Open(t, all["one file"]).Describe()
	require.NotEmpty(t, first)
	require.Equal(t, first, source.Open(t, all["a file for each line, small partitions"]).Describe(),
		"how a log is split must not show in a report")
}

func testAuditFaults(t *testing.T, source AuditSource) {
	t.Run("a line of 10 MB", func(t *testing.T) {
		lines, stats := readAudit(t, source.Open(t, Folder{Files: map[string][]byte{"audit.log": []byte(
			`{"stageTimestamp":"2026-11-24T09:00:00Z","auditID":"` + strings.Repeat("x", 10<<20) + "\"}\n" + auditLines(1)[0])}}))
		require.Equal(t, auditLines(1), lines)
		require.Equal(t, int64(1), stats.TooLong)
	})
	if source.Documents {
		return
	}
	good := strings.Join(auditLines(400), "")
	t.Run("a file that ends in the middle", func(t *testing.T) {
		lines, stats := readAudit(t, source.Open(t, Folder{Files: map[string][]byte{
			"cp-1/audit.log.gz": cutShort(t, []byte(good)), "cp-1/other.log": []byte(auditLines(1)[0])}}))
		require.Equal(t, []string{"audit.log.gz"}, stats.Damaged, "by its base name")
		require.NotEmpty(t, lines, "what lies before the damage is given")
		require.Less(t, len(lines), 401)
		for _, line := range lines {
			require.True(t, strings.HasSuffix(line, "}\n"), "the line that was cut must not be given: %q", line)
		}
	})
	t.Run("invalid UTF-8 passes as it is", func(t *testing.T) {
		lines, _ := readAudit(t, source.Open(t, Folder{Files: map[string][]byte{"audit.log": []byte("{\"a\":\"\xff\xfe\"}\n")}}))
		require.Equal(t, []string{"{\"a\":\"\xff\xfe\"}\n"}, lines)
	})
}

func testAuditOtherPartition(t *testing.T, source AuditSource) {
	_, err := source.Open(t, spread(t, auditLines(3))["one file"]).Read(t.Context(), activities.Partition(`"x"`), nil)
	require.ErrorContains(t, err, "decode partition")
}

func testAuditCallerFails(t *testing.T, source AuditSource) {
	log := source.Open(t, spread(t, auditLines(30))["one file"])
	parts, err := log.Partitions(t.Context(), from, to)
	require.NoError(t, err)
	for _, part := range parts {
		calls := 0
		_, err = log.Read(t.Context(), part, func([]byte) error {
			calls++
			return errCaller
		})
		require.ErrorIs(t, err, errCaller)
		require.Equal(t, 1, calls, "nothing is given after the caller failed")
	}
}

func testAuditCanceled(t *testing.T, source AuditSource) {
	const many = 20_000
	log := source.Open(t, Folder{Files: map[string][]byte{"audit.log": []byte(strings.Join(auditLines(many), ""))}})
	parts, err := log.Partitions(t.Context(), from, to)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	given := 0
	_, err = log.Read(ctx, parts[0], func([]byte) error {
		if given++; given == 10 {
			cancel()
		}
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, given, many/4, "the rest must not be read")
}

func testAuditMissing(t *testing.T, source AuditSource) {
	log, named := source.Missing(t)
	_, err := log.Partitions(t.Context(), from, to)
	require.ErrorContains(t, err, named)
}
