package render

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/deploy"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// requireGolden compares with testdata/<name>, or writes it.
func requireGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write it")
	require.Equal(t, string(want), string(got))
}

// builtIn compiles one of the built-in types.
func builtIn(t testing.TB, name string) *Type {
	t.Helper()
	types, err := deploy.ReportTypes()
	require.NoError(t, err)
	for _, gt := range types {
		if gt.Name == name {
			compiled, err := CompileType(gt)
			require.NoError(t, err)
			return compiled
		}
	}
	require.Fail(t, "no such type", name)
	return nil
}

var headers = map[string]map[string]string{
	"inventory": {
		"summary.csv": scopeHeader + "endpointsNumInScope,endpointsNumIngressProtected,endpointsNumEgressProtected,namespacesNumInScope," +
			"namespacesNumIngressProtected,namespacesNumEgressProtected,serviceAccountsNumInScope",
		"endpoints.csv":  "endpoint,ingressProtected,egressProtected,envoyEnabled,appliedPolicies,services",
		"namespaces.csv": "namespace,ingressProtected,egressProtected,envoyEnabled",
		"services.csv":   "service,ingressProtected,envoyEnabled",
	},
	"network-access": {
		"summary.csv": scopeHeader + "endpointsNumIngressProtected,endpointsNumEgressProtected,endpointsNumIngressUnprotected,endpointsNumEgressUnprotected," +
			"endpointsNumIngressFromInternet,endpointsNumEgressToInternet,endpointsNumIngressFromOtherNamespace,endpointsNumEgressToOtherNamespace," +
			"endpointsNumEnvoyEnabled",
		"endpoints.csv": "endpoint,ingressProtected,egressProtected,ingressFromInternet,egressToInternet,ingressFromOtherNamespace,egressToOtherNamespace," +
			"envoyEnabled,appliedPolicies,trafficAggregationPrefix,endpointsGeneratingTrafficToThisEndpoint,endpointsReceivingTrafficFromThisEndpoint",
	},
	"policy-audit": {
		"summary.csv": scopeHeader + "numCreatedPolicies,numModifiedPolicies,numDeletedPolicies",
		"events.json": "", "events.yaml": "",
	},
	"cis-benchmark": {
		"all-tests.csv":     "nodeName,testIndex,testDescription,status,scored,remediation",
		"failed-tests.csv":  "nodeName,testIndex,testDescription,status,scored,remediation",
		"node-summary.csv":  "node,version,status,testsPassing,testsFailing,testsUnknown,testsTotal",
		"total-summary.csv": "startTime,endTime,type,hiPercentThreshold,medPercentThreshold,hiNodeCount,medNodeCount,lowNodeCount",
	},
}

const scopeHeader = "startTime,endTime,endpointSelector,namespaceNames,namespaceSelector,serviceAccountNames,serviceAccountSelectors,"

func TestBuiltInDownloads(t *testing.T) {
	for name, files := range headers {
		t.Run(name, func(t *testing.T) {
			out, err := builtIn(t, name).Render(t.Context(), shopData())
			require.NoError(t, err)
			require.Empty(t, out.Notes)
			require.Len(t, out.Downloads, len(files))
			for _, d := range out.Downloads {
				header, known := files[d.Name]
				require.True(t, known, d.Name)
				requireGolden(t, name+"/"+d.Name, d.Content)
				requireReadable(t, d, header)
			}
			requireGolden(t, name+"/"+SummaryName, out.UISummary)
		})
	}
}

// requireReadable reads a download back with the strictest reader there is.
func requireReadable(t *testing.T, d Download, header string) {
	t.Helper()
	switch filepath.Ext(d.Name) {
	case ".csv":
		rows, err := csv.NewReader(bytes.NewReader(d.Content)).ReadAll()
		require.NoError(t, err, d.Name)
		require.Greater(t, len(rows), 1, d.Name)
		require.True(t, bytes.HasPrefix(d.Content, []byte(header+"\n")), d.Name)
		require.NotContains(t, string(d.Content), "\n\n", d.Name)
	case ".json":
		require.True(t, json.Valid(d.Content), d.Name)
	case ".yaml":
		var events []any
		require.NoError(t, yaml.Unmarshal(d.Content, &events), d.Name)
		require.NotEmpty(t, events)
	}
}

