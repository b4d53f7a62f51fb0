package audit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The tests are named by the items of audit-log.md.

func TestDeleting(t *testing.T) {
	web := "web-1"
	check(t, []expect{
		{"AL 1: a Status names the deleted object by uid", []logged{
			{verb: "delete", ref: gnpRef("security.x"), response: status("projectcalico.org", "globalnetworkpolicies", "security.x", "u1")},
			{at: 1, verb: "delete", ref: coreRef("nodes", "", "n1"), response: status("", "nodes", "n1", "u2")},
			{at: 2000, verb: "delete", ref: &ref{Resource: "endpointslices", Namespace: "shop", Name: "web-abc", APIGroup: "discovery.k8s.io", APIVersion: "v1"},
				response: status("discovery.k8s.io", "endpointslices", "web-abc", "u3")},
		}, []string{"-Node.v1(n1) u2", "-GlobalNetworkPolicy(security.x) u1", "-EndpointSlice.discovery.k8s.io/v1(shop/web-abc) u3"}},
		{"AL 2: a deleted Service is answered as it was", []logged{
			{verb: "delete", ref: coreRef("services", "shop", "web"), response: object("v1", "Service", "shop", "web", "u1", "7", "", `"spec":{"clusterIP":"10.0.0.1"}`)},
		}, []string{"-Service.v1(shop/web) u1 v7"}},
		{"AL 2: a Service with finalizers lives on", []logged{
			{verb: "delete", ref: coreRef("services", "shop", "web"), response: object("v1", "Service", "shop", "web", "u1", "8", grace0+","+finalizers)},
		}, []string{"+Service.v1(shop/web) u1 v8"}},
		{"AL 3: finalizers keep an object alive until a patch removes the last one", []logged{
			{verb: "delete", ref: gnpRef("security.x"), response: gnp("security.x", "u1", "8", grace0+","+finalizers)},
			{at: time.Second, verb: "patch", ref: gnpRef("security.x"), response: gnp("security.x", "u1", "8", grace0)},
		}, []string{"+GlobalNetworkPolicy(security.x) u1 v8", "-GlobalNetworkPolicy(security.x) u1 v8"}},
		{"AL 4: foreground deletion ends with a PartialObjectMetadata", []logged{
			{verb: "delete", ref: knpRef("shop", "web"), response: knp("shop", "web", "u1", "8", grace0+`,"finalizers":["foregroundDeletion"]`)},
			{at: time.Millisecond, verb: "patch", ref: knpRef("shop", "web"), user: "system:serviceaccount:kube-system:generic-garbage-collector",
				response: object("meta.k8s.io/v1", "PartialObjectMetadata", "shop", "web", "u1", "8", grace0)},
		}, []string{"+NetworkPolicy.networking.k8s.io/v1(shop/web) u1 v8", "-NetworkPolicy.networking.k8s.io/v1(shop/web) u1 v8"}},
		{"AL 4: a PartialObjectMetadata that lives on is no state", []logged{
			{verb: "patch", ref: knpRef("shop", "web"), response: object("meta.k8s.io/v1", "PartialObjectMetadata", "shop", "web", "u1", "8", finalizers)},
			{at: 1000, verb: "patch", ref: knpRef("shop", "web"), response: object("meta.k8s.io/v1", "PartialObjectMetadata", "shop", "web", "u1", "9", grace0+","+finalizers)},
		}, []string{}},
		{"AL 5: graceful deletion of a pod ends with the second delete", []logged{
			{verb: "delete", ref: coreRef("pods", "shop", web), response: pod("shop", web, "u1", "8", grace10)},
			{at: 10 * time.Second, verb: "delete", ref: coreRef("pods", "shop", web), user: "system:node:n1", request: `{"kind":"DeleteOptions","gracePeriodSeconds":0}`,
				response: pod("shop", web, "u1", "9", grace0)},
		}, []string{"+Pod.v1(shop/web-1) u1 v8", "-Pod.v1(shop/web-1) u1 v9"}},
		{"AL 5: a pod with a finalizer outlives its kubelet's delete", []logged{
			{verb: "delete", ref: coreRef("pods", "shop", web), response: pod("shop", web, "u1", "9", grace0+","+finalizers)},
			{at: time.Second, verb: "patch", ref: coreRef("pods", "shop", web), response: pod("shop", web, "u1", "9", grace0)},
		}, []string{"+Pod.v1(shop/web-1) u1 v9", "-Pod.v1(shop/web-1) u1 v9"}},
		{"AL 5: removing a finalizer within the grace period does not end a pod", []logged{
			{verb: "patch", ref: coreRef("pods", "shop", web), response: pod("shop", web, "u1", "9", grace10)},
		}, []string{"+Pod.v1(shop/web-1) u1 v9"}},
		{"AL 6: one delete is enough without a kubelet", []logged{
			{verb: "delete", ref: coreRef("pods", "shop", web), request: `{"gracePeriodSeconds":0}`, response: pod("shop", web, "u1", "5", grace0)},
		}, []string{"-Pod.v1(shop/web-1) u1 v5"}},
		{"AL 7: a late 404 says nothing", []logged{
			{verb: "delete", code: 404, ref: coreRef("pods", "shop", web), response: failure(404, "NotFound", "gone")},
		}, []string{}},
		{"AL 8: an eviction is neither a creation nor an end", []logged{
			{verb: "create", code: 201, ref: coreRef("pods", "shop", web).sub("eviction"), response: status("", "", "", "")},
			{at: 1000, verb: "create", code: 429, ref: coreRef("pods", "shop", web).sub("eviction"), response: failure(429, "TooManyRequests", "budget")},
			{at: 10 * time.Second, verb: "delete", ref: coreRef("pods", "shop", web), response: pod("shop", web, "u1", "9", grace0)},
		}, []string{"-Pod.v1(shop/web-1) u1 v9"}},
		{"AL 13: what a terminating namespace refuses is not created", []logged{
			{verb: "create", code: 403, ref: coreRef("pods", "shop", ""), request: `{"kind":"Pod","metadata":{"generateName":"web-"}}`, response: failure(403, "Forbidden", "terminating")},
		}, []string{}},
		{"AL 14: a CustomResourceDefinition's end shows no ends", []logged{
			{verb: "delete", ref: &ref{Resource: "customresourcedefinitions", Name: "globalnetworkpolicies.projectcalico.org", APIGroup: "apiextensions.k8s.io", APIVersion: "v1"},
				response: status("apiextensions.k8s.io", "customresourcedefinitions", "globalnetworkpolicies.projectcalico.org", "u1")},
		}, []string{}},
		{"AL 15: pods of a lost node fail, then go", []logged{
			{verb: "patch", ref: coreRef("pods", "shop", web).sub("status"), response: pod("shop", web, "u1", "8", "", `"status":{"phase":"Failed"}`)},
			{at: time.Millisecond, verb: "delete", ref: coreRef("pods", "shop", web), response: pod("shop", web, "u1", "9", grace0)},
		}, []string{"+Pod.v1(shop/web-1) u1 v8", "-Pod.v1(shop/web-1) u1 v9"}},
		{"a delete without a body ends what it names", []logged{
			{verb: "delete", ref: gnpRef("security.x")},
		}, []string{"-GlobalNetworkPolicy(security.x)"}},
		{"deleting a sub-resource ends nothing", []logged{
			{verb: "delete", ref: coreRef("services", "shop", "web").sub("proxy"), response: status("", "services", "web", "u1")},
		}, []string{}},
		{"the garbage collector deletes with metadata only", []logged{
			{verb: "delete", ref: coreRef("pods", "shop", web), response: object("meta.k8s.io/v1", "PartialObjectMetadata", "shop", web, "u1", "8", grace10)},
			{at: 1000, verb: "delete", ref: coreRef("pods", "shop", web), response: object("meta.k8s.io/v1", "PartialObjectMetadata", "shop", web, "u1", "9", grace0)},
			{at: 2000, verb: "delete", ref: coreRef("services", "shop", "web"), response: object("meta.k8s.io/v1", "PartialObjectMetadata", "shop", "web", "u2", "9")},
		}, []string{"-Pod.v1(shop/web-1) u1 v9", "-Service.v1(shop/web) u2 v9"}},
	})
}

