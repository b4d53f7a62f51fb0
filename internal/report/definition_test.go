package report_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probity/probity/internal/report"
)

var limits = report.Limits{MaxPerHour: 2}

func builtinTypes() map[string]*v3.GlobalReportType {
	types := map[string]*v3.GlobalReportType{}
	for name, spec := range map[string]v3.ReportTypeSpec{
		"inventory":      {IncludeEndpointData: true},
		"network-access": {IncludeEndpointData: true, IncludeEndpointFlowLogData: true},
		"policy-audit": {AuditEventsSelection: &v3.AuditEventsSelection{Resources: []v3.AuditResource{
			{Resource: "networkpolicies"}, {Resource: "globalnetworkpolicies"},
		}}},
		"cis-benchmark": {IncludeCISBenchmarkData: true},
	} {
		types[name] = &v3.GlobalReportType{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: spec}
	}
	return types
}

func globalReport(name string, spec v3.ReportSpec) *v3.GlobalReport {
	gr := v3.NewGlobalReport()
	gr.Name, gr.Spec = name, spec
	return gr
}

func TestValidateAcceptsThePublishedExamples(t *testing.T) {
	names := func(names ...string) *v3.NamesAndLabelsMatch { return &v3.NamesAndLabelsMatch{Names: names} }
	for name, spec := range map[string]v3.ReportSpec{
		"weekly-full-inventory": {
			ReportType: "inventory", Schedule: "0 0 * * 0", JobNodeSelector: map[string]string{"nodetype": "infrastructure"},
		},
		"daily-production-inventory": {
			ReportType: "inventory", Schedule: "0 0 * * *", Endpoints: &v3.EndpointsSelection{Selector: "deployment == 'production'"},
		},
		"hourly-accounts-networkaccess": {
			ReportType: "network-access", Schedule: "0 * * * *",
			Endpoints: &v3.EndpointsSelection{Namespaces: names("payable", "collections", "payroll")},
		},
		"daily-accounts-networkaccess": {
			ReportType: "network-access", Schedule: "0 0 * * *",
			Endpoints: &v3.EndpointsSelection{Namespaces: &v3.NamesAndLabelsMatch{Selector: "department == 'accounts'"}},
		},
		"monthly-widgets-controller-tigera-policy-audit": {
			ReportType: "policy-audit", Schedule: "0 0 1 * *",
			Endpoints: &v3.EndpointsSelection{Namespaces: names("widgets"), ServiceAccounts: names("controller")},
		},
		"daily-soc2-inventory": {ReportType: "inventory", Schedule: "8 6 * * *"},
		"daily-cis-benchmark": {
			ReportType: "cis-benchmark", Schedule: "0 0 * * *",
			CIS: &v3.CISBenchmarkParams{ResultsFilters: []v3.CISBenchmarkFilter{{
				BenchmarkSelection: &v3.CISBenchmarkSelection{KubernetesVersion: "1.13"}, Exclude: []string{"1.1.4", "1.2.5"},
			}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := report.Validate(globalReport(name, spec), builtinTypes(), limits)
			require.NoError(t, err)
			require.Equal(t, name, d.Name)
			require.Equal(t, spec, d.Spec)
			require.Equal(t, builtinTypes()[spec.ReportType].Spec, d.TypeSpec)
			require.Equal(t, spec.Schedule, d.Schedule.String())
			require.False(t, d.Suspended())
		})
	}
}

func TestValidateWithoutSchedule(t *testing.T) {
	yes := true
	d, err := report.Validate(globalReport("adhoc", v3.ReportSpec{ReportType: "inventory", Suspend: &yes}), builtinTypes(), limits)
	require.NoError(t, err)
	require.Nil(t, d.Schedule, "a report without a schedule runs on demand only")
	require.True(t, d.Suspended())
}

func TestValidateCopies(t *testing.T) {
	types := builtinTypes()
	gr := globalReport("r", v3.ReportSpec{ReportType: "inventory", JobNodeSelector: map[string]string{"a": "b"}})
	d, err := report.Validate(gr, types, limits)
	require.NoError(t, err)
	gr.Spec.JobNodeSelector["a"] = "changed"
	types["inventory"].Spec.IncludeEndpointData = false
	require.Equal(t, "b", d.Spec.JobNodeSelector["a"])
	require.True(t, d.TypeSpec.IncludeEndpointData)
}

func TestValidateRefuses(t *testing.T) {
	number := func(n int) *int { return &n }
	endpoints := func(s v3.EndpointsSelection) v3.ReportSpec {
		return v3.ReportSpec{ReportType: "inventory", Endpoints: &s}
	}
	cis := func(p v3.CISBenchmarkParams) v3.ReportSpec {
		return v3.ReportSpec{ReportType: "cis-benchmark", CIS: &p}
	}
	for _, c := range []struct {
		name  string
		spec  v3.ReportSpec
		field string
		says  []string
	}{
		{"no type", v3.ReportSpec{}, "spec.reportType", []string{"cis-benchmark, inventory, network-access, policy-audit"}},
		{"unknown type", v3.ReportSpec{ReportType: "inventry"}, "spec.reportType", []string{`"inventry"`, "cis-benchmark, inventory"}},
		{"bad cron", v3.ReportSpec{ReportType: "inventory", Schedule: "61 * * * *"}, "spec.schedule", []string{"61", "minute"}},
		{"never fires", v3.ReportSpec{ReportType: "inventory", Schedule: "0 0 31 2 *"}, "spec.schedule", []string{"never fires"}},
		{"too often", v3.ReportSpec{ReportType: "inventory", Schedule: "*/10 * * * *"}, "spec.schedule", []string{"6 times", "schedule.maxPerHour"}},
		{"selector", endpoints(v3.EndpointsSelection{Selector: "a = 'b'"}), "spec.endpoints.selector", []string{"a = 'b'", "character 3"}},
		{
			"namespace selector", endpoints(v3.EndpointsSelection{Namespaces: &v3.NamesAndLabelsMatch{Selector: "has("}}),
			"spec.endpoints.namespaces.selector", []string{"character 5"},
		},
		{
			"service account selector", endpoints(v3.EndpointsSelection{ServiceAccounts: &v3.NamesAndLabelsMatch{Selector: "x"}}),
			"spec.endpoints.serviceAccounts.selector", []string{"at the end"},
		},
		{
			"namespace name", endpoints(v3.EndpointsSelection{Namespaces: &v3.NamesAndLabelsMatch{Names: []string{"ok", "Not_OK"}}}),
			"spec.endpoints.namespaces.names[1]", []string{"Not_OK", "lower case"},
		},
		{
			"node selector", v3.ReportSpec{ReportType: "inventory", JobNodeSelector: map[string]string{"node/type/x": "y"}},
			"spec.jobNodeSelector[node/type/x]", []string{"node/type/x"},
		},
		{
			"node selector value", v3.ReportSpec{ReportType: "inventory", JobNodeSelector: map[string]string{"zone": "a b"}},
			"spec.jobNodeSelector[zone]", []string{"a b"},
		},
		{"high over 100", cis(v3.CISBenchmarkParams{HighThreshold: number(101)}), "spec.cis.highThreshold", []string{"101", "0 to 100"}},
		{"high below default med", cis(v3.CISBenchmarkParams{HighThreshold: number(40)}), "spec.cis.highThreshold", []string{"40", "greater than medThreshold", "50"}},
		{"med below 0", cis(v3.CISBenchmarkParams{MedThreshold: number(-1)}), "spec.cis.medThreshold", []string{"-1", "0 to 100"}},
		{"no failed tests", cis(v3.CISBenchmarkParams{NumFailedTests: number(0)}), "spec.cis.numFailedTests", []string{"greater than 0"}},
		{
			"version", cis(v3.CISBenchmarkParams{ResultsFilters: []v3.CISBenchmarkFilter{{
				BenchmarkSelection: &v3.CISBenchmarkSelection{KubernetesVersion: "latest"},
			}}}),
			"spec.cis.resultsFilters[0].benchmarkSelection.kubernetesVersion", []string{"latest", "1.28"},
		},
		{
			"blank test", cis(v3.CISBenchmarkParams{ResultsFilters: []v3.CISBenchmarkFilter{{}, {Include: []string{"1.1.1", " "}}}}),
			"spec.cis.resultsFilters[1].include[1]", []string{"1.1.4"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := report.Validate(globalReport("r", c.spec), builtinTypes(), limits)
			require.Nil(t, d)
			var invalid *report.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.Len(t, invalid.Problems, 1)
			require.Equal(t, c.field, invalid.Problems[0].Field)
			for _, text := range append(c.says, `GlobalReport "r"`, c.field) {
				require.ErrorContains(t, err, text)
			}
		})
	}
}

func TestValidateReportsAllProblemsTogether(t *testing.T) {
	gr := globalReport("Bad_Name", v3.ReportSpec{
		ReportType: "nope", Schedule: "x", Endpoints: &v3.EndpointsSelection{Selector: "="}, CIS: &v3.CISBenchmarkParams{MedThreshold: new(int)},
	})
	*gr.Spec.CIS.MedThreshold = 100
	_, err := report.Validate(gr, nil, limits)
	var invalid *report.InvalidError
	require.ErrorAs(t, err, &invalid)
	var fields []string
	for _, p := range invalid.Problems {
		fields = append(fields, p.Field)
	}
	require.Equal(t, []string{"metadata.name", "spec.reportType", "spec.schedule", "spec.endpoints.selector", "spec.cis.highThreshold"}, fields)
	require.ErrorContains(t, err, "none is known")
}

func TestProblemCutsLongValues(t *testing.T) {
	_, err := report.Validate(globalReport("r", v3.ReportSpec{ReportType: strings.Repeat("ü", 1000)}), builtinTypes(), limits)
	require.ErrorAs(t, err, new(*report.InvalidError))
	require.Less(t, len(err.Error()), 600)
}

func TestHashFollowsTheSpec(t *testing.T) {
	define := func(name string, spec v3.ReportSpec) *report.Definition {
		d, err := report.Validate(globalReport(name, spec), builtinTypes(), limits)
		require.NoError(t, err)
		return d
	}
	spec := v3.ReportSpec{ReportType: "inventory", JobNodeSelector: map[string]string{"a": "1", "b": "2", "c": "3"}}
	same := v3.ReportSpec{ReportType: "inventory", JobNodeSelector: map[string]string{"c": "3", "b": "2", "a": "1"}}
	edited := v3.ReportSpec{ReportType: "inventory", JobNodeSelector: map[string]string{"a": "1", "b": "2", "c": "4"}}
	require.Equal(t, define("x", spec).Hash(), define("y", same).Hash())
	require.NotEqual(t, define("x", spec).Hash(), define("x", edited).Hash())
	require.Len(t, report.HashSpec(spec), 64)
}

func TestSelectsEndpoints(t *testing.T) {
	for _, c := range []struct {
		name      string
		selection *v3.EndpointsSelection
		want      bool
	}{
		{"none", nil, false},
		{"empty", &v3.EndpointsSelection{}, false},
		{"blank selector", &v3.EndpointsSelection{Selector: "  "}, false},
		{"selector", &v3.EndpointsSelection{Selector: "a == 'b'"}, true},
		{"an empty namespaces term leaves out host endpoints", &v3.EndpointsSelection{Namespaces: &v3.NamesAndLabelsMatch{}}, true},
		{"an empty serviceAccounts term too", &v3.EndpointsSelection{ServiceAccounts: &v3.NamesAndLabelsMatch{}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := report.Validate(globalReport("r", v3.ReportSpec{ReportType: "inventory", Endpoints: c.selection}), builtinTypes(), limits)
			require.NoError(t, err)
			require.Equal(t, c.want, d.SelectsEndpoints())
		})
	}
}
