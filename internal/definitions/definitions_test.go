package definitions_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/report"
)

func folder(t *testing.T, files map[string]string) *definitions.Folder {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return &definitions.Folder{Dir: dir, Limits: report.Limits{MaxPerHour: 2}}
}

const daily = "apiVersion: projectcalico.org/v3\nkind: GlobalReport\nmetadata: {name: daily}\nspec: {reportType: inventory, schedule: 0 0 * * *}\n"

// The nine examples of the removed product's documents, as their users have them.
func TestPublishedExamplesAreAccepted(t *testing.T) {
	published := &definitions.Folder{Dir: filepath.Join("..", "..", "tests", "testdata", "globalreports"), Limits: report.Limits{MaxPerHour: 2}}
	set, err := published.Load(t.Context())
	require.NoError(t, err)
	require.Empty(t, set.Invalid)
	type facts struct{ reportType, schedule string }
	got := map[string]facts{}
	specs := map[string]v3.ReportSpec{}
	for _, def := range set.Reports {
		got[def.Name], specs[def.Name] = facts{def.TypeName, def.Schedule.String()}, def.Spec
	}
	require.Equal(t, map[string]facts{
		"weekly-full-inventory":                          {"inventory", "0 0 * * 0"},
		"daily-production-inventory":                     {"inventory", "0 0 * * *"},
		"hourly-accounts-networkaccess":                  {"network-access", "0 * * * *"},
		"daily-accounts-networkaccess":                   {"network-access", "0 0 * * *"},
		"monthly-widgets-controller-tigera-policy-audit": {"policy-audit", "0 0 1 * *"},
		"daily-soc2-inventory":                           {"inventory", "8 6 * * *"},
		"daily-soc2-network-access":                      {"network-access", "0 1 * * *"},
		"daily-hipstershop-policy-audit":                 {"policy-audit", "0 0 * * *"},
		"daily-cis-benchmark":                            {"cis-benchmark", "0 0 * * *"},
	}, got)
	require.Equal(t, map[string]string{"nodetype": "infrastructure"}, specs["weekly-full-inventory"].JobNodeSelector)
	require.Equal(t, "deployment == 'production'", specs["daily-production-inventory"].Endpoints.Selector)
	require.Equal(t, []string{"payable", "collections", "payroll"}, specs["hourly-accounts-networkaccess"].Endpoints.Namespaces.Names)
	require.Equal(t, "department == 'accounts'", specs["daily-accounts-networkaccess"].Endpoints.Namespaces.Selector)
	widgets := specs["monthly-widgets-controller-tigera-policy-audit"].Endpoints
	require.Equal(t, []string{"controller"}, widgets.ServiceAccounts.Names)
	require.Equal(t, []string{"widgets"}, widgets.Namespaces.Names)
	for _, name := range []string{"daily-soc2-inventory", "daily-soc2-network-access", "daily-hipstershop-policy-audit"} {
		require.Equal(t, []string{"hipstershop"}, specs[name].Endpoints.Namespaces.Names, name)
	}
	filters := specs["daily-cis-benchmark"].CIS.ResultsFilters
	require.Equal(t, "1.28", filters[0].BenchmarkSelection.KubernetesVersion)
	require.Equal(t, []string{"1.1.4", "1.2.5"}, filters[0].Exclude)
}

func TestInvalidDefinitionsAreKeptApart(t *testing.T) {
	set, err := folder(t, map[string]string{
		"a.yaml": daily,
		"b.yaml": strings.NewReplacer("daily", "broken", "inventory", "inventroy").Replace(daily),
		"c.yaml": strings.Replace(daily, "{name: daily}", "{name: huge, annotations: {note: "+strings.Repeat("x", definitions.MaxManifest)+"}}", 1),
	}).Load(t.Context())
	require.NoError(t, err)
	require.Len(t, set.Reports, 1)
	require.Equal(t, "daily", set.Reports[0].Name)
	require.ErrorContains(t, set.Invalid["broken"], `spec.reportType "inventroy"`)
	require.ErrorContains(t, set.Invalid["huge"], "at most 49152 can be passed to a workflow")

	found, err := set.Find("daily")
	require.NoError(t, err)
	require.Equal(t, "inventory", found.TypeName)
	_, err = set.Find("broken")
	require.ErrorContains(t, err, "inventroy")
	_, err = set.Find("weekly")
	require.ErrorIs(t, err, definitions.ErrUnknown)
	require.ErrorContains(t, err, `"weekly": known are daily`)
}

