package render

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/Masterminds/sprig/v3"
	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

// typeWith is a type whose summary is empty JSON and whose one download has the given text.
func typeWith(name, text string) *v3.GlobalReportType {
	gt := v3.NewGlobalReportType()
	gt.Name = "mine"
	gt.Spec.UISummaryTemplate = v3.ReportTemplate{Name: SummaryName, Template: "{}"}
	gt.Spec.DownloadTemplates = []v3.ReportTemplate{{Name: name, Template: text}}
	return gt
}

// rendered renders a template of one download against the shop's data.
func rendered(t testing.TB, name, text string) string {
	t.Helper()
	compiled, err := CompileType(typeWith(name, text))
	require.NoError(t, err)
	out, err := compiled.Render(t.Context(), shopData())
	require.NoError(t, err)
	return string(out.Downloads[0].Content)
}

func TestEverySprigFunctionIsDecided(t *testing.T) {
	decided := map[string]int{}
	for _, name := range slices.Concat(allowed, replaced, slices.Collect(maps.Keys(refused))) {
		decided[name]++
	}
	all := sprig.GenericFuncMap()
	for name := range all {
		require.Equal(t, 1, decided[name], "function %q of sprig must be in exactly one of allowed, replaced and refused", name)
	}
	for name := range decided {
		require.Contains(t, all, name, "sprig has no such function")
	}
	require.Len(t, all, 211)
}

func TestRefusedFunctionsSayWhy(t *testing.T) {
	for name, why := range refused {
		t.Run(name, func(t *testing.T) {
			_, err := CompileType(typeWith("x.txt", fmt.Sprintf("one\n{{ %s }}", name)))
			require.EqualError(t, err, fmt.Sprintf(
				`compile report type "mine": template "x.txt", line 2: function %q is not available: it %s`, name, why))
		})
	}
}

func TestRefusedFunctionsInColumns(t *testing.T) {
	_, err := CompileType(typeWith("x.csv", "{{ $c := csv }}\n{{ $c = $c.AddColumn \"home\" `{{ env \"HOME\" }}` }}\n{{ $c.Render . }}"))
	require.ErrorContains(t, err, `template "x.csv", line 2, column "home": function "env" is not available: it reads the environment`)
}

func TestAllowedFunctionsAreThere(t *testing.T) {
	funcs := placeholders()
	for _, name := range slices.Concat(allowed, replaced) {
		require.Contains(t, funcs, name)
	}
	for name := range refused {
		require.NotContains(t, funcs, name)
	}
}

