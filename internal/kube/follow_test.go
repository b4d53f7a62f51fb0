package kube

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// answering is a Followed whose API server gives one answer to everything, and what it was asked.
func answering(t *testing.T, code int, body string) (f *Followed, asked func() (path, content string)) {
	t.Helper()
	var path, content string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		path, content = r.Method+" "+r.URL.Path, string(raw)
		w.Header().Set("Content-Type", "application/json")
		if !strings.HasPrefix(body, "{") {
			w.Header().Set("Content-Type", "text/plain")
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	f, err := Follow(&rest.Config{Host: server.URL}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return f, func() (string, string) { return path, content }
}

func statusOf(t *testing.T, err *apierrors.StatusError) (int, string) {
	t.Helper()
	status := err.Status()
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	raw, failed := json.Marshal(status)
	require.NoError(t, failed)
	return int(status.Code), string(raw)
}

const oneReport = `{"apiVersion":"projectcalico.org/v3","kind":"GlobalReport","metadata":{"name":"daily"}}`

// Only the API server's own word that an object is not there counts.
func TestGone(t *testing.T) {
	resource := GlobalReports.GroupResource()
	missing, missingBody := statusOf(t, apierrors.NewNotFound(resource, "daily"))
	denied, deniedBody := statusOf(t, apierrors.NewForbidden(resource, "daily", fmt.Errorf("no rights")))
	for _, test := range []struct {
		name string
		code int
		body string
		gone bool
		says string
	}{
		{name: "there", code: 200, body: oneReport},
		{name: "not there", code: missing, body: missingBody, gone: true},
		{name: "the kind is not served", code: 404, body: "404 page not found", says: "could not find the requested resource"},
		{name: "forbidden", code: denied, body: deniedBody, says: "no rights"},
		{name: "broken", code: 503, body: "no", says: "look for report daily"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, asked := answering(t, test.code, test.body)
			gone, err := f.Gone(t.Context(), "daily")
			require.Equal(t, test.gone, gone)
			if test.says != "" {
				require.ErrorContains(t, err, test.says)
				return
			}
			require.NoError(t, err)
			path, _ := asked()
			require.Equal(t, "GET /apis/projectcalico.org/v3/globalreports/daily", path)
		})
	}
}

func TestWriteStatus(t *testing.T) {
	report := &unstructured.Unstructured{}
	require.NoError(t, report.UnmarshalJSON([]byte(oneReport)))
	report.SetResourceVersion("7")
	f, asked := answering(t, 200, oneReport)
	require.NoError(t, f.WriteStatus(t.Context(), report, map[string]int{"runs": 1}))
	path, content := asked()
	require.Equal(t, "PUT /apis/projectcalico.org/v3/globalreports/daily/status", path)
	require.Contains(t, content, `"status":{"runs":1}`)
	require.Contains(t, content, `"resourceVersion":"7"`, "whoever changed it meanwhile is not overwritten")
	require.NotContains(t, report.Object, "status", "the copy stays as it is")

	code, body := statusOf(t, apierrors.NewConflict(GlobalReports.GroupResource(), "daily", fmt.Errorf("changed")))
	f, _ = answering(t, code, body)
	require.True(t, apierrors.IsConflict(f.WriteStatus(t.Context(), report, map[string]int{})))
}

func TestDefinitionLabels(t *testing.T) {
	resource := schema.GroupResource{Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"}
	missing, missingBody := statusOf(t, apierrors.NewNotFound(resource, "x"))
	denied, deniedBody := statusOf(t, apierrors.NewForbidden(resource, "x", fmt.Errorf("no rights")))
	for _, test := range []struct {
		name string
		code int
		body string
		want map[string]string
		says string
	}{
		{name: "labelled", code: 200, body: `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"x","labels":{"a":"b"}}}`, want: map[string]string{"a": "b"}},
		{name: "none, as with an aggregated server", code: missing, body: missingBody},
		{name: "not to be read", code: denied, body: deniedBody},
		{name: "broken", code: 503, body: "no", says: "read the definition of GlobalReport"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, asked := answering(t, test.code, test.body)
			labels, err := f.DefinitionLabels(t.Context())
			if test.says != "" {
				require.ErrorContains(t, err, test.says)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, labels)
			path, _ := asked()
			require.Equal(t, "GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/globalreports.projectcalico.org", path)
		})
	}
}

func TestWatchErrorsAreToldOnceWithAHint(t *testing.T) {
	var out strings.Builder
	f := &Followed{logger: slog.New(slog.NewTextHandler(&out, nil)), told: map[string]bool{}}
	resource := GlobalReports.GroupResource()
	for range 2 {
		f.tell("globalreports", apierrors.NewNotFound(resource, ""))
		f.tell("globalreports", apierrors.NewForbidden(resource, "", fmt.Errorf("no rights")))
		f.tell("globalreports", apierrors.NewResourceExpired("too old"))
	}
	require.Equal(t, 2, strings.Count(out.String(), "definitions cannot be followed"), out.String())
	require.Contains(t, out.String(), "deploy/crds")
	require.Contains(t, out.String(), "deploy/rbac")
}
