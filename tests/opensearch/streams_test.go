package opensearch

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities/porttest"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/tests/opensearch/cluster"
)

// A data stream is rolled over in the day: its indices are hidden, and read by the stream's name and by patterns.
func TestDataStream(t *testing.T) {
	s := cluster.Shared(t)
	name := strings.ReplaceAll(newIndex(t, s, "template", `{}`), "template", "stream")
	mapping := strings.Replace(flowMapping, `"properties":{`, `"properties":{"@timestamp":{"type":"date"},`, 1)
	s.Must(t, http.MethodPut, "/_index_template/"+name,
		`{"index_patterns":["`+name+`*"],"data_stream":{},"template":{"settings":{"number_of_replicas":0},"mappings":`+mapping+`}}`, nil)
	lines := flowLines(t, 300)
	for from := 0; from < len(lines); from += 100 {
		var body bytes.Buffer
		for _, line := range lines[from : from+100] {
			fmt.Fprintf(&body, "{\"create\":{}}\n{\"@timestamp\":\"2026-11-24T12:00:00Z\",%s\n", line[1:])
		}
		s.Must(t, http.MethodPost, "/"+name+"/_bulk?refresh=true", body.String(), nil)
		s.Must(t, http.MethodPost, "/"+name+"/_rollover", "", nil)
	}
	for _, pattern := range []string{name, name[:len(name)-1] + "*"} {
		require.Empty(t, sameAsMemory(t, flowsOf(t, s, pattern, 60), lines).Faults, pattern)
	}
}

// Events without a time cannot be found by it, and are counted as bad all the same.
func TestAuditEventsWithoutTime(t *testing.T) {
	s := cluster.Shared(t)
	lines := auditEvents(100)
	for i := range lines {
		if i%10 == 0 {
			lines[i] = bytes.Replace(lines[i], []byte(`"stageTimestamp"`), []byte(`"someTimestamp"`), 1)
		}
	}
	index := newIndex(t, s, "audit", strings.Replace(auditMapping, `,"requestReceivedTimestamp":{"type":"date"}`, "", 1))
	store(t, s, index, lines)
	files := &porttest.AuditLog{Folder: porttest.Folder{Files: map[string][]byte{"audit.log": bytes.Join(lines, []byte("\n"))}}}
	_, want, _ := collect(t, files, nil)
	_, got, read := collect(t, auditOf(t, s, index, func(o *config.OpenSearch) { o.AuditEE = "" }), nil)
	require.Empty(t, read.Faults)
	require.Positive(t, want.Bad["no valid stageTimestamp"])
	require.Equal(t, want.Bad, got.Bad)
	require.Equal(t, want.Lines, got.Lines)
}
