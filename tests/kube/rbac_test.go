package kube

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	authv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/probity/probity/tests/kube/cluster"
)

// person is who a test acts as: a service account of the manifests, or a user.
func person(name string) rest.ImpersonationConfig {
	if account, ok := strings.CutPrefix(name, "account "); ok {
		return rest.ImpersonationConfig{
			UserName: "system:serviceaccount:probity:" + account,
			Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:probity", "system:authenticated"},
		}
	}
	return rest.ImpersonationConfig{UserName: name, Groups: []string{"system:authenticated"}}
}

// as connects as somebody.
func as(t *testing.T, c *cluster.Cluster, name string) *rest.Config {
	t.Helper()
	config := c.Config(t)
	config.Impersonate, config.WarningHandler = person(name), rest.NoWarnings{}
	return config
}

func kubernetesAs(t *testing.T, c *cluster.Cluster, name string) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(as(t, c, name))
	require.NoError(t, err)
	return client
}

// withRights is an API server with Probity's definitions and rights.
func withRights(t *testing.T, c *cluster.Cluster) *cluster.Cluster {
	t.Helper()
	withDefinitions(t, c)
	c.Kubectl(t, "apply", "-k", "../../deploy/rbac")
	lease := authv1.ResourceAttributes{Verb: "create", Group: "coordination.k8s.io", Resource: "leases", Namespace: "probity"}
	for _, given := range []struct {
		who  string
		what authv1.ResourceAttributes
	}{
		{"account probity-worker", authv1.ResourceAttributes{Verb: "list", Resource: "pods"}},
		{"account probity-recorder", authv1.ResourceAttributes{Verb: "watch", Resource: "pods"}},
		{"account probity-recorder", lease},
		{"account probity-starter", authv1.ResourceAttributes{Verb: "watch", Group: "projectcalico.org", Resource: "globalreports"}},
		{"account probity-starter", lease},
		{"account probity-starter", authv1.ResourceAttributes{Verb: "create", Group: "events.k8s.io", Resource: "events", Namespace: "default"}},
	} {
		awaitRight(t, c, given.who, given.what)
	}
	return c
}

func may(t *testing.T, c *cluster.Cluster, name string, what authv1.ResourceAttributes) bool {
	t.Helper()
	review := &authv1.SelfSubjectAccessReview{Spec: authv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &what}}
	answer, err := kubernetesAs(t, c, name).AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), review, metav1.CreateOptions{})
	require.NoError(t, err)
	return answer.Status.Allowed
}

// awaitRight waits until the API server knows a right that was just given.
func awaitRight(t *testing.T, c *cluster.Cluster, name string, what authv1.ResourceAttributes) {
	t.Helper()
	require.Eventually(t, func() bool { return may(t, c, name, what) }, 30*time.Second, 50*time.Millisecond, "%s may %s %s", name, what.Verb, what.Resource)
}

// awaitPeople waits for the rights of the three people of the how-to page.
func awaitPeople(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	for _, name := range []string{"paul", "candice", "david"} {
		awaitRight(t, c, name, authv1.ResourceAttributes{Verb: "list", Group: "projectcalico.org", Resource: "globalreports"})
	}
	awaitRight(t, c, "david", authv1.ResourceAttributes{Verb: "get", Group: "projectcalico.org", Resource: "globalreports", Name: "dev-inventory"})
}

// rights is everything that somebody may do in a namespace and beside namespaces, without what every user may, one line for each
// resource: "list core/pods".
func rights(t *testing.T, c *cluster.Cluster, name, namespace string) []string {
	t.Helper()
	nobody := "nobody"
	if strings.HasPrefix(name, "account ") {
		nobody = "account nobody"
	}
	others, theirs := rulesOf(t, c, nobody, namespace), rulesOf(t, c, name, namespace)
	require.ElementsMatch(t, others.NonResourceRules, theirs.NonResourceRules, "no right to a path of the API server")
	everyone := verbs(others.ResourceRules)
	var lines []string
	for resource, own := range verbs(theirs.ResourceRules) {
		own = slices.DeleteFunc(own, func(verb string) bool { return slices.Contains(everyone[resource], verb) })
		slices.Sort(own)
		if own = slices.Compact(own); len(own) > 0 {
			lines = append(lines, fmt.Sprintf("%-62s %s", resource, strings.Join(own, " ")))
		}
	}
	slices.Sort(lines)
	return lines
}

func rulesOf(t *testing.T, c *cluster.Cluster, name, namespace string) authv1.SubjectRulesReviewStatus {
	t.Helper()
	review := &authv1.SelfSubjectRulesReview{Spec: authv1.SelfSubjectRulesReviewSpec{Namespace: namespace}}
	answer, err := kubernetesAs(t, c, name).AuthorizationV1().SelfSubjectRulesReviews().Create(t.Context(), review, metav1.CreateOptions{})
	require.NoError(t, err)
	require.False(t, answer.Status.Incomplete, answer.Status.EvaluationError)
	return answer.Status
}

// verbs are what rules allow, by "group/resource" and, where the rule has one, the object's name.
func verbs(rules []authv1.ResourceRule) map[string][]string {
	all := map[string][]string{}
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				if len(rule.ResourceNames) == 0 {
					rule.ResourceNames = []string{""}
				}
				for _, object := range rule.ResourceNames {
					where := strings.TrimSuffix(fmt.Sprintf("%s/%s %s", cmp.Or(group, "core"), resource, object), " ")
					all[where] = append(all[where], rule.Verbs...)
				}
			}
		}
	}
	return all
}

// TestRights: what each account and each person of the example may do, all of it and nothing else.
func TestRights(t *testing.T) {
	c := withRights(t, cluster.Shared(t))
	c.Kubectl(t, "apply", "-f", "../../deploy/rbac/examples/users.yaml")
	awaitPeople(t, c)
	defer c.Kubectl(t, "delete", "-f", "../../deploy/rbac/examples/users.yaml")
	var text strings.Builder
	for _, name := range []string{"account probity-worker", "account probity-recorder", "account probity-starter", "paul", "candice", "david"} {
		sections := map[string][]string{}
		for _, namespace := range []string{"kube-system", "default", "probity"} {
			sections[namespace] = rights(t, c, name, namespace)
		}
		everywhere := sections["kube-system"]
		fmt.Fprintf(&text, "%s\n", name)
		for _, line := range everywhere {
			fmt.Fprintf(&text, "  %s\n", line)
		}
		for _, namespace := range slices.Sorted(maps.Keys(sections)) {
			for _, line := range sections[namespace] {
				if !slices.Contains(everywhere, line) {
					fmt.Fprintf(&text, "  in %s: %s\n", namespace, line)
				}
			}
		}
	}
	golden(t, "testdata/rights.txt", text.String())
}
