package resource_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/resource"
)

func TestKindOf(t *testing.T) {
	for _, tc := range []struct {
		apiVersion, kind string
		want             resource.Kind
	}{
		{"v1", "Pod", resource.Pod},
		{"v1", "PodList", resource.NoKind},
		{"v1", "ConfigMap", resource.NoKind},
		{"", "", resource.NoKind},
		{"discovery.k8s.io/v1", "EndpointSlice", resource.EndpointSlice},
		{"discovery.k8s.io/v1beta1", "EndpointSlice", resource.EndpointSlice},
		{"networking.k8s.io/v1", "NetworkPolicy", resource.KubernetesNetworkPolicy},
		{"extensions/v1beta1", "NetworkPolicy", resource.KubernetesNetworkPolicy},
		{"projectcalico.org/v3", "NetworkPolicy", resource.NetworkPolicy},
		{"crd.projectcalico.org/v1", "NetworkPolicy", resource.NetworkPolicy},
		{"example.com/v1", "NetworkPolicy", resource.NoKind},
		{"projectcalico.org/v3", "Pod", resource.NoKind},
	} {
		t.Run(tc.apiVersion+" "+tc.kind, func(t *testing.T) {
			require.Equal(t, tc.want, resource.KindOf(tc.apiVersion, tc.kind))
		})
	}
}

// TestKinds holds each kind to what its other names say.
func TestKinds(t *testing.T) {
	require.Len(t, resource.Kinds(), 17)
	collections := map[string]bool{}
	for _, kind := range resource.Kinds() {
		t.Run(kind.Collection(), func(t *testing.T) {
			require.Equal(t, kind, resource.KindOf(kind.APIVersion(), kind.String()))
			require.Equal(t, kind, resource.KindOfPlural(kind.Group(), kind.Plural()))
			back, ok := resource.KindOfCollection(kind.Collection())
			require.True(t, ok)
			require.Equal(t, kind, back)
			require.False(t, collections[kind.Collection()], "two kinds of one collection")
			collections[kind.Collection()] = true
			require.False(t, kind.IsStaged() && !kind.IsPolicy())
		})
	}
	_, ok := resource.KindOfCollection("core.configmaps")
	require.False(t, ok)
}

func TestKindsOfPolicies(t *testing.T) {
	var policies, staged []resource.Kind
	for _, kind := range resource.Kinds() {
		if kind.IsPolicy() {
			policies = append(policies, kind)
		}
		if kind.IsStaged() {
			staged = append(staged, kind)
		}
	}
	require.Equal(t, []resource.Kind{
		resource.KubernetesNetworkPolicy, resource.NetworkPolicy, resource.GlobalNetworkPolicy,
		resource.StagedNetworkPolicy, resource.StagedGlobalNetworkPolicy, resource.StagedKubernetesNetworkPolicy,
	}, policies)
	require.Equal(t, policies[3:], staged)
}
