package resource_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/resource"
)

func key(kind resource.Kind, namespace, name string) resource.Key {
	return resource.Key{Kind: kind, Namespace: namespace, Name: name}
}

// TestKeyString: the names are as in calico-compliance.md section 2, "How the resource names print".
func TestKeyString(t *testing.T) {
	for want, k := range map[string]resource.Key{
		"Pod.v1(ns/p)":                                key(resource.Pod, "ns", "p"),
		"HostEndpoint(h)":                             key(resource.HostEndpoint, "", "h"),
		"NetworkPolicy(ns/tier.name)":                 key(resource.NetworkPolicy, "ns", "tier.name"),
		"GlobalNetworkPolicy(tier.name)":              key(resource.GlobalNetworkPolicy, "", "tier.name"),
		"NetworkPolicy.networking.k8s.io/v1(ns/n)":    key(resource.KubernetesNetworkPolicy, "ns", "n"),
		"Service.v1(ns/s)":                            key(resource.Service, "ns", "s"),
		"Namespace.v1(n)":                             key(resource.Namespace, "", "n"),
		"EndpointSlice.discovery.k8s.io/v1(ns/s-x2p)": key(resource.EndpointSlice, "ns", "s-x2p"),
	} {
		t.Run(want, func(t *testing.T) { require.Equal(t, want, k.String()) })
	}
}

func TestOrderOfIDs(t *testing.T) {
	sorted := []resource.ID{
		{Key: key(resource.Namespace, "", "z")},
		{Key: key(resource.Pod, "a", "z"), UID: "9"},
		{Key: key(resource.Pod, "b", "a"), UID: "1"},
		{Key: key(resource.Pod, "b", "a"), UID: "2"},
		{Key: key(resource.Pod, "b", "b"), UID: "0"},
	}
	for i, a := range sorted {
		for j, b := range sorted {
			require.Equal(t, i < j, a.Compare(b) < 0)
			require.Equal(t, i == j, a.Compare(b) == 0)
		}
	}
	require.True(t, slices.IsSortedFunc(sorted, resource.ID.Compare))
}

func TestJSONOfIDs(t *testing.T) {
	id := resource.ID{Key: key(resource.NetworkPolicy, "ns", "tier.name"), UID: "u"}
	for name, tc := range map[string]struct {
		value any
		back  any
		want  string
	}{
		"id":          {id, &resource.ID{}, `{"collection":"projectcalico.org.networkpolicies","namespace":"ns","name":"tier.name","uid":"u"}`},
		"key":         {id.Key, &resource.Key{}, `{"collection":"projectcalico.org.networkpolicies","namespace":"ns","name":"tier.name"}`},
		"without uid": {resource.ID{Key: key(resource.Namespace, "", "n")}, &resource.ID{}, `{"collection":"core.namespaces","name":"n"}`},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := json.Marshal(tc.value)
			require.NoError(t, err)
			require.JSONEq(t, tc.want, string(raw))
			require.NoError(t, json.Unmarshal(raw, tc.back))
			again, err := json.Marshal(tc.back)
			require.NoError(t, err)
			require.Equal(t, string(raw), string(again))
		})
	}
	for name, raw := range map[string]string{"unknown collection": `{"collection":"core.configmaps","name":"x"}`, "no object": `[]`} {
		t.Run(name, func(t *testing.T) {
			require.Error(t, json.Unmarshal([]byte(raw), &resource.ID{}))
			require.Error(t, json.Unmarshal([]byte(raw), &resource.Key{}))
		})
	}
}

func TestChangeEnds(t *testing.T) {
	require.True(t, (&resource.Change{}).Ends())
	require.False(t, (&resource.Change{Node: "n"}).Ends())
	require.False(t, (&resource.Change{Object: &resource.Object{}}).Ends())
}
