package opensearch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/opensearch"
	"github.com/probity/probity/tests/opensearch/cluster"
)

// diagnosis is what doctor prints as JSON.
type diagnosis struct {
	Server  opensearch.Server
	Sources []opensearch.Diagnosis
}

func (s said) diagnosis(t *testing.T) map[string]opensearch.Diagnosis {
	t.Helper()
	var d diagnosis
	require.NoError(t, json.Unmarshal([]byte(s.out), &d), "%s%s", s.out, s.err)
	out := map[string]opensearch.Diagnosis{}
	for _, source := range d.Sources {
		out[source.Setting] = source
	}
	return out
}

func someFlows(t *testing.T, n int) [][]byte {
	t.Helper()
	random := rand.New(rand.NewPCG(23, 29))
	lines := make([][]byte, n)
	for i := range lines {
		lines[i] = newRecord(random, day.Start.Add(time.Duration(i)*time.Minute)).line(t)
	}
	return lines
}

// What was ingested is as it should be, and is described as what it is.
func TestDoctorFindsNothingWrongWithWhatWasIngested(t *testing.T) {
	s := cluster.Shared(t)
	named := newCluster()
	for kind, lines := range map[string][][]byte{"flows": someFlows(t, 100), "audit": auditEvents(100)} {
		did := probity(t, s.Address, bytes.NewReader(bytes.Join(lines, []byte("\n"))), "ingest", kind, "-", "--cluster", named)
		require.Zero(t, did.code, did.err)
	}
	did := probity(t, s.Address, nil, "doctor", "--cluster", named, "-o", "json")
	require.Zero(t, did.code, did.err)
	found := did.diagnosis(t)
	flows := found["opensearch.flows"]
	require.Equal(t, []string{"tigera_secure_ee_flows." + named + ".20261124"}, flows.Open)
	require.Equal(t, int64(100), flows.Documents)
	require.Equal(t, []time.Time{day.Start, day.Start.Add(99 * time.Minute)}, []time.Time{flows.First, flows.Last})
	require.Equal(t, []string{"end_time: date epoch_second, written as seconds", "start_time: date epoch_second, written as seconds"}, flows.Times)
	require.Equal(t, "document", flows.Record)
	require.Empty(t, flows.Problems)
	require.NotContains(t, flows.Fields, "not mapped")
	require.Contains(t, flows.Fields["keyword"], "action")
	events := found["opensearch.auditKube"]
	require.Equal(t, int64(100), events.Documents)
	require.Equal(t, []string{"stageTimestamp: date, written as RFC 3339"}, events.Times)
	require.Empty(t, events.Problems)
	require.Len(t, found["opensearch.auditEE"].Problems, 1)
	require.False(t, found["opensearch.auditEE"].Problems[0].Partial)

	table := probity(t, s.Address, nil, "doctor", "--cluster", named, "--inputs-audit", "audit")
	require.Zero(t, table.code, table.err)
	require.Regexp(t, `(?m)^opensearch.flows +pattern +tigera_secure_ee_flows.`+named+`\.\*$`, table.out)
	require.Regexp(t, `(?m)^ +documents +100$`, table.out)
	require.Regexp(t, `(?m)^inputs.audit +folder +audit `, table.out)
	require.NotContains(t, table.out, "opensearch.auditKube")
}

