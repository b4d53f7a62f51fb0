package opensearch

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMappings(t *testing.T) {
	flows, audit, err := Mappings("fluent-bit", []string{"audit.time=@timestamp", "flows.event=flow", "flows.source_name=src.pod"})
	require.NoError(t, err)
	require.Equal(t, Mapping{Event: "log", Time: "@timestamp"}, audit)
	require.Equal(t, Mapping{Event: "flow", Fields: map[string]string{"source_name": "src.pod"}}, flows)
	require.Equal(t, "src.pod", flows.path("source_name"))
	require.Equal(t, "flow.dest_name", flows.path("dest_name"))
	require.Equal(t, "log.verb", audit.path("verb"))
	for _, preset := range []string{"", "calico-enterprise", "goldmane"} {
		flows, audit, err := Mappings(preset, nil)
		require.NoError(t, err)
		require.Equal(t, []Mapping{{}, {}}, []Mapping{flows, audit})
	}
	again, _, err := Mappings("fluent-bit", nil)
	require.NoError(t, err)
	require.Empty(t, again.Fields, "a preset is not changed by whoever uses it")
}

func TestMappingsRefuse(t *testing.T) {
	for line, says := range map[string]string{
		"audit.event":        `mapping has "audit.event": give lines like`,
		"logs.event=x":       `mapping has "logs.event=x"`,
		"audit.event=":       `mapping has "audit.event="`,
		"flows.time=x":       `mapping has "flows.time": flows has the fields event, `,
		"audit.username=who": `mapping has "audit.username": audit has the fields event, kind`,
	} {
		_, _, err := Mappings("", []string{line})
		require.ErrorContains(t, err, says)
	}
	_, _, err := Mappings("splunk", nil)
	require.ErrorContains(t, err, `preset is "splunk": use calico-enterprise, fluent-bit, goldmane, vector`)
}

func TestDig(t *testing.T) {
	const doc = `{"a":{"b":{"c":1},"b.c":2},"x.y":{"z":[3]},"n":null}`
	for path, want := range map[string]string{"a": `{"b":{"c":1},"b.c":2}`, "a.b.c": "2", "a.b": `{"c":1}`, "x.y.z": "[3]", "n": "null"} {
		got, ok := dig(json.RawMessage(doc), path)
		require.True(t, ok, path)
		require.Equal(t, want, string(got))
	}
	for _, path := range []string{"b", "a.c", "n.x", "a.b.c.d", ""} {
		_, ok := dig(json.RawMessage(doc), path)
		require.False(t, ok, path)
	}
}

func TestUnnest(t *testing.T) {
	for doc, want := range map[string]string{
		`{"log":{"kind":"Event"}}`:             `{"kind":"Event"}`,
		`{"log":"{\"kind\": \"Event\"}\n"}`:    `{"kind":"Event"}`,
		`{"log":"no event"}`:                   `{"log":"no event"}`,
		`{"log":[1]}`:                          `{"log":[1]}`,
		`{"kind":"Event"}`:                     `{"kind":"Event"}`,
		`{"kubernetes":{"log":{"kind":"no"}}}`: `{"kubernetes":{"log":{"kind":"no"}}}`,
	} {
		require.Equal(t, want, string(unnest(json.RawMessage(doc), "log")), doc)
	}
}

func TestRestore(t *testing.T) {
	source := json.RawMessage(`{"@timestamp":"2026-11-24T10:00:00Z","log":{}}`)
	for event, want := range map[string]string{
		`{"verb":"get","stageTimestamp":"x"}`:                   `{"verb":"get","requestReceivedTimestamp":"2026-11-24T10:00:00Z","stageTimestamp":"x"}`,
		`{"requestReceivedTimestamp":"y","stageTimestamp":"x"}`: `{"requestReceivedTimestamp":"y","stageTimestamp":"x"}`,
		`{"verb":"get"}`: `{"verb":"get"}`,
	} {
		require.Equal(t, want, string(restore(json.RawMessage(event), source)))
	}
	require.JSONEq(t, `{"stageTimestamp":"x"}`, string(restore(json.RawMessage(`{"stageTimestamp":"x"}`), json.RawMessage(`{"@timestamp":7}`))))
}

func FuzzUnnest(f *testing.F) {
	f.Add([]byte(`{"log":"{\"a\":1}","@timestamp":"t"}`), "log")
	f.Add([]byte(`{"a":{"b":[]}}`), "a.b")
	f.Add([]byte(`{`), "")
	f.Fuzz(func(t *testing.T, doc []byte, path string) {
		out := restore(unnest(doc, path), doc)
		if json.Valid(doc) && !json.Valid(out) && json.Valid(unnest(doc, path)) {
			t.Fatalf("%q at %q became %q", doc, path, out)
		}
	})
}

