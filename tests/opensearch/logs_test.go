package opensearch

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/activities/porttest"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/tests/opensearch/cluster"
	"github.com/probity/probity/worker"
)

// day is what the tests ask for.
var day = interval.Interval{Start: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}

// What the indices of the tests are like: nothing is searchable that is not named here, as in the indices of log pipelines.
const (
	flowMapping = `{"dynamic":false,"properties":{"start_time":{"type":"date","format":"epoch_second"},"end_time":{"type":"date","format":"epoch_second"},` +
		`"action":{"type":"keyword","ignore_above":1024},"reporter":{"type":"keyword"},"proto":{"type":"keyword"},` +
		`"source_type":{"type":"keyword"},"source_namespace":{"type":"keyword"},"source_name":{"type":"keyword"},"source_name_aggr":{"type":"keyword"},` +
		`"dest_type":{"type":"keyword"},"dest_namespace":{"type":"keyword"},"dest_name":{"type":"keyword"},"dest_name_aggr":{"type":"keyword"},` +
		`"dest_port":{"type":"long"},"dest_service_namespace":{"type":"keyword"},"dest_service_name":{"type":"keyword"},` +
		`"dest_service_port":{"type":"keyword"},"dest_service_port_num":{"type":"long"},` +
		`"bytes_in":{"type":"long"},"bytes_out":{"type":"long"},"packets_in":{"type":"long"},"packets_out":{"type":"long"},"num_flows_started":{"type":"long"},` +
		`"policies":{"properties":{"all_policies":{"type":"keyword"},"enforced_policies":{"type":"keyword"}}}}}`
	auditMapping = `{"dynamic":false,"properties":{"kind":{"type":"keyword"},"stage":{"type":"keyword"},"verb":{"type":"keyword"},` +
		`"objectRef":{"properties":{"resource":{"type":"keyword"}}},"stageTimestamp":{"type":"date"},"requestReceivedTimestamp":{"type":"date"}}}`
)

var indices atomic.Int64

// newIndex makes an index that no other test uses; its name begins with the prefix.
func newIndex(t *testing.T, s *cluster.Server, prefix, mapping string) string {
	t.Helper()
	name := fmt.Sprintf("%s-%d-%d", prefix, time.Now().UnixNano(), indices.Add(1))
	makeIndex(t, s, name, mapping)
	return name
}

func makeIndex(t *testing.T, s *cluster.Server, name, mapping string) {
	t.Helper()
	s.Must(t, http.MethodPut, "/"+name, `{"settings":{"number_of_shards":2,"number_of_replicas":0},"mappings":`+mapping+`}`, nil)
}

// store writes lines as documents, under identities that the server gives.
func store(t *testing.T, s *cluster.Server, index string, lines [][]byte) {
	t.Helper()
	var body bytes.Buffer
	for _, line := range lines {
		body.WriteString(`{"index":{}}` + "\n")
		body.Write(line)
		body.WriteByte('\n')
		if body.Len() > 8<<20 {
			s.Must(t, http.MethodPost, "/"+index+"/_bulk", body.String(), nil)
			body.Reset()
		}
	}
	if body.Len() > 0 {
		s.Must(t, http.MethodPost, "/"+index+"/_bulk", body.String(), nil)
	}
	s.Must(t, http.MethodPost, "/"+index+"/_refresh", "", nil)
}

// linesOf are the lines of a folder's files, however long.
func linesOf(t *testing.T, folder porttest.Folder) [][]byte {
	t.Helper()
	var lines [][]byte
	for _, name := range slices.Sorted(maps.Keys(folder.Files)) {
		var in io.Reader = bytes.NewReader(folder.Files[name])
		if bytes.HasPrefix(folder.Files[name], []byte{0x1f, 0x8b}) {
			var err error
			in, err = gzip.NewReader(in)
			require.NoError(t, err)
		}
		data, err := io.ReadAll(in)
		require.NoError(t, err)
		for line := range bytes.SplitSeq(data, []byte("\n")) {
			if line = bytes.TrimRight(line, "\r"); len(line) > 0 {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// search is the configuration of a source on the server.
func search(s *cluster.Server, change func(*config.OpenSearch)) *config.Config {
	c := &config.Config{Cluster: "east", OpenSearch: config.OpenSearch{
		Addresses: []string{s.Address}, MaxRequests: 4, Timeout: time.Minute,
	}}
	change(&c.OpenSearch)
	return c
}

func ports(t *testing.T, c *config.Config, partitionDocs int64) *worker.Ports {
	t.Helper()
	out := &worker.Ports{}
	require.NoError(t, worker.SearchPorts(t.Context(), c, out, partitionDocs))
	return out
}

// fewDocs makes a source share its documents out as a folder that has small partitions does.
func fewDocs(folder porttest.Folder) int64 {
	if folder.PartitionBytes == 0 {
		return 0
	}
	return 5
}

func TestAuditLogInOpenSearch(t *testing.T) {
	s := cluster.Shared(t)
	porttest.TestAuditLog(t, porttest.AuditSource{
		Documents: true,
		Open: func(t *testing.T, folder porttest.Folder) activities.AuditLog {
			index := newIndex(t, s, "audit", auditMapping)
			store(t, s, index, linesOf(t, folder))
			return ports(t, search(s, func(o *config.OpenSearch) { o.AuditKube, o.AuditEE = index, "nothing-{cluster}-*" }), fewDocs(folder)).Audit
		},
		Missing: func(t *testing.T) (activities.AuditLog, string) {
			return ports(t, unreachable(), 0).Audit, "127.0.0.1:9"
		},
	})
}

func TestFlowLogInOpenSearch(t *testing.T) {
	s := cluster.Shared(t)
	porttest.TestFlowLog(t, porttest.FlowSource{
		Documents: true,
		Open: func(t *testing.T, folder porttest.Folder) activities.FlowLog {
			index := newIndex(t, s, "flows", flowMapping)
			store(t, s, index, linesOf(t, folder))
			return ports(t, search(s, func(o *config.OpenSearch) { o.Flows = index }), fewDocs(folder)).Flows
		},
		Missing: func(t *testing.T) (activities.FlowLog, string) {
			return ports(t, unreachable(), 0).Flows, "127.0.0.1:9"
		},
	})
}

// unreachable is the configuration of a server that is not there; the client is not patient with it.
func unreachable() *config.Config {
	c := &config.Config{Cluster: "east"}
	c.OpenSearch = config.OpenSearch{
		Addresses: []string{"http://127.0.0.1:9"}, MaxRequests: 1, Timeout: time.Second, Patience: time.Millisecond, Flows: "f", AuditKube: "a",
	}
	return c
}
