package resource_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/internal/resource"
)

func read(t *testing.T, manifest string) *resource.Object {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(manifest))
	require.NoError(t, err)
	obj, err := resource.Read(raw)
	require.NoError(t, err)
	return obj
}

func TestReadMetadata(t *testing.T) {
	obj := read(t, `
apiVersion: v1
kind: ServiceAccount
metadata:
  name: clerk
  namespace: shop
  uid: 8c1f
  resourceVersion: "42"
  creationTimestamp: "2026-11-21T01:00:00+01:00"
  deletionTimestamp: "2026-11-21T02:00:00Z"
  finalizers: [x]
  labels: {a: b}
  unknown: field`)
	require.Equal(t, &resource.Object{
		ID:      resource.ID{Key: key(resource.ServiceAccount, "shop", "clerk"), UID: "8c1f"},
		Version: "42", Created: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), Deleting: true, Finalizers: true, Labels: map[string]string{"a": "b"},
	}, obj)
	t.Run("a namespaced object of no namespace is in default, as kubectl applies it", func(t *testing.T) {
		require.Equal(t, "default", read(t, `{apiVersion: v1, kind: Pod, metadata: {name: p}}`).ID.Namespace)
	})
	t.Run("a cluster-scoped object is in none", func(t *testing.T) {
		require.Empty(t, read(t, `{apiVersion: v1, kind: Namespace, metadata: {name: prod, namespace: prod}}`).ID.Namespace)
	})
	t.Run("a namespace's own finalizers count", func(t *testing.T) {
		require.True(t, read(t, `{apiVersion: v1, kind: Namespace, metadata: {name: prod}, spec: {finalizers: [kubernetes]}}`).Finalizers)
		require.False(t, read(t, `{apiVersion: v1, kind: Namespace, metadata: {name: prod}}`).Finalizers)
	})
}

func TestReadPod(t *testing.T) {
	obj := read(t, `
apiVersion: v1
kind: Pod
metadata: {name: cart-5d4-x, namespace: shop, generateName: cart-5d4-}
spec: {nodeName: n1, hostNetwork: true, serviceAccountName: clerk}
status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}]}`)
	require.Equal(t, &resource.PodSpec{
		Node: "n1", HostNetwork: true, ServiceAccount: "clerk", Phase: "Running", IPs: []string{"10.0.0.1", "fd00::1"}, GenerateName: "cart-5d4-",
	}, obj.Pod)
	for _, tc := range []struct {
		name, spec, status string
		want               resource.PodSpec
	}{
		{"nothing known", "{}", "{}", resource.PodSpec{ServiceAccount: "default"}},
		{"the old field of the account", "{serviceAccount: clerk}", "{}", resource.PodSpec{ServiceAccount: "clerk"}},
		{"one address only", "{}", "{podIP: 10.0.0.1}", resource.PodSpec{ServiceAccount: "default", IPs: []string{"10.0.0.1"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			obj := read(t, `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: `+tc.spec+`, status: `+tc.status+`}`)
			require.Equal(t, tc.want, *obj.Pod)
		})
	}
	for phase, finished := range map[string]bool{"": false, "Pending": false, "Running": false, "Unknown": false, "Succeeded": true, "Failed": true} {
		require.Equal(t, finished, (&resource.PodSpec{Phase: phase}).Finished(), phase)
	}
}

// TestReadEnvoy is the row "Envoy" of decisions.md.
func TestReadEnvoy(t *testing.T) {
	const status = `{"initContainers":["istio-init"],"containers":["istio-proxy"]}`
	const native = `{"initContainers":["istio-init","istio-proxy"],"containers":null}`
	for _, tc := range []struct {
		name, annotation, spec string
		want                   bool
	}{
		{"the annotation names an init and a proxy container and both are in the spec", status,
			"{initContainers: [{name: istio-init}], containers: [{name: app}, {name: istio-proxy}]}", true},
		{"no annotation", "", "{initContainers: [{name: istio-init}], containers: [{name: istio-proxy}]}", false},
		{"no init container", status, "{containers: [{name: istio-proxy}]}", false},
		{"no proxy", status, "{initContainers: [{name: istio-init}], containers: [{name: app}]}", false},
		{"the annotation names none", `{}`, "{initContainers: [{name: istio-init}], containers: [{name: istio-proxy}]}", false},
		{"the annotation cannot be read", `{`, "{initContainers: [{name: istio-init}], containers: [{name: istio-proxy}]}", false},
		{"native sidecars count", native, "{initContainers: [{name: istio-init}, {name: istio-proxy, restartPolicy: Always}], containers: [{name: app}]}", true},
		{"named as an init container, but not a sidecar", native, "{initContainers: [{name: istio-init}, {name: istio-proxy}], containers: [{name: app}]}", false},
		{"a native sidecar alone", native, "{initContainers: [{name: istio-proxy, restartPolicy: Always}]}", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			annotation, err := json.Marshal(tc.annotation)
			require.NoError(t, err)
			obj := read(t, `{apiVersion: v1, kind: Pod, metadata: {name: p, annotations: {sidecar.istio.io/status: `+string(annotation)+`}}, spec: `+tc.spec+`}`)
			require.Equal(t, tc.want, obj.Pod.Envoy)
		})
	}
}

