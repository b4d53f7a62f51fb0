package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

var whole = interval.Interval{Start: at("2026-11-20T00:00:00Z"), End: at("2026-11-21T00:00:00Z")}

func key(kind resource.Kind, namespace, name string) resource.Key {
	return resource.Key{Kind: kind, Namespace: namespace, Name: name}
}

// pod is a life of a pod over the whole interval, ingress and egress protected.
func pod(namespace, name string, change ...func(*timeline.Life)) timeline.Life {
	life := timeline.Life{
		ID:   resource.ID{Key: key(resource.Pod, namespace, name), UID: "uid-" + name},
		From: whole.Start, To: whole.End, Scope: []interval.Interval{whole},
		ServiceAccount: "default", Node: "node-1", AggregateName: name,
		Flags: timeline.Flags{IngressProtected: true, EgressProtected: true},
	}
	for _, f := range change {
		f(&life)
	}
	return life
}

func flags(f timeline.Flags) func(*timeline.Life) { return func(l *timeline.Life) { l.Flags = f } }

func services(names ...string) func(*timeline.Life) {
	return func(l *timeline.Life) {
		for _, name := range names {
			l.Services = append(l.Services, key(resource.Service, l.ID.Namespace, name))
		}
	}
}

func during(uid, from, to string) func(*timeline.Life) {
	return func(l *timeline.Life) { l.ID.UID, l.From, l.To = uid, at(from), at(to) }
}

func definition(t require.TestingT, reportType string, endpoints *v3.EndpointsSelection) *report.Definition {
	d, err := report.Validate(globalReport("daily", v3.ReportSpec{ReportType: reportType, Endpoints: endpoints}), builtinTypes(), limits)
	require.NoError(t, err)
	return d
}

func input(t require.TestingT, reportType string, lives ...timeline.Life) report.Input {
	return report.Input{
		Definition: definition(t, reportType, nil), Interval: whole, Generated: report.ReadyAt(whole, 30*time.Minute),
		Timeline: &timeline.Result{Lives: lives},
	}
}

func build(t require.TestingT, in report.Input) *report.Document {
	d, err := report.Build(in)
	require.NoError(t, err)
	return d
}

func encoded(t require.TestingT, d *report.Document) string {
	var b bytes.Buffer
	require.NoError(t, d.Encode(&b))
	return b.String()
}

func groups(all ...flow.Group) iter.Seq2[flow.Group, error] {
	return func(yield func(flow.Group, error) bool) {
		for _, g := range all {
			if !yield(g, nil) {
				return
			}
		}
	}
}

func TestBuildHead(t *testing.T) {
	in := input(t, "inventory")
	d := build(t, in)
	require.Equal(t, "probity.report/v1", d.Schema)
	require.Equal(t, "daily", d.Data.ReportName)
	require.Equal(t, "inventory", d.Data.ReportTypeName)
	require.Equal(t, in.Definition.Spec, d.Data.ReportSpec)
	require.Equal(t, in.Definition.TypeSpec, d.Data.ReportTypeSpec)
	require.Equal(t, whole.Start, d.Data.StartTime.Time)
	require.Equal(t, whole.End, d.Data.EndTime.Time)
	require.Equal(t, at("2026-11-21T00:30:00Z"), d.Data.GenerationTime.Time)
}

