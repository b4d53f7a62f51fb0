package kube_test

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
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/activities/porttest"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/resource"
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

func makeSpace(t *testing.T, c kubernetes.Interface, name string) {
	t.Helper()
	_, err := c.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// TestSnapshotServerIsACluster runs the contract of the activities' port against the real server.
func TestSnapshotServerIsACluster(t *testing.T) {
	t.Parallel()
	server := snapshotServer(t, "")
	client := server.client(t)
	makeSpace(t, client, "shop")
	for _, name := range []string{"a", "b"} {
		_, err := client.CoreV1().Pods("shop").Create(t.Context(), podOf("shop", name, nil), metav1.CreateOptions{})
		require.NoError(t, err)
	}
	_, err := client.NetworkingV1().NetworkPolicies("shop").Create(t.Context(),
		&networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: "a"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	porttest.TestLiveCluster(t, porttest.ClusterSource{
		Open: func(*testing.T, porttest.Content) activities.Cluster { return worker.KubeCluster(server.config(t)) },
		Missing: func(*testing.T) (activities.Cluster, string) {
			return worker.KubeCluster(&rest.Config{Host: "http://127.0.0.1:1"}), "127.0.0.1:1"
		},
	})
}

// TestSnapshotPagesOfAServer needs more than one page, of objects that each have something to drop.
func TestSnapshotPagesOfAServer(t *testing.T) {
	t.Parallel()
	server := snapshotServer(t, "")
	client := server.client(t)
	const count = 1203
	makeSpace(t, client, "many")
	for i := range count {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("account-%04d", i), Annotations: map[string]string{"a": "\"]}\n"}}}
		_, err := client.CoreV1().ServiceAccounts("many").Create(t.Context(), account, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	before := time.Now()
	collected, listing := snapshotOf(t, server.config(t))
	accounts := named(t, collected, resource.ServiceAccount, "many")
	require.Len(t, accounts, count)
	require.True(t, slices.IsSortedFunc(accounts, func(a, b *resource.Object) int { return strings.Compare(a.ID.Name, b.ID.Name) }))
	all, err := client.CoreV1().ServiceAccounts("many").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
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
	t.Parallel()
	server := snapshotServer(t, "")
	_, listing := snapshotOf(t, server.config(t))
	require.Empty(t, listing.Forbidden)
	require.ElementsMatch(t, []string{
		"projectcalico.org.tiers", "projectcalico.org.networkpolicies", "projectcalico.org.globalnetworkpolicies",
		"projectcalico.org.stagednetworkpolicies", "projectcalico.org.stagedglobalnetworkpolicies",
		"projectcalico.org.stagedkubernetesnetworkpolicies", "projectcalico.org.hostendpoints", "projectcalico.org.networksets",
		"projectcalico.org.globalnetworksets",
	}, listing.Absent)

	tier := func(apiVersion string) map[string]any {
		return map[string]any{"apiVersion": apiVersion, "kind": "Tier", "metadata": map[string]any{"name": "security"}, "spec": map[string]any{"order": 100}}
	}
	server.define(t, "crd.projectcalico.org", "v1", "Tier", "tiers")
	server.create(t, "/apis/crd.projectcalico.org/v1/tiers", tier("crd.projectcalico.org/v1"))
	collected, listing := snapshotOf(t, server.config(t))
	require.NotContains(t, listing.Absent, "projectcalico.org.tiers")
	require.Len(t, named(t, collected, resource.Tier, "security"), 1)
	require.Contains(t, collected.Kinds[resource.Tier][0], `"apiVersion":"crd.projectcalico.org/v1"`)
	require.Equal(t, []string{"tiers were read as crd.projectcalico.org/v1, as they are stored"}, listing.Notes)

	server.define(t, "projectcalico.org", "v3", "Tier", "tiers")
	server.create(t, "/apis/projectcalico.org/v3/tiers", tier("projectcalico.org/v3"))
	collected, listing = snapshotOf(t, server.config(t))
	require.Len(t, collected.Kinds[resource.Tier], 1)
	require.Contains(t, collected.Kinds[resource.Tier][0], `"apiVersion":"projectcalico.org/v3"`)
	require.Empty(t, listing.Notes)
	require.Contains(t, listing.Absent, "projectcalico.org.networkpolicies")
}

// TestSnapshotWithoutARight: what may not be listed is named with who may not, and the rest is there.
func TestSnapshotWithoutARight(t *testing.T) {
	t.Parallel()
	server := snapshotServer(t, "token:auditor:auditors")
	client := server.client(t)
	grant := func(name string, rule rbacv1.PolicyRule) {
		_, err := client.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: []rbacv1.PolicyRule{rule}}, metav1.CreateOptions{})
		require.NoError(t, err)
		_, err = client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: name},
			Subjects: []rbacv1.Subject{{Kind: "Group", Name: "auditors"}}}, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	list := []string{"list"}
	grant("most", rbacv1.PolicyRule{APIGroups: []string{"", "discovery.k8s.io"}, Verbs: list,
		Resources: []string{"namespaces", "nodes", "serviceaccounts", "services", "endpoints", "endpointslices"}})
	makeSpace(t, client, "shop")
	auditor := server.configOf(t, "auditor")
	var collected *porttest.Collected
	var listing activities.ClusterListing
	require.Eventually(t, func() bool { // the server learns of rights after a moment
		collected, listing = snapshotOf(t, auditor)
		return len(listing.Forbidden) == 2
	}, 20*time.Second, 100*time.Millisecond)
	require.Contains(t, listing.Forbidden["core.pods"], `list pods: forbidden for auditor: pods is forbidden: User "auditor" cannot list resource "pods"`)
	require.Contains(t, listing.Forbidden["networking.k8s.io.networkpolicies"], "list networkpolicies.networking.k8s.io: forbidden for auditor")
	require.Len(t, named(t, collected, resource.Namespace, "shop"), 1)
	require.NotContains(t, collected.Kinds, resource.Pod)

	grant("rest", rbacv1.PolicyRule{APIGroups: []string{"", "networking.k8s.io"}, Verbs: list, Resources: []string{"pods", "networkpolicies"}})
	require.Eventually(t, func() bool {
		_, listing = snapshotOf(t, auditor)
		return len(listing.Forbidden) == 0
	}, 20*time.Second, 100*time.Millisecond)
}