func TestBuiltInCells(t *testing.T) {
	cell := func(typeName, file string, row int, column string) string {
		out, err := builtIn(t, typeName).Render(t.Context(), shopData())
		require.NoError(t, err)
		for _, d := range out.Downloads {
			if d.Name == file {
				rows, err := csv.NewReader(bytes.NewReader(d.Content)).ReadAll()
				require.NoError(t, err)
				for i, h := range rows[0] {
					if h == column {
						return rows[row][i]
					}
				}
			}
		}
		return "no such column"
	}
	for _, c := range []struct {
		typeName, file string
		row            int
		column, want   string
	}{
		{"inventory", "summary.csv", 1, "endpointSelector", nastySelector},
		{"inventory", "summary.csv", 1, "namespaceNames", "shop;pay"},
		{"inventory", "summary.csv", 1, "serviceAccountSelectors", `team in {"a","b"}`},
		{"inventory", "endpoints.csv", 1, "endpoint", "HostEndpoint(node-1-eth0)"},
		{"inventory", "endpoints.csv", 4, "appliedPolicies", "GlobalNetworkPolicy(security.deny-all);NetworkPolicy.networking.k8s.io/v1(shop/web)"},
		{"inventory", "endpoints.csv", 4, "services", "Service.v1(shop/edge);Service.v1(shop/web)"},
		{"network-access", "summary.csv", 1, "endpointsNumEgressUnprotected", "3"},
		{"network-access", "endpoints.csv", 3, "trafficAggregationPrefix", "cart-5d4b6-*"},
		{"network-access", "endpoints.csv", 3, "endpointsReceivingTrafficFromThisEndpoint", "Public;Pod.v1(pay/ledger-0)"},
		{"network-access", "endpoints.csv", 3, "endpointsGeneratingTrafficToThisEndpoint", "Pod.v1(shop/web-7c9d5-*)"},
		{"network-access", "endpoints.csv", 2, "trafficAggregationPrefix", "ledger-0"},
		{"network-access", "endpoints.csv", 1, "trafficAggregationPrefix", ""},
		{"cis-benchmark", "all-tests.csv", 1, "nodeName", "node-1"},
		{"cis-benchmark", "all-tests.csv", 1, "testDescription", "Ensure that the file has mode 600, or stricter"},
		{"cis-benchmark", "failed-tests.csv", 2, "remediation", nastyText},
		{"cis-benchmark", "all-tests.csv", 2, "testDescription", `Ensure that "--anonymous-auth" is false`},
		{"cis-benchmark", "total-summary.csv", 1, "hiPercentThreshold", "90"},
	} {
		t.Run(c.typeName+" "+c.file+" "+c.column, func(t *testing.T) {
			require.Equal(t, c.want, cell(c.typeName, c.file, c.row, c.column))
		})
	}
}

func TestBuiltInsWithoutData(t *testing.T) {
	empty := &v3.ReportData{ReportName: "empty"}
	for name, files := range headers {
		t.Run(name, func(t *testing.T) {
			out, err := builtIn(t, name).Render(t.Context(), empty)
			require.NoError(t, err)
			require.True(t, json.Valid(out.UISummary), string(out.UISummary))
			for _, d := range out.Downloads {
				if header := files[d.Name]; header != "" {
					require.True(t, bytes.HasPrefix(d.Content, []byte(header+"\n")), d.Name)
					continue
				}
				require.Equal(t, "[]", string(d.Content), "no events are an empty list, which programs can walk")
			}
		})
	}
}

func TestBenchmarkSummaryTexts(t *testing.T) {
	number := func(n int) *int { return &n }
	for name, c := range map[string]struct {
		cis  *v3.CISBenchmarkParams
		want []string
	}{
		"no cis":        {nil, []string{"Nodes with 100% tests passing", "Nodes with 50% or more tests passing", "Nodes with less than 50% tests passing"}},
		"empty cis":     {&v3.CISBenchmarkParams{}, []string{"Nodes with 100% tests passing"}},
		"own threshold": {&v3.CISBenchmarkParams{HighThreshold: number(95), MedThreshold: number(0)}, []string{"Nodes with 95% or more tests passing", "Nodes with 0% or more tests passing"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := shopData()
			d.ReportSpec.CIS = c.cis
			out, err := builtIn(t, "cis-benchmark").Render(t.Context(), d)
			require.NoError(t, err)
			for _, want := range c.want {
				require.Contains(t, string(out.UISummary), want)
			}
		})
	}
}
