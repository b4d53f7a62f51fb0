package opensearch

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/tests/opensearch/cluster"
)

// flowLines are n records of the day.
func flowLines(t *testing.T, n int) [][]byte {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(n)))
	lines := make([][]byte, n)
	for i := range lines {
		lines[i] = newRecord(random, day.Start.Add(time.Duration(random.IntN(80_000))*time.Second)).line(t)
	}
	return lines
}

func sameAsMemory(t *testing.T, log activities.FlowLog, lines [][]byte) activities.ReadStats {
	t.Helper()
	want, _, _ := reduced(t, fromMemory(t, lines), day)
	got, _, read := reduced(t, log, day)
	require.Equal(t, want, got)
	return read
}

// Indices are rolled over in the day, some by a mapping of another age: each is read by what it is itself.
func TestIndicesThatDiffer(t *testing.T) {
	s := cluster.Shared(t)
	name := newIndex(t, s, "differ", flowMapping)
	lines := flowLines(t, 800)
	store(t, s, name, lines[:200])
	for i, mapping := range []string{
		// Numbers that no mapping names become long.
		`{}`,
		// Dates that are meant to be milliseconds are taken for that, whatever they are.
		strings.ReplaceAll(flowMapping, `"format":"epoch_second"`, `"format":"epoch_millis"`),
		`{"dynamic":false,"properties":{"start_time":{"type":"date"},"end_time":{"type":"date"},"source_name":{"type":"text"}}}`,
	} {
		index := fmt.Sprintf("%s-%d", name, i)
		makeIndex(t, s, index, mapping)
		store(t, s, index, lines[200+200*i:400+200*i])
	}
	makeIndex(t, s, name+"-empty", `{}`)
	for _, docs := range []int64{0, 100} {
		require.Empty(t, sameAsMemory(t, flowsOf(t, s, name+"*", docs), lines).Faults)
	}
	// An alias for them all.
	s.Must(t, http.MethodPut, "/"+name+"*/_alias/alias-of-"+name, "", nil)
	require.Empty(t, sameAsMemory(t, flowsOf(t, s, "alias-of-"+name, 0), lines).Faults)
}

// Times may be texts and milliseconds.
func TestTimesOfOtherForms(t *testing.T) {
	s := cluster.Shared(t)
	for name, c := range map[string]struct {
		mapping string
		form    func(unix int64) any
	}{
		"milliseconds": {strings.ReplaceAll(flowMapping, "epoch_second", "epoch_millis"), func(unix int64) any { return unix*1000 + 250 }},
		"texts": {strings.ReplaceAll(flowMapping, `,"format":"epoch_second"`, ""), func(unix int64) any {
			return time.Unix(unix, 123_456_000).UTC().Format(time.RFC3339Nano)
		}},
		"milliseconds as numbers": {`{}`, func(unix int64) any { return unix * 1000 }},
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(5, 5))
			var lines [][]byte
			for range 300 {
				r := newRecord(random, day.Start.Add(time.Duration(random.IntN(80_000))*time.Second))
				r["start_time"], r["end_time"] = c.form(r["start_time"].(int64)), c.form(r["end_time"].(int64))
				lines = append(lines, r.line(t))
			}
			index := newIndex(t, s, "times", c.mapping)
			store(t, s, index, lines)
			require.Empty(t, sameAsMemory(t, flowsOf(t, s, index, 0), lines).Faults)
		})
	}
}

// Goldmane's records, and records under other names.
func TestRecordsOfOtherForms(t *testing.T) {
	s := cluster.Shared(t)
	var goldmane, renamed, plain [][]byte
	for i := range 200 {
		start := day.Start.Unix() + int64(i*311)
		goldmane = append(goldmane, fmt.Appendf(nil, `{"Key":{"source_name":"web-%d-*","source_namespace":"shop","source_type":1,"dest_name":"pub","dest_type":4,`+
			`"dest_port":443,"proto":"tcp","reporter":1,"action":1,"policies":{"enforced_policies":[{"kind":1,"namespace":"shop","name":"app.web","tier":"app","action":1,"rule_index":%d}]}},`+
			`"start_time":%d,"end_time":%d,"bytes_in":%d,"num_connections_started":2}`, i%3, i%2, start, start+300, i))
		plain = append(plain, fmt.Appendf(nil, `{"start_time":%d,"end_time":%d,"action":"deny","source_type":"wep","source_namespace":"shop","source_name":"web-%d","dest_type":"net","bytes_in":%d}`,
			start, start+15, i%3, i))
		renamed = append(renamed, fmt.Appendf(nil, `{"begin":%d,"flow":{"end_time":%d,"action":"deny","source_type":"wep","source_namespace":"shop","dest_type":"net","bytes_in":%d},"src":{"pod":"web-%d"}}`,
			start, start+15, i, i%3))
	}
	index := newIndex(t, s, "goldmane", `{"dynamic":false,"properties":{"start_time":{"type":"date","format":"epoch_second"},"end_time":{"type":"date","format":"epoch_second"}}}`)
	store(t, s, index, goldmane)
	require.Empty(t, sameAsMemory(t, flowsOf(t, s, index, 50), goldmane).Faults)
	index = newIndex(t, s, "renamed", `{}`)
	store(t, s, index, renamed)
	log := ports(t, search(s, func(o *config.OpenSearch) {
		o.Flows, o.Mapping = index, []string{"flows.event=flow", "flows.start_time=begin", "flows.source_name=src.pod"}
	}), 0).Flows
	require.Empty(t, sameAsMemory(t, log, plain).Faults)
}

