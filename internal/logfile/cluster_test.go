package logfile_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/internal/logfile"
	"github.com/probity/probity/internal/resource"
)

const (
	podA = `{"apiVersion":"v1","kind":"Pod","metadata":{"creationTimestamp":"2026-11-20T08:00:00Z","name":"a","namespace":"shop","resourceVersion":"7","uid":"u-a"},"spec":{"nodeName":"n1"}}`
	podB = `{"apiVersion":"v1","kind":"Pod","metadata":{"creationTimestamp":"2026-11-20T09:00:00Z","name":"b","namespace":"shop","resourceVersion":"9","uid":"u-b"},"spec":{"nodeName":"n1"}}`
	node = `{"apiVersion":"v1","kind":"Node","metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","managedFields":[{"manager":"kubelet","time":"2026-11-20T23:59:58Z"}],"name":"n1","resourceVersion":"3","uid":"u-n"}}`
	tier = `{"apiVersion":"projectcalico.org/v3","kind":"Tier","metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","name":"security","resourceVersion":"2","uid":"u-t"},"spec":{"order":100.5}}`
)

type got struct {
	Kind resource.Kind
	Raw  string
}

func each(t *testing.T, files map[string]string, opts logfile.ClusterOptions) ([]got, logfile.ClusterStats, error) {
	t.Helper()
	var all []got
	stats, err := logfile.NewCluster(write(t, files), opts).Each(t.Context(), func(kind resource.Kind, raw json.RawMessage) error {
		all = append(all, got{kind, string(raw)})
		return nil
	})
	return all, stats, err
}

func inYAML(t *testing.T, text string) string {
	t.Helper()
	out, err := yaml.JSONToYAML([]byte(text))
	require.NoError(t, err)
	return string(out)
}

// without removes kind and apiVersion, as the API server leaves them out of a List's items.
func without(text string) string {
	text = strings.Replace(text, `"apiVersion":"v1","kind":"Pod",`, "", 1)
	return strings.Replace(text, `"apiVersion":"v1","kind":"Node",`, "", 1)
}

func TestClusterForms(t *testing.T) {
	want := []got{{resource.Node, node}, {resource.Pod, podA}, {resource.Pod, podB}, {resource.Tier, tier}}
	all := []string{tier, podB, node, podA}
	for name, files := range map[string]map[string]string{
		"a file each, yaml":        {"1.yaml": inYAML(t, tier), "2.yml": inYAML(t, podB), "x/y/3.yaml": inYAML(t, node), "4.yaml": inYAML(t, podA)},
		"documents":                {"all.yaml": inYAML(t, tier) + "---\n" + inYAML(t, podB) + "--- # next\n" + inYAML(t, node) + "...\n---\n" + inYAML(t, podA)},
		"List, json":               {"all.json": `{"apiVersion":"v1","items":[` + strings.Join(all, ",") + `],"kind":"List","metadata":{"resourceVersion":""}}`},
		"List, yaml":               {"all.yaml": inYAML(t, `{"apiVersion":"v1","items":[`+strings.Join(all, ",")+`],"kind":"List"}`)},
		"kind lists":               {"p.json": `{"kind":"PodList","apiVersion":"v1","items":[` + without(podA) + "," + without(podB) + `]}`, "n.yaml": inYAML(t, `{"kind":"NodeList","apiVersion":"v1","items":[`+without(node)+`]}`), "t.json": `{"kind":"TierList","apiVersion":"projectcalico.org/v3","items":[` + tier + `]}`},
		"kind after the items":     {"p.json": `{"apiVersion":"v1","items":[` + without(podA) + "," + without(podB) + `],"kind":"PodList"}`, "n.json": node + tier},
		"ndjson":                   {"all.ndjson": strings.Join(all, "\n") + "\n"},
		"ndjson, crlf, mark":       {"all.jsonl": "\ufeff" + strings.Join(all, "\r\n")},
		"ndjson, gz":               {"all.ndjson.gz": string(gzipped(strings.Join(all, "\n")))},
		"ndjson, zst":              {"all.json.zst": string(zstded(strings.Join(all, "\n")))},
		"an array":                 {"all.json": "[" + strings.Join(all, ",\n") + "]"},
		"the same twice":           {"all.ndjson": strings.Join(all, "\n"), "again.yaml": inYAML(t, podA)},
		"yaml under a json ending": {"all.json": inYAML(t, tier) + "---\n" + inYAML(t, node), "b.json": podA + podB},
		"an empty list":            {"all.ndjson": strings.Join(all, "\n"), "none.json": `{"kind":"ServiceList","apiVersion":"v1","items":null}`, "none.yaml": "apiVersion: v1\nkind: List\nitems: []\n"},
		"an empty file":            {"all.ndjson": strings.Join(all, "\n"), "none.yaml": "", "none.json": " \n"},
	} {
		t.Run(name, func(t *testing.T) {
			found, stats, err := each(t, files, logfile.ClusterOptions{})
			require.NoError(t, err)
			require.Equal(t, want, found)
			require.Equal(t, map[string]int64{"core.nodes": 1, "core.pods": 2, "projectcalico.org.tiers": 1}, stats.Objects)
			require.EqualValues(t, len(node)+len(podA)+len(podB)+len(tier), stats.Bytes)
			require.Equal(t, "2026-11-20T23:59:58Z", stats.At.Format(time.RFC3339))
			require.Equal(t, []string{"the snapshot's time, 2026-11-20T23:59:58Z, is the newest creationTimestamp or managedFields time in it"}, stats.Notes)
		})
	}
}