func TestFunctions(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"toYaml":                     {`{{ toYaml .AuditSummary }}`, "numCreate: 1\nnumDelete: 1\nnumModify: 2\nnumTotal: 4\n"},
		"joinN fewer":                {`{{ with .ReportSpec.Endpoints }}{{ with .Namespaces }}{{ joinN ";" 2 .Names }}{{ end }}{{ end }}|{{ joinN ";" 9 (list 1 2) }}`, "shop;pay|1;2"},
		"joinN drops the rest":       {`{{ joinN "," 2 (list "a" "b" "c") }}|{{ joinN "," 0 (list 1) }}|{{ joinN "," -1 (list 1) }}`, "a,b||"},
		"joinN of flows":             {`{{ range .Endpoints }}{{ joinN "+" 1 (flowsEgress .) }}|{{ end }}`, "||Public|Pod.v1(shop/cart-5d4b6-*)|"},
		"dateRfc3339":                {`{{ dateRfc3339 .StartTime }} {{ dateRfc3339 .EndTime.Time }}`, "2026-02-13T00:00:00Z 2026-02-14T00:00:00Z"},
		"dateRfc3339 of a pointer":   {`{{ with .StartTime }}{{ dateRfc3339 (deepCopy .) }}{{ end }}`, "2026-02-13T00:00:00Z"},
		"date is in UTC":             {`{{ date "2006-01-02 15:04 MST" .StartTime }}`, "2026-02-13 00:00 UTC"},
		"date of a number":           {`{{ date "2006" 0 }} {{ htmlDate 86400 }}`, "1970 1970-01-02"},
		"a zone by name":             {`{{ dateInZone "15:04" .StartTime "UTC" }} {{ dateInZone "15:04" .StartTime "Local" }}`, "00:00 00:00"},
		"toDate":                     {`{{ (toDate "2006-01-02" "2026-01-02").Unix }}`, "1767312000"},
		"durationRound":              {`{{ durationRound "2h10m5s" }}`, "2h"},
		"keys and values in order":   {`{{ $d := dict "b" 2 "a" 1 "c" 3 }}{{ keys $d }}{{ values $d }}`, "[a b c][1 2 3]"},
		"arithmetic":                 {`{{ add 1 2 3 }} {{ sub .EndpointsSummary.NumTotal 1 }} {{ div 7 2 }} {{ round 3.14159 2 }}`, "6 3 3 3.14"},
		"int of a pointer":           {`{{ with .ReportSpec.CIS }}{{ if .HighThreshold }}{{ int .HighThreshold }} {{ .HighThreshold }}{{ end }}{{ end }}`, "90 90"},
		"strings":                    {`{{ "a-b" | replace "-" "_" | upper | quote }} {{ repeat 3 "x" }} {{ trunc 2 "abc" }}`, `"A_B" xxx ab`},
		"lists":                      {`{{ list 3 1 2 | sortAlpha | join "," }} {{ uniq (list 1 1 2) }} {{ until 3 }} {{ seq 1 3 }}`, "1,2,3 [1 2] [0 1 2] 1 2 3"},
		"regex":                      {`{{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }} {{ regexFind "[0-9]+" "ab12" }}`, "-W-xxW- 12"},
		"json":                       {`{{ toJson (dict "b" 1 "a" "x") }} {{ (fromJson "{\"k\":7}").k }}`, `{"a":"x","b":1} 7`},
		"printing a resource":        {`{{ range $i, $e := .Endpoints }}{{ if not $i }}{{ $e.Endpoint }} {{ end }}{{ end }}{{ printf "%-5s|" "ab" }}`, "HostEndpoint(node-1-eth0) ab   |"},
		"printing a list":            {`{{ range .Endpoints }}{{ range .AppliedPolicies }}{{ . }} {{ end }}{{ end }}`, printedPolicies},
		"nothing to print":           {`{{ (dict "a" 1).b }}|{{ $x := "" }}{{ with $x }}no{{ else }}yes{{ end }}`, "<no value>|yes"},
		"cisTopFailedTests":          {`{{ range cisTopFailedTests . }}{{ .TestNumber }}={{ .Count }} {{ end }}`, "1.1.1=2 "},
		"cisTopFailedTests of $":     {`{{ range .Namespaces }}{{ len (cisTopFailedTests $) }}{{ end }}`, "11"},
		"templates with definitions": {`{{ define "x" }}<{{ .k }}>{{ end }}{{ template "x" dict "k" 5 }}`, "<5>"},
		"break and continue":         {`{{ range until 9 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ if eq . 4 }}{{ break }}{{ end }}{{ . }}{{ end }}`, "023"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, rendered(t, "x.txt", c.text)) })
	}
}

const printedPolicies = "GlobalNetworkPolicy(security.deny-all) NetworkPolicy(shop/app.cart) " +
	"GlobalNetworkPolicy(security.deny-all) NetworkPolicy.networking.k8s.io/v1(shop/web) "

func TestFunctionsRefuseTheWrongArgument(t *testing.T) {
	for text, want := range map[string]string{
		`{{ date "2006" "yesterday" }}`:           "date: it wants a time and got string",
		`{{ dateRfc3339 5.5 }}`:                   "dateRfc3339: it wants a time and got float64",
		`{{ durationRound .StartTime.Time }}`:     "durationRound: it wants a duration and got a time",
		`{{ cisTopFailedTests .Endpoints }}`:      "cisTopFailedTests: it wants the report's data, as in cisTopFailedTests $",
		`{{ fail "stop here" }}`:                  "fail: stop here",
		`{{ div 1 0 }}`:                           "div: runtime error: integer divide by zero",
		`{{ flowsPrefix "x" }}`:                   `can't handle "x" for arg of type v3.EndpointsReportEndpoint`,
		`{{ dateInZone "2006" (dict) "UTC" }}`:    "dateInZone: it wants a time and got map[string]interface {}",
		`{{ index .Namespaces 7 }}`:               "index out of range: 7",
		`{{ nosuch }}`:                            `function "nosuch" is not known`,
		`{{ __step 1 }}`:                          `function "__step" is not known`,
		`{{ .StartTime.Local }}`:                  `method "Local" is not available: it reads the machine's time zone`,
		`{{ (index .AuditEvents 0).DeepCopy }}`:   `method "DeepCopy" is not available: it copies the data`,
		`{{ .StartTime.UnmarshalText (list 1) }}`: `method "UnmarshalText" is not available: it writes into the data`,
	} {
		t.Run(text, func(t *testing.T) {
			_, err := CompileType(typeWith("x.txt", text))
			require.ErrorContains(t, err, want)
		})
	}
}
