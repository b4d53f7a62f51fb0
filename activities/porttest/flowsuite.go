package porttest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
)

// FlowSource makes flow logs.
type FlowSource = Source[activities.FlowLog, Folder]

var day = interval.Interval{Start: from, End: to}

// TestFlowLog is the contract of activities.FlowLog.
func TestFlowLog(t *testing.T, source FlowSource) {
	runSuite(t, source, map[string]func(*testing.T, FlowSource){
		"the same groups":               testFlowGroups,
		"a partition of something else": testFlowOtherPartition,
		"partitions":                    testFlowPartitions,
		"description":                   testFlowDescription,
		"progress":                      testFlowProgress,
		"what is wrong is told":         testFlowFaults,
		"cancellation ends it":          testFlowCanceled,
		"not there":                     testFlowMissing,
	})
}

func flowLines(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		start := from.Unix() + int64(i*731%86000)
		lines[i] = fmt.Sprintf(`{"start_time":%d,"end_time":%d,"action":"allow","source_type":"wep","source_namespace":"shop",`+
			`"source_name_aggr":"web-%d-*","dest_type":"net","dest_name_aggr":"pub","bytes_in":%d}`+"\n", start, start+15, i%7, i)
	}
	return lines
}

// reduceFlows reduces all partitions, each by a reducer of its own, and gives the encoded groups.
func reduceFlows(t *testing.T, log activities.FlowLog) (string, activities.ReadStats) {
	t.Helper()
	parts, err := log.Partitions(t.Context(), day)
	require.NoError(t, err)
	all := flow.NewReducer(flow.Options{Interval: day})
	var sum activities.ReadStats
	for _, part := range parts {
		own := flow.NewReducer(flow.Options{Interval: day})
		stats, err := log.Reduce(t.Context(), part, own, func(int64) {})
		require.NoError(t, err)
		require.True(t, slices.IsSorted(stats.Damaged))
		require.NoError(t, all.Merge(own))
		sum.Lines, sum.Bytes, sum.TooLong = sum.Lines+stats.Lines, sum.Bytes+stats.Bytes, sum.TooLong+stats.TooLong
		sum.Damaged = append(sum.Damaged, stats.Damaged...)
	}
	require.Equal(t, sum.TooLong, all.Stats().TooLong, "lines that are too long are told to the reducer too")
	var out bytes.Buffer
	require.NoError(t, all.Encode(&out))
	return out.String(), sum
}

func testFlowGroups(t *testing.T, source FlowSource) {
	all := spread(t, flowLines(30))
	want, _ := reduceFlows(t, source.Open(t, all["one file"]))
	require.Contains(t, want, `"used":30`)
	require.Contains(t, want, "web-6-*")
	for name, folder := range all {
		t.Run(name, func(t *testing.T) {
			got, stats := reduceFlows(t, source.Open(t, folder))
			require.Equal(t, want, got)
			require.Equal(t, int64(30), stats.Lines)
			require.Empty(t, stats.Damaged)
		})
	}
}

func testFlowPartitions(t *testing.T, source FlowSource) {
	sameParts(t, func(folder Folder) func(context.Context) ([]activities.Partition, error) {
		log := source.Open(t, folder)
		return func(ctx context.Context) ([]activities.Partition, error) { return log.Partitions(ctx, day) }
	}, flowLines(30))
	groups, stats := reduceFlows(t, source.Open(t, Folder{Files: map[string][]byte{}}))
	require.Contains(t, groups, `{"groups":0}`)
	require.Zero(t, stats.Lines)
}

func testFlowDescription(t *testing.T, source FlowSource) {
	all := spread(t, flowLines(30))
	first := source.Open(t, all["one file"]).Describe()
	require.NotEmpty(t, first)
	require.Equal(t, first, source.Open(t, all["a file for each line, small partitions"]).Describe())
}

func testFlowProgress(t *testing.T, source FlowSource) {
	log := source.Open(t, spread(t, flowLines(30))["a file for each line"])
	parts, err := log.Partitions(t.Context(), day)
	require.NoError(t, err)
	require.Len(t, parts, 1)
	var told []int64
	_, err = log.Reduce(t.Context(), parts[0], flow.NewReducer(flow.Options{Interval: day}), func(bytes int64) {
		told = append(told, bytes)
	})
	require.NoError(t, err)
	require.NotEmpty(t, told)
	require.True(t, slices.IsSorted(told), "progress goes forward: %v", told)
	require.Positive(t, told[len(told)-1])
}

func testFlowFaults(t *testing.T, source FlowSource) {
	t.Run("a line of 10 MB", func(t *testing.T) {
		_, stats := reduceFlows(t, source.Open(t, Folder{Files: map[string][]byte{
			"flows.log": []byte(`{"start_time":1795500000,"end_time":1795500015,"action":"` + strings.Repeat("x", 10<<20) + "\"}\n" + flowLines(1)[0])}}))
		require.Equal(t, int64(1), stats.TooLong)
		require.Equal(t, int64(1), stats.Lines)
	})
	if source.Documents {
		return
	}
	t.Run("a file that ends in the middle", func(t *testing.T) {
		groups, stats := reduceFlows(t, source.Open(t, Folder{Files: map[string][]byte{
			"node-1/flows.log.gz": cutShort(t, []byte(strings.Join(flowLines(400), ""))), "node-1/other.log": []byte(flowLines(1)[0])}}))
		require.Equal(t, []string{"flows.log.gz"}, stats.Damaged, "by its base name")
		require.Greater(t, stats.Lines, int64(1), "what lies before the damage is used")
		require.NotContains(t, groups, `"bad"`, "the line that was cut must not be given")
	})
}

func testFlowOtherPartition(t *testing.T, source FlowSource) {
	_, err := source.Open(t, spread(t, flowLines(3))["one file"]).Reduce(
		t.Context(), activities.Partition(`"x"`), flow.NewReducer(flow.Options{Interval: day}), func(int64) {})
	require.ErrorContains(t, err, "decode partition")
}

func testFlowCanceled(t *testing.T, source FlowSource) {
	files := map[string][]byte{}
	for i := range 50 {
		files[fmt.Sprintf("%02d.log", i)] = []byte(strings.Join(flowLines(50), ""))
	}
	log := source.Open(t, Folder{Files: files})
	parts, err := log.Partitions(t.Context(), day)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	stats, err := log.Reduce(ctx, parts[0], flow.NewReducer(flow.Options{Interval: day}), func(int64) { cancel() })
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, stats.Lines, int64(50*50))
}

func testFlowMissing(t *testing.T, source FlowSource) {
	log, named := source.Missing(t)
	_, err := log.Partitions(t.Context(), day)
	require.ErrorContains(t, err, named)
}
