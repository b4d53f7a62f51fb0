package activities_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/activities/porttest"
	"github.com/probity/probity/internal/evidence"
)

// shopObjects are the shop's resources, each as JSON.
func shopObjects(t *testing.T) []json.RawMessage {
	t.Helper()
	var objects []json.RawMessage
	for _, document := range bytes.Split(shopFile(t, "cluster/objects.yaml"), []byte("---\n")) {
		object, err := yaml.YAMLToJSON(document)
		require.NoError(t, err)
		objects = append(objects, object)
	}
	return objects
}

// replaced is the shop with one text in place of another in every object, once at least.
func replaced(t *testing.T, old, text string) []json.RawMessage {
	t.Helper()
	objects, found := shopObjects(t), false
	for i, object := range objects {
		found = found || bytes.Contains(object, []byte(old))
		objects[i] = bytes.ReplaceAll(object, []byte(old), []byte(text))
	}
	require.True(t, found, old)
	return objects
}

func clusterOf(objects []json.RawMessage, at time.Time) *porttest.Cluster {
	return &porttest.Cluster{Objects: objects, Listing: activities.ClusterListing{At: at}}
}

func shopLog(t *testing.T) string { return string(shopFile(t, "audit/audit.log")) }

func gz(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// cut is a compressed file whose last quarter is lost.
func cut(t *testing.T, text string) string {
	packed := gz(t, text)
	return string(packed[:len(packed)*3/4])
}

func TestTruncatedAuditLog(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory).auditFiles(map[string]string{"cp-1/audit-1.log.gz": cut(t, strings.Repeat(shopLog(t), 50)), "cp-2/audit.log": shopLog(t)})
	b := p.run(t)
	require.Equal(t, evidence.Partial, b.Verdict)
	require.Contains(t, b.reasons(t), "partial truncated: audit-logs: 1 files end in the middle")
	require.Contains(t, b.files[evidence.ProvenanceName], "audit-1.log.gz ends in the middle: what follows in it is lost")
	require.NotContains(t, b.files[evidence.ProvenanceName], "cp-1", "folders would show how the log is spread")
	require.Contains(t, b.files["report.html"], "audit-1.log.gz")
	require.Contains(t, b.files["downloads/endpoints.csv"], "Pod.v1(shop/web-2)")
}

func TestTruncatedFlowLog(t *testing.T) {
	t.Parallel()
	flows := string(shopFile(t, "flows/flows.log"))
	b := shop(t, networkAccess).flowFiles(map[string]string{"a/flows-1.log.gz": cut(t, strings.Repeat(flows, 20)), "b.log": flows}).run(t)
	require.Equal(t, evidence.Partial, b.Verdict)
	require.Contains(t, b.reasons(t), "partial truncated: flow-logs: 1 files end in the middle")
	require.Contains(t, b.files[evidence.ProvenanceName], "flows-1.log.gz ends in the middle")
}

func TestLineOfTenMegabytes(t *testing.T) {
	t.Parallel()
	long := `{"kind":"Event","auditID":"` + strings.Repeat("x", 10<<20) + "\"}\n"
	b := shop(t, inventory).auditFiles(map[string]string{"audit.log": shopLog(t) + long}).run(t)
	require.Equal(t, evidence.Partial, b.Verdict)
	require.Equal(t, "partial too-long-lines: audit-logs: 1 lines were longer than the limit\n", b.reasons(t))

	flows := string(shopFile(t, "flows/flows.log"))
	b = shop(t, networkAccess).flowFiles(map[string]string{"flows.log": flows + `{"action":"` + strings.Repeat("x", 10<<20) + "\"}\n"}).run(t)
	require.Equal(t, "partial too-long-lines: flow-logs: 1 lines were longer than the limit\n", b.reasons(t))
}

func TestDroppedFlows(t *testing.T) {
	t.Parallel()
	flows := string(shopFile(t, "flows/flows.log"))
	dropped := func(day int) string {
		start := time.Date(2026, 11, day, 5, 0, 0, 0, time.UTC).Unix()
		return fmt.Sprintf(`{"start_time":%d,"end_time":%d,"action":"dropped","probity":{"reason":"the line is too long"}}`+"\n", start, start+300)
	}
	b := shop(t, networkAccess).flowFiles(map[string]string{"flows.log": flows + dropped(24) + dropped(24)}).run(t)
	require.Equal(t, "partial fault: flow-logs: 2 lines or pushes were dropped before they were stored\n", b.reasons(t))
	b = shop(t, networkAccess).flowFiles(map[string]string{"flows.log": flows + dropped(22)}).run(t)
	require.Equal(t, evidence.Complete, b.Verdict, "what was dropped on another day")
}