// For each thing that is wrong the change is named, and with that change nothing is wrong.
func TestDoctorNamesTheChange(t *testing.T) {
	s := cluster.Shared(t)
	const anyMapping = `{"properties":{}}` // the server guesses: texts with .keyword
	event := auditEvents(1)[0]
	rfc := strings.NewReplacer(`"start_time":1`, `"start_time":"2026-11-24T00:00:00Z","x":1`, `"end_time":1`, `"end_time":"2026-11-24T00:05:00Z","y":1`)
	for name, c := range map[string]struct {
		setting, mapping, doc string
		args                  []string // of the configuration that is wrong
		says, change          string
		mended                []string // the same as arguments
	}{
		"events under log": {
			setting: "opensearch.auditKube", mapping: anyMapping, doc: string(nested(event, "log", false)),
			says: "the audit events are under log, and the configuration has them under document", change: "opensearch.preset: fluent-bit",
			mended: []string{"--opensearch-preset", "fluent-bit"},
		},
		"events as text under message": {
			setting: "opensearch.auditKube", mapping: anyMapping, doc: string(nested(event, "message", true)),
			says: "the audit events are under message", change: "opensearch.preset: vector", mended: []string{"--opensearch-preset", "vector"},
		},
		"events in a place of their own": {
			setting: "opensearch.auditKube", mapping: anyMapping, doc: `{"@timestamp":"2026-11-24T10:00:00Z","kube":{"audit":` + string(event) + `}}`,
			says: "under kube.audit", change: "opensearch.mapping: [audit.event=kube.audit]", mended: []string{"--opensearch-mapping", "audit.event=kube.audit"},
		},
		"flows in a place of their own": {
			setting: "opensearch.flows", mapping: anyMapping, doc: `{"flow":` + rfc.Replace(string(someFlows(t, 1)[0])) + `}`,
			says: "the flow records are under flow", change: "opensearch.mapping: [flows.event=flow]", mended: []string{"--opensearch-mapping", "flows.event=flow"},
		},
		"events that are not nested": {
			setting: "opensearch.auditKube", mapping: `{"dynamic":false,"properties":{"stageTimestamp":{"type":"date"}}}`, doc: string(event),
			args: []string{"--opensearch-preset", "fluent-bit"},
			says: "the documents are the audit events, and the configuration has them under log", change: "opensearch.preset: calico-enterprise",
			mended: []string{"--opensearch-preset", "calico-enterprise"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			index := newIndex(t, s, "doctor", c.mapping)
			store(t, s, index, [][]byte{[]byte(c.doc)})
			args := []string{"doctor", "-o", "json", "--opensearch-flows", "", "--opensearch-audit-kube", "", "--opensearch-audit-ee", ""}
			flag := map[string]string{"opensearch.flows": "--opensearch-flows", "opensearch.auditKube": "--opensearch-audit-kube"}[c.setting]
			args = append(args, flag, index)
			wrong := probity(t, s.Address, nil, append(args, c.args...)...)
			require.Equal(t, 4, wrong.code, wrong.out)
			require.Contains(t, wrong.err, "reports would be partial: see what is wrong with "+c.setting)
			found := wrong.diagnosis(t)[c.setting]
			at := -1
			for i, p := range found.Problems {
				if strings.Contains(p.Text, c.says) {
					at = i
				}
			}
			require.GreaterOrEqual(t, at, 0, "%+v", found.Problems)
			require.Equal(t, c.change, found.Problems[at].Change)
			right := probity(t, s.Address, nil, append(args, c.mended...)...)
			require.Zero(t, right.code, right.out)
		})
	}
}