func TestBuildEndpoint(t *testing.T) {
	life := pod("shop", "cart-1", services("cart", "all"), func(l *timeline.Life) {
		l.AggregateName = "cart-*"
		l.Policies = []resource.Key{
			key(resource.GlobalNetworkPolicy, "", "security.base"), key(resource.KubernetesNetworkPolicy, "shop", "deny"),
			key(resource.NetworkPolicy, "shop", "app.cart"),
		}
		l.Staged = []resource.Key{key(resource.StagedNetworkPolicy, "shop", "app.next")}
		l.Flags.Envoy, l.Flags.EgressToInternet = true, true
		l.Egress.Internet = timeline.Exposure{Allowed: true, By: "no policy", Since: whole.Start}
	})
	d := build(t, input(t, "inventory", life))
	require.Len(t, d.Data.Endpoints, 1)
	e := d.Data.Endpoints[0]
	require.Equal(t, "Pod.v1(shop/cart-1)", e.Endpoint.String())
	require.Equal(t, "uid-cart-1", string(e.Endpoint.UUID))
	require.Equal(t, "cart-*", e.FlowLogAggregationName)
	require.Equal(t, "default", e.ServiceAccount)
	require.True(t, e.EnvoyEnabled)
	require.True(t, e.EgressToInternet)
	require.False(t, e.IngressFromInternet)
	var policies, in []string
	for _, p := range e.AppliedPolicies {
		policies = append(policies, p.String())
	}
	for _, s := range e.Services {
		in = append(in, s.String())
	}
	require.Equal(t, []string{"NetworkPolicy.networking.k8s.io/v1(shop/deny)", "NetworkPolicy(shop/app.cart)", "GlobalNetworkPolicy(security.base)"}, policies,
		"staged policies are never applied policies")
	require.Equal(t, []string{"Service.v1(shop/all)", "Service.v1(shop/cart)"}, in)
	require.Equal(t, "StagedNetworkPolicy(shop/app.next)", d.Lives[0].Staged[0].String())
	require.Equal(t, life.Egress, d.Lives[0].Egress)
}

// decisions.md, "Same name, new uid": two lives, one row in the old files, two in the new ones.
func TestBuildSameNameNewUID(t *testing.T) {
	first := pod("shop", "db-0", during("b", "2026-11-20T00:00:00Z", "2026-11-20T08:00:00Z"), services("db"),
		flags(timeline.Flags{IngressProtected: true, EgressProtected: true, Envoy: true, IngressFromInternet: true}))
	second := pod("shop", "db-0", during("a", "2026-11-20T09:00:00Z", "2026-11-21T00:00:00Z"), services("db", "read"),
		flags(timeline.Flags{EgressProtected: true, EgressToOtherNamespace: true}),
		func(l *timeline.Life) { l.ServiceAccount, l.AggregateName = "db", "db-*" })
	d := build(t, input(t, "inventory", second, first))
	require.Len(t, d.Data.Endpoints, 1)
	e := d.Data.Endpoints[0]
	require.False(t, e.IngressProtected, "one life was not")
	require.True(t, e.EgressProtected)
	require.False(t, e.EnvoyEnabled)
	require.True(t, e.IngressFromInternet)
	require.True(t, e.EgressToOtherNamespace)
	require.Len(t, e.Services, 2)
	require.Equal(t, "db", e.ServiceAccount, "the last life's")
	require.Equal(t, "a", string(e.Endpoint.UUID), "the last life's, although its uid sorts first")
	require.Equal(t, 1, d.Data.EndpointsSummary.NumTotal)
	require.Equal(t, 2, d.Data.EndpointsSummary.NumServiceAccounts, "the accounts of all lives")
	require.Len(t, d.Lives, 2)
	require.Equal(t, "b", string(d.Lives[0].Endpoint.UUID))
	require.Equal(t, first.To, d.Lives[0].To)
	require.Equal(t, second.From, d.Lives[1].From)
}

