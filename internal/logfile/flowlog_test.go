package logfile

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
)

var flowDay = interval.Interval{
	Start: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
}

// flowLines are n different records of seven groups, and a bad line at every hundredth.
func flowLines(from, n int) []byte {
	var out []byte
	for i := from; i < from+n; i++ {
		if i%100 == 99 {
			out = append(out, "no record\n"...)
			continue
		}
		start := flowDay.Start.Unix() + int64(i*31%86000)
		out = fmt.Appendf(out, `{"start_time":%d,"end_time":%d,"action":"allow","source_type":"wep","source_namespace":"shop",`+
			`"source_name_aggr":"web-%d-*","dest_type":"net","dest_name_aggr":"pub","bytes_in":%d}`+"\n", start, start+15, i%7, i)
	}
	return out
}

func gz(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func zst(t testing.TB, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return w.EncodeAll(data, nil)
}

// flowFolder writes files into a folder and opens it.
func flowFolder(t testing.TB, o FlowLogOptions, files map[string][]byte) *FlowLog {
	t.Helper()
	o.Dir = t.TempDir()
	for name, data := range files {
		path := filepath.Join(o.Dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o600))
	}
	log, err := NewFlowLog(o)
	require.NoError(t, err)
	return log
}

// reduceFlows reduces the whole folder, partition by partition, each in a reducer of its own.
func reduceFlows(t testing.TB, log *FlowLog) (string, FlowStats) {
	t.Helper()
	parts, err := log.Partitions(t.Context(), flowDay)
	require.NoError(t, err)
	sum := flow.NewReducer(flow.Options{Interval: flowDay})
	var stats FlowStats
	for _, part := range parts {
		r := flow.NewReducer(flow.Options{Interval: flowDay})
		s, err := log.Reduce(t.Context(), part, r)
		require.NoError(t, err)
		require.NoError(t, sum.Merge(r))
		stats.Add(s.LineStats)
		stats.Damaged = append(stats.Damaged, s.Damaged...)
	}
	var out bytes.Buffer
	require.NoError(t, sum.Encode(&out))
	return out.String(), stats
}

func TestFlowFilesInAnyForm(t *testing.T) {
	lines := flowLines(0, 3000)
	half := bytes.LastIndexByte(lines[:len(lines)/2], '\n') + 1
	want, stats := reduceFlows(t, flowFolder(t, FlowLogOptions{Workers: 1}, map[string][]byte{"flows.log": lines}))
	require.Equal(t, int64(3000), stats.Lines)
	require.Contains(t, want, `"used":2970`)
	for _, c := range []struct {
		name  string
		o     FlowLogOptions
		files map[string][]byte
	}{
		{"two workers", FlowLogOptions{Workers: 2}, map[string][]byte{"flows.log": lines}},
		{"partitions of a few lines", FlowLogOptions{Workers: 2, BatchBytes: 1000}, map[string][]byte{"flows.log": lines}},
		{"gzip", FlowLogOptions{Workers: 2}, map[string][]byte{"flows.log.gz": gz(t, lines)}},
		{"zstd under a name that says nothing", FlowLogOptions{}, map[string][]byte{"x": zst(t, lines)}},
		{"split over files in folders", FlowLogOptions{Workers: 3}, map[string][]byte{
			"node-1/flows.log": lines[half:], "node-2/old/flows.log.1.gz": gz(t, lines[:half]), "empty": nil, ".hidden": []byte("x\n"), ".git/x": []byte("x\n")}},
		{"no line end at the end", FlowLogOptions{}, map[string][]byte{"flows.log": bytes.TrimRight(lines, "\n")}},
		{"carriage returns, empty lines and a byte order mark", FlowLogOptions{BatchBytes: 5000}, map[string][]byte{
			"flows.log": append([]byte("\xef\xbb\xbf\r\n\n"), bytes.ReplaceAll(lines, []byte("\n"), []byte("\r\n\n"))...)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, stats := reduceFlows(t, flowFolder(t, c.o, c.files))
			require.Equal(t, want, got)
			require.Equal(t, int64(3000), stats.Lines)
			require.Empty(t, stats.Damaged)
		})
	}
}

func collect(into *[]string) func(lines [][]byte) {
	return func(lines [][]byte) {
		for _, line := range lines {
			*into = append(*into, string(line))
		}
	}
}

