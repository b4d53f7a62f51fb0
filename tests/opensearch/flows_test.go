package opensearch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/activities/porttest"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/tests/opensearch/cluster"
)

// flowRecord is a record as Calico Enterprise writes it.
type flowRecord map[string]any

func (r flowRecord) line(t *testing.T) []byte {
	t.Helper()
	raw, err := json.Marshal(r)
	require.NoError(t, err)
	return raw
}

// newRecord makes one of few groups, which lasts a short time.
func newRecord(random *rand.Rand, start time.Time) flowRecord {
	pick := func(of ...any) any { return of[random.IntN(len(of))] }
	rule := random.IntN(2)
	return flowRecord{
		"start_time": start.Unix(), "end_time": start.Unix() + int64(pick(0, 15, 300, 3600, 7000).(int)),
		"source_type": pick("wep", "wep", "hep", "net", "ns"), "source_namespace": pick("shop", "-", "data"), "source_name": pick("-", "-", "web-1"),
		"source_name_aggr": pick("web-*", "pub", "api-*"), "dest_type": pick("wep", "net"), "dest_namespace": "data", "dest_name": "-",
		"dest_name_aggr": pick("db-*", "pvt"), "dest_port": pick(5432, 443, nil), "dest_service_namespace": "data", "dest_service_name": pick("db", "-"),
		"dest_service_port": pick("sql", "-"), "proto": pick("tcp", "6", "UDP"), "action": pick("allow", "allow", "deny"), "reporter": pick("src", "dst"),
		"bytes_in": random.IntN(1000), "bytes_out": random.IntN(1000), "packets_in": random.IntN(9), "packets_out": 3, "num_flows_started": random.IntN(3),
		"policies": map[string]any{
			"enforced_policies": []string{"0|net|net.base|pass|0", fmt.Sprintf("1|app|data/app.db|allow|%d", rule)},
			"all_policies":      []string{"0|net|net.base|pass|0", fmt.Sprintf("1|app|data/app.db|allow|%d", rule), "2|app|data/staged:app.x|deny|0"},
		},
	}
}

// reduced are the groups of a source, as they go into a report.
func reduced(t *testing.T, log activities.FlowLog, iv interval.Interval) (string, flow.Stats, activities.ReadStats) {
	t.Helper()
	parts, err := log.Partitions(t.Context(), iv)
	require.NoError(t, err)
	sum := flow.NewReducer(flow.Options{Interval: iv})
	var read activities.ReadStats
	for _, part := range parts {
		own := flow.NewReducer(flow.Options{Interval: iv})
		stats, err := log.Reduce(t.Context(), part, own, func(int64) {})
		require.NoError(t, err)
		require.NoError(t, sum.Merge(own))
		read.Lines += stats.Lines
		read.TooLong += stats.TooLong
		read.Faults = append(read.Faults, stats.Faults...)
		read.Notes = append(read.Notes, stats.Notes...)
	}
	var out bytes.Buffer
	require.NoError(t, sum.Encode(&out))
	return out.String(), sum.Stats(), read
}

func fromMemory(t *testing.T, lines [][]byte) activities.FlowLog {
	t.Helper()
	return &porttest.FlowLog{Folder: porttest.Folder{Files: map[string][]byte{"flows.log": bytes.Join(lines, []byte("\n"))}}}
}

func flowsOf(t *testing.T, s *cluster.Server, index string, partitionDocs int64) activities.FlowLog {
	t.Helper()
	return ports(t, search(s, func(o *config.OpenSearch) { o.Flows, o.Patience = index, 3*time.Second }), partitionDocs).Flows
}

// searched is how many searches there were in the index, and how many of them read documents, rather than counted them.
func searched(t *testing.T, s *cluster.Server, index string) (searches, fetches int) {
	t.Helper()
	var stats struct {
		All struct {
			Total struct {
				Search struct {
					Queries int `json:"query_total"`
					Fetches int `json:"fetch_total"`
				}
			}
		} `json:"_all"`
	}
	s.Must(t, http.MethodGet, "/"+index+"/_stats/search", "", &stats)
	return stats.All.Total.Search.Queries, stats.All.Total.Search.Fetches
}

