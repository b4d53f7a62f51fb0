package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	extensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// fill gives every field of a value something, one element in each list and map.
func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case metav1.Time:
		v.Set(reflect.ValueOf(metav1.Date(2026, time.November, 25, 0, 0, 0, 0, time.UTC)))
		return
	case metav1.TypeMeta, metav1.ObjectMeta:
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key").Convert(v.Type().Key()), value)
	case reflect.String:
		v.SetString("1.28")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	}
}

// TestNoFieldIsLost: every field of the published types is in the definitions, so that nothing of an object is pruned.
func TestNoFieldIsLost(t *testing.T) {
	report, reportType := v3.NewGlobalReport(), v3.NewGlobalReportType()
	for _, test := range []struct {
		plural  string
		object  any
		content reflect.Value
	}{
		{"globalreports", report, reflect.ValueOf(report).Elem()},
		{"globalreporttypes", reportType, reflect.ValueOf(reportType).Elem()},
	} {
		t.Run(test.plural, func(t *testing.T) {
			fill(test.content)
			for _, wrong := range openGate(t, test.plural).admit(t, test.object) {
				require.NotContains(t, wrong, "unknown field")
			}
		})
	}
}

// TestFieldsAreDescribed: kubectl explain has a sentence on every field that a person writes or reads.
func TestFieldsAreDescribed(t *testing.T) {
	for _, plural := range []string{"globalreports", "globalreporttypes"} {
		root := readDefinition(t, plural).Spec.Versions[0].Schema.OpenAPIV3Schema
		require.NotEmpty(t, root.Description)
		for _, part := range []string{"spec", "status"} {
			if s, ok := root.Properties[part]; ok {
				described(t, plural+"."+part, &s)
			}
		}
	}
}

func described(t *testing.T, path string, s *extensions.JSONSchemaProps) {
	t.Helper()
	require.NotEmpty(t, s.Description, path)
	if strings.HasSuffix(path, "Job") || strings.HasSuffix(path, "Jobs") || strings.HasSuffix(path, "conditions") {
		return // their fields are those of Kubernetes
	}
	if s.Items != nil {
		s = s.Items.Schema
	}
	for name, kid := range s.Properties {
		described(t, path+"."+name, &kid)
	}
}

// TestAdditionsFitTheTypes: an addition to a field that the types do not have is a mistake that generation tells.
func TestAdditionsFitTheTypes(t *testing.T) {
	root := &extensions.JSONSchemaProps{Properties: map[string]extensions.JSONSchemaProps{"spec": {Type: "string"}}}
	for path, says := range map[string]string{"spec.schedul": `no field "schedul"`, "spec[]": "is no list", "spec{}": "is no map"} {
		require.ErrorContains(t, apply(root, []field{{path, "text", nil}}), says)
	}
	own := extensions.JSONSchemaProps{Properties: map[string]extensions.JSONSchemaProps{"conditions": {}}}
	root.Properties["status"] = extensions.JSONSchemaProps{Properties: map[string]extensions.JSONSchemaProps{"conditions": {}}}
	require.ErrorContains(t, addStatus(root, own), "the published status has a field of that name")
}

// TestFilesAreGenerated: what is committed is what generation gives, and a difference is told.
func TestFilesAreGenerated(t *testing.T) {
	require.NoError(t, run(definitionsFolder, true))
	dir := t.TempDir()
	require.ErrorContains(t, run(dir, true), "read definition")
	require.NoError(t, run(dir, false))
	require.NoError(t, run(dir, true))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "globalreports.yaml"), nil, 0o600))
	require.ErrorContains(t, run(dir, true), "run make generate")
}
