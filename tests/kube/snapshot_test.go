package kube

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/activities/porttest"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/tests/kube/cluster"
	"github.com/probity/probity/worker"
)

// snapshotOf lists what an API server has, through the port that a worker uses.
func snapshotOf(t *testing.T, config *rest.Config) (*porttest.Collected, activities.ClusterListing) {
	t.Helper()
	collected := &porttest.Collected{}
	listing, err := worker.KubeCluster(config).Each(t.Context(), collected)
	require.NoError(t, err)
	return collected, listing
}

// named are the objects of a kind in a namespace, or of that name, as the snapshot has them.
func named(t *testing.T, c *porttest.Collected, kind resource.Kind, namespace string) []*resource.Object {
	t.Helper()
	var all []*resource.Object
	for _, line := range c.Kinds[kind] {
		obj, err := resource.Read([]byte(line))
		require.NoError(t, err)
		if obj.ID.Namespace == namespace || obj.ID.Namespace == "" && obj.ID.Name == namespace {
			all = append(all, obj)
		}
	}
	return all
}

// podOf is a pod that an API server without controllers takes.
func podOf(namespace, name string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: labels},
		Spec:       corev1.PodSpec{NodeName: "node-1", Containers: []corev1.Container{{Name: "app", Image: "app"}}},
	}
}

func clientOf(t *testing.T, c *cluster.Cluster) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(c.Config(t))
	require.NoError(t, err)
	return client
}

func makeSpace(t *testing.T, c kubernetes.Interface, name string) {
	t.Helper()
	_, err := c.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// TestSnapshotServerIsACluster runs the contract of the activities' port against the real server.
func TestSnapshotServerIsACluster(t *testing.T) {
	server := cluster.Start(t, devstack.KubeOptions{})
	client := clientOf(t, server)
	makeSpace(t, client, "shop")
	for _, name := range []string{"a", "b"} {
		_, err := client.CoreV1().Pods("shop").Create(t.Context(), podOf("shop", name, nil), metav1.CreateOptions{})
		require.NoError(t, err)
	}
	_, err := client.NetworkingV1().NetworkPolicies("shop").Create(t.Context(),
		&networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: "a"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	porttest.TestLiveCluster(t, porttest.ClusterSource{
		Open: func(*testing.T, porttest.Content) activities.Cluster { return worker.KubeCluster(server.Config(t)) },
		Missing: func(*testing.T) (activities.Cluster, string) {
			return worker.KubeCluster(&rest.Config{Host: "http://127.0.0.1:1"}), "127.0.0.1:1"
		},
	})
}

// TestSnapshotPagesOfAServer needs more than one page, of objects that each have something to drop.
func TestSnapshotPagesOfAServer(t *testing.T) {
	server := cluster.Shared(t)
	client := clientOf(t, server)
	const count = 1203
	makeSpace(t, client, "snapshot-many")
	for i := range count {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("account-%04d", i), Annotations: map[string]string{"a": "\"]}\n"}}}
		_, err := client.CoreV1().ServiceAccounts("snapshot-many").Create(t.Context(), account, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	before := time.Now()
	collected, listing := snapshotOf(t, server.Config(t))
	accounts := slices.DeleteFunc(named(t, collected, resource.ServiceAccount, "snapshot-many"), func(obj *resource.Object) bool {
		return obj.ID.Name == "default" // which the controllers make
	})
	require.Len(t, accounts, count)
	require.True(t, slices.IsSortedFunc(accounts, func(a, b *resource.Object) int { return strings.Compare(a.ID.Name, b.ID.Name) }))
	all, err := client.CoreV1().ServiceAccounts("snapshot-many").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	all.Items = slices.DeleteFunc(all.Items, func(item corev1.ServiceAccount) bool { return item.Name == "default" })
	for i, item := range all.Items {
		require.Equal(t, string(item.UID), accounts[i].ID.UID)
		require.Equal(t, item.ResourceVersion, accounts[i].Version)
		require.NotEmpty(t, item.ManagedFields)
	}
	for _, line := range collected.Kinds[resource.ServiceAccount] {
		require.NotContains(t, line, "managedFields")
		var object corev1.ServiceAccount
		require.NoError(t, json.Unmarshal([]byte(line), &object))
		require.Equal(t, "ServiceAccount", object.Kind)
	}
	version := listing.Kinds["core.namespaces"].Version
	require.NotEmpty(t, version)
	for name, kind := range listing.Kinds {
		require.Equal(t, version, kind.Version, "%s is of the same moment", name)
		require.Equal(t, listing.At, kind.Time)
	}
	require.WithinDuration(t, before, listing.At, 10*time.Second)
	require.WithinRange(t, listing.Complete, before, before.Add(30*time.Second))
}

// TestSnapshotOfCalico: a cluster without Calico lacks nothing; Calico's own kinds are read where they are.
func TestSnapshotOfCalico(t *testing.T) {
	server := cluster.Start(t, devstack.KubeOptions{})
	_, listing := snapshotOf(t, server.Config(t))
	require.Empty(t, listing.Forbidden)
	require.ElementsMatch(t, []string{
		"projectcalico.org.tiers", "projectcalico.org.networkpolicies", "projectcalico.org.globalnetworkpolicies",
		"projectcalico.org.stagednetworkpolicies", "projectcalico.org.stagedglobalnetworkpolicies",
		"projectcalico.org.stagedkubernetesnetworkpolicies", "projectcalico.org.hostendpoints", "projectcalico.org.networksets",
		"projectcalico.org.globalnetworksets",
	}, listing.Absent)

	tier := func(apiVersion string) string {
		return "apiVersion: " + apiVersion + "\nkind: Tier\nmetadata: {name: security}\nspec: {order: 100}\n"
	}
	server.AddCalico(t, cluster.OldCalico)
	server.Apply(t, tier(cluster.OldCalico))
	collected, listing := snapshotOf(t, server.Config(t))
	require.Empty(t, listing.Absent)
	require.Len(t, named(t, collected, resource.Tier, "security"), 1)
	require.Contains(t, collected.Kinds[resource.Tier][0], `"apiVersion":"crd.projectcalico.org/v1"`)
	require.Len(t, listing.Notes, 9)
	require.Contains(t, listing.Notes, "tiers were read as crd.projectcalico.org/v1, as they are stored")

	server.AddCalico(t, cluster.NativeCalico)
	server.Apply(t, tier(cluster.NativeCalico))
	collected, listing = snapshotOf(t, server.Config(t))
	require.Len(t, collected.Kinds[resource.Tier], 1)
	require.Contains(t, collected.Kinds[resource.Tier][0], `"apiVersion":"projectcalico.org/v3"`)
	require.Empty(t, listing.Notes)
}

// grant gives the group of auditors a right everywhere.
func grant(t *testing.T, client kubernetes.Interface, name string, rule rbacv1.PolicyRule) {
	t.Helper()
	_, err := client.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: []rbacv1.PolicyRule{rule}}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: name},
		Subjects: []rbacv1.Subject{{Kind: "Group", Name: "auditors"}}}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// TestSnapshotWithoutARight: what may not be listed is named with who may not, and the rest is there.
