package render

import (
	"fmt"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/internal/timeline"
)

var day = interval.Interval{Start: time.Date(2026, 2, 13, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 2, 14, 0, 0, 0, 0, time.UTC)}

func at(hour, minute, second int) time.Time {
	return time.Date(2026, 2, 13, hour, minute, second, 0, time.UTC)
}

// nasty are texts that break naive CSV, JSON and HTML.
const (
	nastySelector = `pci == "true" && zone in {'a', 'b'}`
	nastyText     = "Run \"chmod 600 /etc/x\", then check.\nExpected: `600`, not <644> & not 'rw'"
	nastyName     = `<script>alert("x")</script>`
)

func pod(namespace, name string) v3.ResourceID { return id("Pod", "v1", namespace, name) }

// shopData is a report on a small shop, with every part filled and nothing in order.
func shopData() *v3.ReportData {
	d := sampleData()
	d.ReportName, d.ReportTypeName = "daily-shop", "network-access"
	d.ReportSpec.Endpoints = &v3.EndpointsSelection{
		Selector:        nastySelector,
		Namespaces:      &v3.NamesAndLabelsMatch{Names: []string{"shop", "pay"}, Selector: `env == "prod"`},
		ServiceAccounts: &v3.NamesAndLabelsMatch{Names: []string{"cart"}, Selector: `team in {"a","b"}`},
	}
	deny, cart := id("GlobalNetworkPolicy", v3.GroupVersionCurrent, "", "security.deny-all"), id("NetworkPolicy", v3.GroupVersionCurrent, "shop", "app.cart")
	web := id("NetworkPolicy", "networking.k8s.io/v1", "shop", "web")
	d.Endpoints = []v3.EndpointsReportEndpoint{
		{Endpoint: pod("shop", "web-7c9d5-x8z2q"), IngressProtected: true, IngressFromInternet: true, AppliedPolicies: []v3.ResourceID{web, deny},
			Services: []v3.ResourceID{id("Service", "v1", "shop", "web"), id("Service", "v1", "shop", "edge")}, ServiceAccount: "web", FlowLogAggregationName: "web-7c9d5-*"},
		{Endpoint: pod("pay", "ledger-0"), FlowLogAggregationName: "ledger-*"},
		{Endpoint: pod("shop", "cart-5d4b6-9kq7d"), IngressProtected: true, EgressProtected: true, EgressToInternet: true, IngressFromOtherNamespace: true,
			EgressToOtherNamespace: true, EnvoyEnabled: true, AppliedPolicies: []v3.ResourceID{cart, deny},
			Services: []v3.ResourceID{id("Service", "v1", "shop", "cart")}, ServiceAccount: "cart", FlowLogAggregationName: "cart-5d4b6-*"},
		{Endpoint: id("HostEndpoint", v3.GroupVersionCurrent, "", "node-1-eth0"), FlowLogAggregationName: "node-1"},
	}
	d.EndpointsSummary = v3.EndpointsSummary{NumTotal: 4, NumServiceAccounts: 2, NumIngressProtected: 2, NumEgressProtected: 1, NumIngressFromInternet: 1,
		NumEgressToInternet: 1, NumIngressFromOtherNamespace: 1, NumEgressToOtherNamespace: 1, NumEnvoyEnabled: 1}
	d.Namespaces = []v3.EndpointsReportNamespace{
		{Namespace: id("Namespace", "v1", "", "shop"), IngressProtected: true, IngressFromInternet: true},
		{Namespace: id("Namespace", "v1", "", "pay")},
	}
	d.NamespacesSummary = v3.EndpointsSummary{NumTotal: 2, NumIngressProtected: 1}
	d.Services = []v3.EndpointsReportService{
		{Service: id("Service", "v1", "shop", "web"), IngressProtected: true, IngressFromInternet: true},
		{Service: id("Service", "v1", "shop", "cart"), IngressProtected: true, EnvoyEnabled: true},
	}
	aggregated := v3.FlowEndpoint{Kind: v3.KindK8sPod, Namespace: "shop", Name: "cart-5d4b6-*", NameIsAggregationPrefix: true}
	exact := v3.FlowEndpoint{Kind: v3.KindK8sPod, Namespace: "shop", Name: "cart-5d4b6-9kq7d"}
	ledger := v3.FlowEndpoint{Kind: v3.KindK8sPod, Namespace: "pay", Name: "ledger-0"}
	d.Flows = []v3.EndpointsReportFlow{
		{Source: aggregated, Destination: ledger},
		{Source: exact, Destination: v3.FlowEndpoint{Kind: v3.KindFlowPublic}},
		{Source: v3.FlowEndpoint{Kind: v3.KindK8sPod, Namespace: "shop", Name: "web-7c9d5-*", NameIsAggregationPrefix: true}, Destination: aggregated},
		{Source: aggregated, Destination: ledger},
	}
	d.AuditSummary = v3.AuditSummary{NumTotal: 4, NumCreate: 1, NumModify: 2, NumDelete: 1}
	d.CISBenchmark = shopBenchmark()
	d.CISBenchmarkSummary = v3.CISBenchmarkSummary{Type: "kube", HighCount: 0, MedCount: 1, LowCount: 1}
	return d
}