func TestClusterList(t *testing.T) {
	dir := write(t, map[string]string{"all.ndjson": podB + "\n" + node + "\n" + podA})
	cluster := logfile.NewCluster(dir, logfile.ClusterOptions{})
	var names []string
	listing, err := cluster.List(t.Context(), resource.Pod, func(raw json.RawMessage) error {
		names = append(names, string(raw))
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{podA, podB}, names)
	require.EqualValues(t, 2, listing.Objects)
	require.Equal(t, "2026-11-20T23:59:58Z", listing.At.Format(time.RFC3339), "the time is that of the whole folder")

	listing, err = cluster.List(t.Context(), resource.Tier, func(json.RawMessage) error { return errors.New("called") })
	require.NoError(t, err)
	require.Zero(t, listing.Objects)
}

func TestClusterTime(t *testing.T) {
	files := map[string]string{"a.json": podA}
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.FixedZone("", 3600))
	t.Run("given", func(t *testing.T) {
		_, stats, err := each(t, files, logfile.ClusterOptions{At: at})
		require.NoError(t, err)
		require.Equal(t, at.UTC(), stats.At)
		require.Empty(t, stats.Notes)
	})
	t.Run("given, but older than an object", func(t *testing.T) {
		_, stats, err := each(t, map[string]string{"a.json": node}, logfile.ClusterOptions{At: at})
		require.NoError(t, err)
		require.Equal(t, []string{"an object in the snapshot was changed at 2026-11-20T23:59:58Z, after the time that was given for it, 2026-11-20T11:00:00Z"}, stats.Notes)
	})
	t.Run("unknown", func(t *testing.T) {
		manifest := map[string]string{"a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"}
		_, _, err := each(t, manifest, logfile.ClusterOptions{})
		require.ErrorIs(t, err, logfile.ErrNoTime)
		_, stats, err := each(t, manifest, logfile.ClusterOptions{At: at})
		require.NoError(t, err)
		require.Equal(t, at.UTC(), stats.At)
	})
}

func TestClusterDuplicates(t *testing.T) {
	newer := strings.Replace(strings.Replace(podA, `"7"`, `"10"`, 1), `"n1"`, `"n2"`, 1)
	again := strings.Replace(strings.Replace(podA, `"7"`, `"8"`, 1), "u-a", "u-a2", 1)
	other := strings.Replace(podA, `"n1"`, `"n2"`, 1)
	fuller := strings.Replace(podA, `"nodeName"`, `"hostname":"h","nodeName"`, 1)
	manifest := "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\n"
	for name, tc := range map[string]struct {
		docs []string
		want string
		note bool
	}{
		"newest counts":              {[]string{podA, newer}, newer, true},
		"9 is older than 10":         {[]string{strings.Replace(podA, `"7"`, `"9"`, 1), newer}, newer, true},
		"re-created":                 {[]string{podA, again}, again, true},
		"export over manifest":       {[]string{manifest, podA}, podA, true},
		"what is not followed":       {[]string{podA, fuller}, fuller, false},
		"contradiction of old state": {[]string{podA, other, newer}, newer, true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, docs := range [][]string{tc.docs, reversed(tc.docs)} {
				files := map[string]string{}
				for i, doc := range docs {
					files[fmt.Sprintf("%d.yaml", i)] = doc
				}
				found, stats, err := each(t, files, logfile.ClusterOptions{})
				require.NoError(t, err)
				require.Equal(t, []got{{resource.Pod, tc.want}}, found)
				require.Equal(t, tc.note, strings.Contains(strings.Join(stats.Notes, "\n"), "Pod.v1(shop/a) was found with different resourceVersions"))
			}
		})
	}
	for name, docs := range map[string][]string{
		"same version":  {podA, other},
		"two manifests": {manifest, manifest + "spec: {nodeName: n3}\n"},
	} {
		t.Run("contradiction, "+name, func(t *testing.T) {
			_, _, err := each(t, map[string]string{"x.yaml": docs[0], "y/z.yaml": strings.Join(docs[1:], "\n---\n")}, logfile.ClusterOptions{})
			require.ErrorContains(t, err, "Pod.v1(shop/a)")
			require.ErrorContains(t, err, "contradict each other")
			require.ErrorContains(t, err, "x.yaml, document 1")
			require.ErrorContains(t, err, "y/z.yaml, document 1")
		})
	}
}