// What is not there, or cannot be read, is told: it never looks like a quiet day.
func TestWhatIsMissingIsTold(t *testing.T) {
	s := cluster.Shared(t)
	lines := flowLines(t, 100)
	t.Run("no index", func(t *testing.T) {
		_, stats, read := reduced(t, flowsOf(t, s, "no-such-{cluster}-*,nor-this", 0), day)
		require.Zero(t, stats.Lines)
		require.Equal(t, []string{"no index has a name like no-such-east-*,nor-this"}, read.Notes)
		require.Empty(t, read.Faults)
	})
	t.Run("an empty day", func(t *testing.T) {
		index := newIndex(t, s, "empty", flowMapping)
		store(t, s, index, [][]byte{newRecord(rand.New(rand.NewPCG(1, 1)), day.Start.AddDate(0, 0, -3)).line(t)})
		_, stats, read := reduced(t, flowsOf(t, s, index, 0), day)
		require.Zero(t, stats.Lines)
		require.Empty(t, read.Faults)
	})
	t.Run("a closed index", func(t *testing.T) {
		index := newIndex(t, s, "closed", flowMapping)
		store(t, s, index, lines)
		makeIndex(t, s, index+"-20261124-000001", flowMapping)
		makeIndex(t, s, index+"-20250101-000001", flowMapping)
		s.Must(t, http.MethodPost, "/"+index+"-2*/_close", "", nil)
		read := sameAsMemory(t, flowsOf(t, s, index+"*", 0), lines)
		require.Equal(t, []string{"index " + index + "-20261124-000001 is closed: what it holds was not read"}, read.Faults,
			"an index of another year is not missed")
	})
	t.Run("times that cannot be searched", func(t *testing.T) {
		index := newIndex(t, s, "texts", `{"properties":{"start_time":{"type":"keyword"}}}`)
		store(t, s, index, lines)
		_, _, read := reduced(t, flowsOf(t, s, index, 0), day)
		require.Equal(t, []string{"index " + index + ": field start_time is mapped as keyword: map it as date, or name another field by opensearch.mapping"}, read.Faults)
	})
	t.Run("a shard that is nowhere", func(t *testing.T) {
		index := newIndex(t, s, "red", flowMapping)
		store(t, s, index, lines)
		red := index + "-red"
		s.Must(t, http.MethodPut, "/"+red+"?wait_for_active_shards=0",
			`{"settings":{"number_of_shards":1,"number_of_replicas":0,"index.routing.allocation.require._name":"nobody"},"mappings":`+flowMapping+`}`, nil)
		read := sameAsMemory(t, flowsOf(t, s, index+"*", 0), lines)
		missing := []string{"index " + red + " did not answer: what it holds was not read"}
		require.Equal(t, missing, read.Faults)
		_, stats, read := reduced(t, flowsOf(t, s, red, 0), day)
		require.Zero(t, stats.Lines)
		require.Equal(t, missing, read.Faults)
	})
}

// An index that is gone since the run was planned makes the plan outdated.
func TestIndexThatGoesAway(t *testing.T) {
	s := cluster.Shared(t)
	index := newIndex(t, s, "goes", auditMapping)
	store(t, s, index, auditEvents(50))
	log := auditOf(t, s, index, nil)
	parts, err := log.Partitions(t.Context(), day.Start, day.End)
	require.NoError(t, err)
	s.Must(t, http.MethodDelete, "/"+index, "", nil)
	_, err = log.Read(t.Context(), parts[0], func([]byte) error { return nil })
	require.ErrorIs(t, err, activities.ErrOutdated)
}

// A point in time that ends in the middle is opened again, and nothing is lost or given twice.
func TestPointInTimeEndsInTheMiddle(t *testing.T) {
	s := cluster.Start(t, devstack.OpenSearchOptions{Brief: true})
	index := newIndex(t, s, "pit", auditMapping)
	lines := auditEvents(3000)
	store(t, s, index, lines)
	log := auditOf(t, s, index, nil)
	parts, err := log.Partitions(t.Context(), day.Start, day.End)
	require.NoError(t, err)
	seen := map[string]int{}
	for _, part := range parts {
		_, err := log.Read(t.Context(), part, func(line []byte) error {
			if seen[string(line)]++; len(seen)%700 == 0 {
				s.Must(t, http.MethodDelete, "/_search/point_in_time/_all", "", nil)
			}
			return nil
		})
		require.NoError(t, err)
	}
	require.Len(t, seen, len(lines))
	for line, n := range seen {
		require.Equal(t, 1, n, line)
	}
}

