package kube

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	authv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/tests/kube/cluster"
)

// roleOf reads a ClusterRole of the manifests.
func roleOf(t *testing.T, file string) rbacv1.ClusterRole {
	t.Helper()
	raw, err := os.ReadFile("../../deploy/rbac/" + file)
	require.NoError(t, err)
	for document := range strings.SplitSeq(string(raw), "\n---\n") {
		if strings.Contains(document, "kind: ClusterRole\n") {
			var role rbacv1.ClusterRole
			require.NoError(t, yaml.UnmarshalStrict([]byte(document), &role))
			return role
		}
	}
	require.Fail(t, "no ClusterRole in "+file)
	return rbacv1.ClusterRole{}
}

// places are the group and plural of everything that a role names.
func places(role rbacv1.ClusterRole) []string {
	var all []string
	for _, rule := range role.Rules {
		for _, group := range rule.APIGroups {
			for _, plural := range rule.Resources {
				all = append(all, group+"/"+plural)
			}
		}
	}
	slices.Sort(all)
	return all
}

// TestRightsAreThoseOfTheFollowedKinds: a kind that is followed can be read, and nothing can that is not.
func TestRightsAreThoseOfTheFollowedKinds(t *testing.T) {
	var followed []string
	for _, kind := range resource.Kinds() {
		followed = append(followed, kind.Group()+"/"+kind.Plural())
		if kind.Group() == resource.GroupCalico {
			followed = append(followed, resource.GroupCalicoCRD+"/"+kind.Plural())
			// What Calico's own API server asks for beside; it has none for stagedkubernetesnetworkpolicies.
			if kind.IsPolicy() && kind != resource.StagedKubernetesNetworkPolicy {
				followed = append(followed, resource.GroupCalico+"/tier."+kind.Plural())
			}
		}
	}
	slices.Sort(followed)
	require.Equal(t, followed, places(roleOf(t, "recorder.yaml")))
	withTypes := append(slices.Clone(followed), "projectcalico.org/globalreporttypes")
	slices.Sort(withTypes)
	require.Equal(t, withTypes, places(roleOf(t, "worker.yaml")))
}

// TestEveryRightOfTheWorkerIsUsed: with its role the snapshot is whole; without one resource of it, exactly that kind is missing, and
// the snapshot says so.
func TestEveryRightOfTheWorkerIsUsed(t *testing.T) {
	for _, test := range []struct{ name, group, other string }{
		{"Calico as it is stored", cluster.OldCalico, ""},
		{"native Calico", cluster.NativeCalico, resource.GroupCalicoCRD},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := cluster.Start(t, devstack.KubeOptions{})
			c.AddCalico(t, test.group)
			withRights(t, c)
			_, listing := snapshotOf(t, as(t, c, asWorker))
			require.Empty(t, listing.Forbidden)
			require.Len(t, listing.Kinds, len(resource.Kinds()))

			group, _, _ := strings.Cut(test.group, "/")
			var kinds []resource.Kind
			for _, kind := range resource.Kinds() {
				if kind.Group() == resource.GroupCalico || group == resource.GroupCalico {
					kinds = append(kinds, kind)
					makeLimited(t, c, kind, group)
				}
			}
			require.NotEmpty(t, kinds)
			for _, kind := range kinds {
				user := "limited-" + kind.Collection()
				awaitRight(t, c, user, authv1.ResourceAttributes{Verb: "list", Group: "limited.example", Resource: "ready"})
				_, listing := snapshotOf(t, as(t, c, user))
				require.Len(t, listing.Forbidden, 1, "without %s", kind.Collection())
				require.Contains(t, listing.Forbidden[kind.Collection()], "forbidden for "+user)
			}
		})
	}
}

// TestRecorderMayFollowEveryKind: in every place in which a cluster may have it.
func TestRecorderMayFollowEveryKind(t *testing.T) {
	c := cluster.Start(t, devstack.KubeOptions{})
	c.AddCalico(t, cluster.OldCalico)
	c.AddCalico(t, cluster.NativeCalico)
	withRights(t, c)
	config := as(t, c, asRecorder)
	client, err := dynamic.NewForConfig(config)
	require.NoError(t, err)
	served, err := kube.Discover(t.Context(), config)
	require.NoError(t, err)
	followed := 0
	for _, kind := range served {
		for _, place := range kind.Resources {
			_, err := client.Resource(place).List(t.Context(), metav1.ListOptions{})
			require.NoError(t, err, place)
			watch, err := client.Resource(place).Watch(t.Context(), metav1.ListOptions{})
			require.NoError(t, err, place)
			watch.Stop()
			followed++
		}
	}
	require.Equal(t, len(resource.Kinds())+9, followed, "Calico's nine kinds are in two groups")
}