func TestInvalidUTF8(t *testing.T) {
	t.Parallel()
	t.Run("in a text of an audit event it is replaced, and told", func(t *testing.T) {
		log := strings.Replace(shopLog(t), `"userAgent":"kubectl/v1.36.3"`, "\"userAgent\":\"kubectl/\xff\xfe\"", 1)
		b := shop(t, policyAudit).auditFiles(map[string]string{"audit.log": log}).run(t)
		require.Equal(t, evidence.Complete, b.Verdict)
		require.Contains(t, b.files["downloads/changes.csv"], "kubectl/\ufffd")
		require.Contains(t, b.files[evidence.ProvenanceName], "1 events held invalid UTF-8, which was replaced by U+FFFD")
	})
	t.Run("a line of nothing else is bad", func(t *testing.T) {
		b := shop(t, inventory).auditFiles(map[string]string{"audit.log": shopLog(t) + "\xff\xfe\xfd\n"}).run(t)
		require.Equal(t, "partial bad-lines: audit-logs: 1 lines could not be understood\n", b.reasons(t))
		require.Contains(t, b.files[evidence.ProvenanceName], "not JSON: 1 lines")
	})
	t.Run("in a flow record", func(t *testing.T) {
		flows := string(shopFile(t, "flows/flows.log"))
		b := shop(t, networkAccess).flowFiles(map[string]string{"flows.log": flows + strings.Replace(flows, "web-*", "web-\xff", 1)}).run(t)
		require.Equal(t, "partial bad-lines: flow-logs: 1 lines could not be understood\n", b.reasons(t))
		require.Contains(t, b.files[evidence.ProvenanceName], "invalid UTF-8: 1 lines")
	})
}

func TestAuditEventWithoutObject(t *testing.T) {
	t.Parallel()
	event := `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"z-1","stage":"ResponseComplete","requestURI":"/readyz",` +
		`"verb":"get","user":{"username":"probe"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-11-24T05:00:00Z","stageTimestamp":"2026-11-24T05:00:00Z"}` + "\n"
	b := shop(t, policyAudit).auditFiles(map[string]string{"audit.log": event + shopLog(t)}).run(t)
	require.Equal(t, evidence.Complete, b.Verdict, "a request for something else is no defect")
	require.NotContains(t, b.files["downloads/events.json"], "z-1")
	for name, text := range shop(t, policyAudit).run(t).files {
		if strings.HasPrefix(name, "downloads/") {
			require.Equal(t, text, b.files[name], name)
		}
	}
}