// A server that is killed and comes back on the same address is read on from where it was.
func TestServerComesBackInTheMiddle(t *testing.T) {
	folder := t.TempDir()
	s := cluster.Start(t, devstack.OpenSearchOptions{Folder: folder, Brief: true})
	index := newIndex(t, s, "back", auditMapping)
	lines := auditEvents(3000)
	store(t, s, index, lines)
	log := auditOf(t, s, index, func(o *config.OpenSearch) { o.Patience = 2 * time.Minute })
	parts, err := log.Partitions(t.Context(), day.Start, day.End)
	require.NoError(t, err)
	killed := false
	seen := map[string]int{}
	for _, part := range parts {
		stats, err := log.Read(t.Context(), part, func(line []byte) error {
			if seen[string(line)]++; len(seen) > 600 && !killed {
				killed = true
				s.Kill(t)
				s.Back(t, folder)
			}
			return nil
		})
		require.NoError(t, err)
		require.Empty(t, stats.Faults)
	}
	require.Len(t, seen, len(lines))
	for line, n := range seen {
		require.Equal(t, 1, n, line)
	}
}

// A server with little room refuses much of what is asked at once, and everything is answered in the end; groups that are more than
// the server gives at a time are asked for in smaller pages.
func TestServerWithLittleRoom(t *testing.T) {
	s := cluster.Start(t, devstack.OpenSearchOptions{Brief: true, Settings: map[string]string{
		"thread_pool.search.size": "1", "thread_pool.search.queue_size": "1", "search.max_buckets": "3000",
	}})
	index := newIndex(t, s, "room", flowMapping)
	random := rand.New(rand.NewPCG(2, 3))
	var lines [][]byte
	for i := range 5000 { // ports that nobody else uses, on one pair
		r := newRecord(random, day.Start.Add(time.Duration(random.IntN(80_000))*time.Second))
		r["dest_port"] = 1 + i
		lines = append(lines, r.line(t))
	}
	store(t, s, index, lines)
	want, _, _ := reduced(t, fromMemory(t, lines), day)
	failures := make(chan error)
	const readers = 6
	for range readers {
		log := ports(t, search(s, func(o *config.OpenSearch) { o.Flows, o.MaxRequests, o.Patience = index, 8, time.Minute }), 0).Flows
		go func() {
			failures <- reduceLike(t, log, want)
		}()
	}
	for range readers {
		require.NoError(t, <-failures)
	}
}

// reduceLike is reduced for other goroutines than the test's own.
func reduceLike(t *testing.T, log activities.FlowLog, want string) error {
	parts, err := log.Partitions(t.Context(), day)
	if err != nil {
		return err
	}
	sum := flow.NewReducer(flow.Options{Interval: day})
	for _, part := range parts {
		stats, err := log.Reduce(t.Context(), part, sum, func(int64) {})
		if err != nil {
			return err
		}
		if len(stats.Faults) > 0 {
			return fmt.Errorf("faults: %v", stats.Faults)
		}
	}
	var out bytes.Buffer
	if err := sum.Encode(&out); err != nil {
		return err
	}
	if out.String() != want {
		return fmt.Errorf("other groups than from memory")
	}
	return nil
}

// A reader that may only read can read everything that is needed.
func TestReaderWithFewRights(t *testing.T) {
	s := cluster.StartSecure(t, devstack.OpenSearchOptions{})
	flows, events := newIndex(t, s.Server, "flows-secure", flowMapping), newIndex(t, s.Server, "audit-secure", auditMapping)
	lines, auditLines := flowLines(t, 200), auditEvents(200)
	store(t, s.Server, flows, lines)
	store(t, s.Server, events, auditLines)
	c := search(s.Server, func(o *config.OpenSearch) {
		o.Flows, o.AuditKube, o.CAFile, o.User = flows, events, s.CA(), "reader"
	})
	t.Setenv("PROBITY_OPENSEARCH_PASSWORD", cluster.Password("reader"))
	out := ports(t, c, 0)
	require.Empty(t, sameAsMemory(t, out.Flows, lines).Faults)
	_, facts, read := collect(t, out.Audit, nil)
	require.Equal(t, int64(len(auditLines)), facts.Lines)
	require.Empty(t, read.Faults)
	t.Setenv("PROBITY_OPENSEARCH_PASSWORD", "wrong")
	_, err := ports(t, c, 0).Flows.Partitions(t.Context(), day)
	require.ErrorContains(t, err, "401")
	t.Run("by certificate", func(t *testing.T) {
		c := search(s.Server, func(o *config.OpenSearch) { o.Flows, o.CAFile = flows, s.CA() })
		c.OpenSearch.CertFile, c.OpenSearch.KeyFile = s.Certificate(t, "reader-by-certificate")
		require.Empty(t, sameAsMemory(t, ports(t, c, 0).Flows, lines).Faults)
	})
}