// What the server adds up is to the byte what its documents give one by one, and what files give, whatever is wrong with some of them.
func TestFlowsAreTheSameAsFromFiles(t *testing.T) {
	s := cluster.Shared(t)
	one := func(change func(flowRecord)) func(*rand.Rand, flowRecord) {
		return func(_ *rand.Rand, r flowRecord) { change(r) }
	}
	for name, c := range map[string]struct {
		change func(*rand.Rand, flowRecord)
		mixed  bool // whether records of one group go through different policies
		read   bool // whether documents must have been read for it
	}{
		"as they come":                    {mixed: true},
		"one policy for each group":       {change: func(*rand.Rand, flowRecord) {}},
		"old records without enforced":    {change: one(func(r flowRecord) { delete(r["policies"].(map[string]any), "enforced_policies") })},
		"no policies":                     {change: one(func(r flowRecord) { delete(r, "policies") })},
		"some have only the old list":     {change: some(func(r flowRecord) { delete(r["policies"].(map[string]any), "enforced_policies") })},
		"fields missing in some":          {change: some(func(r flowRecord) { delete(r, "dest_service_name"); delete(r, "bytes_in"); delete(r, "dest_port") })},
		"enforced policies that are none": {change: one(func(r flowRecord) { r["policies"].(map[string]any)["enforced_policies"] = []string{"-"} }), read: true},
		"an unknown action in some":       {change: some(func(r flowRecord) { r["action"] = "maybe" }), read: true},
		"an unknown kind of end in some":  {change: some(func(r flowRecord) { r["dest_type"] = "moon" }), read: true},
		"a negative counter in some":      {change: some(func(r flowRecord) { r["bytes_out"] = -1 }), read: true},
		"counters that are strings":       {change: one(func(r flowRecord) { r["bytes_in"] = "17" })},
		"several values in a field":       {change: some(func(r flowRecord) { r["source_namespace"] = []string{"a", "b"} }), read: true},
		"sums beyond floating point":      {change: one(func(r flowRecord) { r["bytes_in"] = int64(1)<<53 - 1 }), read: true},
		"a text that is not kept":         {change: some(func(r flowRecord) { r["action"] = strings.Repeat("x", 2000) }), read: true},
		"start and end on the hour": {change: some(func(r flowRecord) {
			at := r["start_time"].(int64) / 3600 * 3600
			r["start_time"], r["end_time"] = at, at
		})},
		"start and end on the day's start": {change: some(func(r flowRecord) { r["start_time"], r["end_time"] = day.Start.Unix(), day.Start.Unix() })},
		"end on the day's end":             {change: some(func(r flowRecord) { r["end_time"] = day.End.Unix() })},
		"longer than the day": {change: some(func(r flowRecord) {
			r["start_time"], r["end_time"] = day.Start.Unix()-90_000, day.End.Unix()+90_000
		})},
		"a start in another age": {change: some(func(r flowRecord) { r["start_time"] = int64(5) }), read: true},
		"no times in some":       {change: some(func(r flowRecord) { delete(r, "end_time") }), read: true},
	} {
		t.Run(name, func(t *testing.T) {
			lines := randomLines(t, 1500, func(random *rand.Rand, r flowRecord) {
				if !c.mixed {
					rule := fmt.Sprintf("1|app|data/app.%v|allow|0", r["dest_name_aggr"])
					r["policies"] = map[string]any{"enforced_policies": []string{"0|net|net.base|pass|0", rule}, "all_policies": []string{rule}}
				}
				if c.change != nil {
					c.change(random, r)
				}
			})
			index := newIndex(t, s, "flows", flowMapping)
			store(t, s, index, lines)
			want, _, _ := reduced(t, fromMemory(t, lines), day)
			for _, docs := range []int64{0, 400} {
				got, _, read := reduced(t, flowsOf(t, s, index, docs), day)
				require.Equal(t, want, got, "partitions of %d", docs)
				require.Equal(t, int64(len(lines)), read.Lines)
				require.Empty(t, read.Faults)
			}
			_, fetches := searched(t, s, index)
			require.Equal(t, c.read, fetches > 0, "documents read one by one")
		})
	}
}