func TestDuplicateAndUnorderedEvents(t *testing.T) {
	t.Parallel()
	lines := strings.SplitAfter(strings.TrimSuffix(shopLog(t), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	turned := slices.Clone(lines)
	slices.Reverse(turned)
	for _, name := range []string{inventory, policyAudit} {
		t.Run(name, func(t *testing.T) {
			want := shop(t, name).run(t)
			got := shop(t, name).auditFiles(map[string]string{
				"cp-1.log": strings.Join(turned, ""), "cp-2.log": strings.Join(lines, ""), "cp-3.log": lines[2]}).run(t)
			require.Equal(t, evidence.Complete, got.Verdict)
			require.Positive(t, got.manifest.Provenance.Sources[0].Count.Duplicates)
			for file, text := range want.files {
				if strings.HasPrefix(file, "downloads/") {
					require.Equal(t, text, got.files[file], file)
				}
			}
		})
	}
}

func TestMissingSnapshot(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*pipeline){
		"no cluster to take one of": func(p *pipeline) { p.cluster = nil },
		"only one that is too late": func(p *pipeline) { p.cluster = clusterOf(shopObjects(t), midnight.Add(time.Hour)) },
	} {
		t.Run(name, func(t *testing.T) {
			p := shop(t, networkAccess)
			prepare(p)
			b := p.run(t)
			require.Equal(t, evidence.Insufficient, b.Verdict)
			const why = "no snapshot at or before 2026-11-24T00:00:00Z: the state of the cluster is not known"
			require.Equal(t, "insufficient no-snapshot: "+why+"\n", b.reasons(t))
			require.Equal(t, []string{evidence.ProvenanceName, "report.html"}, b.names(), "an empty table would look like evidence")
			require.Contains(t, b.files["report.html"], why)
			require.Contains(t, b.files["report.html"], "insufficient")
		})
	}
	t.Run("a report on the policies of the whole cluster needs none", func(t *testing.T) {
		p := shop(t, policyAudit)
		p.cluster = nil
		require.Empty(t, p.run(t).reasons(t))
	})
	t.Run("one on the policies of some endpoints does", func(t *testing.T) {
		p := shop(t, policyAudit)
		p.cluster = nil
		p.definition = json.RawMessage(strings.Replace(string(p.definition), `"reportType"`, `"endpoints":{"selector":"app == 'db'"},"reportType"`, 1))
		require.Equal(t, evidence.Insufficient, p.run(t).Verdict)
	})
}

func (b *bundle) names() []string {
	var names []string
	for _, object := range b.manifest.Objects {
		names = append(names, object.Key)
	}
	return names
}

func TestNoFlowLogsForAnHour(t *testing.T) {
	t.Parallel()
	var flows strings.Builder
	for hour := range 24 {
		if hour == 13 {
			continue
		}
		start := midnight.Add(time.Duration(hour) * time.Hour).Unix()
		fmt.Fprintf(&flows, `{"start_time":%d,"end_time":%d,"action":"allow","reporter":"src","proto":"tcp","source_type":"wep","source_namespace":"shop",`+
			`"source_name_aggr":"web-*","dest_type":"wep","dest_namespace":"shop","dest_name_aggr":"db-0","dest_port":5432}`+"\n", start, start+3600)
	}
	b := shop(t, networkAccess).flowFiles(map[string]string{"flows.log": flows.String()}).run(t)
	require.Equal(t, evidence.Partial, b.Verdict)
	require.Equal(t, "partial gap: flow-logs: no flow logs from 2026-11-24T13:00:00Z to 2026-11-24T14:00:00Z\n", b.reasons(t))
	require.Contains(t, b.files["downloads/flows.csv"], "Pod.v1(shop/web-*)")
}

func TestNoAuditEventsForLong(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	p.rules.AuditQuiet = 12 * time.Hour
	require.Equal(t, "partial gap: audit-logs: no audit events from 2026-11-24T12:00:00Z to 2026-11-25T00:00:00Z\n", atQuiet(t, p, 11*time.Hour))
	require.Empty(t, atQuiet(t, p, 13*time.Hour), "shorter than what is taken for quiet")
}

func atQuiet(t *testing.T, p *pipeline, quiet time.Duration) string {
	t.Helper()
	c := p.copied()
	c.rules.AuditQuiet = quiet
	return c.run(t).reasons(t)
}

func TestUnreadableObjectInSnapshot(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	objects := append(shopObjects(t), json.RawMessage(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"odd","namespace":"shop","uid":"u-odd","labels":["no map"]}}`))
	p.cluster = clusterOf(objects, midnight)
	b := p.run(t)
	require.Equal(t, evidence.Partial, b.Verdict)
	require.Contains(t, b.reasons(t), "partial unreadable-objects: decode object: ")
	require.Contains(t, b.reasons(t), "labels")
	require.Contains(t, b.files["downloads/endpoints.csv"], "Pod.v1(shop/web-1)", "one object must not hide the others")

	t.Run("told once, though a later snapshot has it too", func(t *testing.T) {
		p.cluster = clusterOf(objects, midnight.Add(20*time.Hour))
		p.snapshot(t)
		require.Equal(t, 1, strings.Count(p.run(t).reasons(t), "unreadable-objects"))
	})
}

func TestPolicyWithUnparsableSelector(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	p.cluster = clusterOf(replaced(t, "projectcalico.org/name == 'shop'", "projectcalico.org/name == shop"), midnight)
	p.auditFiles(map[string]string{"audit.log": strings.Join(strings.SplitAfter(shopLog(t), "\n")[:3], "")})
	b := p.run(t)
	require.Equal(t, evidence.Partial, b.Verdict)
	require.Contains(t, b.reasons(t), "partial not-evaluated: GlobalNetworkPolicy(default.shop-stays-inside): ")
	require.Contains(t, b.files["downloads/endpoints.csv"], "Pod.v1(shop/web-1),false,false", "it protects nothing")
}

func TestLaterSnapshotDisagrees(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	p.snapshot(t)
	// At noon the database's policy is not there any more, and no event says why.
	later := slices.DeleteFunc(shopObjects(t), func(object json.RawMessage) bool {
		return bytes.Contains(object, []byte("NetworkPolicy")) && bytes.Contains(object, []byte("db-from-web"))
	})
	p.cluster = clusterOf(later, midnight.Add(12*time.Hour))
	p.snapshot(t)
	p.auditFiles(map[string]string{"audit.log": strings.SplitAfter(shopLog(t), "\n")[4]}) // the refused request alone
	b := p.run(t)
	require.Equal(t, evidence.Partial, b.Verdict)
	require.Equal(t, "partial differences: 1 objects of a later snapshot differ from what the logs explain\n", b.reasons(t))
	require.Len(t, b.manifest.Provenance.Differences, 1)
	difference := b.manifest.Provenance.Differences[0]
	require.Contains(t, difference.Object, "shop/db-from-web")
	require.Equal(t, midnight.Add(12*time.Hour), difference.Time)
	require.Contains(t, b.files["downloads/endpoints.csv"], "Pod.v1(shop/db-0),false,", "the state is corrected: unprotected from noon on")
	require.Contains(t, b.files["downloads/endpoint-lives.csv"], "no policy,2026-11-24T12:00:00Z")

	t.Run("one of the interval's end corrects nothing within it", func(t *testing.T) {
		p := shop(t, inventory)
		p.snapshot(t)
		p.auditFiles(map[string]string{"audit.log": strings.SplitAfter(shopLog(t), "\n")[4]})
		p.cluster = clusterOf(later, midnight.AddDate(0, 0, 1))
		p.snapshot(t)
		b := p.run(t)
		require.Equal(t, evidence.Partial, b.Verdict)
		require.Contains(t, b.files["downloads/endpoints.csv"], "Pod.v1(shop/db-0),true,")
	})
}

// A delete that the API server gave up on may have ended the policy: only a later snapshot tells.
func TestWriteWithoutAKnownOutcome(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	p.snapshot(t)
	refused := strings.SplitAfter(shopLog(t), "\n")[4]
	given := strings.Replace(refused, `"code":403`, `"code":504`, 1)
	require.NotEqual(t, refused, given)
	p.auditFiles(map[string]string{"audit.log": shopLog(t) + given})
	b := p.run(t)
	require.Equal(t, evidence.Partial, b.Verdict)
	require.Contains(t, b.reasons(t), "partial unsettled-writes: of 1 writes the log does not tell whether they were done")
}

func TestNoSource(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		report  string
		prepare func(*pipeline)
		want    string
	}{
		"no audit log at all":      {inventory, func(p *pipeline) { p.audit = nil }, "insufficient no-source: audit-logs: there is no such source\n"},
		"an audit log without any": {inventory, func(p *pipeline) { p.auditFiles(map[string]string{"a": "\n"}) }, "insufficient no-records: audit-logs: no records at all\n"},
		"no flow logs at all":      {networkAccess, func(p *pipeline) { p.flows = nil }, "insufficient no-source: flow-logs: there is no such source\n"},
		"no benchmarks at all":     {cisBenchmark, func(p *pipeline) { p.benchmarks = nil }, "insufficient no-source: benchmark-results: there is no such source\n"},
		"no benchmark results": {cisBenchmark, func(p *pipeline) { p.benchmarks, p.cluster = &porttest.Benchmarks{}, nil },
			"insufficient no-records: benchmark-results: no records at all\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p := shop(t, c.report)
			c.prepare(p)
			b := p.run(t)
			require.Equal(t, evidence.Insufficient, b.Verdict)
			require.Contains(t, b.reasons(t), c.want)
			require.Equal(t, []string{evidence.ProvenanceName, "report.html"}, b.names())
		})
	}
}

func TestKindsThatTheSnapshotLacks(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	cluster := clusterOf(shopObjects(t), midnight)
	cluster.Listing.Forbidden = map[string]string{"core.services": "services is forbidden"}
	p.cluster = cluster
	b := p.run(t)
	require.Equal(t, evidence.Partial, b.Verdict)
	require.Contains(t, b.reasons(t), "partial missing-kinds: the snapshot lacks core.services")
}
