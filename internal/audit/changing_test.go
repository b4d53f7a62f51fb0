package audit_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/resource"
)

func TestWhatChangesNothing(t *testing.T) {
	x := gnp("security.x", "u1", "7")
	check(t, []expect{
		{"AL 16: a dry run of a delete is told in its body", []logged{
			{verb: "delete", ref: gnpRef("security.x"), request: `{"kind":"DeleteOptions","apiVersion":"meta.k8s.io/__internal","dryRun":["All"]}`, response: status("", "", "security.x", "u1")},
			{verb: "delete", ref: coreRef("namespaces", "shop", "shop"), request: `{"dryRun":["All"]}`,
				response: object("v1", "Namespace", "", "shop", "u2", "7", deleting, `"status":{"phase":"Terminating"}`)},
			{verb: "deletecollection", ref: gnpRef(""), request: `{"dryRun":["All"]}`, response: list("projectcalico.org/v3", "GlobalNetworkPolicyList", x)},
		}, []string{}},
		{"AL 17: all other dry runs are told in the URI", []logged{
			{verb: "create", code: 201, ref: gnpRef("security.x"), uri: "/apis/projectcalico.org/v3/globalnetworkpolicies?dryRun=All&fieldManager=kubectl-create", response: gnp("security.x", "u1", "")},
			{verb: "patch", ref: gnpRef("security.x"), uri: "/x?fieldManager=kubectl&dryRun=All", response: x},
			{verb: "delete", ref: gnpRef("security.x"), uri: "/x?dryRun=All", response: status("", "", "security.x", "u1")},
			{verb: "deletecollection", ref: gnpRef(""), uri: "/x?dryRun=All", response: list("projectcalico.org/v3", "GlobalNetworkPolicyList", x)},
		}, []string{}},
		{"AL 17: what merely looks like a dry run is none", []logged{
			{verb: "patch", ref: gnpRef("security.x"), uri: "/x?fieldManager=dryRun&dryRun=", request: `{"dryRun":["All"]}`, response: x},
		}, []string{"+GlobalNetworkPolicy(security.x) u1 v7"}},
		{"AL 18: a patch that changes nothing repeats the version, for the timeline to see", []logged{
			{verb: "patch", ref: gnpRef("security.x"), response: x},
			{at: time.Second, verb: "patch", ref: gnpRef("security.x"), response: x},
		}, []string{"+GlobalNetworkPolicy(security.x) u1 v7", "+GlobalNetworkPolicy(security.x) u1 v7"}},
		{"AL 19, 21: refusals change nothing", []logged{
			{verb: "create", code: 403, ref: gnpRef(""), response: failure(403, "Forbidden", "no")},
			{verb: "create", code: 409, ref: gnpRef("security.x"), request: x, response: failure(409, "AlreadyExists", "there")},
			{verb: "update", code: 422, ref: gnpRef("security.x"), request: x, response: failure(422, "Invalid", "bad")},
			{verb: "patch", code: 415, ref: gnpRef("security.x"), response: failure(415, "UnsupportedMediaType", "what")},
			{verb: "patch", code: 404, ref: coreRef("pods", "shop", "web").sub("status"), response: failure(404, "NotFound", "gone")},
		}, []string{}},
		{"AL 20: a request without credentials has no complete response", []logged{
			{verb: "create", stage: "ResponseStarted", code: 401, ref: gnpRef("security.x")},
		}, []string{}},
		{"AL 39, 40: other stages say nothing", []logged{
			{verb: "create", stage: "RequestReceived", ref: gnpRef("")},
			{verb: "watch", stage: "ResponseStarted", ref: gnpRef("")},
			{verb: "patch", stage: "Panic", code: 500, ref: gnpRef("security.x")},
		}, []string{}},
	})
}