func reversed(in []string) []string {
	var out []string
	for _, s := range in {
		out = append([]string{s}, out...)
	}
	return out
}

func TestClusterJoinsTheCalicoGroups(t *testing.T) {
	v3 := `{"apiVersion":"projectcalico.org/v3","kind":"NetworkPolicy","metadata":{"creationTimestamp":"2026-11-20T08:00:00Z","labels":{"a":"b"},"name":"x","namespace":"shop","resourceVersion":"4","uid":"u-x"},"spec":{"selector":"all()"}}`
	stored := `{"apiVersion":"crd.projectcalico.org/v1","kind":"NetworkPolicy","metadata":{"annotations":{"projectcalico.org/metadata":"{\"name\":\"x\",\"uid\":\"u-x\",\"labels\":{\"a\":\"b\"},\"creationTimestamp\":\"2026-11-20T08:00:00Z\"}"},"name":"default.x","namespace":"shop","resourceVersion":"4","uid":"stored"},"spec":{"selector":"all()"}}`
	found, stats, err := each(t, map[string]string{"v3.json": v3, "v1.json": stored}, logfile.ClusterOptions{})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.EqualValues(t, 1, stats.Objects["projectcalico.org.networkpolicies"])
}

func TestClusterCountsWhatIsNotFollowed(t *testing.T) {
	secret := `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"password":"aHVzaA=="}}`
	_, stats, err := each(t, map[string]string{
		"a.ndjson":   podA + "\n" + secret + "\n" + `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"}}`,
		"b.json":     `{"kind":"SecretList","apiVersion":"v1","items":[{"metadata":{"name":"s2"},"data":{"password":"aHVzaA=="}}]}`,
		"notes.txt":  "not: [read",
		".hidden.md": "x",
	}, logfile.ClusterOptions{})
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"v1 Secret": 2, "apps/v1 Deployment": 1}, stats.Other)
	require.Equal(t, 2, stats.Files)
	text, err := json.Marshal(stats)
	require.NoError(t, err)
	require.NotContains(t, string(text), "aHVzaA")
}

func TestClusterRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		says  []string
	}{
		"bad yaml":            {map[string]string{"d/a.yaml": inYAML(t, podA) + "---\nkind: Pod\nmetadata:\n  - a: b\n   c: d\n"}, []string{"d/a.yaml, document 2 (line 12)", "line 14"}},
		"bad json":            {map[string]string{"a.json": podA + "\n\n{\"kind\": \n nope}"}, []string{"a.json, document 2 (line 3)", "invalid character"}},
		"bad item":            {map[string]string{"a.json": "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\n\"items\":[\n" + podA + ",\n7]}"}, []string{"a.json, document 1, item 2 (line 4)", "not an object"}},
		"bad item in yaml":    {map[string]string{"a.yaml": "kind: List\napiVersion: v1\nitems:\n- kind: Pod\n"}, []string{"a.yaml, document 1, item 1", "no apiVersion"}},
		"bad field":           {map[string]string{"a.ndjson": podA + "\n" + strings.Replace(podB, `"n1"`, `5`, 1)}, []string{"a.ndjson, document 2 (line 2)", "Pod.v1(shop/b)", "nodeName"}},
		"no name":             {map[string]string{"a.yaml": "kind: Pod\napiVersion: v1\n"}, []string{"a.yaml, document 1 (line 1)", "metadata.name is empty"}},
		"no kind":             {map[string]string{"a.yaml": "# values\n\nreplicas: 1\n"}, []string{"a.yaml, document 1", "no kind"}},
		"item without kind":   {map[string]string{"a.json": `{"items":[{"metadata":{"name":"x"}}]}`}, []string{"item 1", "no kind"}},
		"field twice":         {map[string]string{"a.yaml": "kind: Pod\napiVersion: v1\nkind: Node\n"}, []string{"a.yaml, document 1", "kind"}},
		"half an object":      {map[string]string{"a.json": podA[:100]}, []string{"a.json, document 1 (line 1)", "unexpected EOF"}},
		"a number":            {map[string]string{"a.yaml": "42\n"}, []string{"a.yaml, document 1", "not an object"}},
		"cut gz":              {map[string]string{"a.json.gz": string(gzipped(podA + podB)[:40])}, []string{"a.json.gz", "damaged or cut short"}},
		"UTF-16":              {map[string]string{"a.json": "\xff\xfe{\x00}\x00"}, []string{"a.json", "UTF-16"}},
		"large document":      {map[string]string{"a.yaml": "kind: Pod\nx: " + strings.Repeat("y", logfile.MaxDocument)}, []string{"a.yaml, document 1", "larger than 16 MiB"}},
		"large object":        {map[string]string{"a.json": podA + `{"x":"` + strings.Repeat("y", 2*logfile.MaxDocument) + `"}`}, []string{"a.json, document 2", "larger than 16 MiB"}},
		"nothing":             {map[string]string{"README.md": "x"}, []string{"holds no object"}},
		"nothing followed":    {map[string]string{"a.yaml": "kind: Secret\napiVersion: v1\n"}, []string{"holds no object"}},
		"secret that is torn": {map[string]string{"a.yaml": "kind: Secret\napiVersion: v1\ndata:\n  ? {hush: hush}\n  : hush\n"}, []string{"a.yaml, document 1", "withheld"}},
	} {
		t.Run(name, func(t *testing.T) {
			found, _, err := each(t, tc.files, logfile.ClusterOptions{})
			require.Error(t, err)
			require.Empty(t, found, "nothing may be given before all is read")
			for _, text := range tc.says {
				require.ErrorContains(t, err, text)
			}
			require.NotContains(t, err.Error(), "hush")
		})
	}
	t.Run("no folder", func(t *testing.T) {
		_, err := logfile.NewCluster("nowhere", logfile.ClusterOptions{}).Each(t.Context(), nil)
		require.ErrorContains(t, err, "nowhere")
	})
}

