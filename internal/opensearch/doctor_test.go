package opensearch

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFormOfTimes(t *testing.T) {
	for value, want := range map[string]string{
		"1795536000": "seconds", `"1795536000"`: "seconds", "1795536000000": "milliseconds", `"2026-11-24T16:00:00.5Z"`: "RFC 3339",
		`"2026/11/24"`: "text", "null": "text", "{}": "text", "1795536000.5": "text",
	} {
		require.Equal(t, want, form(json.RawMessage(value)), value)
	}
}

const (
	anEvent = `{"kind":"Event","auditID":"a","stage":"ResponseComplete","verb":"get","stageTimestamp":"2026-11-24T16:00:00Z"}`
	aFlow   = `{"start_time":1,"end_time":2,"source_type":"wep","dest_type":"net","action":"allow"}`
)

func TestPlaceOfRecords(t *testing.T) {
	text, err := json.Marshal(anEvent)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		kind             Kind
		event, doc, want string
	}{
		"as it is":            {AuditEvents, "", anEvent, "document"},
		"where it should be":  {AuditEvents, "log", `{"log":` + anEvent + `}`, "log"},
		"an object elsewhere": {AuditEvents, "", `{"@timestamp":"x","log":` + anEvent + `}`, "log"},
		"text elsewhere":      {AuditEvents, "log", `{"message":` + string(text) + `}`, "message"},
		"below two":           {AuditEvents, "", `{"kube":{"audit":` + anEvent + `}}`, "kube.audit"},
		"too deep":            {AuditEvents, "", `{"a":{"b":{"c":{"d":` + anEvent + `}}}}`, ""},
		"not nested at all":   {AuditEvents, "log", anEvent, "document"},
		"no event":            {AuditEvents, "", aFlow, ""},
		"a flow":              {Flows, "", aFlow, "document"},
		"Goldmane's":          {Flows, "", `{"Key":{},"start_time":1,"end_time":2}`, "document"},
		"a nested flow":       {Flows, "", `{"flow":` + aFlow + `}`, "flow"},
		"no flow":             {Flows, "", anEvent, ""},
	} {
		t.Run(name, func(t *testing.T) {
			x := &examination{source: &Source{Kind: c.kind, Log: LogOptions{Mapping: Mapping{Event: c.event}}}}
			require.Equal(t, c.want, x.place(json.RawMessage(c.doc)))
		})
	}
}

func TestChangesForOtherNames(t *testing.T) {
	cluster, name := clusterOf([]string{"audit_ee.{cluster}.*", DefaultFlows}, []string{"a", "tigera_secure_ee_flows.west.20261124"})
	require.Equal(t, []string{"west", "tigera_secure_ee_flows.west.20261124"}, []string{cluster, name})
	cluster, _ = clusterOf([]string{"{cluster}*", "flows-*"}, []string{"flows-1"})
	require.Empty(t, cluster)
	for name, want := range map[string]string{
		"flow-logs-2026.11.24": "flow-logs-*", "flows.linseed-20261124-000001": "flows.linseed-*", "flows": "flows",
	} {
		require.Equal(t, want, undated(name))
	}
}

// What the server refuses is a finding; that it is not there is an error.
func TestDiagnoseWithoutRights(t *testing.T) {
	f := newFake(t, func(int, *http.Request, string) (int, string) {
		return 403, `{"error":{"type":"security_exception","reason":"no permissions for [indices:admin/resolve/index]"}}`
	})
	source := &Source{Kind: Flows, Setting: "opensearch.flows", Log: LogOptions{Indices: []string{"flows-*"}}}
	found, err := f.client(t).Diagnose(t.Context(), source)
	require.NoError(t, err)
	require.True(t, found.Partial())
	require.Len(t, found.Problems, 1)
	require.Contains(t, found.Problems[0].Text, "no permissions for [indices:admin/resolve/index]")
	require.Contains(t, found.Problems[0].Change, "on flows-*")
	f.Close()
	_, err = f.client(t).Diagnose(t.Context(), source)
	require.ErrorContains(t, err, "look at opensearch.flows: resolve flows-*: reach opensearch at ")
}

// A red index is one whose answers lack what it holds; a server that does not tell the health of indices is asked no further.
func TestDiagnoseRedIndex(t *testing.T) {
	for health, want := range map[string]string{
		`{"indices":{"flows-1":{"status":"red"},"flows-2":{"status":"yellow"}}}`: "index flows-1 is red: it lacks shards, and what these hold is not read",
		"": "",
	} {
		f := newFake(t, func(_ int, r *http.Request, _ string) (int, string) {
			switch {
			case strings.HasPrefix(r.URL.Path, "/_cluster/health") && health == "":
				return 403, "no"
			case strings.HasPrefix(r.URL.Path, "/_cluster/health"):
				return 200, health
			case strings.HasPrefix(r.URL.Path, "/_resolve"):
				return 200, `{"indices":[{"name":"flows-1","attributes":["open"]},{"name":"flows-2","attributes":["open"]}]}`
			}
			return 200, `{}`
		})
		found, err := f.client(t).Diagnose(t.Context(), &Source{Kind: Flows, Log: LogOptions{Indices: []string{"flows-*"}}})
		require.NoError(t, err)
		var texts []string
		for _, p := range found.Problems {
			require.True(t, p.Partial)
			texts = append(texts, p.Text)
		}
		require.Equal(t, want, strings.Join(texts, "|"))
	}
}
