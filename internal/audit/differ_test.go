package audit_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/resource"
)

func spec(text string) string { return `"spec":` + text }

// trail follows a log with a baseline.
func trail(t *testing.T, o audit.CollectorOptions, baseline []string, events ...logged) audit.Trail {
	t.Helper()
	d := audit.NewDiffer(o.Interval, o.Selection)
	for _, raw := range baseline {
		require.NoError(t, d.Baseline([]byte(raw)))
	}
	entries, _ := merge(t, o, lines(events...))
	for _, entry := range entries {
		require.NoError(t, d.Add(entry))
	}
	return d.Finish(nil)
}

func printed(rows []audit.Row) []string {
	all := []string{}
	for _, r := range rows {
		all = append(all, fmt.Sprintf("%s %s %d: %s", r.Verb, r.Object, r.Code, r.What))
	}
	return all
}

func TestRows(t *testing.T) {
	base := gnp("security.x", "u1", "7", "", spec(`{"order":10,"selector":"all()","ingress":[{"action":"Allow","source":{"nets":["10.0.0.0/8"]}}]}`))
	patch := func(at time.Duration, version, text string) logged {
		return logged{at: at, verb: "patch", ref: gnpRef("security.x"), response: gnp("security.x", "u1", version, "", spec(text))}
	}
	gone := logged{at: time.Hour, verb: "delete", ref: gnpRef("security.x"), response: status("", "", "security.x", "u1")}
	for _, c := range []struct {
		name     string
		baseline []string
		events   []logged
		want     []string
		summary  v3.AuditSummary
	}{
		{"a change of a known policy", []string{base}, []logged{
			patch(0, "8", `{"order":20,"selector":"all()","ingress":[{"action":"Deny","source":{"nets":["10.0.0.0/8"]}}]}`)},
			[]string{"patch GlobalNetworkPolicy(security.x) 200: spec.ingress[0].action: Allow → Deny; spec.order: 10 → 20"}, v3.AuditSummary{NumTotal: 1, NumModify: 1}},
		{"AL 18: a patch that changes nothing is none", []string{base}, []logged{patch(0, "7", `{"order":10}`)}, []string{}, v3.AuditSummary{}},
		{"AL 23: a new version with the same contents is a modification", []string{base}, []logged{
			patch(0, "8", `{"order":10,"selector":"all()","ingress":[{"action":"Allow","source":{"nets":["10.0.0.0/8"]}}]}`)},
			[]string{"patch GlobalNetworkPolicy(security.x) 200: nothing but status, managed fields or other bookkeeping"}, v3.AuditSummary{NumTotal: 1, NumModify: 1}},
		{"a change before the interval gives the state only", []string{base}, []logged{patch(-time.Hour, "8", `{"order":15}`), patch(0, "9", `{"order":20}`)},
			[]string{"patch GlobalNetworkPolicy(security.x) 200: spec.order: 15 → 20"}, v3.AuditSummary{NumTotal: 1, NumModify: 1}},
		{"a policy that nobody knew", nil, []logged{patch(0, "8", `{"order":20}`), patch(time.Minute, "9", `{"order":30}`)},
			[]string{
				"patch GlobalNetworkPolicy(security.x) 200: not known: the state before is neither in the snapshot nor in the log",
				"patch GlobalNetworkPolicy(security.x) 200: spec.order: 20 → 30"}, v3.AuditSummary{NumTotal: 2, NumModify: 2}},
		{"AL 22, 25: an apply or a PUT that creates is a creation", nil, []logged{
			{verb: "patch", code: 201, ref: gnpRef("security.x"), response: gnp("security.x", "u1", "7", `"labels":{"app.kubernetes.io/name":"x"}`, spec(`{"order":10,"selector":"all()"}`))},
			{at: 1000, verb: "update", code: 201, ref: gnpRef("security.y"), response: gnp("security.y", "u2", "8", "", spec(`{"types":["Ingress","Egress"],"ingress":[]}`))},
			{at: 2000, verb: "create", code: 201, ref: knpRef("shop", ""), response: knp("shop", "web-x1", "u3", "9", `"generateName":"web-"`, spec(`{"podSelector":{}}`))}},
			[]string{
				`create GlobalNetworkPolicy(security.x) 201: metadata.labels["app.kubernetes.io/name"]: x; spec.order: 10; spec.selector: all()`,
				"create GlobalNetworkPolicy(security.y) 201: spec.types: Ingress, Egress",
				"create NetworkPolicy.networking.k8s.io/v1(shop/web-x1) 201: metadata.generateName: web-"}, v3.AuditSummary{NumTotal: 3, NumCreate: 3}},
		{"AL 1: a delete tells what was there", []string{base}, []logged{gone},
			[]string{"delete GlobalNetworkPolicy(security.x) 200: spec.ingress[0].action: Allow; spec.ingress[0].source.nets: 10.0.0.0/8; spec.order: 10; spec.selector: all()"},
			v3.AuditSummary{NumTotal: 1, NumDelete: 1}},
		{"AL 3: marked, then gone", []string{base}, []logged{
			{verb: "delete", ref: gnpRef("security.x"), response: gnp("security.x", "u1", "8", grace0+","+finalizers, spec(`{}`))},
			{at: time.Minute, verb: "patch", ref: gnpRef("security.x"), response: gnp("security.x", "u1", "8", grace0, spec(`{}`))}},
			[]string{
				"delete GlobalNetworkPolicy(security.x) 200: marked for deletion; it stays until its finalizers are removed: example.org/wait",
				"patch GlobalNetworkPolicy(security.x) 200: last finalizer removed: the object is gone"}, v3.AuditSummary{NumTotal: 2, NumModify: 1, NumDelete: 1}},
		{"AL 9: a deletecollection is one event and a row for each object", nil, []logged{
			{verb: "deletecollection", ref: knpRef("shop", ""), response: list("networking.k8s.io/v1", "NetworkPolicyList",
				object("", "", "shop", "a", "u1", "5", "", spec(`{"policyTypes":["Ingress"]}`)), object("", "", "shop", "b", "u2", "5", finalizers))},
			{at: 1000, verb: "deletecollection", ref: knpRef("empty", ""), response: list("networking.k8s.io/v1", "NetworkPolicyList")},
			{at: 2000, verb: "deletecollection", ref: knpRef("bare", "")}},
			[]string{
				"delete NetworkPolicy.networking.k8s.io/v1(shop/a) 200: spec.policyTypes: Ingress",
				"delete NetworkPolicy.networking.k8s.io/v1(shop/b) 200: metadata.finalizers: example.org/wait",
				"delete NetworkPolicy.networking.k8s.io/v1(bare/-) 200: not known: the event has no body"}, v3.AuditSummary{NumTotal: 2, NumDelete: 2}},
		{"AL 30: the same name again is another object", []string{base}, []logged{gone,
			{at: time.Hour + time.Minute, verb: "create", code: 201, ref: gnpRef("security.x"), response: gnp("security.x", "u2", "9", "", spec(`{"order":1}`))}},
			[]string{
				"delete GlobalNetworkPolicy(security.x) 200: spec.ingress[0].action: Allow; spec.ingress[0].source.nets: 10.0.0.0/8; spec.order: 10; spec.selector: all()",
				"create GlobalNetworkPolicy(security.x) 201: spec.order: 1"}, v3.AuditSummary{NumTotal: 2, NumCreate: 1, NumDelete: 1}},
		{"AL 35: what each changed follows the versions, the rows follow the times", []string{base}, []logged{
			patch(0, "9", `{"order":30}`), patch(time.Millisecond, "8", `{"order":20}`)},
			[]string{
				"patch GlobalNetworkPolicy(security.x) 200: spec.order: 20 → 30",
				"patch GlobalNetworkPolicy(security.x) 200: spec.ingress[0] removed: {\"action\":\"Allow\",\"source\":{\"nets\":[\"10.0.0.0/8\"]}}; spec.order: 10 → 20; spec.selector: all() → (none)"},
			v3.AuditSummary{NumTotal: 2, NumModify: 2}},
		{"AL 35: a patch that is stamped after its object's end", []string{base}, []logged{
			gone, patch(time.Hour+time.Millisecond, "9", `{"order":30,"selector":"all()","ingress":[{"action":"Allow","source":{"nets":["10.0.0.0/8"]}}]}`)},
			[]string{
				"delete GlobalNetworkPolicy(security.x) 200: spec.ingress[0].action: Allow; spec.ingress[0].source.nets: 10.0.0.0/8; spec.order: 30; spec.selector: all()",
				"patch GlobalNetworkPolicy(security.x) 200: spec.order: 10 → 30"}, v3.AuditSummary{NumTotal: 2, NumModify: 1, NumDelete: 1}},
		{"an event without bodies", []string{base}, []logged{{verb: "patch", ref: gnpRef("security.x")}},
			[]string{"patch GlobalNetworkPolicy(security.x) 200: not known: the event has no body"}, v3.AuditSummary{NumTotal: 1, NumModify: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := trailFromBefore(t, c.baseline, c.events...)
			require.Equal(t, c.want, printed(found.Changes))
			require.Equal(t, c.summary, found.Summary)
			require.Len(t, found.Events, c.summary.NumTotal)
			require.Empty(t, found.Refused)
		})
	}
}

