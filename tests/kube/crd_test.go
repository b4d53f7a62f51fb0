package kube

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/deploy"
	"github.com/probity/probity/tests/kube/cluster"
)

var (
	reportResource = schema.GroupVersionResource{Group: "projectcalico.org", Version: "v3", Resource: "globalreports"}
	typeResource   = schema.GroupVersionResource{Group: "projectcalico.org", Version: "v3", Resource: "globalreporttypes"}
)

// withDefinitions is an API server that has Probity's definitions.
func withDefinitions(t *testing.T, c *cluster.Cluster) *cluster.Cluster {
	t.Helper()
	definitions, err := deploy.Definitions()
	require.NoError(t, err)
	c.Apply(t, string(definitions))
	c.Kubectl(t, "wait", "--for=condition=Established", "--timeout=60s", "crd/globalreports.projectcalico.org", "crd/globalreporttypes.projectcalico.org")
	require.Eventually(t, func() bool { // the API server serves new kinds a little later
		for _, r := range []schema.GroupVersionResource{reportResource, typeResource} {
			if _, err := dynamicOf(t, c).Resource(r).List(t.Context(), metav1.ListOptions{}); err != nil {
				return false
			}
		}
		return true
	}, 30*time.Second, 100*time.Millisecond)
	return c
}

func dynamicOf(t *testing.T, c *cluster.Cluster, user ...string) dynamic.Interface {
	t.Helper()
	client, err := dynamic.NewForConfig(c.Config(t, user...))
	require.NoError(t, err)
	return client
}

// examples are the nine manifests of the how-to pages.
func examples(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../testdata/globalreports/*.yaml")
	require.NoError(t, err)
	all := map[string]string{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		all[strings.TrimSuffix(filepath.Base(file), ".yaml")] = string(raw)
	}
	require.Len(t, all, 9)
	return all
}

// stored is an object as the API server gives it back, without what the server and kubectl add.
func stored(t *testing.T, c *cluster.Cluster, resource schema.GroupVersionResource, name string) map[string]any {
	t.Helper()
	object, err := dynamicOf(t, c).Resource(resource).Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	for _, field := range []string{"managedFields", "uid", "resourceVersion", "generation", "creationTimestamp"} {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(object.Object, "metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")
	if len(object.GetAnnotations()) == 0 {
		unstructured.RemoveNestedField(object.Object, "metadata", "annotations")
	}
	return object.Object
}

// sameAs requires an object to be what a manifest says, no field more or less.
func sameAs(t *testing.T, manifest string, object map[string]any) {
	t.Helper()
	want, err := yaml.YAMLToJSON([]byte(manifest))
	require.NoError(t, err)
	have, err := yaml.Marshal(object)
	require.NoError(t, err)
	have, err = yaml.YAMLToJSON(have)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(have))
}

func TestExamplesApply(t *testing.T) {
	c := withDefinitions(t, cluster.Shared(t))
	for name, manifest := range examples(t) {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, "globalreport.projectcalico.org/"+name+" created\n", c.Apply(t, manifest))
			sameAs(t, manifest, stored(t, c, reportResource, name))
			require.Equal(t, "globalreport.projectcalico.org/"+name+" unchanged\n", c.Apply(t, manifest))
			c.Kubectl(t, "delete", "greport", name)
		})
	}
}

func TestBuiltInTypesApply(t *testing.T) {
	c := withDefinitions(t, cluster.Shared(t))
	c.Kubectl(t, "apply", "-k", "../../deploy/reporttypes")
	for _, name := range []string{"cis-benchmark", "inventory", "network-access", "policy-audit"} {
		raw, err := os.ReadFile("../../deploy/reporttypes/" + name + ".yaml")
		require.NoError(t, err)
		sameAs(t, string(raw), stored(t, c, typeResource, name))
	}
	golden(t, "testdata/types.txt", withoutAges(c.Kubectl(t, "get", "globalreporttypes", "cis-benchmark", "inventory", "network-access", "policy-audit")))
}

// refused is a definition of testdata/refused.yaml, which tests/crdgen reads too.
type refused struct {
	Name   string         `json:"name"`
	Kind   string         `json:"kind"`
	Spec   map[string]any `json:"spec"`
	By     string         `json:"by"`
	Says   string         `json:"says"`
	Server string         `json:"server"`
}

func TestBadDefinitionsAreRefused(t *testing.T) {
	c := withDefinitions(t, cluster.Shared(t))
	raw, err := os.ReadFile("testdata/refused.yaml")
	require.NoError(t, err)
	var all []refused
	require.NoError(t, yaml.UnmarshalStrict(raw, &all))
	for _, test := range all {
		t.Run(test.Name, func(t *testing.T) {
			kind := "GlobalReport"
			if test.Kind != "" {
				kind = test.Kind
			}
			manifest, err := yaml.Marshal(map[string]any{"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": map[string]any{"name": "refused"}, "spec": test.Spec})
			require.NoError(t, err)
			require.Contains(t, c.ApplyRefused(t, string(manifest)), test.Says)
			require.Contains(t, c.ApplyRefused(t, string(manifest), "--server-side"), cmp.Or(test.Server, test.Says))
			if test.By == "client" {
				// Clients that do not ask for strict decoding lose the field without a word: no schema can refuse it.
				c.Apply(t, string(manifest), "--validate=false", "--dry-run=server")
			}
		})
	}
}