func TestTypes(t *testing.T) {
	const own = "apiVersion: projectcalico.org/v3\nkind: GlobalReportType\nmetadata: {name: mine}\nspec:\n  uiSummaryTemplate: {name: ui-summary.json, template: '{}'}\n"
	for _, test := range []struct {
		name, text, says string
		want             int
	}{
		{name: "the built-in ones are always there", want: 4},
		{name: "one of your own", text: own, want: 5},
		{name: "one with the name of a built-in takes its place", text: strings.Replace(own, "mine", "inventory", 1), want: 4},
		{name: "a bad template names type, template and line",
			text: strings.Replace(own, "'{}'", "'{{ .Nothing }}'", 1), says: `report type "mine": template "ui-summary.json", line 1`},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{}
			if test.text != "" {
				files["type.yaml"] = test.text
			}
			types, err := folder(t, files).Types(t.Context(), "mine")
			if test.says != "" {
				require.ErrorContains(t, err, test.says)
				return
			}
			require.NoError(t, err)
			require.Len(t, types, test.want)
		})
	}
}

func TestBrokenTypesAreKeptApart(t *testing.T) {
	const broken = "apiVersion: projectcalico.org/v3\nkind: GlobalReportType\nmetadata: {name: NAME}\nspec:\n  uiSummaryTemplate: {name: ui-summary.json, template: '{{ .Nothing }}'}\n"
	source := folder(t, map[string]string{
		"a.yaml": strings.Replace(daily, "inventory", "network-access", 1),
		"b.yaml": strings.NewReplacer("name: daily", "name: own", "inventory", "mine").Replace(daily),
		"c.yaml": strings.Replace(daily, "name: daily", "name: hidden", 1),
		"x.yaml": strings.Replace(broken, "NAME", "mine", 1),
		"y.yaml": strings.Replace(broken, "NAME", "inventory", 1),
	})
	set, err := source.Load(t.Context())
	require.NoError(t, err, "one broken type must not stop the others")
	require.Len(t, set.Reports, 1)
	require.Equal(t, "daily", set.Reports[0].Name)
	require.ErrorContains(t, set.BrokenTypes["mine"], "x.yaml")
	for name, reason := range map[string]string{"own": `report type "mine": template "ui-summary.json", line 1`, "hidden": "y.yaml"} {
		require.ErrorContains(t, set.Invalid[name], reason)
		require.ErrorContains(t, set.Invalid[name], "its report type cannot be used")
	}
	_, err = source.Types(t.Context(), "network-access")
	require.NoError(t, err)
	_, err = source.Types(t.Context(), "inventory")
	require.ErrorContains(t, err, "report type inventory cannot be used", "the built-in one must not take its place")
}

// A file that cannot be read hides no other; what is missing may be in it.
func TestFaultsAreKeptApart(t *testing.T) {
	source := folder(t, map[string]string{
		"a.yaml": daily,
		"b.yaml": "kind: [\n",
		"c.yaml": strings.NewReplacer("name: daily", "name: strange", "schedule", "shedule").Replace(daily),
		"d.yaml": strings.Replace(daily, "name: daily", "name: twice", 1),
		"e.yaml": strings.Replace(daily, "name: daily", "name: twice", 1),
	})
	set, err := source.Load(t.Context())
	require.NoError(t, err)
	require.Len(t, set.Reports, 1)
	require.Equal(t, "daily", set.Reports[0].Name)
	require.Len(t, set.Faults, 1)
	require.ErrorContains(t, set.Faults[0], "b.yaml")
	require.ErrorContains(t, set.Invalid["strange"], `unknown field "shedule"`)
	require.ErrorContains(t, set.Invalid["twice"], "d.yaml, document 1 already")
	_, err = set.Find("lost")
	require.ErrorIs(t, err, definitions.ErrUnknown)
	require.ErrorContains(t, err, "b.yaml")

	_, err = source.Types(t.Context(), "inventory")
	require.NoError(t, err)
	_, err = source.Types(t.Context(), "mine")
	require.ErrorContains(t, err, "report type mine may be in what could not be read: b.yaml")
}