// TestRangesGiveEachLineOnce cuts a file at any places.
func TestRangesGiveEachLineOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOf(rapid.SampledFrom([]byte("ab\n\n\r\xef\xbb\xbf"))).Draw(t, "file")
		if rapid.Bool().Draw(t, "long") { // longer than the reader's buffer
			data = append(data, bytes.Repeat([]byte("x"), rangeBuffer+rapid.IntRange(-2, 2).Draw(t, "size"))...)
			data = append(data, rapid.SliceOf(rapid.SampledFrom([]byte("ab\n"))).Draw(t, "rest")...)
		}
		var want []string
		all, err := ReadLines(context.Background(), bytes.NewReader(data), func(line []byte) error {
			want = append(want, string(line))
			return nil
		})
		require.NoError(t, err)
		var got []string
		var stats LineStats
		reader := newRangeReader()
		for from := int64(0); from < int64(len(data)); {
			to := from + rapid.Int64Range(1, int64(len(data))-from).Draw(t, "piece")
			s, err := reader.read(context.Background(), bytes.NewReader(data), from, to, collect(&got))
			require.NoError(t, err)
			stats.Add(s)
			from = to
		}
		require.Equal(t, want, got)
		require.Equal(t, all, stats)
	})
}

// TestRangeThatEndsWithinAByteOrderMark was lost by an earlier form of the reader.
func TestRangeThatEndsWithinAByteOrderMark(t *testing.T) {
	data := []byte("\xef\xbb\xbfa\nb")
	for cut := int64(1); cut < int64(len(data)); cut++ {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			var got []string
			for _, r := range [][2]int64{{0, cut}, {cut, int64(len(data))}} {
				_, err := newRangeReader().read(t.Context(), bytes.NewReader(data), r[0], r[1], collect(&got))
				require.NoError(t, err)
			}
			require.Equal(t, []string{"a", "b"}, got)
		})
	}
}

func TestRangeSkipsALineThatIsTooLong(t *testing.T) {
	data := append([]byte("first\n"), bytes.Repeat([]byte("x"), MaxLine+1)...)
	data = append(data, "\nlast\r\n"...)
	for _, cut := range []int64{3, 100, MaxLine, int64(len(data)) - 3} {
		var got []string
		var stats LineStats
		for _, r := range [][2]int64{{0, cut}, {cut, int64(len(data))}} {
			s, err := newRangeReader().read(t.Context(), bytes.NewReader(data), r[0], r[1], collect(&got))
			require.NoError(t, err)
			stats.Add(s)
		}
		require.Equal(t, []string{"first", "last"}, got)
		require.Equal(t, int64(1), stats.TooLong)
	}
}

func TestFlowLineThatIsTooLongIsCounted(t *testing.T) {
	long := append(bytes.Repeat([]byte("x"), MaxLine+1), '\n')
	for _, c := range []struct {
		name string
		data []byte
	}{{"plain", append(long, flowLines(0, 5)...)}, {"packed", gz(t, append(long, flowLines(0, 5)...))}} {
		t.Run(c.name, func(t *testing.T) {
			got, stats := reduceFlows(t, flowFolder(t, FlowLogOptions{}, map[string][]byte{"f": c.data}))
			require.Equal(t, int64(1), stats.TooLong)
			require.Contains(t, got, `"tooLong":1`)
			require.Contains(t, got, `"used":5`)
		})
	}
}

func TestTruncatedFlowFilesAreNamed(t *testing.T) {
	good := bytes.ReplaceAll(flowLines(0, 5000), []byte("no record\n"), nil)
	packed := gz(t, good)
	log := flowFolder(t, FlowLogOptions{Workers: 2}, map[string][]byte{
		"b/cut.gz": packed[:len(packed)/2], "a.zst": zst(t, good)[:30000], "whole.gz": gz(t, flowLines(0, 10)), "plain": flowLines(0, 10)})
	got, stats := reduceFlows(t, log)
	require.Equal(t, []string{"a.zst", "b/cut.gz"}, stats.Damaged)
	require.True(t, stats.Truncated)
	require.Greater(t, stats.Lines, int64(100), "what comes before the damage is used")
	require.NotContains(t, got, `"bad"`, "the line that the damage cut is no bad line")
}