func TestCreatingAndChanging(t *testing.T) {
	x := gnp("security.x", "u1", "7", "", `"spec":{"order":10}`)
	newPod := pod("shop", "web-5d4-x1", "u1", "5", `"generateName":"web-5d4-"`, `"spec":{"containers":[{"name":"c"}]}`)
	check(t, []expect{
		{"AL 22, 23, 24: the state is the answer, whatever the patch was", []logged{
			{verb: "patch", code: 201, ref: gnpRef("security.x"), uri: "/x?fieldManager=me&force=false", request: x, response: x},
			{at: 1000, verb: "patch", ref: gnpRef("security.x"), request: `[{"op":"replace","path":"/metadata/managedFields","value":[]}]`, response: gnp("security.x", "u1", "8")},
			{at: 2000, verb: "patch", ref: gnpRef("security.x"), request: `{"spec":{"order":20}}`, response: gnp("security.x", "u1", "9")},
		}, []string{"+GlobalNetworkPolicy(security.x) u1 v7", "+GlobalNetworkPolicy(security.x) u1 v8", "+GlobalNetworkPolicy(security.x) u1 v9"}},
		{"AL 24: without an answer a patch is no state", []logged{
			{verb: "patch", ref: gnpRef("security.x"), request: x},
		}, []string{}},
		{"AL 25: a PUT creates", []logged{
			{verb: "update", code: 201, ref: coreRef("services", "shop", "web"), response: object("v1", "Service", "shop", "web", "u1", "5", "", `"spec":{}`)},
		}, []string{"+Service.v1(shop/web) u1 v5"}},
		{"AL 26: a generated name is in the answer only", []logged{
			{verb: "create", code: 201, ref: coreRef("pods", "shop", ""), response: newPod},
		}, []string{"+Pod.v1(shop/web-5d4-x1) u1 v5"}},
		{"AL 27: a pod's node comes with its binding, its address with its status", []logged{
			{verb: "create", code: 201, ref: coreRef("pods", "shop", ""), response: newPod},
			{at: time.Millisecond, verb: "create", code: 201, ref: coreRef("pods", "shop", "web-5d4-x1").sub("binding"),
				request:  `{"kind":"Binding","apiVersion":"v1","metadata":{"name":"web-5d4-x1","namespace":"shop","uid":"u1"},"target":{"kind":"Node","name":"n1"}}`,
				response: status("", "", "", "")},
			{at: time.Second, verb: "patch", ref: coreRef("pods", "shop", "web-5d4-x1").sub("status"),
				response: pod("shop", "web-5d4-x1", "u1", "7", "", `"spec":{"nodeName":"n1"}`, `"status":{"phase":"Running","podIP":"10.0.0.7"}`)},
		}, []string{"+Pod.v1(shop/web-5d4-x1) u1 v5", "@n1 Pod.v1(shop/web-5d4-x1) u1", "+Pod.v1(shop/web-5d4-x1) u1 v7"}},
		{"AL 27: at level Metadata a binding tells no node", []logged{
			{verb: "create", code: 201, ref: coreRef("pods", "shop", "web").sub("binding")},
		}, []string{}},
		{"an old scheduler binds with a resource of its own", []logged{
			{verb: "create", code: 201, ref: coreRef("bindings", "shop", ""), request: `{"kind":"Binding","metadata":{"name":"web"},"target":{"name":"n1"}}`},
		}, []string{"@n1 Pod.v1(shop/web)"}},
		{"AL 28: an evicted pod stays", []logged{
			{verb: "patch", ref: coreRef("pods", "shop", "web").sub("status"), response: pod("shop", "web", "u1", "8", "", `"status":{"phase":"Failed","reason":"Evicted"}`)},
		}, []string{"+Pod.v1(shop/web) u1 v8"}},
		{"AL 29: sub-resources create no objects", []logged{
			{verb: "create", code: 201, ref: coreRef("serviceaccounts", "shop", "robot").sub("token"),
				response: `{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","metadata":{"name":"robot","namespace":"shop"},"status":{"token":"x"}}`},
			{verb: "patch", ref: &ref{Resource: "deployments", Namespace: "shop", Name: "web", APIGroup: "apps", APIVersion: "v1", Subresource: "scale"},
				response: `{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"web"}}`},
			{verb: "create", ref: coreRef("pods", "shop", "web").sub("exec"), code: 101},
			{verb: "patch", ref: coreRef("pods", "shop", "web").sub("ephemeralcontainers"), response: pod("shop", "web", "u1", "9", "", `"spec":{"nodeName":"n1"}`)},
		}, []string{"+Pod.v1(shop/web) u1 v9"}},
		{"AL 30: replace --force gives another uid", []logged{
			{verb: "delete", ref: gnpRef("security.x"), response: status("", "", "security.x", "u1")},
			{at: 10 * time.Millisecond, verb: "create", code: 201, ref: gnpRef("security.x"), response: gnp("security.x", "u2", "9")},
		}, []string{"-GlobalNetworkPolicy(security.x) u1", "+GlobalNetworkPolicy(security.x) u2 v9"}},
		{"AL 31: a status may be a text or a map", []logged{
			{verb: "delete", ref: coreRef("nodes", "", "n1"), response: status("", "nodes", "n1", "u1")},
			{at: 1000, verb: "patch", ref: coreRef("nodes", "", "n2").sub("status"), response: object("v1", "Node", "", "n2", "u2", "6", "", `"status":{"conditions":[]}`)},
		}, []string{"-Node.v1(n1) u1", "+Node.v1(n2) u2 v6"}},
		{"AL 33: a namespace's objectRef may have a namespace", []logged{
			{verb: "create", code: 201, ref: coreRef("namespaces", "", "shop"), response: object("v1", "Namespace", "", "shop", "u1", "5", "", `"spec":{"finalizers":["kubernetes"]}`)},
			{at: 1000, verb: "patch", ref: coreRef("namespaces", "shop", "shop"), response: object("v1", "Namespace", "", "shop", "u1", "6", "", `"spec":{"finalizers":["kubernetes"]}`)},
		}, []string{"+Namespace.v1(shop) u1 v5", "+Namespace.v1(shop) u1 v6"}},
		{"any group in any file; what Calico stores is what it stands for", []logged{
			{verb: "create", code: 201, ref: &ref{Resource: "networkpolicies", Namespace: "shop", Name: "default.x", APIGroup: "crd.projectcalico.org", APIVersion: "v1"},
				response: object("crd.projectcalico.org/v1", "NetworkPolicy", "shop", "default.x", "u1", "5", `"annotations":{"projectcalico.org/metadata":"{\"uid\":\"v3u\"}"}`)},
			{at: 1000, verb: "delete", ref: &ref{Resource: "networkpolicies", Namespace: "shop", Name: "default.x", APIGroup: "crd.projectcalico.org", APIVersion: "v1"},
				response: status("crd.projectcalico.org", "networkpolicies", "default.x", "u1")},
			{at: 2000, verb: "create", code: 201, ref: &ref{Resource: "networkpolicies", Namespace: "shop", Name: "y", APIGroup: "extensions", APIVersion: "v1beta1"},
				response: object("extensions/v1beta1", "NetworkPolicy", "shop", "y", "u2", "6")},
			{at: 3000, verb: "deletecollection", ref: &ref{Resource: "networkpolicies", Namespace: "shop", APIGroup: "crd.projectcalico.org", APIVersion: "v1"},
				response: list("crd.projectcalico.org/v1", "NetworkPolicyList", object("crd.projectcalico.org/v1", "NetworkPolicy", "shop", "default.z", "u3", "5"))},
		}, []string{"+NetworkPolicy(shop/x) v3u v5", "-NetworkPolicy(shop/x)", "+NetworkPolicy.networking.k8s.io/v1(shop/y) u2 v6", "-NetworkPolicy(shop/z) u3"}},
	})
}