// randomLines are some records of the day, each of them changed; the same ones every time.
func randomLines(t *testing.T, n int, change func(*rand.Rand, flowRecord)) [][]byte {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 11))
	var lines [][]byte
	for range n {
		r := newRecord(random, day.Start.Add(time.Duration(random.IntN(86_399))*time.Second))
		change(random, r)
		lines = append(lines, r.line(t))
	}
	return lines
}

// some changes one record in ten.
func some(change func(flowRecord)) func(*rand.Rand, flowRecord) {
	return func(random *rand.Rand, r flowRecord) {
		if random.IntN(10) == 0 {
			change(r)
		}
	}
}

// manyPolicies are two that pass and one of some that decide, in the tier behind.
func manyPolicies(random *rand.Rand, r flowRecord) {
	list := []string{"0|net|net.base|pass|0", "1|sec|sec.base|pass|" + fmt.Sprint(random.IntN(3))}
	list = append(list, fmt.Sprintf("2|app|data/app.p%02d|allow|%d", random.IntN(20), random.IntN(2)))
	r["policies"] = map[string]any{"enforced_policies": list, "all_policies": list}
}

// With many policies, of which one decides each record, the records are not read policy by policy; where two could decide some, they
// are.
func TestManyPoliciesAreReadAtOnce(t *testing.T) {
	s := cluster.Shared(t)
	enforced := func(r flowRecord, list ...string) {
		r["policies"] = map[string]any{"enforced_policies": list, "all_policies": list}
	}
	for name, c := range map[string]struct {
		change  func(*rand.Rand, flowRecord)
		byClass bool
		read    bool
	}{
		"one decides":               {},
		"some are decided by none":  {change: some(func(r flowRecord) { enforced(r, "0|net|net.base|pass|0") })},
		"some have no list":         {change: some(func(r flowRecord) { delete(r, "policies") })},
		"some have an unknown text": {change: some(func(r flowRecord) { enforced(r, "-", "2|app|data/app.p01|allow|0") })},
		"some have nothing else":    {change: some(func(r flowRecord) { enforced(r, "-") }), read: true},
		"an unknown action in some": {change: some(func(r flowRecord) { r["action"] = "maybe" }), read: true},
		"two could decide some": {
			change:  some(func(r flowRecord) { enforced(r, "1|sec|sec.base|deny|0", "2|app|data/app.p01|allow|0") }),
			byClass: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			lines := randomLines(t, 2000, func(random *rand.Rand, r flowRecord) {
				manyPolicies(random, r)
				if c.change != nil {
					c.change(random, r)
				}
			})
			index := newIndex(t, s, "flows", flowMapping)
			store(t, s, index, lines)
			want, _, _ := reduced(t, fromMemory(t, lines), day)
			got, _, read := reduced(t, flowsOf(t, s, index, 0), day)
			require.Equal(t, want, got)
			require.Equal(t, int64(len(lines)), read.Lines)
			require.Empty(t, read.Faults)
			searches, fetches := searched(t, s, index)
			require.Equal(t, c.read, fetches > 0, "documents read one by one")
			if !c.read { // reading has searches of its own
				require.Equal(t, c.byClass, searches > 40, "%d searches", searches)
			}
			got, _, _ = reduced(t, flowsOf(t, s, index, 300), day)
			require.Equal(t, want, got, "in small partitions")
		})
	}
}
