package porttest

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/resource"
)

// Content is what a cluster is made of.
type Content struct {
	Objects []json.RawMessage
	At      time.Time
}

// ClusterSource makes clusters.
type ClusterSource = Source[activities.Cluster, Content]

// TestCluster is the contract of activities.Cluster.
func TestCluster(t *testing.T, source ClusterSource) {
	runSuite(t, source, map[string]func(*testing.T, ClusterSource){
		"every followed object once":   testClusterObjects,
		"the caller's failure ends it": testClusterCallerFails,
		"cancellation ends it":         testClusterCanceled,
		"not there":                    testClusterMissing,
	})
}

func objects() []json.RawMessage {
	return []json.RawMessage{
		json.RawMessage(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b","namespace":"shop","uid":"2"}}`),
		json.RawMessage(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop","uid":"1"}}`),
		json.RawMessage(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","uid":"3"}}`),
		json.RawMessage(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"shop","uid":"4"}}`),
		json.RawMessage(`{"apiVersion":"projectcalico.org/v3","kind":"Tier","metadata":{"name":"security","uid":"5"},"spec":{"order":1}}`),
		json.RawMessage(`{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"a","namespace":"shop","uid":"6"},"spec":{}}`),
	}
}

// list gives a cluster's objects as "kind namespace/name", sorted.
func list(t *testing.T, cluster activities.Cluster) ([]string, activities.ClusterListing) {
	t.Helper()
	var all []string
	listing, err := cluster.Each(t.Context(), func(kind resource.Kind, raw json.RawMessage) error {
		obj, err := resource.Read(raw)
		require.NoError(t, err)
		require.Equal(t, kind, obj.ID.Kind, "the kind is the object's own")
		all = append(all, kind.Collection()+" "+obj.ID.Namespace+"/"+obj.ID.Name)
		return nil
	})
	require.NoError(t, err)
	slices.Sort(all)
	return all, listing
}

func testClusterObjects(t *testing.T, source ClusterSource) {
	local := time.FixedZone("local", 3600)
	forward := source.Open(t, Content{Objects: objects(), At: from.In(local)})
	all, listing := list(t, forward)
	require.Equal(t, []string{
		"core.namespaces /shop", "core.pods shop/a", "core.pods shop/b", "networking.k8s.io.networkpolicies shop/a", "projectcalico.org.tiers /security",
	}, all)
	require.Equal(t, from, listing.At, "in UTC")
	require.Equal(t, int64(1), listing.NotFollowed)

	turned := objects()
	slices.Reverse(turned)
	again, same := list(t, source.Open(t, Content{Objects: turned, At: from}))
	require.Equal(t, all, again)
	require.Equal(t, listing, same)
}

func testClusterCallerFails(t *testing.T, source ClusterSource) {
	calls := 0
	_, err := source.Open(t, Content{Objects: objects(), At: from}).Each(t.Context(), func(resource.Kind, json.RawMessage) error {
		calls++
		return errCaller
	})
	require.ErrorIs(t, err, errCaller)
	require.Equal(t, 1, calls)
}

func testClusterCanceled(t *testing.T, source ClusterSource) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	_, err := source.Open(t, Content{Objects: objects(), At: from}).Each(ctx, func(resource.Kind, json.RawMessage) error {
		calls++
		cancel()
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, calls)
}

func testClusterMissing(t *testing.T, source ClusterSource) {
	cluster, named := source.Missing(t)
	_, err := cluster.Each(t.Context(), func(resource.Kind, json.RawMessage) error { return nil })
	require.ErrorContains(t, err, named)
}