func shopBenchmark() []v3.CISBenchmarkNode {
	results := []v3.CISBenchmarkResult{
		{TestNumber: "1.1.1", TestDesc: "Ensure that the file has mode 600, or stricter", TestInfo: nastyText, Status: "FAIL", Scored: true},
		{TestNumber: "1.1.2", TestDesc: `Ensure that "--anonymous-auth" is false`, TestInfo: "Edit the file.", Status: "PASS", Scored: true},
		{TestNumber: "1.1.10", TestDesc: "Look", TestInfo: "", Status: "WARN"},
	}
	node := func(name, status string) v3.CISBenchmarkNode {
		return v3.CISBenchmarkNode{NodeName: name, KubernetesVersion: "1.33", BenchmarksVersion: "cis-1.11",
			Summary: v3.CISBenchmarkNodeSummary{Status: status, TotalPass: 1, TotalFail: 1, TotalInfo: 1, Total: 2},
			Results: []v3.CISBenchmarkSectionResult{{Section: "1.1", Desc: "Control plane files", Pass: 1, Fail: 1, Info: 1, Results: results}}}
	}
	return []v3.CISBenchmarkNode{node("node-2", "LOW"), node("node-1", "MED")}
}

func shopRows() []flow.Row {
	return []flow.Row{
		{Who: "Pod.v1(shop/cart-5d4b6-*)", Whom: "Pod.v1(pay/ledger-*)", Service: "pay/ledger:https", Port: 8443, Protocol: "tcp", Action: "allow",
			Reporter: "src", Policy: "NetworkPolicy(shop/app.cart) rule 2", Connections: 18250, BytesIn: 48_250_113, BytesOut: 9_120_000,
			PacketsIn: 120_000, PacketsOut: 98_000, First: at(0, 0, 5), Last: at(23, 59, 55)},
		{Who: "Pod.v1(shop/cart-5d4b6-9kq7d)", Whom: "Public", Port: 443, Protocol: "tcp", Action: "deny", Reporter: "src",
			Policy: "GlobalNetworkPolicy(security.deny-all) rule 1", Connections: 3, BytesOut: 180, PacketsOut: 3, First: at(10, 5, 0), Last: at(10, 10, 0)},
		{Who: "Public", Whom: "Pod.v1(shop/web-7c9d5-*)", Service: "shop/edge:443", Port: 8080, Protocol: "tcp", Action: "allow", Reporter: "dst",
			Policy: "NetworkPolicy.networking.k8s.io/v1(shop/web) rule 1", Connections: 912_004, BytesIn: 5_368_709_120, BytesOut: 42_949_672_960,
			PacketsIn: 9_000_000, PacketsOut: 31_000_000, First: at(0, 0, 0), Last: day.End},
	}
}

func shopChanges() (changes, refused []audit.Row) {
	changes = []audit.Row{
		{Time: at(9, 12, 44).Add(123456 * time.Microsecond), User: "jane@example.org", From: []string{"10.1.4.7", "10.0.0.1"}, Agent: "kubectl/v1.34.1", Verb: "delete",
			Object: "NetworkPolicy(shop/app.cart)", Namespace: "shop", Code: 200, What: "spec.order: 10", AuditID: "5c1a2f0e"},
		{Time: at(10, 13, 2), User: "system:serviceaccount:argocd:sync", As: `=cmd|' /C calc'!A0`, From: []string{"10.1.9.9"}, Agent: "@SUM(A1)", Verb: "create",
			Object: "NetworkPolicy(shop/app.cart)", Namespace: "shop", Code: 201, What: "-spec.order: 10 → 20, \"quoted\"\nsecond line", AuditID: "5c1a2f0f"},
	}
	refused = []audit.Row{{Time: at(11, 0, 0), User: nastyName, From: []string{"203.0.113.9"}, Verb: "delete",
		Object: "GlobalNetworkPolicy(security.deny-all)", Code: 403, What: "user cannot delete resource", AuditID: "77"}}
	return changes, refused
}