// decisions.md, "Host-network pods" and "Host endpoints".
func TestBuildCountsHostNetworkPodsAndHostEndpoints(t *testing.T) {
	onHost := pod("kube-system", "proxy", flags(timeline.Flags{}), func(l *timeline.Life) { l.HostNetwork = true })
	hep := pod("", "node-1-eth0", func(l *timeline.Life) {
		l.ID.Key, l.ServiceAccount, l.AggregateName = key(resource.HostEndpoint, "", "node-1-eth0"), "", "node-1"
	})
	d := build(t, input(t, "inventory", hep, onHost, pod("kube-system", "dns")))
	require.Equal(t, 3, d.Data.EndpointsSummary.NumTotal)
	require.Equal(t, 2, d.Data.EndpointsSummary.NumIngressProtected)
	require.Equal(t, 1, d.Data.EndpointsSummary.NumServiceAccounts, "a host endpoint has none")
	require.True(t, d.Lives[1].HostNetwork)
	require.Equal(t, "HostEndpoint(node-1-eth0)", d.Data.Endpoints[2].Endpoint.String())
	require.Len(t, d.Data.Namespaces, 1, "a host endpoint is in no namespace")
	require.False(t, d.Data.Namespaces[0].IngressProtected, "the host-network pod counts in the roll-up")
}

// decisions.md, "Namespace and service roll-ups", "What is in scope with no selection?".
func TestBuildRollUps(t *testing.T) {
	protected := timeline.Flags{IngressProtected: true, EgressProtected: true, Envoy: true}
	exposed := timeline.Flags{IngressProtected: true, IngressFromInternet: true, EgressToInternet: true, IngressFromOtherNamespace: true, EgressToOtherNamespace: true}
	d := build(t, input(t, "inventory",
		pod("a", "one", flags(protected), services("good")), pod("a", "two", flags(protected), services("good", "mixed")),
		pod("b", "one", flags(protected), services("good")), pod("b", "two", flags(exposed), services("mixed")),
		pod("c", "lonely", flags(timeline.Flags{})),
	))
	namespace := func(name string) v3.ResourceID {
		id := v3.ResourceID{Name: name}
		id.Kind, id.APIVersion = "Namespace", "v1"
		return id
	}
	require.Equal(t, []v3.EndpointsReportNamespace{
		{Namespace: namespace("a"), IngressProtected: true, EgressProtected: true, EnvoyEnabled: true},
		{
			Namespace: namespace("b"), IngressProtected: true, IngressFromInternet: true, EgressToInternet: true,
			IngressFromOtherNamespace: true, EgressToOtherNamespace: true,
		},
		{Namespace: namespace("c")},
	}, d.Data.Namespaces)
	require.Equal(t, v3.EndpointsSummary{
		NumTotal: 3, NumIngressProtected: 2, NumEgressProtected: 1, NumIngressFromInternet: 1, NumEgressToInternet: 1,
		NumIngressFromOtherNamespace: 1, NumEgressToOtherNamespace: 1, NumEnvoyEnabled: 1,
	}, d.Data.NamespacesSummary)
	var names []string
	for _, s := range d.Data.Services {
		names = append(names, s.Service.String())
	}
	require.Equal(t, []string{"Service.v1(a/good)", "Service.v1(a/mixed)", "Service.v1(b/good)", "Service.v1(b/mixed)"}, names)
	last := d.Data.Services[3]
	require.True(t, last.IngressProtected && last.IngressFromInternet && last.IngressFromOtherNamespace)
	require.False(t, last.EnvoyEnabled)
	require.Equal(t, v3.EndpointsSummary{
		NumTotal: 4, NumIngressProtected: 4, NumIngressFromInternet: 1, NumIngressFromOtherNamespace: 1, NumEnvoyEnabled: 3,
	}, d.Data.ServicesSummary)
	require.Equal(t, v3.EndpointsSummary{
		NumTotal: 5, NumServiceAccounts: 3, NumIngressProtected: 4, NumEgressProtected: 3, NumIngressFromInternet: 1, NumEgressToInternet: 1,
		NumIngressFromOtherNamespace: 1, NumEgressToOtherNamespace: 1, NumEnvoyEnabled: 3,
	}, d.Data.EndpointsSummary)
}

func TestBuildServiceOfOneOfTwoLivesGetsTheWorstOfBoth(t *testing.T) {
	d := build(t, input(t, "inventory",
		pod("a", "p", during("1", "2026-11-20T00:00:00Z", "2026-11-20T01:00:00Z"), services("s")),
		pod("a", "p", during("2", "2026-11-20T02:00:00Z", "2026-11-20T03:00:00Z"), flags(timeline.Flags{}))))
	require.False(t, d.Data.Services[0].IngressProtected, "a wrong protected is worse than a wrong unprotected")
}

