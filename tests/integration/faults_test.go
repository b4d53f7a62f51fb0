package integration

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/tests/integration/harness"
)

var errOutage = errors.New("connection refused")

// gatedAudit holds each reader of the audit log at a gate.
type gatedAudit struct {
	activities.AuditLog
	gate *harness.Gate
}

func (g gatedAudit) Read(ctx context.Context, part activities.Partition, line func([]byte) error) (activities.ReadStats, error) {
	if err := g.gate.Pass(ctx); err != nil {
		return activities.ReadStats{}, err
	}
	return g.AuditLog.Read(ctx, part, line)
}

// gatedBenchmarks holds each reader of benchmark results at a gate.
type gatedBenchmarks struct {
	activities.Benchmarks
	gate *harness.Gate
}

func (g gatedBenchmarks) Each(ctx context.Context, yield func(node string, at time.Time, raw []byte) error) error {
	if err := g.gate.Pass(ctx); err != nil {
		return err
	}
	return g.Benchmarks.Each(ctx, yield)
}

// brokenFlows fails a number of times.
type brokenFlows struct {
	activities.FlowLog
	left *atomic.Int64
}

func (b brokenFlows) Reduce(
	ctx context.Context, part activities.Partition, into *flow.Reducer, progress func(int64),
) (activities.ReadStats, error) {
	if b.left.Add(-1) >= 0 {
		return activities.ReadStats{}, errOutage
	}
	return b.FlowLog.Reduce(ctx, part, into, progress)
}

// oneFile puts everything below a folder into one plain file in another folder.
func oneFile(t *testing.T, folder, name string) string {
	t.Helper()
	var all bytes.Buffer
	eachFile(t, folder, func(_ string, content []byte) { all.Write(content) })
	out := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(out, name), all.Bytes(), 0o600))
	return out
}

// withoutHour drops the flow records that end in an hour.
func withoutHour(t *testing.T, folder string, hour time.Time) string {
	t.Helper()
	var all bytes.Buffer
	eachFile(t, folder, func(_ string, content []byte) {
		lines := bufio.NewScanner(bytes.NewReader(content))
		for lines.Scan() {
			var times struct {
				Start int64 `json:"start_time"`
				End   int64 `json:"end_time"`
			}
			require.NoError(t, json.Unmarshal(lines.Bytes(), &times))
			from, until := hour.Unix(), hour.Add(time.Hour).Unix()
			if times.End > from && times.Start < until {
				continue
			}
			all.Write(append(lines.Bytes(), '\n'))
		}
		require.NoError(t, lines.Err())
	})
	out := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(out, "flows.ndjson"), all.Bytes(), 0o600))
	return out
}

func eachFile(t *testing.T, folder string, yield func(path string, content []byte)) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".gz") {
			unpack, err := gzip.NewReader(bytes.NewReader(content))
			if err != nil {
				return err
			}
			if content, err = io.ReadAll(unpack); err != nil {
				return err
			}
		}
		yield(path, content)
		return nil
	})
	require.NoError(t, err)
}
