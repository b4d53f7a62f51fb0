package kube

import (
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/probity/probity/deploy"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/tests/kube/cluster"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, path, have string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(have), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), have)
}

// age is the last column of a table but for wide ones, such as "3s" or "2m10s".
var age = regexp.MustCompile(`(?m)\b(?:[0-9]+[smhd])+( *)(   \S.*)?$`)

func withoutAges(table string) string { return age.ReplaceAllString(table, "1s$2") }

func at(day int) metav1.Time { return metav1.Date(2026, time.November, day, 0, 0, 0, 0, time.UTC) }

// reportStatus is a status with everything in it, as the starter writes it: the published fields and ours.
func reportStatus(t *testing.T, extra deploy.ReportStatus) []byte {
	t.Helper()
	job := func(day int) v3.ReportJob {
		return v3.ReportJob{Start: at(day - 1), End: at(day), Job: &corev1.ObjectReference{
			APIVersion: "temporal.io/v1", Kind: "Workflow", Namespace: "default", Name: "report-of-day", UID: "run"}}
	}
	done, last := metav1.NewTime(at(24).Add(31*time.Minute)), job(25)
	published := v3.ReportStatus{
		LastScheduledReportJob: &last, ActiveReportJobs: []v3.ReportJob{job(25)},
		LastFailedReportJobs:     []v3.CompletedReportJob{{ReportJob: job(23), JobCompletionTime: &done}},
		LastSuccessfulReportJobs: []v3.CompletedReportJob{{ReportJob: job(24), JobCompletionTime: &done}},
	}
	fields := map[string]any{}
	for _, part := range []any{published, extra} {
		raw, err := json.Marshal(part)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, &fields))
	}
	raw, err := json.Marshal(map[string]any{"status": fields, "spec": map[string]any{"schedule": "1 1 1 1 1"}})
	require.NoError(t, err)
	return raw
}

func ownStatus() deploy.ReportStatus {
	end, next := at(24), at(25)
	return deploy.ReportStatus{
		Conditions: []metav1.Condition{{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Scheduled", Message: "the schedule is in place",
			ObservedGeneration: 1, LastTransitionTime: at(20)}},
		Message: "the report of 2026-11-24 is complete", LastOutcome: "complete", LastEnd: &end, Next: &next,
	}
}

// TestReportStatusAndTable: what a starter writes is read back as it was, changes nothing but the status, and reads well.
func TestReportStatusAndTable(t *testing.T) {
	c := withDefinitions(t, cluster.Start(t, devstack.KubeOptions{}))
	for _, manifest := range examples(t) {
		c.Apply(t, manifest)
	}
	c.Kubectl(t, "patch", "globalreport", "hourly-accounts-networkaccess", "--type=merge", "--patch", `{"spec":{"suspend":true}}`)
	body := reportStatus(t, ownStatus())
	reports := dynamicOf(t, c).Resource(reportResource)
	written, err := reports.Patch(t.Context(), "daily-production-inventory", types.MergePatchType, body, metav1.PatchOptions{FieldValidation: "Strict"}, "status")
	require.NoError(t, err)
	require.Equal(t, int64(1), written.GetGeneration(), "the status is no part of the generation")
	var wanted map[string]any
	require.NoError(t, json.Unmarshal(body, &wanted))
	have := stored(t, c, reportResource, "daily-production-inventory")
	require.Equal(t, asJSON(t, wanted["status"]), asJSON(t, have["status"]))
	require.Equal(t, "0 0 * * *", have["spec"].(map[string]any)["schedule"], "the status subresource changes nothing else")

	c.Kubectl(t, "patch", "globalreport", "daily-production-inventory", "--type=merge", "--patch", `{"status":{"message":"mine"}}`)
	require.Equal(t, asJSON(t, wanted["status"]), asJSON(t, stored(t, c, reportResource, "daily-production-inventory")["status"]), "who edits the report does not edit its status")

	golden(t, "testdata/reports.txt", withoutAges(c.Kubectl(t, "get", "globalreports")))
	golden(t, "testdata/reports-wide.txt", withoutAges(c.Kubectl(t, "get", "greports", "daily-production-inventory", "-o", "wide")))
	for _, text := range []string{"spec.schedule", "spec.endpoints.selector", "spec.cis.highThreshold", "status.lastOutcome"} {
		require.NotContains(t, c.Kubectl(t, "explain", "globalreport."+text), "<empty>", "%s has a description", text)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

// theirs is a definition of GlobalReport as another product has it: the published fields, and no check.
const theirs = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: globalreports.projectcalico.org}
spec:
  group: projectcalico.org
  scope: Cluster
  names: {plural: globalreports, singular: globalreport, kind: GlobalReport, listKind: GlobalReportList}
  versions:
  - name: v3
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, x-kubernetes-preserve-unknown-fields: true}
          status:
            type: object
            properties:
              lastScheduledReportJob: {type: object, x-kubernetes-preserve-unknown-fields: true}
              activeReportJobs: {type: array, items: {type: object, x-kubernetes-preserve-unknown-fields: true}}
              lastFailedReportJobs: {type: array, items: {type: object, x-kubernetes-preserve-unknown-fields: true}}
              lastSuccessfulReportJobs: {type: array, items: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

// TestDefinitionsOfAnotherMaker: ours are not applied over theirs, and with theirs the published status is kept, ours is dropped.
func TestDefinitionsOfAnotherMaker(t *testing.T) {
	c := cluster.Start(t, devstack.KubeOptions{})
	c.Apply(t, theirs, "--server-side", "--field-manager=operator")
	c.Kubectl(t, "wait", "--for=condition=Established", "--timeout=60s", "crd/globalreports.projectcalico.org")
	refusal := c.Refused(t, "apply", "--server-side", "-k", "../../deploy/crds")
	require.Contains(t, refusal, `conflict with "operator"`)
	label := `jsonpath={.metadata.labels.app\.kubernetes\.io/part-of}`
	require.Empty(t, c.Kubectl(t, "get", "crd", "globalreports.projectcalico.org", "-o", label))
	require.Equal(t, deploy.PartOf, c.Kubectl(t, "get", "crd", "globalreporttypes.projectcalico.org", "-o", label), "what was missing is added")

	c.Apply(t, strings.Replace(examples(t)["weekly-full-inventory"], "0 0 * * 0", "61 0 * * 0", 1))
	reports := dynamicOf(t, c).Resource(reportResource)
	_, err := reports.Patch(t.Context(), "weekly-full-inventory", types.MergePatchType, reportStatus(t, ownStatus()), metav1.PatchOptions{FieldValidation: "Ignore"}, "status")
	require.NoError(t, err)
	status := stored(t, c, reportResource, "weekly-full-inventory")["status"].(map[string]any)
	require.Len(t, status, 4)
	require.Contains(t, status, "lastScheduledReportJob")
	require.NotContains(t, status, "conditions")
}
