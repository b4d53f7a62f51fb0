package kube

import (
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/selector"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/workflows"
)

// told is what a report says of one pod.
type told struct {
	ingress, egress bool
	policies        string
}

// oracle is a slow and obvious evaluator of what the watches told: after every single event it looks at every pod and every policy.
// Protected is AND over the pod's life, applied policies are what ever applied.
type oracle struct {
	objects map[resource.Key]*resource.Object
	found   map[string]*told
	applied map[string]map[string]bool
}

func (w *watched) judge(t *testing.T) map[string]told {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	o := &oracle{objects: map[resource.Key]*resource.Object{}, found: map[string]*told{}, applied: map[string]map[string]bool{}}
	for _, happened := range w.history {
		key := happened.object.ID.Key
		if known := o.objects[key]; happened.gone && known != nil && known.ID.UID == happened.object.ID.UID {
			delete(o.objects, key)
		} else if !happened.gone {
			o.objects[key] = happened.object
		}
		o.look(t)
	}
	out := map[string]told{}
	for name, found := range o.found {
		found.policies = strings.Join(slices.Sorted(maps.Keys(o.applied[name])), ",")
		out[name] = *found
	}
	return out
}

func (o *oracle) look(t *testing.T) {
	t.Helper()
	for _, pod := range o.objects {
		if pod.Pod == nil || pod.Pod.Node == "" || pod.Pod.Phase == "Failed" || pod.Pod.Phase == "Succeeded" {
			continue
		}
		name := pod.ID.Key.String()
		if o.found[name] == nil {
			o.found[name], o.applied[name] = &told{ingress: true, egress: true}, map[string]bool{}
		}
		ingress, egress := false, false
		for _, policy := range o.objects {
			if policy.Policy == nil || policy.ID.Kind == resource.StagedGlobalNetworkPolicy || !o.selects(t, policy, pod) {
				continue
			}
			o.applied[name][policy.ID.Key.String()] = true
			ingress = ingress || slices.Contains(policy.Policy.Types, v3.PolicyTypeIngress) || policy.Policy.Kubernetes != nil
			egress = egress || slices.Contains(policy.Policy.Types, v3.PolicyTypeEgress)
		}
		o.found[name].ingress, o.found[name].egress = o.found[name].ingress && ingress, o.found[name].egress && egress
	}
}

func (o *oracle) selects(t *testing.T, policy, pod *resource.Object) bool {
	t.Helper()
	if policy.ID.Namespace != "" && policy.ID.Namespace != pod.ID.Namespace {
		return false
	}
	if kubernetes := policy.Policy.Kubernetes; kubernetes != nil {
		pods, err := metav1.LabelSelectorAsSelector(&kubernetes.PodSelector)
		require.NoError(t, err)
		return pods.Matches(labels.Set(pod.Labels))
	}
	pods, err := selector.Parse(policy.Policy.Selector)
	require.NoError(t, err)
	return pods.Matches(selector.Map(pod.Labels))
}

// rows reads a report's download by its header.
func rows(t *testing.T, raw []byte) []map[string]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
	require.NoError(t, err)
	var out []map[string]string
	for _, record := range all[1:] {
		row := map[string]string{}
		for i, column := range all[0] {
			row[column] = record[i]
		}
		out = append(out, row)
	}
	return out
}

// way is one way to know what happened, with the first snapshot of its archive.
type way struct {
	name  string
	env   *harness.Env
	first evidence.Snapshot
	// told are texts in changes.csv that this way tells.
	told []string
}

// archive is a stack that reads the logs of the scene's API servers and has a snapshot of its beginning.
func (s *auditScene) archive(t *testing.T) *way {
	t.Helper()
	e := stackWith(t, s.Cluster)
	e.Config.Inputs.Audit, e.Config.Inputs.Flows = filepath.Dir(s.AuditLogs[0]), t.TempDir()
	return &way{"audit logs", e, s.begin(t, e),
		[]string{"security.deny", "many-2", "gave-up", "jane", "last finalizer removed", "app: web → cart", "namespace-controller"}}
}

// recorded are two ways with a recorder's segments: beside the audit logs, and alone. Both have one archive.
func (s *auditScene) recorded(t *testing.T) (both, alone *way) {
	t.Helper()
	e := stackWith(t, s.Cluster)
	e.Config.Recorder = config.Recorder{Scratch: t.TempDir(), SegmentAge: 5 * time.Second, SegmentMiB: 64, WaitingMiB: 1024}
	recordInto(t, e, s.Cluster)
	require.Eventually(t, func() bool { return len(recordedIn(t, e).coverage.Spans) == len(resource.Kinds()) }, time.Minute, 200*time.Millisecond)
	e.Config.Inputs.Flows = t.TempDir()
	other := *e
	other.Config.Inputs.Audit, other.Config.Temporal.TaskQueue = "", e.Config.Temporal.TaskQueue+"-alone"
	e.Config.Inputs.Audit = filepath.Dir(s.AuditLogs[0])
	first := s.begin(t, e)
	other.Worker(t, nil)
	return &way{"audit logs and a recorder", e, first, []string{"security.deny", "many-2", "gave-up", "jane", "app: web → cart", "namespace-controller"}},
		&way{"a recorder", &other, first, []string{"security.deny", "many-2", "gave-up", "unknown (field manager kubectl", "app: web → cart"}}
}