func shopLives() []report.Life {
	deny := id("GlobalNetworkPolicy", v3.GroupVersionCurrent, "", "security.deny-all")
	cart := pod("shop", "cart-5d4b6-9kq7d")
	cart.UUID = "0f6e2c1a-6d4e-4a3c-9b60-000000000001"
	proxy := pod("kube-system", "kube-proxy-abcde")
	return []report.Life{
		{Endpoint: proxy, From: day.Start, To: day.End, InScope: []interval.Interval{day}, HostNetwork: true, Node: "node-1",
			Ingress: timeline.Truth{Internet: timeline.Exposure{Allowed: true, By: "no policy", Since: day.Start}},
			Egress:  timeline.Truth{Internet: timeline.Exposure{Allowed: true, By: "no policy", Since: day.Start}}},
		{Endpoint: cart, From: at(6, 30, 0), To: at(18, 0, 0), InScope: []interval.Interval{{Start: at(6, 30, 0), End: at(9, 0, 0)}, {Start: at(12, 0, 0), End: at(18, 0, 0)}},
			Node: "node-2", ServiceAccount: "cart", AggregateName: "cart-5d4b6-*",
			Flags:    timeline.Flags{IngressProtected: true, EgressToInternet: true, Envoy: true},
			Policies: []v3.ResourceID{deny, id("NetworkPolicy", v3.GroupVersionCurrent, "shop", "app.cart")},
			Staged:   []v3.ResourceID{id("StagedNetworkPolicy", v3.GroupVersionCurrent, "shop", "app.next")},
			Services: []v3.ResourceID{id("Service", "v1", "shop", "cart")},
			Ingress:  timeline.Truth{Isolated: true},
			Egress: timeline.Truth{Internet: timeline.Exposure{Allowed: true, By: "NetworkPolicy(shop/app.cart) rule 2", Since: at(9, 12, 44)},
				OtherNamespace: timeline.Exposure{Allowed: true, By: "tier default", Since: at(9, 12, 44)}}},
	}
}

// shopPage is a page with every section.
func shopPage() Page {
	changes, refused := shopChanges()
	data := shopData()
	var used = at(0, 0, 1)
	last := at(23, 59, 58)
	data.ReportTypeSpec.DownloadTemplates = []v3.ReportTemplate{{Name: "namespaces.csv"}, {Name: "failed-tests.csv"}}
	flows, _ := TopFlows(rowsOf(shopRows()), 10)
	return Page{
		Cluster: "prod-eu-1", Revision: 2, Started: "schedule 0 0 * * *", Tool: "probity 0.1.0", Flows: flows,
		Document: &report.Document{Data: *data, Lives: shopLives(), Changes: changes, Refused: refused,
			Differences: []evidence.Difference{{Object: "NetworkPolicy(shop/app.old)", Time: day.End, What: "in the snapshot, but no event created it"}},
			Warnings:    []string{"NetworkPolicy(shop/app.bad): its selector cannot be read: " + nastyName},
			FlowTotals:  []report.FlowTotal{{Reporter: "dst", Action: "allow", Groups: 1, Records: 288, Connections: 912_004, BytesIn: 5_368_709_120, BytesOut: 42_949_672_960}}},
		Provenance: evidence.Provenance{
			Interval: day, Verdict: evidence.Partial,
			Reasons: []evidence.Reason{{Verdict: evidence.Partial, Code: "gap", Source: "flows", Text: "flows: no records from 2026-02-13T10:00:00Z to 2026-02-13T11:00:00Z"},
				{Verdict: evidence.Partial, Code: "differences", Text: "1 objects of a later snapshot differ from what the logs explain"}},
			Sources: []evidence.Source{
				{Name: "audit", Kind: "files", Query: "audit/*.log, 2026-02-12T23:00:00Z to 2026-02-14T00:00:00Z", First: &used, Last: &last,
					Count: evidence.Counts{Lines: 201_334, Records: 201_330, Used: 1_204, Duplicates: 12, Refused: 3, Bad: 4},
					Notes: []string{"the audit policy does not name pods/status"}},
				{Name: "flows", Kind: "opensearch", Query: `tigera_secure_ee_flows.prod-eu-1.* start_time < 1771027200`, First: &used, Last: &last,
					Count: evidence.Counts{Lines: 2_400_000, Records: 2_400_000, Used: 2_398_551},
					Gaps:  []evidence.Gap{{Start: at(10, 0, 0), End: at(11, 0, 0), Reason: "no records"}}},
			},
			Snapshot: &evidence.SnapshotUse{Time: day.Start.Add(-30 * time.Minute), Key: "snapshots/2026/02/12/20260212T233000Z/manifest.json",
				SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", AgeSeconds: 1800, Missing: []string{"hostendpoints"}},
		},
		Digests: []evidence.Object{
			{Key: "downloads/endpoints.csv", SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Bytes: 1_204_331, Rows: evidence.Rows(10_000), MediaType: "text/csv"},
			{Key: "data.json.zst", SHA256: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", Bytes: 92_001, MediaType: "application/zstd"},
		},
	}
}

func rowsOf(rows []flow.Row) func(func(flow.Row, error) bool) {
	return func(yield func(flow.Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// manyEndpoints is data with n endpoints of a few replica sets.
func manyEndpoints(n int) *v3.ReportData {
	d := shopData()
	policies := d.Endpoints[0].AppliedPolicies
	d.Endpoints = nil
	for i := range n {
		e := v3.EndpointsReportEndpoint{Endpoint: pod(fmt.Sprintf("ns-%02d", i%20), fmt.Sprintf("app-%02d-%06d", i%50, i)), IngressProtected: i%3 > 0,
			AppliedPolicies: policies, FlowLogAggregationName: fmt.Sprintf("app-%02d-*", i%50)}
		d.Endpoints = append(d.Endpoints, e)
	}
	d.GenerationTime = metav1.NewTime(day.End)
	return d
}