func TestReadBackends(t *testing.T) {
	for _, tc := range []struct {
		name, manifest string
		want           resource.BackendsSpec
	}{
		{"Endpoints are named as their service", `
apiVersion: v1
kind: Endpoints
metadata: {name: web, namespace: shop}
subsets:
- addresses: [{ip: 10.0.0.1, targetRef: {kind: Pod, namespace: shop, name: a}}, {ip: 10.0.0.2}, {ip: 10.0.0.3, targetRef: {kind: Node, name: n1}}]
  notReadyAddresses: [{ip: 10.0.0.9}]
- addresses: [{ip: 10.0.0.4, targetRef: {kind: Pod, name: b}}]`,
			resource.BackendsSpec{Service: "web", Addresses: []resource.Backend{
				{Pod: "shop/a", IP: "10.0.0.1"}, {IP: "10.0.0.2"}, {IP: "10.0.0.3"}, {Pod: "shop/b", IP: "10.0.0.4"}}}},
		{"a slice is of the service that its label names; ready addresses, unknown is ready", `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-x, namespace: shop, labels: {kubernetes.io/service-name: web}}
endpoints:
- {addresses: [10.0.0.1, 10.0.0.2], conditions: {ready: true}, targetRef: {kind: Pod, namespace: other, name: a}}
- {addresses: [10.0.0.3], conditions: {ready: false}}
- {addresses: [10.0.0.4]}`,
			resource.BackendsSpec{Service: "web", Addresses: []resource.Backend{{Pod: "other/a", IP: "10.0.0.1"}, {Pod: "other/a", IP: "10.0.0.2"}, {IP: "10.0.0.4"}}}},
		{"a slice of no service", `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: x}}`, resource.BackendsSpec{}},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, *read(t, tc.manifest).Backends) })
	}
}

func TestReadOtherKinds(t *testing.T) {
	service := read(t, `{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {clusterIP: 10.96.0.1, selector: {app: x}}}`)
	require.Equal(t, &resource.ServiceSpec{ClusterIPs: []string{"10.96.0.1"}, Selector: map[string]string{"app": "x"}}, service.Service)
	dual := read(t, `{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {clusterIP: a, clusterIPs: [a, b]}}`)
	require.Equal(t, []string{"a", "b"}, dual.Service.ClusterIPs)
	tier := read(t, `{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: t}, spec: {order: 0, defaultAction: Pass}}`)
	require.InDelta(t, 0.0, *tier.Tier.Order, 0)
	require.Equal(t, "Pass", tier.Tier.DefaultAction)
	require.Nil(t, read(t, `{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: t}}`).Tier.Order, "no order is not order 0")
	host := read(t, `{apiVersion: projectcalico.org/v3, kind: HostEndpoint, metadata: {name: h}, spec: {node: n1, interfaceName: eth0, expectedIPs: [a], profiles: [p]}}`)
	require.Equal(t, &resource.HostEndpointSpec{Node: "n1", Interface: "eth0", IPs: []string{"a"}, Profiles: []string{"p"}}, host.HostEndpoint)
	set := read(t, `{apiVersion: projectcalico.org/v3, kind: GlobalNetworkSet, metadata: {name: s}, spec: {nets: [10.0.0.0/8], allowedEgressDomains: [x]}}`)
	require.Equal(t, []string{"10.0.0.0/8"}, set.Nets)
	node := read(t, `{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {phase: [odd]}}`)
	require.Equal(t, key(resource.Node, "", "n1"), node.ID.Key, "parts that are not looked at may be anything")
}