func TestDoctorFindsWhatIsWrongWithIndices(t *testing.T) {
	s := cluster.Shared(t)
	alone := func(flag, pattern string) said {
		args := []string{"doctor", "-o", "json", "--opensearch-flows", "", "--opensearch-audit-kube", "", "--opensearch-audit-ee", ""}
		return probity(t, s.Address, nil, append(args, flag, pattern)...)
	}
	texts := func(did said, setting string) string {
		var all []string
		for _, p := range did.diagnosis(t)[setting].Problems {
			all = append(all, fmt.Sprintf("%v %s -> %s", p.Partial, p.Text, p.Change))
		}
		return strings.Join(all, "\n")
	}
	t.Run("closed", func(t *testing.T) {
		index := newIndex(t, s, "doctor", flowMapping)
		store(t, s, index, someFlows(t, 3))
		s.Must(t, http.MethodPost, "/"+index+"/_close", "", nil)
		did := alone("--opensearch-flows", index+"*")
		require.Equal(t, 4, did.code)
		require.Contains(t, texts(did, "opensearch.flows"), "true index "+index+" is closed: what it holds is not read -> POST /"+index+"/_open")
	})
	t.Run("no time", func(t *testing.T) {
		index := newIndex(t, s, "doctor", strings.ReplaceAll(flowMapping, `"type":"date","format":"epoch_second"`, `"type":"keyword"`))
		store(t, s, index, someFlows(t, 3))
		did := alone("--opensearch-flows", index)
		require.Equal(t, 4, did.code)
		require.Contains(t, texts(did, "opensearch.flows"), "true index "+index+": field start_time is mapped as keyword: map it as date")
		require.Contains(t, texts(did, "opensearch.flows"), "field end_time is mapped as keyword")
	})
	t.Run("milliseconds read as seconds", func(t *testing.T) {
		index := newIndex(t, s, "doctor", flowMapping)
		store(t, s, index, [][]byte{[]byte(`{"start_time":1795536000000,"end_time":1795536000000,"source_type":"wep","dest_type":"net","action":"allow"}`)})
		did := alone("--opensearch-flows", index)
		require.Equal(t, 4, did.code)
		require.Contains(t, texts(did, "opensearch.flows"), "its mapping reads seconds, and documents have milliseconds")
	})
	t.Run("guessed mapping", func(t *testing.T) {
		index := newIndex(t, s, "doctor", `{"properties":{}}`)
		store(t, s, index, someFlows(t, 3))
		did := alone("--opensearch-flows", index)
		require.Zero(t, did.code, did.out)
		require.Contains(t, did.diagnosis(t)["opensearch.flows"].Fields["keyword, as action.keyword"], "action")
	})
	t.Run("another log", func(t *testing.T) {
		index := newIndex(t, s, "doctor", flowMapping)
		store(t, s, index, auditEvents(1))
		did := alone("--opensearch-flows", index)
		require.Equal(t, 4, did.code)
		require.Contains(t, texts(did, "opensearch.flows"), "hold no flow record: opensearch.flows may name other indices")
	})
	t.Run("another cluster", func(t *testing.T) {
		log, named := "log-of-"+newCluster(), newCluster()
		makeIndex(t, s, log+"."+named+".20261124", flowMapping)
		did := alone("--opensearch-flows", log+".{cluster}.*")
		require.Equal(t, 4, did.code)
		require.Contains(t, texts(did, "opensearch.flows"),
			"no index has a name like "+log+".cluster.*, and there is "+log+"."+named+".20261124 -> cluster: "+named)
	})
	t.Run("another name", func(t *testing.T) {
		makeIndex(t, s, fmt.Sprintf("my-audit-log-%d-2026.11.24", time.Now().UnixNano()), auditMapping)
		did := alone("--opensearch-audit-kube", "nothing-*")
		require.Equal(t, 4, did.code)
		require.Regexp(t, `true no index has a name like nothing-\*, and there is .*audit.* -> opensearch.auditKube: .*audit`, texts(did, "opensearch.auditKube"))
	})
}

func TestDoctorNeedsAServerAndRights(t *testing.T) {
	t.Parallel()
	did := probity(t, "http://127.0.0.1:9", nil, "doctor", "--opensearch-patience", "1ms")
	require.Equal(t, 1, did.code)
	require.Contains(t, did.err, "ask for version: reach opensearch at http://127.0.0.1:9")
	did = probity(t, "", nil, "doctor")
	require.Equal(t, 2, did.code)
	require.Contains(t, did.err, "opensearch.addresses is empty: name the server with --opensearch-addresses")

	s := cluster.StartSecure(t, devstack.OpenSearchOptions{})
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte("wrong"), 0o600))
	did = probity(t, s.Address, nil, "doctor", "--opensearch-ca-file", s.CA(), "--opensearch-user", "reader", "--opensearch-password-file", password)
	require.Equal(t, 1, did.code)
	require.Contains(t, did.err, "ask for version: server answered 401 Unauthorized")
}