func TestFlowPartitionsAreDeterministicAndComplete(t *testing.T) {
	log := flowFolder(t, FlowLogOptions{BatchBytes: 1000}, map[string][]byte{
		"a": bytes.Repeat([]byte("x"), 2500), "b": bytes.Repeat([]byte("x"), 300), "c.gz": gz(t, flowLines(0, 500)), "d": []byte("y")})
	parts, err := log.Partitions(t.Context(), flowDay)
	require.NoError(t, err)
	again, err := log.Partitions(t.Context(), interval.Interval{})
	require.NoError(t, err)
	require.Equal(t, parts, again)
	var names []string
	for _, p := range parts {
		for _, piece := range p.Pieces {
			names = append(names, fmt.Sprintf("%s %d-%d", piece.Name, piece.From, piece.To))
			require.Equal(t, piece.Name == "c.gz", piece.Packed)
		}
	}
	size := len(gz(t, flowLines(0, 500)))
	require.Equal(t, []string{"a 0-1000", "a 1000-2000", "a 2000-2500", "b 0-300", fmt.Sprintf("c.gz 0-%d", size), "d 0-1"}, names)
	require.Equal(t, int64(800), parts[2].Bytes())
}

func TestFlowErrorsNameTheFile(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(path string) error
		want   string
	}{
		{"gone", os.Remove, "read flow log node-1/flows.log: it is gone since the folder was listed"},
		{"shorter than planned", func(path string) error { return os.Truncate(path, 10) }, "read flow log node-1/flows.log: it has 10 bytes"},
		{"a folder now", func(path string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+"x") }, "read flow log node-1/flows.log"},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := flowFolder(t, FlowLogOptions{}, map[string][]byte{"node-1/flows.log": flowLines(0, 50)})
			parts, err := log.Partitions(t.Context(), flowDay)
			require.NoError(t, err)
			require.NoError(t, c.change(filepath.Join(log.options.Dir, "node-1", "flows.log")))
			_, err = log.Reduce(t.Context(), parts[0], flow.NewReducer(flow.Options{Interval: flowDay}))
			require.ErrorContains(t, err, c.want)
			require.Equal(t, 1, strings.Count(err.Error(), "flows.log"), err)
		})
	}
}

func TestFlowLogNeedsAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "flows.log")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := NewFlowLog(FlowLogOptions{Dir: file})
	require.ErrorContains(t, err, "is no folder")
	_, err = NewFlowLog(FlowLogOptions{Dir: file + "x"})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestFlowReducingCanBeCancelled(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
	}{{"plain", flowLines(0, 5000)}, {"packed", gz(t, flowLines(0, 5000))}} {
		t.Run(c.name, func(t *testing.T) {
			log := flowFolder(t, FlowLogOptions{}, map[string][]byte{"f": c.data})
			ctx, cancel := context.WithCancel(t.Context())
			parts, err := log.Partitions(ctx, flowDay)
			require.NoError(t, err)
			cancel()
			_, err = log.Reduce(ctx, parts[0], flow.NewReducer(flow.Options{Interval: flowDay}))
			require.ErrorIs(t, err, context.Canceled)
			_, err = log.Partitions(ctx, flowDay)
			require.ErrorIs(t, err, context.Canceled)
		})
	}
}

func TestFlowProgress(t *testing.T) {
	var seen []FlowProgress
	o := FlowLogOptions{Workers: 2, Progress: func(p FlowProgress) { seen = append(seen, p) }}
	log := flowFolder(t, o, map[string][]byte{"a": flowLines(0, 100), "b": flowLines(0, 200), "c.gz": gz(t, flowLines(0, 300))})
	reduceFlows(t, log)
	require.Len(t, seen, 3)
	last := seen[len(seen)-1]
	require.Equal(t, int64(600), last.Lines)
	require.Equal(t, last.TotalBytes, last.Bytes)
	for i := range seen[1:] {
		require.Greater(t, seen[i+1].Bytes, seen[i].Bytes)
	}
}

func TestTooManyFlowGroupsSpillToFiles(t *testing.T) {
	dir := t.TempDir()
	log := flowFolder(t, FlowLogOptions{Workers: 2}, map[string][]byte{"a": flowLines(0, 1000), "b": flowLines(500, 1000)})
	want, _ := reduceFlows(t, log)
	parts, err := log.Partitions(t.Context(), flowDay)
	require.NoError(t, err)
	r := flow.NewReducer(flow.Options{Interval: flowDay, MaxGroups: 2, Spill: NewFlowSpill(dir)})
	_, err = log.Reduce(t.Context(), parts[0], r)
	require.NoError(t, err)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var out bytes.Buffer
	require.NoError(t, r.Encode(&out))
	require.Equal(t, want, out.String())
	require.NoError(t, r.Close())
	files, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, files)
	gone := flow.NewReducer(flow.Options{Interval: flowDay, MaxGroups: 2, Spill: NewFlowSpill(filepath.Join(dir, "gone"))})
	_, err = log.Reduce(t.Context(), parts[0], gone)
	require.ErrorContains(t, err, "create spill file")
}