// makeLimited gives a user of the kind's name the worker's role without the kind. The last right tells when the others are there.
func makeLimited(t *testing.T, c *cluster.Cluster, kind resource.Kind, calico string) {
	t.Helper()
	role := roleOf(t, "worker.yaml")
	name := "limited-" + kind.Collection()
	group := kind.Group()
	if group == resource.GroupCalico {
		group = calico
	}
	var rules []rbacv1.PolicyRule
	for _, rule := range role.Rules {
		for _, own := range rule.APIGroups {
			kept := rule.DeepCopy()
			kept.APIGroups = []string{own}
			if own == group {
				kept.Resources = slices.DeleteFunc(kept.Resources, func(plural string) bool { return plural == kind.Plural() })
			}
			if len(kept.Resources) > 0 {
				rules = append(rules, *kept)
			}
		}
	}
	rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{"limited.example"}, Resources: []string{"ready"}, Verbs: []string{"list"}})
	client := clientOf(t, c).RbacV1()
	_, err := client.ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = client.ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: name}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// request is a kubectl command of somebody.
type request struct {
	who, what string
	input     string // manifest
	refused   string // what is said when it is refused; "" when it must succeed
}

func (r request) run(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	id := person(r.who)
	args := strings.Fields(r.what)
	if r.input != "" {
		file := filepath.Join(t.TempDir(), "input.yaml")
		require.NoError(t, os.WriteFile(file, []byte(r.input), 0o600))
		args = append(args, "-f", file)
	}
	args = append(args, "--as", id.UserName)
	for _, group := range id.Groups {
		args = append(args, "--as-group", group)
	}
	if r.refused == "" {
		c.Kubectl(t, args...)
		return
	}
	require.Contains(t, c.Refused(t, args...), r.refused)
}

// inUse is an API server with rights, report types and two reports.
func inUse(t *testing.T) *cluster.Cluster {
	t.Helper()
	c := withRights(t, cluster.Start(t, devstack.KubeOptions{}))
	c.Kubectl(t, "apply", "-k", "../../deploy/reporttypes")
	c.Kubectl(t, "apply", "-f", "../../deploy/rbac/examples/users.yaml")
	awaitPeople(t, c)
	c.Apply(t, reportNamed("dev-inventory"))
	c.Apply(t, reportNamed("prod-inventory"))
	return c
}

// TestRightsOfPeopleInUse: what people do, and what they try, as real requests.
func TestRightsOfPeopleInUse(t *testing.T) {
	c := inUse(t)
	for _, r := range []request{
		{who: "paul", what: "apply", input: reportNamed("pauls")},
		{who: "paul", what: `patch globalreport pauls --type=merge --patch {"spec":{"suspend":true}}`},
		{who: "paul", what: "get globalreport pauls --subresource=status"},
		{who: "paul", what: "delete globalreport pauls"},
		{who: "paul", what: "get globalreporttype inventory", refused: `cannot get resource "globalreporttypes"`},
		{who: "paul", what: `patch globalreport dev-inventory --subresource=status --type=merge --patch {"status":{"message":"well"}}`, refused: `cannot patch resource "globalreports/status"`},
		{who: "paul", what: "get pods -A", refused: `cannot list resource "pods"`},
		{who: "candice", what: "get globalreports"},
		{who: "candice", what: "get globalreport prod-inventory"},
		{who: "candice", what: "get globalreporttype inventory"},
		{who: "candice", what: "delete globalreport prod-inventory", refused: `cannot delete resource "globalreports"`},
		{who: "candice", what: "apply", input: reportNamed("candices"), refused: `cannot create resource "globalreports"`},
		{who: "david", what: "get globalreports"},
		{who: "david", what: "get globalreport dev-inventory"},
		{who: "david", what: "get globalreporttype inventory"},
		{who: "david", what: "get globalreport prod-inventory", refused: `cannot get resource "globalreports"`},
		{who: "david", what: "get globalreporttype network-access", refused: `cannot get resource "globalreporttypes"`},
		{who: "david", what: "delete globalreport dev-inventory", refused: `cannot delete resource "globalreports"`},
	} {
		t.Run(r.who+" "+r.what, func(t *testing.T) { r.run(t, c) })
	}
}

// The accounts of the manifests.
const (
	asStarter  = "account probity-starter"
	asWorker   = "account probity-worker"
	asRecorder = "account probity-recorder"
)