func TestBuildGathersOnlyWhatTheTypeAsksFor(t *testing.T) {
	in := input(t, "cis-benchmark", pod("a", "p", services("s")))
	in.Flows = groups(flow.Group{Key: flow.Key{Source: flow.End{Type: flow.Workload, Namespace: "a", Name: "p"}}})
	in.Trail = func(func(resource.Key) bool) audit.Trail { return audit.Trail{Summary: v3.AuditSummary{NumTotal: 1}} }
	in.Benchmark = []v3.CISBenchmarkNode{{NodeName: "n2"}, {NodeName: "n1"}}
	in.BenchmarkSummary = v3.CISBenchmarkSummary{Type: "kube", HighCount: 2}
	d := build(t, in)
	require.Empty(t, d.Data.Endpoints)
	require.Empty(t, d.Lives)
	require.Empty(t, d.Data.Flows)
	require.Zero(t, d.Data.AuditSummary)
	require.Equal(t, []v3.CISBenchmarkNode{{NodeName: "n1"}, {NodeName: "n2"}}, d.Data.CISBenchmark)
	require.Equal(t, in.BenchmarkSummary, d.Data.CISBenchmarkSummary)
	in.Definition = definition(t, "inventory", nil)
	d = build(t, in)
	require.Len(t, d.Data.Endpoints, 1)
	require.Empty(t, d.Data.Flows)
	require.Empty(t, d.Data.CISBenchmark)
	require.Zero(t, d.Data.CISBenchmarkSummary)
}

func TestBuildRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*report.Input)
		says   string
	}{
		{"no definition", func(in *report.Input) { in.Definition = nil }, "no definition"},
		{"no interval", func(in *report.Input) { in.Interval = interval.Interval{} }, "is not after start"},
		{"generated too early", func(in *report.Input) { in.Generated = whole.Start }, "before the interval's end 2026-11-21T00:00:00Z"},
		{"no timeline", func(in *report.Input) { in.Timeline = nil }, `"network-access" needs the endpoints`},
		{"broken flows", func(in *report.Input) {
			in.Flows = func(yield func(flow.Group, error) bool) { yield(flow.Group{}, errors.New("disk gone")) }
		}, "disk gone"},
		{"broken event", func(in *report.Input) {
			in.Definition = definition(t, "policy-audit", nil)
			in.Trail = func(func(resource.Key) bool) audit.Trail {
				return audit.Trail{Events: []json.RawMessage{[]byte(`{"level":1}`)}}
			}
		}, "decode audit event 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(t, "network-access", pod("a", "p"))
			c.change(&in)
			d, err := report.Build(in)
			require.Nil(t, d)
			require.ErrorContains(t, err, "build report: ")
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestBuildPassesOnWarningsAndDifferences(t *testing.T) {
	in := input(t, "inventory")
	in.Timeline.Warnings = []timeline.Warning{{Object: key(resource.GlobalNetworkPolicy, "", "x"), Reason: "selector cannot be parsed"}}
	in.Warnings = []string{"b", "a", "b"}
	in.Differences = report.Differences([]timeline.Difference{
		{Object: key(resource.Pod, "b", "p"), What: "missing"}, {Object: key(resource.Pod, "a", "p"), What: "labels"},
	}, whole.End)
	d := build(t, in)
	require.Equal(t, []string{"GlobalNetworkPolicy(x): selector cannot be parsed", "a", "b"}, d.Warnings)
	require.Equal(t, []evidence.Difference{
		{Object: "Pod.v1(a/p)", Time: whole.End, What: "labels"}, {Object: "Pod.v1(b/p)", Time: whole.End, What: "missing"},
	}, d.Differences)
}