func TestDeleteCollection(t *testing.T) {
	all := knpRef("shop", "")
	item := func(name, uid, meta string) string {
		return object("", "", "shop", name, uid, "5", meta, `"spec":{"podSelector":{}}`)
	}
	bound := func(name, uid string) string {
		return object("", "", "shop", name, uid, "5", "", `"spec":{"nodeName":"n1","terminationGracePeriodSeconds":30}`, `"status":{"phase":"Running"}`)
	}
	check(t, []expect{
		{"AL 9: items without kind are of the list's", []logged{
			{verb: "deletecollection", ref: all, response: list("networking.k8s.io/v1", "NetworkPolicyList", item("a", "u1", ""), item("b", "u2", ""))},
		}, []string{"-NetworkPolicy.networking.k8s.io/v1(shop/a) u1", "-NetworkPolicy.networking.k8s.io/v1(shop/b) u2"}},
		{"AL 9: items of custom resources have a kind", []logged{
			{verb: "deletecollection", ref: gnpRef(""), response: list("projectcalico.org/v3", "GlobalNetworkPolicyList", gnp("security.x", "u1", "5"))},
		}, []string{"-GlobalNetworkPolicy(security.x) u1"}},
		{"AL 9: an item with a finalizer lives on", []logged{
			{verb: "deletecollection", ref: all, response: list("networking.k8s.io/v1", "NetworkPolicyList", item("a", "u1", finalizers), item("b", "u2", ""))},
		}, []string{"-NetworkPolicy.networking.k8s.io/v1(shop/b) u2"}},
		{"AL 9: in the foreground every item waits for the collector", []logged{
			{verb: "deletecollection", ref: all, request: `{"propagationPolicy":"Foreground"}`, response: list("networking.k8s.io/v1", "NetworkPolicyList", item("a", "u1", ""))},
			{at: 1, verb: "deletecollection", ref: all, uri: "/x?propagationPolicy=Foreground", response: list("networking.k8s.io/v1", "NetworkPolicyList", item("a", "u1", ""))},
		}, []string{}},
		{"AL 10: running pods do not end yet", []logged{
			{verb: "deletecollection", ref: coreRef("pods", "shop", ""), response: list("v1", "PodList", bound("web-1", "u1"))},
			{at: time.Second, verb: "deletecollection", ref: coreRef("pods", "shop", ""), response: list("v1", "PodList")},
			{at: 10 * time.Second, verb: "delete", ref: coreRef("pods", "shop", "web-1"), response: pod("shop", "web-1", "u1", "9", grace0)},
		}, []string{"-Pod.v1(shop/web-1) u1 v9"}},
		{"AL 6, 10: pods that no kubelet has to stop end at once", []logged{
			{verb: "deletecollection", ref: coreRef("pods", "shop", ""), response: list("v1", "PodList",
				object("", "", "shop", "unbound", "u1", "5", "", `"spec":{}`),
				object("", "", "shop", "finished", "u2", "5", "", `"spec":{"nodeName":"n1"}`, `"status":{"phase":"Succeeded"}`),
				object("", "", "shop", "hasty", "u3", "5", "", `"spec":{"nodeName":"n1","terminationGracePeriodSeconds":0}`),
				bound("web-1", "u4"))},
		}, []string{"-Pod.v1(shop/unbound) u1", "-Pod.v1(shop/finished) u2", "-Pod.v1(shop/hasty) u3"}},
		{"AL 6, 10: forced, all pods end at once", []logged{
			{verb: "deletecollection", ref: coreRef("pods", "shop", ""), uri: "/api/v1/namespaces/shop/pods?gracePeriodSeconds=0",
				response: list("v1", "PodList", bound("web-1", "u1"))},
			{at: 1000, verb: "deletecollection", ref: coreRef("pods", "shop", ""), request: `{"gracePeriodSeconds":0}`,
				response: list("v1", "PodList", bound("web-2", "u2"))},
		}, []string{"-Pod.v1(shop/web-1) u1", "-Pod.v1(shop/web-2) u2"}},
		{"AL 11: kubectl delete --all is one delete for each object", []logged{
			{verb: "delete", ref: knpRef("shop", "a"), response: status("networking.k8s.io", "networkpolicies", "a", "u1")},
			{at: 1000, verb: "delete", ref: knpRef("shop", "b"), response: status("networking.k8s.io", "networkpolicies", "b", "u2")},
		}, []string{"-NetworkPolicy.networking.k8s.io/v1(shop/a) u1", "-NetworkPolicy.networking.k8s.io/v1(shop/b) u2"}},
		{"without a body nothing tells what was deleted", []logged{
			{verb: "deletecollection", ref: coreRef("services", "shop", "")},
		}, []string{}},
		{"metadata only", []logged{
			{verb: "deletecollection", ref: all, response: list("meta.k8s.io/v1", "PartialObjectMetadataList", object("", "", "shop", "a", "u1", "5"))},
		}, []string{"-NetworkPolicy.networking.k8s.io/v1(shop/a) u1"}},
	})
}

func TestUnreadableAnswersAreCounted(t *testing.T) {
	for name, c := range map[string]struct {
		event logged
		bad   string
	}{
		"an item that is no object": {
			logged{verb: "deletecollection", ref: knpRef("shop", ""), response: `{"kind":"NetworkPolicyList","apiVersion":"networking.k8s.io/v1","items":[7]}`},
			"unreadable list in the answer"},
		"an object with a spec of another shape": {
			logged{verb: "update", ref: gnpRef("security.x"), response: gnp("security.x", "u1", "5", "", `"spec":{"order":"ten"}`)},
			"unreadable object in the answer"},
		"an answer that is no object": {
			logged{verb: "update", ref: gnpRef("security.x"), response: `[1]`},
			"unreadable object in the answer"},
	} {
		t.Run(name, func(t *testing.T) {
			entries, facts := merge(t, options(), lines(c.event))
			require.Empty(t, told(entries))
			require.Equal(t, map[string]int64{c.bad: 1}, facts.Bad)
		})
	}
}
