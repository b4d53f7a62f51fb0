package deploy

import (
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

func TestReportTypes(t *testing.T) {
	policies := []v3.AuditResource{{Resource: "globalnetworkpolicies"}, {Resource: "networkpolicies"}, {Resource: "stagedglobalnetworkpolicies"},
		{Resource: "stagednetworkpolicies"}, {Resource: "stagedkubernetesnetworkpolicies"}}
	want := []struct {
		name      string
		gathers   v3.ReportTypeSpec
		downloads []string
	}{
		{"cis-benchmark", v3.ReportTypeSpec{IncludeCISBenchmarkData: true}, []string{"all-tests.csv", "failed-tests.csv", "node-summary.csv", "total-summary.csv"}},
		{"inventory", v3.ReportTypeSpec{IncludeEndpointData: true}, []string{"summary.csv", "endpoints.csv", "namespaces.csv", "services.csv"}},
		{"network-access", v3.ReportTypeSpec{IncludeEndpointData: true, IncludeEndpointFlowLogData: true}, []string{"summary.csv", "endpoints.csv"}},
		{"policy-audit", v3.ReportTypeSpec{AuditEventsSelection: &v3.AuditEventsSelection{Resources: policies}}, []string{"summary.csv", "events.json", "events.yaml"}},
	}
	types, err := ReportTypes()
	require.NoError(t, err)
	require.Len(t, types, len(want))
	for i, w := range want {
		t.Run(w.name, func(t *testing.T) {
			gt := types[i]
			require.Equal(t, w.name, gt.Name)
			require.Equal(t, v3.KindGlobalReportType, gt.Kind)
			require.Equal(t, v3.GroupVersionCurrent, gt.APIVersion)
			require.Equal(t, map[string]string{"global-report-type": w.name}, gt.Labels)
			require.Equal(t, "ui-summary.json", gt.Spec.UISummaryTemplate.Name)
			var names []string
			for _, d := range gt.Spec.DownloadTemplates {
				names = append(names, d.Name)
			}
			require.Equal(t, w.downloads, names)
			gathers := gt.Spec
			gathers.UISummaryTemplate, gathers.DownloadTemplates = v3.ReportTemplate{}, nil
			require.Equal(t, w.gathers, gathers)
		})
	}
}
