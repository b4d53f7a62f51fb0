package opensearch

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/activities/porttest"
	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/tests/opensearch/cluster"
)

// auditEvent is an event as an API server writes it, at a time.
func auditEvent(random *rand.Rand, n int, at time.Time) []byte {
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	verb := pick("get", "list", "watch", "get", "create", "update", "patch", "delete", "deletecollection")
	stage := pick("ResponseComplete", "ResponseComplete", "ResponseComplete", "RequestReceived", "ResponseStarted", "Panic")
	if random.IntN(40) == 0 {
		stage = ""
	}
	resource, group, kind := "pods", "", "Pod"
	switch random.IntN(5) {
	case 0:
		resource, group, kind = "leases", "coordination.k8s.io", "Lease"
	case 1:
		resource, group, kind = "secrets", "", "Secret"
	case 2:
		resource, group, kind = "networkpolicies", "networking.k8s.io", "NetworkPolicy"
	}
	version := "v1"
	if group != "" {
		version = group + "/v1"
	}
	return fmt.Appendf(nil, `{"kind":%q,"apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"id-%d","stage":%q,`+
		`"requestURI":"/x","verb":%q,"user":{"username":"jane"},"objectRef":{"resource":%q,"namespace":"shop","name":"n-%d","apiGroup":%q,"apiVersion":"v1"},`+
		`"responseStatus":{"code":%s},"responseObject":{"kind":%q,"apiVersion":%q,"metadata":{"name":"n-%d","namespace":"shop","uid":"u-%d","resourceVersion":"%d"}},`+
		`"requestReceivedTimestamp":%q,"stageTimestamp":%q}`,
		pick("Event", "Event", "Event", "Event", "Event", "Event", "EventList"), n, stage, verb, resource, n%50, group,
		pick("200", "200", "201", "403", "500"), kind, version, n%50, n%50, 1000+n,
		at.Add(-3*time.Millisecond).Format(time.RFC3339Nano), at.Format("2006-01-02T15:04:05.000000Z"))
}

func auditEvents(n int) [][]byte {
	random := rand.New(rand.NewPCG(3, 5))
	var lines [][]byte
	for i := range n {
		// Some are within the look-ahead behind the day.
		lines = append(lines, auditEvent(random, i, day.Start.Add(time.Duration(random.Int64N(int64(24*time.Hour+9*time.Minute))).Truncate(time.Microsecond))))
	}
	return lines
}

// collect reads a log as an activity does, and gives the run and what is known of the log.
func collect(t *testing.T, log activities.AuditLog, selected []v3.AuditResource) (string, audit.Facts, activities.ReadStats) {
	t.Helper()
	parts, err := log.Partitions(t.Context(), day.Start, day.End)
	require.NoError(t, err)
	if selective, ok := log.(activities.SelectiveAuditLog); ok {
		log = selective.Wanting(audit.WantedFor(selected))
	}
	c := audit.NewCollector(audit.CollectorOptions{Interval: day, Selection: selected})
	var read activities.ReadStats
	for _, part := range parts {
		stats, err := log.Read(t.Context(), part, func(line []byte) error {
			c.AddLine(line)
			return c.Err()
		})
		require.NoError(t, err)
		read.Lines += stats.Lines
		read.Faults = append(read.Faults, stats.Faults...)
		read.Notes = append(read.Notes, stats.Notes...)
		if stats.LeftOut != nil {
			c.AddLeftOut(stats.LeftOut)
		}
	}
	var run bytes.Buffer
	facts, err := c.Encode(io.Writer(&run))
	require.NoError(t, err)
	return run.String(), facts, read
}

func auditOf(t *testing.T, s *cluster.Server, index string, change func(*config.OpenSearch)) activities.AuditLog {
	t.Helper()
	return ports(t, search(s, func(o *config.OpenSearch) {
		o.AuditKube, o.Patience = index, 3*time.Second
		if change != nil {
			change(o)
		}
	}), 0).Audit
}