// trailFromBefore reads a log that begins two hours before the interval.
func trailFromBefore(t *testing.T, baseline []string, events ...logged) audit.Trail {
	o := options()
	o.From = day.Start.Add(-2 * time.Hour)
	return trail(t, o, baseline, events...)
}

// A policy in two groups is one row (decisions.md): Calico's API server stores what a person asked it for.
func TestStoredPoliciesAreNoSecondRow(t *testing.T) {
	stored := &ref{Resource: "globalnetworkpolicies", Name: "default.x", APIGroup: "crd.projectcalico.org", APIVersion: "v1"}
	crd := func(version, text string) string {
		return object("crd.projectcalico.org/v1", "GlobalNetworkPolicy", "", "default.x", "stored", version, "", spec(text))
	}
	server := "system:serviceaccount:calico-system:calico-apiserver"
	asked := []logged{
		{at: 1000, user: "jane", verb: "create", code: 201, ref: gnpRef("x"), response: gnp("x", "u1", "5", "", spec(`{"order":1}`))},
		{at: time.Minute, user: "jane", verb: "patch", ref: gnpRef("x"), response: gnp("x", "u1", "6", "", spec(`{"order":2}`))},
		{at: time.Hour, user: "jane", verb: "delete", ref: gnpRef("x"), response: gnp("x", "u1", "6", "", spec(`{"order":2}`))},
	}
	beneath := []logged{
		{user: server, verb: "create", code: 201, ref: stored, response: crd("5", `{"order":1}`)},
		{at: time.Minute + 1000, user: server, verb: "update", ref: stored, response: crd("6", `{"order":2}`)}, // a clock that is ahead
		{at: time.Hour - 1000, user: server, verb: "delete", ref: stored, response: status("crd.projectcalico.org", "globalnetworkpolicies", "default.x", "stored")},
	}
	both := trail(t, options(), nil, append(beneath, asked...)...)
	require.Equal(t, trail(t, options(), nil, asked...), both)
	require.Len(t, both.Changes, 3)

	alone := trail(t, options(), nil, beneath...)
	require.Equal(t, []string{
		"create GlobalNetworkPolicy(x) 201: spec.order: 1",
		"update GlobalNetworkPolicy(x) 200: spec.order: 1 → 2",
		"delete GlobalNetworkPolicy(x) 200: spec.order: 2",
	}, printed(alone.Changes))
	require.Equal(t, server, alone.Changes[0].User)
}