func TestReadPolicies(t *testing.T) {
	types := func(manifest string) []v3.PolicyType { return read(t, manifest).Policy.Types }
	const calico = `{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: p}, spec: `
	for spec, want := range map[string][]v3.PolicyType{
		`{}`:                                            {v3.PolicyTypeIngress},
		`{ingress: [{action: Allow}]}`:                  {v3.PolicyTypeIngress},
		`{egress: [{action: Allow}]}`:                   {v3.PolicyTypeEgress},
		`{egress: [{}], ingress: [{}]}`:                 {v3.PolicyTypeIngress, v3.PolicyTypeEgress},
		`{types: [Ingress, Egress]}`:                    {v3.PolicyTypeEgress, v3.PolicyTypeIngress},
		`{types: [Egress], ingress: [{action: Allow}]}`: {v3.PolicyTypeEgress},
	} {
		t.Run(spec, func(t *testing.T) { require.ElementsMatch(t, want, types(calico+spec+"}")) })
	}
	t.Run("the default tier", func(t *testing.T) {
		require.Equal(t, "default", read(t, calico+"{}}").Policy.Tier)
		require.Equal(t, "sec", read(t, calico+"{tier: sec}}").Policy.Tier)
	})
	t.Run("rules keep their parts", func(t *testing.T) {
		p := read(t, calico+`{order: 5, ingress: [{action: Deny, protocol: TCP, source: {nets: [10.0.0.0/8], selector: a == 'b'}, destination: {ports: [80, "1:2"]}}]}}`).Policy
		require.InDelta(t, 5.0, *p.Order, 0)
		require.Equal(t, v3.Deny, p.Ingress[0].Action)
		require.Equal(t, "TCP", p.Ingress[0].Protocol.String())
		require.Equal(t, v3.EntityRule{Nets: []string{"10.0.0.0/8"}, Selector: "a == 'b'"}, p.Ingress[0].Source)
		require.Len(t, p.Ingress[0].Destination.Ports, 2)
	})
	t.Run("staged", func(t *testing.T) {
		p := read(t, `{apiVersion: projectcalico.org/v3, kind: StagedKubernetesNetworkPolicy, metadata: {name: p}, spec: {stagedAction: Delete, podSelector: {matchLabels: {a: b}}}}`).Policy
		require.Equal(t, "Delete", p.StagedAction)
		require.Equal(t, map[string]string{"a": "b"}, p.Kubernetes.PodSelector.MatchLabels)
	})
}

// TestKubernetesPolicyWithoutPolicyTypes is that row of decisions.md: as the API server would have stored it.
func TestKubernetesPolicyWithoutPolicyTypes(t *testing.T) {
	for spec, want := range map[string][]networkingv1.PolicyType{
		`{podSelector: {}}`:                        {"Ingress"},
		`{podSelector: {}, egress: [{}]}`:          {"Ingress", "Egress"},
		`{podSelector: {}, egress: []}`:            {"Ingress"},
		`{podSelector: {}, policyTypes: [Egress]}`: {"Egress"},
	} {
		t.Run(spec, func(t *testing.T) {
			p := read(t, `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: `+spec+`}`).Policy
			require.Equal(t, want, p.Kubernetes.PolicyTypes)
			require.Equal(t, "default", p.Tier)
		})
	}
}