func TestSnapshotWithoutARight(t *testing.T) {
	server := cluster.Start(t, devstack.KubeOptions{Users: []string{"token:auditor:auditors"}})
	client := clientOf(t, server)
	list := []string{"list"}
	grant(t, client, "most", rbacv1.PolicyRule{APIGroups: []string{"", "discovery.k8s.io"}, Verbs: list,
		Resources: []string{"namespaces", "nodes", "serviceaccounts", "services", "endpoints", "endpointslices"}})
	makeSpace(t, client, "snapshot-shop")
	auditor := server.Config(t, "auditor")
	var collected *porttest.Collected
	var listing activities.ClusterListing
	require.Eventually(t, func() bool { // the server learns of rights after a moment
		collected, listing = snapshotOf(t, auditor)
		return len(listing.Forbidden) == 2
	}, 20*time.Second, 100*time.Millisecond)
	require.Contains(t, listing.Forbidden["core.pods"], `list pods: forbidden for auditor: pods is forbidden: User "auditor" cannot list resource "pods"`)
	require.Contains(t, listing.Forbidden["networking.k8s.io.networkpolicies"], "list networkpolicies.networking.k8s.io: forbidden for auditor")
	require.Len(t, named(t, collected, resource.Namespace, "snapshot-shop"), 1)
	require.NotContains(t, collected.Kinds, resource.Pod)

	grant(t, client, "rest", rbacv1.PolicyRule{APIGroups: []string{"", "networking.k8s.io"}, Verbs: list, Resources: []string{"pods", "networkpolicies"}})
	require.Eventually(t, func() bool {
		_, listing = snapshotOf(t, auditor)
		return len(listing.Forbidden) == 0
	}, 20*time.Second, 100*time.Millisecond)
}
