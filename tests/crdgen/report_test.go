package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/deploy"
	"github.com/probity/probity/internal/report"
)

const (
	examplesFolder = "../testdata/globalreports"
	refusedFile    = "../kube/testdata/refused.yaml"
)

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	var fields map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &fields))
	return fields
}

func TestExamplesAreAdmitted(t *testing.T) {
	g := openGate(t, "globalreports")
	files, err := filepath.Glob(filepath.Join(examplesFolder, "*.yaml"))
	require.NoError(t, err)
	require.Len(t, files, 9)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Empty(t, g.admit(t, decode(t, string(raw))))
		})
	}
}

func TestBuiltInTypesAreAdmitted(t *testing.T) {
	g := openGate(t, "globalreporttypes")
	types, err := deploy.ReportTypes()
	require.NoError(t, err)
	for _, gt := range types {
		t.Run(gt.Name, func(t *testing.T) { require.Empty(t, g.admit(t, gt)) })
	}
}

// refused is a definition of the file that tests/kube applies too.
type refused struct {
	Name   string         `json:"name"`
	Kind   string         `json:"kind"`
	Spec   map[string]any `json:"spec"`
	By     string         `json:"by"`
	Says   string         `json:"says"`
	Server string         `json:"server"`
}

func TestBadDefinitionsAreRefused(t *testing.T) {
	reports, types := openGate(t, "globalreports"), openGate(t, "globalreporttypes")
	raw, err := os.ReadFile(refusedFile)
	require.NoError(t, err)
	var all []refused
	require.NoError(t, yaml.UnmarshalStrict(raw, &all))
	for _, test := range all {
		t.Run(test.Name, func(t *testing.T) {
			g, kind := reports, "GlobalReport"
			if test.Kind != "" {
				g, kind = types, test.Kind
			}
			wrong := g.admit(t, map[string]any{
				"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": map[string]any{"name": "r"}, "spec": test.Spec})
			require.Len(t, wrong, 1, "one mistake, one message")
			require.Contains(t, wrong[0], test.Says)
		})
	}
}

// TestStatusIsAdmitted: the published fields as they are, and ours.
func TestStatusIsAdmitted(t *testing.T) {
	g := openGate(t, "globalreports")
	object := decode(t, `{apiVersion: projectcalico.org/v3, kind: GlobalReport, metadata: {name: r}, spec: {reportType: inventory}, status: {
  lastScheduledReportJob: &job {start: "2026-11-23T00:00:00Z", end: "2026-11-24T00:00:00Z", job: {apiVersion: temporal.io/v1, kind: Workflow, namespace: default, name: w, uid: u}},
  activeReportJobs: [*job],
  lastFailedReportJobs: [{start: "2026-11-23T00:00:00Z", end: "2026-11-24T00:00:00Z", job: {name: w}, jobCompletionTime: "2026-11-24T00:31:00Z"}],
  lastSuccessfulReportJobs: [{start: "2026-11-23T00:00:00Z", end: "2026-11-24T00:00:00Z", job: {name: w}}],
  conditions: [{type: Ready, status: "True", reason: Scheduled, message: m, lastTransitionTime: "2026-11-24T00:31:00Z", observedGeneration: 3}],
  message: m, lastOutcome: complete, lastEnd: "2026-11-24T00:00:00Z", next: "2026-11-25T00:00:00Z"}}`)
	require.Empty(t, g.admit(t, object))
	require.Empty(t, g.admit(t, v3.GlobalReport{
		TypeMeta: metav1.TypeMeta{APIVersion: "projectcalico.org/v3", Kind: "GlobalReport"}, ObjectMeta: metav1.ObjectMeta{Name: "r"},
		Spec: v3.ReportSpec{ReportType: "inventory"}, Status: report.Status(report.Jobs{}),
	}))
	bad := decode(t, `{apiVersion: projectcalico.org/v3, kind: GlobalReport, metadata: {name: r}, spec: {reportType: inventory}, status: {
  lastScheduledReportJob: {start: "2026-11-23T00:00:00Z", end: "2026-11-24T00:00:00Z", job: null}}}`)
	require.Contains(t, strings.Join(g.admit(t, bad), "\n"), "status.lastScheduledReportJob.job", "the published schema wants the job")
}
