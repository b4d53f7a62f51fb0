package logfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/logfile"
)

// write fills a new folder with files, by name.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

func TestSeedDefinitionsLoadUnchanged(t *testing.T) {
	found, err := logfile.ReadDefinitions(t.Context(), filepath.Join("..", "..", "tests", "testdata", "globalreports"))
	require.NoError(t, err)
	require.Empty(t, found.Notes)
	require.Empty(t, found.Types)

	type facts struct{ name, reportType, schedule string }
	var got []facts
	byName := map[string]v3.ReportSpec{}
	for _, def := range found.Reports {
		got = append(got, facts{def.Name, def.Object.Spec.ReportType, def.Object.Spec.Schedule})
		require.Equal(t, def.Name, def.Object.Name)
		byName[def.Name] = def.Object.Spec
	}
	require.Equal(t, []facts{
		{"daily-accounts-networkaccess", "network-access", "0 0 * * *"},
		{"daily-cis-benchmark", "cis-benchmark", "0 0 * * *"},
		{"daily-hipstershop-policy-audit", "policy-audit", "0 0 * * *"},
		{"daily-production-inventory", "inventory", "0 0 * * *"},
		{"daily-soc2-inventory", "inventory", "8 6 * * *"},
		{"daily-soc2-network-access", "network-access", "0 1 * * *"},
		{"hourly-accounts-networkaccess", "network-access", "0 * * * *"},
		{"monthly-widgets-controller-tigera-policy-audit", "policy-audit", "0 0 1 * *"},
		{"weekly-full-inventory", "inventory", "0 0 * * 0"},
	}, got)

	names := func(n ...string) *v3.NamesAndLabelsMatch { return &v3.NamesAndLabelsMatch{Names: n} }
	require.Nil(t, byName["weekly-full-inventory"].Endpoints)
	require.Equal(t, map[string]string{"nodetype": "infrastructure"}, byName["weekly-full-inventory"].JobNodeSelector)
	require.Equal(t, &v3.EndpointsSelection{Selector: "deployment == 'production'"}, byName["daily-production-inventory"].Endpoints)
	require.Equal(t, &v3.EndpointsSelection{Namespaces: names("payable", "collections", "payroll")},
		byName["hourly-accounts-networkaccess"].Endpoints)
	require.Equal(t, &v3.EndpointsSelection{Namespaces: &v3.NamesAndLabelsMatch{Selector: "department == 'accounts'"}},
		byName["daily-accounts-networkaccess"].Endpoints)
	require.Equal(t, &v3.EndpointsSelection{Namespaces: names("widgets"), ServiceAccounts: names("controller")},
		byName["monthly-widgets-controller-tigera-policy-audit"].Endpoints)
	for _, name := range []string{"daily-soc2-inventory", "daily-soc2-network-access", "daily-hipstershop-policy-audit"} {
		require.Equal(t, &v3.EndpointsSelection{Namespaces: names("hipstershop")}, byName[name].Endpoints)
	}
	hundred, fifty, five := 100, 50, 5
	require.Equal(t, &v3.CISBenchmarkParams{
		HighThreshold: &hundred, MedThreshold: &fifty, IncludeUnscoredTests: true, NumFailedTests: &five,
		ResultsFilters: []v3.CISBenchmarkFilter{{
			BenchmarkSelection: &v3.CISBenchmarkSelection{KubernetesVersion: "1.28"},
			Exclude:            []string{"1.1.4", "1.2.5"},
		}},
	}, byName["daily-cis-benchmark"].CIS)
}

const small = "apiVersion: projectcalico.org/v3\nkind: GlobalReport\nmetadata: {name: a}\nspec: {reportType: inventory, schedule: 0 0 * * *}\n"

func TestReadDefinitionsForms(t *testing.T) {
	inJSON := `{"kind":"GlobalReport","apiVersion":"projectcalico.org/v3","metadata":{"name":"a"},"spec":{"schedule":"0 0 * * *","reportType":"inventory"}}`
	for name, files := range map[string]map[string]string{
		"yaml":              {"a.yaml": small},
		"crlf and mark":     {"a.yml": "\ufeff" + "# ours\r\n---\r\napiVersion: projectcalico.org/v3\r\nkind: GlobalReport\r\nmetadata: {name: a}\r\nspec: {reportType: inventory, schedule: 0 0 * * *}\r\n"},
		"json":              {"deep/er/a.json": inJSON},
		"list":              {"a.json": `{"apiVersion":"v1","kind":"List","items":[` + inJSON + `]}`},
		"empty documents":   {"a.yaml": "---\n\n---\n# nothing\n---\n" + small + "---\n"},
		"beside hidden one": {"a.yaml": small, ".git/b.yaml": small, ".a.yaml": small},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := logfile.ReadDefinitions(t.Context(), write(t, files))
			require.NoError(t, err)
			require.Len(t, found.Reports, 1)
			require.Equal(t, "a", found.Reports[0].Name)
			require.Equal(t, "inventory", found.Reports[0].Object.Spec.ReportType)
			require.JSONEq(t, inJSON, string(found.Reports[0].Raw))
		})
	}
}