func TestStateIsTheWholeObject(t *testing.T) {
	event := logged{verb: "patch", ref: gnpRef("security.x"), response: gnp("security.x", "u1", "8", `"labels":{"a":"<b>"}`,
		`"spec":{"tier":"security","order":10,"selector":"app == 'x'","types":["Ingress"],"ingress":[{"action":"Allow","destination":{"ports":[80,"90:95"]}}]}`)}
	entries, _ := merge(t, options(), lines(event))
	want, err := resource.Read([]byte(event.response))
	require.NoError(t, err)
	require.Equal(t, want, entries[0].Changes[0].Object)
}

// AL 41: a set of 6,000 nets makes a line of 219 kB.
func TestLongLines(t *testing.T) {
	nets, err := json.Marshal(strings.Split(strings.Repeat("203.0.113.0/24,", 6000)+"198.51.100.0/24", ","))
	require.NoError(t, err)
	set := object("projectcalico.org/v3", "GlobalNetworkSet", "", "bad", "u1", "7", "", `"spec":{"nets":`+string(nets)+`}`)
	event := logged{verb: "update", ref: &ref{Resource: "globalnetworksets", Name: "bad", APIGroup: "projectcalico.org", APIVersion: "v3"}, request: set, response: set}
	require.Greater(t, len(event.line()), 200<<10)
	entries, _ := merge(t, options(), lines(event))
	require.Len(t, entries[0].Changes[0].Object.Nets, 6001)
}

// AL 43: managed fields are there or not, in answers and in items of lists.
func TestManagedFieldsMakeNoDifference(t *testing.T) {
	managed := `"managedFields":[{"manager":"kubectl","operation":"Apply","time":"2026-11-21T00:00:00Z","fieldsV1":{"f:spec":{}}}]`
	with, _ := merge(t, options(), lines(logged{verb: "patch", ref: gnpRef("security.x"), response: gnp("security.x", "u1", "8", managed)}))
	without, _ := merge(t, options(), lines(logged{verb: "patch", ref: gnpRef("security.x"), response: gnp("security.x", "u1", "8")}))
	require.Equal(t, without[0].Changes, with[0].Changes)
}
