package sample_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/logfile"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/sample"
	"github.com/probity/probity/internal/timeline"
)

// onDisk writes a part of the sample to a folder, and returns that folder.
func onDisk(t *testing.T, out folder, under string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range out.names(under) {
		path := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(name, under)))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, out[name], 0o600))
	}
	return dir
}

// baseline reads the folder cluster/ as a report does.
func baseline(t *testing.T, out folder) ([]*resource.Object, logfile.ClusterStats) {
	t.Helper()
	var objects []*resource.Object
	stats, err := logfile.NewCluster(onDisk(t, out, "cluster/"), logfile.ClusterOptions{}).Each(t.Context(),
		func(_ resource.Kind, raw json.RawMessage) error {
			obj, err := resource.Read(raw)
			objects = append(objects, obj)
			return err
		})
	require.NoError(t, err)
	return objects, stats
}

func TestClusterFolder(t *testing.T) {
	out, _ := theSample(t)
	objects, stats := baseline(t, out)
	require.WithinRange(t, stats.At, day.Add(-5*time.Second), day.Add(-time.Second))
	require.EqualValues(t, 11, stats.Objects["core.namespaces"])
	require.EqualValues(t, 5, stats.Objects["core.nodes"])
	require.InDelta(t, 155, stats.Objects["core.pods"], 5)
	for _, kind := range resource.Kinds() {
		require.NotZero(t, stats.Objects[kind.Collection()], kind.Collection())
	}
	require.Equal(t, map[string]int64{"v1 ConfigMap": 1, "v1 Secret": 1, "apps/v1 Deployment": 1}, stats.Other)
	require.Len(t, stats.Notes, 1)

	hosts, envoys := 0, 0
	for _, obj := range objects {
		require.NotEmpty(t, obj.ID.UID)
		require.False(t, obj.Created.IsZero())
		if obj.Pod != nil {
			require.NotEmpty(t, obj.Pod.Node)
			if obj.Pod.HostNetwork {
				hosts++
			}
			if obj.Pod.Envoy {
				envoys++
			}
		}
	}
	require.Equal(t, 19, hosts)
	require.Equal(t, 11, envoys)
}

// replay runs the sample through the audit reader and the timeline.
func replay(t *testing.T, out folder, selection *v3.EndpointsSelection) (map[string]timeline.Life, audit.Facts) {
	t.Helper()
	objects, stats := baseline(t, out)
	collector := audit.NewCollector(audit.CollectorOptions{From: stats.At, Interval: theDay})
	for _, line := range out.lines(t, "audit/") {
		collector.AddLine(line)
	}
	var run strings.Builder
	facts, err := collector.Encode(&run)
	require.NoError(t, err)
	scope, err := timeline.NewScope(selection)
	require.NoError(t, err)
	replayed, err := timeline.New(timeline.Options{Interval: theDay, Scope: scope, PodsNeedNode: true})
	require.NoError(t, err)
	for _, obj := range objects {
		require.NoError(t, replayed.Baseline(obj))
	}
	merged := audit.Merge([]audit.Facts{facts}, oneReader(run.String()))
	for {
		entry, more, err := merged.Next()
		require.NoError(t, err)
		if !more {
			break
		}
		for _, change := range entry.Changes {
			require.NoError(t, replayed.Apply(change))
		}
	}
	result, err := replayed.Finish()
	require.NoError(t, err)
	lives := map[string]timeline.Life{}
	for _, life := range result.Lives {
		lives[life.ID.Key.String()] = life
	}
	return lives, merged.Facts()
}

func story(t *testing.T, out folder) map[string]sample.Event {
	t.Helper()
	var list []sample.Event
	require.NoError(t, json.Unmarshal(out["story.json"], &list))
	byID := map[string]sample.Event{}
	for _, e := range list {
		byID[e.ID] = e
	}
	require.Len(t, byID, len(list))
	return byID
}