func TestReadDefinitionsKeepsTypesAndNotesTheRest(t *testing.T) {
	found, err := logfile.ReadDefinitions(t.Context(), write(t, map[string]string{
		"types.yaml": "apiVersion: projectcalico.org/v3\nkind: GlobalReportType\nmetadata: {name: own}\nspec:\n" +
			"  uiSummaryTemplate: {name: ui-summary.json, template: '{}'}\n  includeEndpointData: true\n---\n" + small,
		"more.yaml":  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
		"README.txt": "not read",
	}))
	require.NoError(t, err)
	require.Len(t, found.Reports, 1)
	require.Equal(t, "types.yaml, document 2", found.Reports[0].Place)
	require.Len(t, found.Types, 1)
	require.True(t, found.Types[0].Object.Spec.IncludeEndpointData)
	require.Equal(t, []string{
		"1 of kind v1 ConfigMap: not a report definition, ignored",
		"file README.txt: not a manifest, ignored",
	}, found.Notes)
}

func TestReadDefinitionsRefuses(t *testing.T) {
	const other = "apiVersion: projectcalico.org/v3\nkind: GlobalReport\nmetadata: {name: other}\nspec: {reportType: inventory}\n"
	bad := func(rest string) map[string]string { return map[string]string{"a.yaml": rest, "z.yaml": other} }
	for name, tc := range map[string]struct {
		files map[string]string
		of    string // the report that is refused; "" when the file is
		says  []string
	}{
		"unknown field":  {bad("---\n" + small + "  \n---\n" + "apiVersion: projectcalico.org/v3\nkind: GlobalReport\nmetadata: {name: b}\nspec: {reportType: inventory, shedule: x}\n"), "b", []string{"a.yaml, document 2", `unknown field "shedule"`}},
		"field twice":    {bad(small + "spec: {reportType: inventory}\n"), "", []string{"a.yaml, document 1", `"spec" already`}},
		"wrong type":     {bad("apiVersion: projectcalico.org/v3\nkind: GlobalReport\nmetadata: {name: b}\nspec: {reportType: inventory, suspend: maybe}\n"), "b", []string{"a.yaml, document 1", "spec.suspend"}},
		"wrong version":  {bad("apiVersion: projectcalico.org/v2\nkind: GlobalReport\nmetadata: {name: b}\n"), "b", []string{"projectcalico.org/v2", "is projectcalico.org/v3"}},
		"no name":        {bad("apiVersion: projectcalico.org/v3\nkind: GlobalReport\nspec: {reportType: inventory}\n"), "", []string{"a.yaml, document 1 (line 1)", "metadata.name is empty"}},
		"no kind":        {bad("replicas: 3\n"), "", []string{"a.yaml, document 1", "no kind"}},
		"twice":          {map[string]string{"a.yaml": small, "b/c.yaml": small, "z.yaml": other}, "a", []string{"b/c.yaml, document 1", `"a" is defined by a.yaml, document 1 already`}},
		"syntax":         {bad(small + "---\nkind: A\nmetadata:\n  - a: b\n   c: d\n"), "", []string{"a.yaml, document 2 (line 6)", "line 8"}},
		"text after ---": {bad("--- {kind: x}\n"), "", []string{"separator"}},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := logfile.ReadDefinitions(t.Context(), write(t, tc.files))
			require.NoError(t, err)
			var refused error
			usable := []string{}
			for _, def := range found.Reports {
				switch {
				case def.Err == nil:
					usable = append(usable, def.Name)
				case def.Name == tc.of:
					refused = def.Err
				}
			}
			if tc.of == "" {
				require.Len(t, found.Faults, 1)
				refused = found.Faults[0]
			} else {
				require.Empty(t, found.Faults)
			}
			require.Contains(t, usable, "other", "one bad manifest does not hide the others")
			require.NotContains(t, usable, tc.of)
			for _, text := range tc.says {
				require.ErrorContains(t, refused, text)
			}
		})
	}
	t.Run("no folder", func(t *testing.T) {
		_, err := logfile.ReadDefinitions(t.Context(), filepath.Join(t.TempDir(), "nowhere"))
		require.ErrorContains(t, err, "nowhere")
	})
	t.Run("empty folder defines nothing", func(t *testing.T) {
		found, err := logfile.ReadDefinitions(t.Context(), t.TempDir())
		require.NoError(t, err)
		require.Empty(t, found.Reports)
	})
}