// A time is found whether it is kept in milliseconds or in seconds, and bounds that are no whole seconds are kept exactly.
func TestSpans(t *testing.T) {
	at := field{Path: "at", Type: "long"}
	from, to := int64(1_764_000_000_500), int64(1_764_000_002_000)
	millis, seconds := at.spans(&from, &to, false)
	require.Equal(t, m{"range": m{"at": m{"gte": from, "lt": to}}}, millis)
	require.Equal(t, m{"range": m{"at": m{"gte": int64(1_764_000_001), "lt": int64(1_764_000_002)}}}, seconds)
	millis, seconds = at.spans(&from, nil, true)
	require.Equal(t, m{"range": m{"at": m{"gt": from}}}, millis)
	require.Equal(t, m{"range": m{"at": m{"gt": int64(1_764_000_000), "lt": millisFrom}}}, seconds)
	millis, _ = field{Path: "at", Type: "date"}.spans(nil, &to, false)
	require.Equal(t, m{"range": m{"at": m{"gte": millisFrom, "lt": to, "format": "epoch_millis"}}}, millis)
	_, seconds = field{Path: "at", Type: "date", Format: "epoch_second"}.spans(&from, &to, false)
	require.Nil(t, seconds, "such dates are kept as milliseconds")
	require.Equal(t, int64(1_764_000_000_000), when(1_764_000_000))
	require.Equal(t, int64(1_764_000_000_000), when(1_764_000_000_000))
}

func TestFineTimes(t *testing.T) {
	for f, want := range map[field]bool{
		{Type: "date", Format: "epoch_second"}:               false,
		{Type: "date", Format: "epoch_millis||epoch_second"}: false,
		{Type: "date"}: true,
		{Type: "date", Format: "strict_date_optional_time||epoch_millis"}: true,
		{Type: "date_nanos", Format: "epoch_millis"}:                      true,
		{Type: "long"}: false,
	} {
		require.Equal(t, want, f.fine(), "%+v", f)
	}
}

func TestMayHold(t *testing.T) {
	from := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for name, want := range map[string]bool{
		"flows": true, "flows.linseed-20261124-000001": true, "flows.linseed-20261120-000007": true, "logstash-2026.11.24": true,
		"flows-20261001-000001": false, "flows-2026-12-01": false, "flows-20261125-1": true, "flows-20261399-1": true,
	} {
		require.Equal(t, want, mayHold(name, from, from.AddDate(0, 0, 1)), name)
	}
}

func TestBatches(t *testing.T) {
	var names []string
	for range 200 {
		names = append(names, "tigera_secure_ee_flows.cluster.linseed-20261124-000001")
	}
	got := batches(names)
	require.Greater(t, len(got), 1)
	for _, batch := range got {
		require.LessOrEqual(t, len(batch), maxNames)
	}
	require.Empty(t, batches(nil))
}

func TestResolve(t *testing.T) {
	f := newFake(t, func(n int, _ *http.Request, _ string) (int, string) {
		if n == 1 {
			return 404, `{"error":{"type":"index_not_found_exception","reason":"no such index"}}`
		}
		return 200, `{"indices":[{"name":"b","attributes":["open"]},{"name":"c","attributes":["closed","hidden"]}],` +
			`"aliases":[{"name":"x","indices":["a","c"]}],"data_streams":[{"name":"d","backing_indices":[".ds-d-1",".ds-d-2"]},{"name":"e","backing_indices":".ds-e-1"}]}`
	})
	got, err := f.client(t).resolve(t.Context(), "x*")
	require.NoError(t, err)
	require.Equal(t, &resolved{open: []string{".ds-d-1", ".ds-d-2", ".ds-e-1", "a", "b"}, closed: []string{"c"}}, got)
	got, err = f.client(t).resolve(t.Context(), "nothing")
	require.NoError(t, err)
	require.Empty(t, got.open)
}

func TestGroups(t *testing.T) {
	f := newFake(t, func(int, *http.Request, string) (int, string) {
		text := `{"mappings":{"n":{"mapping":{"n":{"type":"text","fields":{"keyword":{"type":"keyword","ignore_above":256}}}}},"log.at":{"mapping":{"at":{"type":"date","format":"epoch_second"}}}}}`
		return 200, `{"b":` + text + `,"a":` + text + `,"c":{"mappings":{"n":{"mapping":{"n":{"type":"keyword","doc_values":false}}}}},"d":{"mappings":{}}}`
	})
	got, err := f.client(t).groups(t.Context(), "x*", map[string]string{"name": "n", "at": "log.at"})
	require.NoError(t, err)
	require.Equal(t, []group{
		{Indices: []string{"a", "b"}, Fields: map[string]field{"name": {Path: "n.keyword", Type: "keyword"}, "at": {Path: "log.at", Type: "date", Format: "epoch_second"}}},
		{Indices: []string{"c"}, Fields: map[string]field{"name": {Path: "n", Type: "keyword", Hidden: true}}},
		{Indices: []string{"d"}, Fields: map[string]field{}},
	}, got)
	require.Equal(t, "/x*/_mapping/field/log.at,n", f.requests()[0].path)
}
