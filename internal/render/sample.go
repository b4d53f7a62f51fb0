package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	authnv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/apis/audit"
)

// tryLimits bound a trial: sample data is small, so only a template that misbehaves comes near them.
var tryLimits = Limits{Output: 16 << 20, Value: 4 << 20, Work: 2_000_000}

// try renders sample data, the same again from other memory, and data without its optional parts.
func (t *Type) try() error {
	trial := t.WithLimits(tryLimits)
	var errs []error
	for _, f := range append([]*file{t.summary}, t.downloads...) {
		if err := trial.tryFile(f); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (t *Type) tryFile(f *file) error {
	var first, again bytes.Buffer
	ctx := context.Background()
	if err := t.write(ctx, &first, newSource(sampleData()), f); err != nil {
		return err
	}
	if err := t.write(ctx, &again, newSource(sampleData()), f); err != nil {
		return err
	}
	if !bytes.Equal(first.Bytes(), again.Bytes()) {
		return &TemplateError{Type: t.Name, Template: f.name,
			Reason: "it does not print the same twice: print the fields of a pointer, not the pointer or what holds it"}
	}
	for _, data := range bareData() {
		if err := t.write(ctx, &again, newSource(data), f); err != nil {
			return fmt.Errorf("with data that lacks optional parts: %w", err)
		}
	}
	return nil
}

// bareData is sample data without the parts that a real report may lack.
func bareData() []*v3.ReportData {
	empty := &v3.ReportData{ReportName: "sample", ReportTypeName: "sample"}
	noParts, noNames := sampleData(), sampleData()
	noParts.ReportSpec = v3.ReportSpec{ReportType: "sample", Endpoints: &v3.EndpointsSelection{}, CIS: &v3.CISBenchmarkParams{}}
	noParts.ReportTypeSpec = v3.ReportTypeSpec{}
	noNames.ReportSpec = v3.ReportSpec{ReportType: "sample", Endpoints: &v3.EndpointsSelection{
		Namespaces: &v3.NamesAndLabelsMatch{}, ServiceAccounts: &v3.NamesAndLabelsMatch{}}}
	for i := range noNames.Endpoints {
		noNames.Endpoints[i] = v3.EndpointsReportEndpoint{Endpoint: noNames.Endpoints[i].Endpoint}
	}
	return []*v3.ReportData{empty, noParts, noNames}
}

func id(kind, apiVersion, namespace, name string) v3.ResourceID {
	return v3.ResourceID{TypeMeta: metav1.TypeMeta{Kind: kind, APIVersion: apiVersion}, Namespace: namespace, Name: name}
}

// sampleData is a report with every part filled. Each call makes all of it anew.
func sampleData() *v3.ReportData {
	start := time.Date(2026, 2, 13, 0, 0, 0, 0, time.UTC)
	high, med, tests, suspend := 90, 60, 3, false
	selection := &v3.EndpointsSelection{
		Selector:        "tier == 'backend'",
		Namespaces:      &v3.NamesAndLabelsMatch{Names: []string{"shop", "bank"}, Selector: "env == 'prod'"},
		ServiceAccounts: &v3.NamesAndLabelsMatch{Names: []string{"cart"}, Selector: "team == 'a'"},
	}
	return &v3.ReportData{
		ReportName: "sample", ReportTypeName: "sample",
		ReportSpec: v3.ReportSpec{ReportType: "sample", Schedule: "0 0 * * *", Endpoints: selection, Suspend: &suspend,
			JobNodeSelector: map[string]string{"kubernetes.io/os": "linux"},
			CIS: &v3.CISBenchmarkParams{IncludeUnscoredTests: true, HighThreshold: &high, MedThreshold: &med, NumFailedTests: &tests,
				ResultsFilters: []v3.CISBenchmarkFilter{{BenchmarkSelection: &v3.CISBenchmarkSelection{KubernetesVersion: "1.33"},
					Exclude: []string{"1.1.1"}, Include: []string{"1.1.2"}}}}},
		ReportTypeSpec: v3.ReportTypeSpec{IncludeEndpointData: true, IncludeEndpointFlowLogData: true, IncludeCISBenchmarkData: true,
			AuditEventsSelection: &v3.AuditEventsSelection{Resources: []v3.AuditResource{{Resource: "networkpolicies"}}}},
		StartTime: metav1.NewTime(start), EndTime: metav1.NewTime(start.Add(24 * time.Hour)),
		GenerationTime: metav1.NewTime(start.Add(25 * time.Hour)),
		Endpoints:      sampleEndpoints(),
		EndpointsSummary: v3.EndpointsSummary{NumTotal: 2, NumServiceAccounts: 1, NumIngressProtected: 1, NumEgressProtected: 1,
			NumIngressFromInternet: 1, NumEgressToInternet: 1, NumIngressFromOtherNamespace: 1, NumEgressToOtherNamespace: 1, NumEnvoyEnabled: 1},
		Namespaces:          []v3.EndpointsReportNamespace{{Namespace: id("Namespace", "v1", "", "shop"), IngressProtected: true}},
		NamespacesSummary:   v3.EndpointsSummary{NumTotal: 1, NumIngressProtected: 1},
		Services:            []v3.EndpointsReportService{{Service: id("Service", "v1", "shop", "cart"), IngressProtected: true}},
		ServicesSummary:     v3.EndpointsSummary{NumTotal: 1, NumIngressProtected: 1},
		AuditEvents:         sampleEvents(start),
		AuditSummary:        v3.AuditSummary{NumTotal: 1, NumCreate: 1},
		Flows:               sampleFlows(),
		CISBenchmark:        sampleBenchmark(),
		CISBenchmarkSummary: v3.CISBenchmarkSummary{Type: "kube", MedCount: 1},
	}
}

func sampleEndpoints() []v3.EndpointsReportEndpoint {
	return []v3.EndpointsReportEndpoint{
		{Endpoint: id("HostEndpoint", v3.GroupVersionCurrent, "", "node-1-eth0"), FlowLogAggregationName: "node-1"},
		{Endpoint: id("Pod", "v1", "shop", "cart-5d4-x2x"), IngressProtected: true, EgressProtected: true, IngressFromInternet: true,
			EgressToInternet: true, IngressFromOtherNamespace: true, EgressToOtherNamespace: true, EnvoyEnabled: true,
			AppliedPolicies: []v3.ResourceID{id("GlobalNetworkPolicy", v3.GroupVersionCurrent, "", "security.deny"),
				id("NetworkPolicy", "networking.k8s.io/v1", "shop", "cart")},
			Services: []v3.ResourceID{id("Service", "v1", "shop", "cart")}, ServiceAccount: "cart", FlowLogAggregationName: "cart-5d4-*"},
	}
}

func sampleFlows() []v3.EndpointsReportFlow {
	cart := v3.FlowEndpoint{Kind: v3.KindK8sPod, Name: "cart-5d4-*", NameIsAggregationPrefix: true, Namespace: "shop"}
	return []v3.EndpointsReportFlow{
		{Source: v3.FlowEndpoint{Kind: v3.KindFlowPublic}, Destination: cart},
		{Source: cart, Destination: v3.FlowEndpoint{Kind: v3.KindK8sPod, Name: "db-0", Namespace: "bank"}},
	}
}

func sampleEvents(at time.Time) []audit.Event {
	return []audit.Event{{
		Level: audit.LevelRequestResponse, AuditID: "5c1a2f0e-6f0f-4f7e-9d1e-3f1f5a0b7c11", Stage: audit.StageResponseComplete,
		RequestURI: "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies", Verb: "create",
		User:      authnv1.UserInfo{Username: "jane", Groups: []string{"netops"}},
		SourceIPs: []string{"10.0.0.7"},
		UserAgent: "kubectl",
		ObjectRef: &audit.ObjectReference{Resource: "networkpolicies", Namespace: "shop", Name: "cart",
			APIGroup: "networking.k8s.io", APIVersion: "v1"},
		ResponseStatus: &metav1.Status{Code: 201},
		RequestObject:  &runtime.Unknown{Raw: []byte(`{"kind":"NetworkPolicy"}`), ContentType: runtime.ContentTypeJSON},
		ResponseObject: &runtime.Unknown{Raw: []byte(`{"kind":"NetworkPolicy"}`), ContentType: runtime.ContentTypeJSON},

		RequestReceivedTimestamp: metav1.NewMicroTime(at.Add(time.Hour)), StageTimestamp: metav1.NewMicroTime(at.Add(time.Hour + time.Second)),
		Annotations: map[string]string{"authorization.k8s.io/decision": "allow"},
	}}
}

func sampleBenchmark() []v3.CISBenchmarkNode {
	results := []v3.CISBenchmarkResult{
		{TestNumber: "1.1.1", TestDesc: "one", TestInfo: "run chmod", Status: "PASS", Scored: true},
		{TestNumber: "1.1.2", TestDesc: "two", TestInfo: "run chmod", Status: "FAIL", Scored: true},
		{TestNumber: "1.1.3", TestDesc: "three", TestInfo: "look", Status: "WARN"},
	}
	return []v3.CISBenchmarkNode{{
		NodeName: "node-1", KubernetesVersion: "1.33", BenchmarksVersion: "cis-1.11",
		Summary: v3.CISBenchmarkNodeSummary{Status: "MED", TotalPass: 1, TotalFail: 1, TotalInfo: 1, Total: 2},
		Results: []v3.CISBenchmarkSectionResult{{Status: "FAIL", Section: "1.1", Desc: "files", Pass: 1, Fail: 1, Info: 1, Results: results}},
	}}
}