func TestClusterStops(t *testing.T) {
	cluster := logfile.NewCluster(write(t, map[string]string{"a.json": podA + podB}), logfile.ClusterOptions{})
	t.Run("at the caller's error", func(t *testing.T) {
		stop := errors.New("stop")
		_, err := cluster.Each(t.Context(), func(resource.Kind, json.RawMessage) error { return stop })
		require.ErrorIs(t, err, stop)
		_, err = cluster.List(t.Context(), resource.Pod, func(json.RawMessage) error { return stop })
		require.ErrorIs(t, err, stop)
	})
	t.Run("at the end of the context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := cluster.Each(ctx, func(resource.Kind, json.RawMessage) error { cancel(); return nil })
		require.ErrorIs(t, err, context.Canceled)
		_, err = cluster.List(ctx, resource.Pod, func(json.RawMessage) error { return nil })
		require.Equal(t, context.Canceled, err)
	})
}

// A large List is read item by item, so its size has no bound but memory.
func TestClusterReadsALongList(t *testing.T) {
	filler := strings.Repeat("z", 64<<10)
	var list strings.Builder
	list.WriteString(`{"kind":"PodList","apiVersion":"v1","items":[`)
	for i := range 400 {
		if i > 0 {
			list.WriteString(",")
		}
		fmt.Fprintf(&list, `{"metadata":{"name":"p-%03d","namespace":"a","creationTimestamp":"2026-11-20T08:00:00Z","annotations":{"x":%q}}}`, i, filler)
	}
	list.WriteString("]}")
	require.Greater(t, list.Len(), logfile.MaxDocument)
	found, _, err := each(t, map[string]string{"a.json": list.String()}, logfile.ClusterOptions{})
	require.NoError(t, err)
	require.Len(t, found, 400)
}

// However the objects are spread over files and forms, the same comes out.
func TestClusterDoesNotDependOnTheSplit(t *testing.T) {
	var objects []string
	for i := range 12 {
		objects = append(objects, fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"creationTimestamp":"2026-11-20T08:00:%02dZ","name":"p-%d","namespace":"n%d","resourceVersion":"%d","uid":"u%d"}}`, i, i/2, i%3, i+1, i))
	}
	first, _, err := each(t, map[string]string{"all.ndjson": strings.Join(objects, "\n")}, logfile.ClusterOptions{})
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		files := map[string]string{}
		for _, object := range rapid.Permutation(objects).Draw(rt, "order") {
			if rapid.Bool().Draw(rt, "yaml") {
				files[fmt.Sprintf("%d.yaml", rapid.IntRange(0, 3).Draw(rt, "file"))] += "---\n" + inYAML(t, object)
			} else {
				files[fmt.Sprintf("%d.json", rapid.IntRange(0, 3).Draw(rt, "file"))] += object + "\n"
			}
		}
		found, stats, err := each(t, files, logfile.ClusterOptions{})
		if err != nil {
			rt.Fatal(err)
		}
		require.Equal(rt, first, found)
		require.Equal(rt, "2026-11-20T08:00:11Z", stats.At.Format(time.RFC3339))
	})
}