// Events that cannot matter are counted by the server and not read, and what a report says is the same.
func TestAuditIsTheSameAsFromFiles(t *testing.T) {
	s := cluster.Shared(t)
	lines := auditEvents(2000)
	kube, ee := newIndex(t, s, "audit-kube", auditMapping), newIndex(t, s, "audit-ee", auditMapping)
	store(t, s, kube, lines[:1200])
	store(t, s, ee, lines[1200:])
	files := &porttest.AuditLog{Folder: porttest.Folder{Files: map[string][]byte{"audit.log": bytes.Join(lines, []byte("\n"))}}}
	for name, selected := range map[string][]v3.AuditResource{
		"nothing selected": nil,
		"policies":         {{Resource: "networkpolicies"}},
		"leases":           {{Resource: "leases"}},
		"everything":       {{}},
	} {
		t.Run(name, func(t *testing.T) {
			wantRun, want, _ := collect(t, files, selected)
			for _, docs := range []int64{0, 300} {
				run, got, read := collect(t, ports(t, search(s, func(o *config.OpenSearch) { o.AuditKube, o.AuditEE = kube, ee }), docs).Audit, selected)
				require.Empty(t, read.Faults)
				require.Less(t, read.Lines, int64(len(lines))*3/4, "the rest is not read")
				require.Equal(t, wantRun, run)
				// What was passed over has other grounds when it was never seen.
				got.Skipped, got.Stages = want.Skipped, want.Stages
				require.Equal(t, want, got)
			}
		})
	}
}

// nested puts an event under a field, as a shipper does which takes the time of its receipt for its own stamp.
func nested(event []byte, field string, asText bool) []byte {
	received := event[bytes.Index(event, []byte(`"requestReceivedTimestamp"`)):]
	received = received[:bytes.IndexByte(received, ',')]
	event = bytes.Replace(event, append(bytes.Clone(received), ','), nil, 1)
	stamp := bytes.Replace(received, []byte("requestReceivedTimestamp"), []byte("@timestamp"), 1)
	if asText {
		event = fmt.Appendf(nil, "%q", event)
	}
	return fmt.Appendf(nil, `{%s,"host":"cp-1",%q:%s}`, stamp, field, event)
}

func TestAuditEventsThatShippersNest(t *testing.T) {
	s := cluster.Shared(t)
	lines := auditEvents(600)
	files := &porttest.AuditLog{Folder: porttest.Folder{Files: map[string][]byte{"audit.log": bytes.Join(lines, []byte("\n"))}}}
	selected := []v3.AuditResource{{Resource: "networkpolicies"}}
	wantRun, want, _ := collect(t, files, selected)
	object := func(field string) string {
		return `{"properties":{"@timestamp":{"type":"date"},"` + field + `":` + auditMapping + `}}`
	}
	for name, c := range map[string]struct {
		field, mapping, preset string
		lines                  []string
		text                   bool
	}{
		"Fluent Bit, as an object":  {field: "log", mapping: object("log"), preset: "fluent-bit"},
		"Vector, as an object":      {field: "message", mapping: object("message"), preset: "vector"},
		"under a field of its own":  {field: "kube_audit", mapping: object("kube_audit"), lines: []string{"audit.event=kube_audit"}},
		"as a text, by their stamp": {field: "log", mapping: `{"properties":{"@timestamp":{"type":"date"},"log":{"type":"text","index":false}}}`, preset: "fluent-bit", text: true},
	} {
		t.Run(name, func(t *testing.T) {
			index := newIndex(t, s, "nested", c.mapping)
			var documents [][]byte
			for _, line := range lines {
				documents = append(documents, nested(line, c.field, c.text))
			}
			store(t, s, index, documents)
			run, got, read := collect(t, auditOf(t, s, index, func(o *config.OpenSearch) { o.Preset, o.Mapping = c.preset, c.lines }), selected)
			require.Empty(t, read.Faults)
			require.Equal(t, wantRun, run)
			got.Skipped, got.Stages = want.Skipped, want.Stages
			require.Equal(t, want, got)
		})
	}
}

// Without a mapping of its own an index keeps texts with a keyword beside them, and numbers for times.
func TestAuditInAnIndexOfNoKind(t *testing.T) {
	s := cluster.Shared(t)
	lines := auditEvents(500)
	index := newIndex(t, s, "audit", `{}`)
	store(t, s, index, lines)
	files := &porttest.AuditLog{Folder: porttest.Folder{Files: map[string][]byte{"audit.log": bytes.Join(lines, []byte("\n"))}}}
	wantRun, want, _ := collect(t, files, nil)
	run, got, read := collect(t, auditOf(t, s, index, nil), nil)
	require.Less(t, read.Lines, int64(len(lines)), "the keywords beside the texts are used")
	require.Equal(t, wantRun, run)
	require.Equal(t, want.Hours, got.Hours)
	require.Equal(t, want.Lines, got.Lines)
}