// server gives objects as an API server stores them.
type server struct{ types, reports []definitions.Stored }

func (s server) ListTypes(context.Context) ([]definitions.Stored, error)   { return s.types, nil }
func (s server) ListReports(context.Context) ([]definitions.Stored, error) { return s.reports, nil }

func TestServer(t *testing.T) {
	stored := func(name, rest string) definitions.Stored {
		return definitions.Stored{Name: name, Raw: []byte(`{"apiVersion":"projectcalico.org/v3","kind":"GlobalReport","metadata":{"name":"` + name +
			`","uid":"1","resourceVersion":"7","managedFields":[{}],"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}","team":"audit"}},` + rest + `}`)}
	}
	source := &definitions.Server{Limits: report.Limits{MaxPerHour: 2}, Lister: server{reports: []definitions.Stored{
		stored("weekly", `"spec":{"reportType":"inventory","schedule":"0 0 * * 0","newerField":1},"status":{"message":"fine"}`),
		stored("daily", `"spec":{"reportType":"inventory","schedule":"0 0 * * *"}`),
		stored("odd", `"spec":{"reportType":["inventory"]}`),
		stored("often", `"spec":{"reportType":"inventory","schedule":"*/5 * * * *"}`),
	}}}
	set, err := source.Load(t.Context())
	require.NoError(t, err)
	require.Len(t, set.Reports, 2)
	require.Equal(t, "daily", set.Reports[0].Name)
	//nolint:testifylint // the bytes count: a schedule has their digest
	require.Equal(t, `{"apiVersion":"projectcalico.org/v3","kind":"GlobalReport","metadata":{"name":"weekly","annotations":{"team":"audit"}},`+
		`"spec":{"reportType":"inventory","schedule":"0 0 * * 0","newerField":1}}`, string(set.Reports[1].Raw), "what changes by itself is left out")
	require.ErrorContains(t, set.Invalid["odd"], `decode GlobalReport "odd"`)
	require.ErrorContains(t, set.Invalid["often"], "spec.schedule")
}

func TestFolders(t *testing.T) {
	set, err := (&definitions.Folder{}).Load(t.Context())
	require.NoError(t, err)
	require.Empty(t, set.Reports)
	_, err = (&definitions.Folder{Dir: filepath.Join(t.TempDir(), "missing")}).Load(t.Context())
	require.ErrorContains(t, err, "missing")
}

func TestFile(t *testing.T) {
	types, err := definitions.BuiltIn()
	require.NoError(t, err)
	for _, test := range []struct{ name, text, says string }{
		{name: "a report", text: daily},
		{name: "another kind", text: strings.Replace(daily, "GlobalReport", "Pod", 1), says: "give a GlobalReport of projectcalico.org/v3"},
		{name: "another group", text: strings.Replace(daily, "projectcalico.org/v3", "example.org/v3", 1), says: "give a GlobalReport"},
		{name: "an unknown field", text: strings.Replace(daily, "schedule", "shedule", 1), says: "shedule"},
		{name: "no YAML", text: "a: b: c", says: "decode manifest"},
		{name: "a bad value", text: strings.Replace(daily, "0 0 *", "99 0 *", 1), says: "spec.schedule"},
		{name: "one that is too large to travel", says: "bytes: at most",
			text: strings.Replace(daily, "{name: daily}", "{name: daily, annotations: {note: "+strings.Repeat("x", definitions.MaxManifest)+"}}", 1)},
	} {
		t.Run(test.name, func(t *testing.T) {
			entry, err := definitions.File([]byte(test.text), types, report.Limits{MaxPerHour: 2})
			if test.says != "" {
				require.ErrorContains(t, err, test.says)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "daily", entry.Name)
			require.Contains(t, string(entry.Raw), `"kind":"GlobalReport"`)
		})
	}
}