func TestRefusedRows(t *testing.T) {
	found := trail(t, options(), nil,
		logged{verb: "create", code: 403, ref: knpRef("shop", ""), message: `networkpolicies is forbidden: User "jane" cannot create`},
		logged{at: 1000, verb: "create", code: 422, ref: gnpRef(""), request: gnp("security.x", "", ""), response: failure(422, "Invalid", "order: must be a number")},
		logged{at: 2000, verb: "delete", code: 404, ref: gnpRef("security.y")},
		logged{at: 3000, verb: "deletecollection", code: 403, ref: knpRef("shop", "")},
	)
	require.Equal(t, []string{
		`create NetworkPolicy.networking.k8s.io/v1(shop/-) 403: networkpolicies is forbidden: User "jane" cannot create`,
		"create GlobalNetworkPolicy(security.x) 422: Invalid: order: must be a number",
		"delete GlobalNetworkPolicy(security.y) 404: refused with code 404",
		"delete NetworkPolicy.networking.k8s.io/v1(shop/-) 403: refused with code 403",
	}, printed(found.Refused))
	require.Empty(t, found.Changes)
	require.Empty(t, found.Events)
	require.Zero(t, found.Summary)
}

// AL 32: user is the real one.
func TestRowsSayWho(t *testing.T) {
	found := trail(t, options(), nil, logged{verb: "patch", user: "jane", as: "system:admin", ref: gnpRef("a"), response: gnp("a", "u1", "5")})
	row := found.Changes[0]
	require.NotEmpty(t, row.AuditID)
	row.AuditID = ""
	require.Equal(t, audit.Row{
		Time: day.Start, User: "jane", As: "system:admin", From: []string{"10.1.2.3"}, Agent: "kubectl/v1.36.3", Verb: "patch",
		Object: "GlobalNetworkPolicy(a)", Code: 200, What: row.What,
	}, row)
}

