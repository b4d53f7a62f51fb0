package sample_test

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/sample"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestSameSeedSameBytes(t *testing.T) {
	first, summary := theSample(t)
	again, repeated := generate(t, sample.Options{Seed: 1, Day: day, Scale: 1})
	require.Equal(t, first.digest(), again.digest())
	require.Equal(t, summary, repeated)

	other, _ := generate(t, sample.Options{Seed: 2, Day: day})
	require.NotEqual(t, first.digest(), other.digest())
}

func TestStoryGolden(t *testing.T) {
	out, _ := theSample(t)
	golden := filepath.Join("testdata", "story.json")
	if *update {
		require.NoError(t, os.WriteFile(golden, out["story.json"], 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), string(out["story.json"]))
}

func TestSummary(t *testing.T) {
	out, summary := theSample(t)
	require.Len(t, out, summary.Files)
	var size int64
	for name := range out {
		size += int64(len(out.text(t, name)))
	}
	require.Equal(t, size, summary.Bytes)
	require.Less(t, size, int64(40<<20))
	require.Len(t, out.lines(t, "audit/"), int(summary.AuditEvents))
	require.Len(t, out.lines(t, "flows/"), int(summary.FlowRecords))
	require.Greater(t, summary.FlowRecords, int64(20_000))
	require.Greater(t, summary.Pods, 250)
}

func TestScale(t *testing.T) {
	one, first := theSample(t)
	two, summary := generate(t, sample.Options{Seed: 1, Day: day, Scale: 2})
	require.InDelta(t, 2*len(one.lines(t, "cluster/pods")), len(two.lines(t, "cluster/pods")), 20)
	require.Greater(t, 2*summary.FlowRecords, 3*first.FlowRecords)
	require.NotEqual(t, one.digest(), two.digest())
}

func TestBadOptions(t *testing.T) {
	for name, tc := range map[string]struct {
		opts sample.Options
		says string
	}{
		"no day":      {sample.Options{}, "midnight UTC"},
		"noon":        {sample.Options{Day: day.Add(12 * time.Hour)}, "2026-11-20T12:00:00Z is not the start of a day"},
		"other zone":  {sample.Options{Day: time.Date(2026, 11, 20, 0, 0, 0, 0, time.FixedZone("", 3600))}, "midnight UTC"},
		"no scale":    {sample.Options{Day: day, Scale: -1}, "scale -1"},
		"large scale": {sample.Options{Day: day, Scale: 1001}, "scale 1001"},
	} {
		t.Run(name, func(t *testing.T) {
			out := folder{}
			_, err := sample.Generate(tc.opts, out)
			require.ErrorContains(t, err, tc.says)
			require.Empty(t, out)
		})
	}
}

// brokenOutput fails at one step of one file.
type brokenOutput struct {
	name, step string
	folder
}

var errBroken = errors.New("the disk is full")

func (b brokenOutput) Create(name string) (io.WriteCloser, error) {
	if name == b.name && b.step == "create" {
		return nil, errBroken
	}
	w, err := b.folder.Create(name)
	if name == b.name {
		return brokenFile{w, b.step}, err
	}
	return w, err
}

type brokenFile struct {
	io.WriteCloser
	step string
}

func (b brokenFile) Write(p []byte) (int, error) {
	if b.step == "write" {
		return 0, errBroken
	}
	return b.WriteCloser.Write(p)
}

func (b brokenFile) Close() error {
	if b.step == "close" {
		return errBroken
	}
	return b.WriteCloser.Close()
}

func TestOutputErrors(t *testing.T) {
	for _, name := range []string{"cluster/namespaces.yaml", "cluster/pods.ndjson.gz"} {
		for _, step := range []string{"create", "write", "close"} {
			t.Run(step+" "+name, func(t *testing.T) {
				_, err := sample.Generate(sample.Options{Seed: 1, Day: day}, brokenOutput{name, step, folder{}})
				require.ErrorIs(t, err, errBroken)
				require.ErrorContains(t, err, name)
			})
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for name, scale := range map[string]int{"scale=1": 1, "scale=10": 10} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, summary := generate(b, sample.Options{Seed: 1, Day: day, Scale: scale})
				b.SetBytes(summary.Bytes)
			}
		})
	}
}