// The replayed day holds what the story promises, for any seed.
func TestStoryHolds(t *testing.T) {
	for _, seed := range []uint64{1, 7} {
		out, _ := generate(t, sample.Options{Seed: seed, Day: day})
		lives, facts := replay(t, out, nil)
		require.Empty(t, facts.Bad)
		told := story(t, out)
		of := func(id string, object int) timeline.Life {
			life, ok := lives[told[id].Objects[object]]
			require.True(t, ok, "%s: no life of %s", id, told[id].Objects[object])
			return life
		}
		steady := of("steady", 0)
		require.True(t, steady.Flags.IngressProtected && steady.Flags.EgressProtected)
		require.True(t, of("steady", 1).HostNetwork)
		require.True(t, of("steady", 2).Flags.Envoy)
		staged := of("steady", 3)
		require.False(t, staged.Flags.IngressProtected)
		require.NotEmpty(t, staged.Staged)

		cart := of("policy-gap", 1)
		require.False(t, cart.Flags.IngressProtected)
		require.True(t, cart.Flags.EgressProtected)
		require.Contains(t, keys(cart.Policies), "NetworkPolicy(shop/application.cart)")
		require.Equal(t, theDay.Start, cart.From)
		require.Equal(t, theDay.End, cart.To)

		open := of("opened-port", 1)
		require.True(t, open.Flags.IngressFromInternet && open.Flags.IngressProtected)
		require.WithinDuration(t, told["opened-port"].From, open.Ingress.Internet.Since, time.Second)

		gone := of("namespace-gone", 1)
		require.True(t, gone.Flags.IngressProtected, "protected to its end")
		require.WithinRange(t, gone.To, told["namespace-gone"].From, told["namespace-gone"].To)

		short := of("short-pod", 0)
		require.False(t, short.Flags.IngressProtected)
		require.WithinDuration(t, told["short-pod"].From, short.From, time.Second)
		require.WithinDuration(t, told["short-pod"].To, short.To, 10*time.Second)

		shop, _ := replay(t, out, &v3.EndpointsSelection{Selector: "part-of == 'shop'"})
		visit := shop[told["scope-visit"].Objects[0]]
		require.Len(t, visit.Scope, 1)
		require.WithinDuration(t, told["scope-visit"].From, visit.Scope[0].Start, time.Second)
		require.WithinDuration(t, told["scope-visit"].To, visit.Scope[0].End, time.Second)
		for name, life := range shop {
			require.True(t, life.ID.Namespace == "shop" || name == told["scope-visit"].Objects[0], name)
		}
	}
}

func keys(list []resource.Key) []string {
	var names []string
	for _, key := range list {
		names = append(names, key.String())
	}
	return names
}

func TestStoryNamesWhatExists(t *testing.T) {
	out, summary := theSample(t)
	known := map[string]bool{}
	objects, _ := baseline(t, out)
	for _, obj := range objects {
		known[obj.ID.Key.String()] = true
		if obj.ID.Kind == resource.Node {
			known[obj.ID.Name] = true
		}
	}
	for _, e := range events(t, out) {
		if obj := answered(t, e); obj != nil && e.Verb == "create" {
			known[obj.ID.Key.String()] = true
		}
	}
	reports := map[string]bool{}
	for _, name := range out.names("reports/") {
		reports[strings.TrimSuffix(strings.TrimPrefix(name, "reports/"), ".yaml")] = true
	}
	require.Len(t, story(t, out), len(summary.Story))
	for _, e := range summary.Story {
		t.Run(e.ID, func(t *testing.T) {
			require.NotEmpty(t, e.Sentence)
			require.NotEmpty(t, e.Checks)
			require.False(t, e.To.Before(e.From))
			require.True(t, theDay.Contains(e.From))
			for _, object := range e.Objects {
				require.True(t, known[object], object)
			}
			for _, check := range e.Checks {
				require.True(t, reports[check.Report], check.Report)
				require.NotEmpty(t, check.File)
				require.NotEqual(t, len(check.Where) > 0, len(check.Line) > 0, "one of where and line")
			}
		})
	}
}

func TestStoryInTheLogs(t *testing.T) {
	out, _ := theSample(t)
	lines := append(out.lines(t, "audit/"), out.lines(t, "flows/")...)
	find := func(texts ...string) int {
		found := 0
		for _, line := range lines {
			if !slices.ContainsFunc(texts, func(text string) bool { return !bytes.Contains(line, []byte(text)) }) {
				found++
			}
		}
		return found
	}
	told := story(t, out)
	name := func(id string, i int) string { return between(told[id].Objects[i], "/", ")") }
	require.Equal(t, 1, find(`"verb":"delete"`, `"name":"application.cart"`, "dana@shop.example", `"code":200`))
	require.Equal(t, 1, find(`"verb":"create"`, `"name":"application.cart"`, `"impersonatedUser":{"username":"sre-on-call"`))
	require.Equal(t, 1, find(`"verb":"delete"`, `"name":"security.block-list"`, "mallory@contractor.example", `"code":403`))
	require.Equal(t, 1, find(`"verb":"delete"`, `"dryRun":["All"]`))
	require.Equal(t, 1, find(`"subresource":"finalize"`, "sandbox"))
	require.Equal(t, 2, find(`"verb":"create"`, `"resource":"pods"`, `"namespace":"sandbox"`, `"code":403`, `"requestObject"`, `"authorization.k8s.io/decision":"allow"`))
	require.Equal(t, 1, find(`"subresource":"eviction"`))
	require.Equal(t, 2, find(`"verb":"deletecollection"`, `"resource":"pods"`, "sandbox"))
	require.Equal(t, 1, find(`"action":"deny"`, name("denied-connection", 0), name("denied-connection", 1), `shop/application.payment|deny|-1`))
	require.Equal(t, 1, find(`"source_name_aggr":"ads-`, `"dest_name_aggr":"pub"`, `"action":"allow"`))
	require.Zero(t, find("this-must-be-seen-nowhere"), "the Secret's content")
	require.NotContains(t, string(out["story.json"]), "this-must-be-seen-nowhere")
}

func between(text, from, to string) string {
	_, text, _ = strings.Cut(text, from)
	text, _, _ = strings.Cut(text, to)
	return text
}