// TestRightsOfProcessesInUse: what processes do, and what one of them could try that somebody took over, as real requests.
func TestRightsOfProcessesInUse(t *testing.T) {
	c := inUse(t)
	for _, r := range []request{
		{who: asStarter, what: "get globalreports,globalreporttypes"},
		{who: asStarter, what: "get crd globalreports.projectcalico.org"},
		{who: asStarter, what: "create", input: eventIn("default")},
		{who: asStarter, what: "create", input: leaseIn("probity")},
		{who: asStarter, what: "replace", input: leaseIn("probity")},
		{who: asStarter, what: `patch globalreport dev-inventory --type=merge --patch {"spec":{"suspend":true}}`, refused: `cannot patch resource "globalreports"`},
		{who: asStarter, what: "delete globalreport dev-inventory", refused: `cannot delete resource "globalreports"`},
		{who: asStarter, what: "create", input: reportNamed("starters"), refused: `cannot create resource "globalreports"`},
		{who: asStarter, what: "get crd", refused: `cannot list resource "customresourcedefinitions"`},
		{who: asStarter, what: "label crd globalreports.projectcalico.org mine=yes", refused: `cannot patch resource "customresourcedefinitions"`},
		{who: asStarter, what: "create", input: eventIn("kube-system"), refused: `cannot create resource "events"`},
		{who: asStarter, what: "create", input: leaseIn("kube-system"), refused: `cannot create resource "leases"`},
		{who: asStarter, what: "delete lease -n probity test", refused: `cannot delete resource "leases"`},
		{who: asStarter, what: "get secrets -n probity", refused: `cannot list resource "secrets"`},
		{who: asStarter, what: "get pods -A", refused: `cannot list resource "pods"`},

		{who: asWorker, what: "get pods,nodes,namespaces,services -A"},
		{who: asWorker, what: "get globalreporttype inventory"},
		{who: asWorker, what: "get secrets -A", refused: `cannot list resource "secrets"`},
		{who: asWorker, what: "get configmaps -n probity", refused: `cannot list resource "configmaps"`},
		{who: asWorker, what: "get globalreports", refused: `cannot list resource "globalreports"`},
		{who: asWorker, what: "create namespace mine", refused: `cannot create resource "namespaces"`},
		{who: asWorker, what: "delete namespace probity", refused: `cannot delete resource "namespaces"`},
		{who: asWorker, what: "create token probity-starter -n probity", refused: `cannot create resource "serviceaccounts/token"`},

		{who: asRecorder, what: "create", input: strings.Replace(leaseIn("probity"), "name: test", "name: recorder", 1)},
		{who: asRecorder, what: "get pods -A"},
		{who: asRecorder, what: "get secrets -A", refused: `cannot list resource "secrets"`},
		{who: asRecorder, what: "create namespace mine", refused: `cannot create resource "namespaces"`},
		{who: asRecorder, what: "get globalreports", refused: `cannot list resource "globalreports"`},
	} {
		t.Run(r.who+" "+r.what, func(t *testing.T) { r.run(t, c) })
	}
	t.Run("events about reports live in default", func(t *testing.T) {
		require.Contains(t, c.ApplyRefused(t, eventIn("probity")), "does not match event.namespace")
	})
	t.Run("the starter's status", func(t *testing.T) { // kubectl would get it first
		config := as(t, c, asStarter)
		client, err := dynamic.NewForConfig(config)
		require.NoError(t, err)
		reports := client.Resource(reportResource)
		patched, err := reports.Patch(t.Context(), "dev-inventory", types.MergePatchType, reportStatus(t, ownStatus()), metav1.PatchOptions{}, "status")
		require.NoError(t, err)
		_, err = reports.UpdateStatus(t.Context(), patched, metav1.UpdateOptions{})
		require.NoError(t, err)
	})
}

func reportNamed(name string) string {
	return "apiVersion: projectcalico.org/v3\nkind: GlobalReport\nmetadata: {name: " + name + "}\nspec: {reportType: inventory, schedule: 0 0 * * *}\n"
}

func leaseIn(namespace string) string {
	return "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: test, namespace: " + namespace + "}\nspec: {holderIdentity: me}\n"
}

func eventIn(namespace string) string {
	raw, _ := json.Marshal(map[string]any{
		"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": map[string]any{"name": "e", "namespace": namespace},
		"eventTime": time.Date(2026, time.November, 25, 0, 0, 0, 0, time.UTC).Format("2006-01-02T15:04:05.000000Z"),
		"type":      "Normal", "reason": "Scheduled", "action": "Schedule", "note": "n", "reportingController": "probity.example/starter", "reportingInstance": "i",
		"regarding": map[string]any{"apiVersion": "projectcalico.org/v3", "kind": "GlobalReport", "name": "dev-inventory"},
	})
	return string(raw)
}

// TestRightsOfTheHowToPage: manifests that the removed product's users have give what they gave.
func TestRightsOfTheHowToPage(t *testing.T) {
	c := withRights(t, cluster.Start(t, devstack.KubeOptions{}))
	c.Kubectl(t, "apply", "-f", "testdata/howto-rights.yaml")
	awaitPeople(t, c)
	get := func(plural, name string) authv1.ResourceAttributes {
		return authv1.ResourceAttributes{Verb: "get", Group: "projectcalico.org", Resource: plural, Name: name}
	}
	for _, test := range []struct {
		who                            string
		manages, export, exportAnother bool
	}{
		{"paul", true, false, false},
		{"candice", false, true, true},
		{"david", false, false, false}, // as published: the page names the report where its type belongs
	} {
		t.Run(test.who, func(t *testing.T) {
			exports := func(report string) bool {
				return may(t, c, test.who, get("globalreports", report)) && may(t, c, test.who, get("globalreporttypes", "inventory"))
			}
			require.Equal(t, test.export, exports("dev-inventory"))
			require.Equal(t, test.exportAnother, exports("prod-inventory"))
			require.Equal(t, test.manages, may(t, c, test.who, authv1.ResourceAttributes{Verb: "update", Group: "projectcalico.org", Resource: "globalreports", Name: "dev-inventory"}))
		})
	}
}
