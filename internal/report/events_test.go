package report_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

// write is one request on a policy, as an API server logs it.
type write struct {
	time, verb, resource, namespace, name, uid string
	version, code                              int
	order                                      int // spec.order after the request; a deletion has a Status answer
}

func (w write) line() []byte {
	kinds := map[string]string{"networkpolicies": "NetworkPolicy", "globalnetworkpolicies": "GlobalNetworkPolicy", "tiers": "Tier"}
	answer := fmt.Sprintf(`{"kind":%q,"apiVersion":"projectcalico.org/v3","metadata":{"name":%q,"namespace":%q,"uid":%q,"resourceVersion":"%d"},"spec":{"order":%d,"selector":"all()"}}`,
		kinds[w.resource], w.name, w.namespace, w.uid, w.version, w.order)
	if w.verb == "delete" {
		answer = fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Success","details":{"uid":%q}}`, w.uid)
	}
	if w.code >= 300 {
		answer = `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"not for you"}`
	}
	return fmt.Appendf(nil, `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"%s-%s-%s","stage":"ResponseComplete",`+
		`"requestURI":"/apis/x/%s/%s","verb":%q,"user":{"username":"alice"},"sourceIPs":["10.0.0.1"],`+
		`"objectRef":{"resource":%q,"namespace":%q,"name":%q,"apiGroup":"projectcalico.org","apiVersion":"v3"},`+
		`"responseStatus":{"code":%d},"responseObject":%s,"requestReceivedTimestamp":"%s","stageTimestamp":"%s"}`,
		w.time, w.verb, w.name, w.namespace, w.name, w.verb, w.resource, w.namespace, w.name, w.code, answer, w.time, w.time)
}

// trail reduces the log as a run does.
func trail(t require.TestingT, selected []v3.AuditResource, log ...write) report.Trail {
	c := audit.NewCollector(audit.CollectorOptions{Interval: whole, Selection: selected})
	for _, w := range log {
		c.AddLine(w.line())
	}
	var run bytes.Buffer
	facts, err := c.Encode(&run)
	require.NoError(t, err)
	differ := audit.NewDiffer(whole, selected)
	merged := audit.Merge([]audit.Facts{facts}, []io.Reader{&run})
	for {
		entry, ok, err := merged.Next()
		require.NoError(t, err)
		if !ok {
			return differ.Finish
		}
		require.NoError(t, differ.Add(entry))
	}
}

var policyLog = []write{
	{"2026-11-20T01:00:00.000000Z", "create", "networkpolicies", "shop", "app.cart", "u1", 1, 201, 10},
	{"2026-11-20T02:00:00.000000Z", "patch", "networkpolicies", "shop", "app.cart", "u1", 2, 200, 20},
	{"2026-11-20T02:30:00.000000Z", "patch", "networkpolicies", "shop", "app.cart", "u1", 2, 200, 20},       // changes nothing
	{"2026-11-20T03:00:00.000000Z", "patch", "globalnetworkpolicies", "", "security.new", "u2", 3, 201, 30}, // an apply that creates
	{"2026-11-20T04:00:00.000000Z", "delete", "networkpolicies", "shop", "app.cart", "u1", 0, 403, 0},
	{"2026-11-20T05:00:00.000000Z", "delete", "networkpolicies", "shop", "app.cart", "u1", 0, 200, 0},
	{"2026-11-21T00:00:00.000000Z", "create", "networkpolicies", "shop", "app.late", "u3", 9, 201, 10}, // after the end
}

func TestBuildPolicyAudit(t *testing.T) {
	in := input(t, "policy-audit")
	in.Timeline = nil
	in.Trail = trail(t, in.Definition.TypeSpec.AuditEventsSelection.Resources, policyLog...)
	d := build(t, in)
	require.Equal(t, v3.AuditSummary{NumTotal: 4, NumCreate: 2, NumModify: 1, NumDelete: 1}, d.Data.AuditSummary)
	var verbs []string
	for _, e := range d.Data.AuditEvents {
		verbs = append(verbs, e.Verb+" "+e.ObjectRef.Name)
		require.Equal(t, "alice", e.User.Username)
		require.NotNil(t, e.ResponseObject)
	}
	require.Equal(t, []string{"create app.cart", "patch app.cart", "patch security.new", "delete app.cart"}, verbs, "in the order of time")
	require.Len(t, d.Changes, 4)
	require.Contains(t, d.Changes[1].What, "spec.order")
	require.Len(t, d.Refused, 1)
	require.Equal(t, 403, d.Refused[0].Code)
	require.Empty(t, d.Lives, "the type does not gather endpoints")
}