// begin runs a worker and takes the archive's first snapshot.
func (s *auditScene) begin(t *testing.T, e *harness.Env) evidence.Snapshot {
	t.Helper()
	e.Worker(t, nil)
	run, err := e.Runs().Snapshot(t.Context(), e.Config.Cluster)
	require.NoError(t, err)
	first := manifest(t, e, run)
	s.wait(t, first.Holds())
	return first
}

// requireReports runs reports over everything that happened, and compares them with what the watches told.
func (s *auditScene) requireReports(t *testing.T, by *way) {
	t.Helper()
	e := by.env
	s.wait(t, time.Now().Add(2*time.Second))
	run, err := e.Runs().Snapshot(t.Context(), e.Config.Cluster)
	require.NoError(t, err)
	last := manifest(t, e, run)
	iv := interval.Interval{Start: by.first.Holds(), End: last.Holds().Add(time.Second)}
	s.wait(t, iv.End.Add(time.Second))
	isRecorded := by.name != "audit logs"
	if isRecorded {
		followedUntil(t, e, iv.End)
	}
	flow := fmt.Sprintf(`{"start_time":%d,"end_time":%d,"source_type":"net","source_name_aggr":"pub","dest_type":"wep","dest_namespace":"shop",`+
		`"dest_name_aggr":"cart-*","dest_port":80,"proto":"tcp","action":"allow","reporter":"dst","num_flows_started":1,"num_flows":1}`+"\n",
		iv.Start.Unix()+1, iv.Start.Unix()+60)
	require.NoError(t, os.WriteFile(filepath.Join(e.Config.Inputs.Flows, "flows.log"), []byte(flow), 0o600))
	want := s.watched.judge(t)
	require.Greater(t, len(want), 15)
	for _, kind := range []string{"inventory", "network-access", "policy-audit"} {
		def := e.Define(t, "story-"+strings.ReplaceAll(by.name, " ", "-")+"-"+kind, harness.Spec{"reportType": kind})
		run, err := e.Runs().Report(t.Context(), def.Definition, def.Raw, iv, "tester")
		require.NoError(t, err)
		var sealed workflows.ReportResult
		require.NoError(t, run.Get(t.Context(), &sealed))
		bundle, err := evidence.ReadManifest(read(t, e, sealed.Key))
		require.NoError(t, err)
		require.Empty(t, bundle.Provenance.Differences, "%s explains what the later snapshot shows", kind)
		if isRecorded && kind == "inventory" {
			for _, reason := range bundle.Provenance.Reasons { // that a policy's tier is missing is what the scene is about
				require.Equal(t, "not-evaluated", reason.Code, reason.Text)
			}
		}
		if kind == "policy-audit" {
			changes := string(e.Download(t, def.Name, "changes.csv"))
			for _, what := range by.told {
				require.Contains(t, changes, what)
			}
			for _, row := range rows(t, []byte(changes)) {
				if by.name == "audit logs and a recorder" && strings.Contains(row["user"], "field manager") {
					// Neither does an event name what went with a collection whose deletion was refused (see admission).
					require.Regexp(t, gaveUp+`|NetworkPolicy\.networking\.k8s\.io/v1\(shop/free\)`, row["object"],
						"what an audit event tells is told by it; of what was given up only the recorder knows")
				}
			}
			continue
		}
		got := map[string]told{}
		for _, row := range rows(t, e.Download(t, def.Name, "endpoints.csv")) {
			if strings.HasPrefix(row["endpoint"], "Pod.v1(") {
				got[row["endpoint"]] = told{row["ingressProtected"] == "true", row["egressProtected"] == "true", sorted(row["appliedPolicies"])}
			}
		}
		if !isRecorded {
			require.Equal(t, withoutGivenUp(want), withoutGivenUp(got), kind)
			continue
		}
		require.Equal(t, want, got, kind)
	}
}

// gaveUp is how the policies are called whose writers hung up.
const gaveUp = "gave-up-"

// withoutGivenUp leaves out what audit logs alone cannot tell: a request that was answered with 504 may have been done.
func withoutGivenUp(all map[string]told) map[string]told {
	out := map[string]told{}
	for name, flags := range all {
		policies := slices.DeleteFunc(strings.Split(flags.policies, ","), func(policy string) bool { return strings.Contains(policy, gaveUp) })
		flags.policies = strings.Join(policies, ",")
		out[name] = flags
	}
	return out
}

func sorted(list string) string {
	if list == "" {
		return ""
	}
	parts := strings.FieldsFunc(list, func(r rune) bool { return r == ';' || r == ',' })
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// wait waits for a moment.
func (s *auditScene) wait(t *testing.T, until time.Time) {
	t.Helper()
	require.Eventually(t, func() bool { return time.Now().After(until) }, time.Minute, 20*time.Millisecond, fmt.Sprint("it becomes ", until))
}