// TestSnapshotOfWhatExpired lists at a version that the store has compacted away, as a list does that takes too long.
func TestSnapshotOfWhatExpired(t *testing.T) {
	t.Parallel()
	server := snapshotServer(t, "")
	client := server.client(t)
	makeSpace(t, client, "shop")
	const first = 600
	for i := range first {
		_, err := client.CoreV1().Pods("shop").Create(t.Context(), podOf("shop", fmt.Sprintf("pod-%04d", i), nil), metav1.CreateOptions{})
		require.NoError(t, err)
	}
	expired := &expiring{Collected: &porttest.Collected{}, expire: func() error { return server.expire(t) }}
	listing, err := worker.KubeCluster(server.config(t)).Each(t.Context(), expired)
	require.NoError(t, err)
	require.Equal(t, 2, expired.begun, "the list was made again")
	require.Len(t, named(t, expired.Collected, resource.Pod, "shop"), first)
	require.NotEqual(t, listing.Kinds["core.namespaces"].Version, listing.Kinds["core.pods"].Version)
	require.Equal(t, listing.Kinds["core.pods"].Version, listing.Kinds["core.services"].Version)
}

// expiring lets the list of pods expire while its first page is taken over.
type expiring struct {
	*porttest.Collected
	expire func() error
	pods   bool
	begun  int
}

func (e *expiring) Begin(kind resource.Kind) error {
	if e.pods = kind == resource.Pod; e.pods {
		e.begun++
	}
	return e.Collected.Begin(kind)
}

func (e *expiring) Object(raw json.RawMessage) error {
	if e.pods && e.begun == 1 && e.expire != nil {
		expire := e.expire
		e.expire = nil
		if err := expire(); err != nil {
			return err
		}
	}
	return e.Collected.Object(raw)
}

// ignoreMissing makes racing writers go on.
func ignoreMissing(err error) error {
	if apierrors.IsNotFound(err) || apierrors.IsAlreadyExists(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

var _ = kube.ListPath