func TestRowsOfOtherKinds(t *testing.T) {
	o := options()
	o.Selection = []v3.AuditResource{{}}
	web := &ref{Resource: "deployments", Namespace: "shop", Name: "web", APIGroup: "apps", APIVersion: "v1"}
	deployment := func(version, text string) string {
		return object("apps/v1", "Deployment", "shop", "web", "u1", version, "", spec(text))
	}
	found := trail(t, o, nil,
		logged{verb: "create", code: 201, ref: web, response: deployment("5", `{"replicas":1}`)},
		logged{at: time.Minute, verb: "patch", ref: web.sub("scale"), response: `{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"web","uid":"u1","resourceVersion":"6"}}`},
		logged{at: 2 * time.Minute, verb: "create", code: 201, ref: coreRef("serviceaccounts", "shop", "robot").sub("token")},
		logged{at: 3 * time.Minute, verb: "patch", ref: web, response: deployment("7", `{"replicas":3}`)},
		logged{at: 4 * time.Minute, verb: "delete", ref: web, response: status("apps", "deployments", "web", "u1")},
	)
	require.Equal(t, []string{
		"create Deployment.apps/v1(shop/web) 201: spec.replicas: 1",
		"patch deployments.apps/v1(shop/web) 200: sub-resource scale",
		"update ServiceAccount.v1(shop/robot) 201: sub-resource token",
		"patch Deployment.apps/v1(shop/web) 200: spec.replicas: 1 → 3",
		"delete deployments.apps/v1(shop/web) 200: spec.replicas: 3",
	}, printed(found.Changes))
	require.Equal(t, v3.AuditSummary{NumTotal: 5, NumCreate: 1, NumModify: 3, NumDelete: 1}, found.Summary)
}

func TestFinishKeepsWhatIsWanted(t *testing.T) {
	d := audit.NewDiffer(day, policies)
	entries, _ := merge(t, options(), lines(
		logged{verb: "create", code: 201, ref: gnpRef("a"), response: gnp("a", "u1", "5")},
		logged{at: 1000, verb: "deletecollection", ref: gnpRef(""), response: list("projectcalico.org/v3", "GlobalNetworkPolicyList", gnp("a", "u1", "5"), gnp("b", "u2", "5"))},
		logged{at: 2000, verb: "delete", code: 403, ref: gnpRef("b")}))
	for _, entry := range entries {
		require.NoError(t, d.Add(entry))
	}
	onlyB := d.Finish(func(k resource.Key) bool { return k.Name == "b" })
	require.Equal(t, []string{"delete GlobalNetworkPolicy(b) 200: "}, printed(onlyB.Changes))
	require.Len(t, onlyB.Refused, 1)
	require.Equal(t, v3.AuditSummary{NumTotal: 1, NumDelete: 1}, onlyB.Summary)
	require.Len(t, d.Finish(nil).Changes, 3)
}

func TestDifferRefusesBadInput(t *testing.T) {
	d := audit.NewDiffer(day, policies)
	require.ErrorContains(t, d.Baseline([]byte(`{`)), "read baseline of policy changes")
	for name, event := range map[string]string{"no object": `7`, "no reference": `{"objectRef":7}`, "no answer": `{"objectRef":{},"responseObject":7}`} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, d.Add(audit.Entry{AuditID: "a1", Event: json.RawMessage(event)}), "kept event a1")
		})
	}
	require.NoError(t, d.Baseline([]byte(pod("shop", "web", "u1", "5"))), "not selected")
	require.Empty(t, d.Finish(nil))
}

func TestWhatIsBounded(t *testing.T) {
	labels := make([]string, 500)
	for i := range labels {
		labels[i] = fmt.Sprintf(`"label-%03d":"%s"`, i, strings.Repeat("é", 400))
	}
	found := trail(t, options(), nil, logged{verb: "create", code: 201, ref: gnpRef("a"), response: gnp("a", "u1", "5", `"labels":{`+strings.Join(labels, ",")+`}`)})
	what := found.Changes[0].What
	require.Less(t, len(what), 2100)
	require.True(t, strings.HasPrefix(what, "metadata.labels.label-000: éé"))
	require.Regexp(t, `…; and \d+ more$`, what)
}

func TestConvert(t *testing.T) {
	e := logged{verb: "patch", as: "bob", ref: gnpRef("a"), request: `[{"op":"remove"}]`, response: gnp("a", "u1", "5")}
	out, err := audit.Convert(e.line())
	require.NoError(t, err)
	require.Equal(t, "Event", out.Kind)
	require.Equal(t, "audit.k8s.io/v1", out.APIVersion)
	require.Equal(t, "patch", out.Verb)
	require.Equal(t, "bob", out.ImpersonatedUser.Username)
	require.Equal(t, "globalnetworkpolicies", out.ObjectRef.Resource)
	require.EqualValues(t, 200, out.ResponseStatus.Code)
	require.JSONEq(t, e.response, string(out.ResponseObject.Raw))
	raw, err := json.Marshal(v3.ReportData{AuditEvents: append(v3.ReportData{}.AuditEvents, out)})
	require.NoError(t, err)
	require.Contains(t, string(raw), `"RequestURI":`, "as it was always printed")

	_, err = audit.Convert([]byte(`{"verb":7}`))
	require.ErrorContains(t, err, "decode audit event")
}