// decisions.md, "Policy-audit restricted to endpoints".
func TestBuildPolicyAuditRestrictedToEndpoints(t *testing.T) {
	selected := []v3.AuditResource{{}}
	log := append([]write{
		{"2026-11-20T06:00:00.000000Z", "create", "tiers", "", "security", "t1", 20, 201, 1},
	}, policyLog...)
	use := func(inScope bool, k resource.Key) timeline.PolicyUse {
		return timeline.PolicyUse{Key: k, InScope: inScope}
	}
	cart, global := key(resource.NetworkPolicy, "shop", "app.cart"), key(resource.GlobalNetworkPolicy, "", "security.new")
	for _, c := range []struct {
		name      string
		endpoints *v3.EndpointsSelection
		policies  []timeline.PolicyUse
		want      v3.AuditSummary
		refused   int
	}{
		{"no selection", nil, nil, v3.AuditSummary{NumTotal: 5, NumCreate: 3, NumModify: 1, NumDelete: 1}, 1},
		{"an empty selection", &v3.EndpointsSelection{}, nil, v3.AuditSummary{NumTotal: 5, NumCreate: 3, NumModify: 1, NumDelete: 1}, 1},
		{
			"one policy", &v3.EndpointsSelection{Selector: "a == 'b'"}, []timeline.PolicyUse{use(true, cart), use(false, global)},
			v3.AuditSummary{NumTotal: 4, NumCreate: 2, NumModify: 1, NumDelete: 1}, 1,
		},
		{
			"the other policy", &v3.EndpointsSelection{Selector: "a == 'b'"}, []timeline.PolicyUse{use(false, cart), use(true, global)},
			v3.AuditSummary{NumTotal: 2, NumCreate: 2}, 0,
		},
		{"none: what is no policy stays", &v3.EndpointsSelection{Selector: "a == 'b'"}, nil, v3.AuditSummary{NumTotal: 1, NumCreate: 1}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			types := builtinTypes()
			types["policy-audit"].Spec.AuditEventsSelection.Resources = selected
			d, err := report.Validate(globalReport("r", v3.ReportSpec{ReportType: "policy-audit", Endpoints: c.endpoints}), types, limits)
			require.NoError(t, err)
			in := input(t, "policy-audit")
			in.Definition, in.Timeline = d, &timeline.Result{Policies: c.policies}
			in.Trail = trail(t, selected, log...)
			doc := build(t, in)
			require.Equal(t, c.want, doc.Data.AuditSummary)
			require.Len(t, doc.Data.AuditEvents, c.want.NumTotal)
			require.Len(t, doc.Refused, c.refused)
		})
	}
}

func TestBuildRestrictsEventsOnEndpointsToThoseInScope(t *testing.T) {
	var kept []bool
	in := input(t, "policy-audit", pod("shop", "cart-1"))
	in.Definition = definition(t, "policy-audit", &v3.EndpointsSelection{Selector: "app == 'cart'"})
	in.Trail = func(keep func(resource.Key) bool) audit.Trail {
		for _, k := range []resource.Key{
			key(resource.Pod, "shop", "cart-1"), key(resource.Pod, "shop", "cart-2"), key(resource.HostEndpoint, "", "eth0"),
			key(resource.Namespace, "", "shop"), key(resource.NetworkPolicy, "shop", ""), key(resource.NoKind, "x", "y"),
		} {
			kept = append(kept, keep(k))
		}
		return audit.Trail{}
	}
	build(t, in)
	require.Equal(t, []bool{true, false, false, true, true, true}, kept)
}