// TestAPolicyInTwoGroups is that row of decisions.md: crd.projectcalico.org/v1 reads as projectcalico.org/v3.
func TestAPolicyInTwoGroups(t *testing.T) {
	const head = "apiVersion: crd.projectcalico.org/v1\nkind: "
	for _, tc := range []struct {
		name, manifest string
		want           resource.ID
		labels         map[string]string
	}{
		{"labels, uid and name from the annotation", head + `GlobalNetworkPolicy
metadata:
  name: sec.block
  uid: stored
  labels: {stored: "1"}
  annotations: {projectcalico.org/metadata: '{"uid":"v3","labels":{"a":"b"},"creationTimestamp":"2026-11-21T00:00:00Z"}'}`,
			resource.ID{Key: key(resource.GlobalNetworkPolicy, "", "sec.block"), UID: "v3"}, map[string]string{"a": "b"}},
		{"a v1 name default.x is the v3 policy x of the default tier", head + "NetworkPolicy\nmetadata: {name: default.x, namespace: shop, uid: u}",
			resource.ID{Key: key(resource.NetworkPolicy, "shop", "x"), UID: "u"}, nil},
		{"also in the annotation", head + `NetworkPolicy
metadata: {name: default.x, namespace: shop, annotations: {projectcalico.org/metadata: '{"name":"default.y"}'}}`,
			resource.ID{Key: key(resource.NetworkPolicy, "shop", "y")}, nil},
		{"not of what is no policy", head + "GlobalNetworkSet\nmetadata: {name: default.x, labels: {a: b}}",
			resource.ID{Key: key(resource.GlobalNetworkSet, "", "default.x")}, map[string]string{"a": "b"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			obj := read(t, tc.manifest)
			require.Equal(t, tc.want, obj.ID)
			require.Equal(t, tc.labels, obj.Labels)
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for _, tc := range []struct{ name, raw, want string }{
		{"no JSON", `{`, "decode object: "},
		{"another kind", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}`, "v1 ConfigMap: not a followed kind"},
		{"a list", `{"apiVersion":"v1","kind":"PodList","items":[]}`, "v1 PodList: not a followed kind"},
		{"a Status", `{"apiVersion":"v1","kind":"Status","status":"Success"}`, "not a followed kind"},
		{"no name", `{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"x-"}}`, "pods: metadata.name is empty"},
		{"a spec of another form", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":[]}`, "Pod.v1(default/x): decode spec: "},
		{"a status of another form", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"status":"Success"}`, "Pod.v1(default/x): decode status: "},
		{"a time that is none", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","creationTimestamp":"now"}}`, "decode object: "},
		{"an annotation that is no metadata", `{"apiVersion":"crd.projectcalico.org/v1","kind":"Tier","metadata":{"name":"x","annotations":{"projectcalico.org/metadata":"["}}}`,
			"tiers /x: decode annotation projectcalico.org/metadata: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := resource.Read([]byte(tc.raw))
			require.ErrorContains(t, err, tc.want)
		})
	}
	_, err := resource.Read([]byte(`{"apiVersion":"v1","kind":"ConfigMap"}`))
	require.ErrorIs(t, err, resource.ErrNotFollowed)
}

func TestReadAs(t *testing.T) {
	t.Run("an item of a list of a built-in kind has neither kind nor apiVersion (audit-log.md 9)", func(t *testing.T) {
		obj, err := resource.ReadAs(resource.Pod, "v1", []byte(`{"metadata":{"name":"x","namespace":"shop"},"spec":{"nodeName":"n"}}`))
		require.NoError(t, err)
		require.Equal(t, key(resource.Pod, "shop", "x"), obj.ID.Key)
		require.Equal(t, "n", obj.Pod.Node)
	})
	t.Run("the list's group counts", func(t *testing.T) {
		obj, err := resource.ReadAs(resource.NetworkPolicy, "crd.projectcalico.org/v1", []byte(`{"metadata":{"name":"default.x"}}`))
		require.NoError(t, err)
		require.Equal(t, "x", obj.ID.Name)
	})
	t.Run("the item's own counts more", func(t *testing.T) {
		obj, err := resource.ReadAs(resource.NetworkPolicy, "crd.projectcalico.org/v1", []byte(`{"apiVersion":"projectcalico.org/v3","metadata":{"name":"default.x"}}`))
		require.NoError(t, err)
		require.Equal(t, "default.x", obj.ID.Name)
	})
	t.Run("no JSON", func(t *testing.T) {
		_, err := resource.ReadAs(resource.Pod, "v1", []byte(`x`))
		require.ErrorContains(t, err, "decode pods: ")
	})
}
