package cluster

import (
	"fmt"
	"strings"
	"testing"
)

// The groups in which clusters serve Calico's kinds (calico-compliance.md section 9): the old one, and that of the native CRDs.
const (
	OldCalico    = "crd.projectcalico.org/v1"
	NativeCalico = "projectcalico.org/v3"
)

// calicoKinds are the kinds of Calico that Probity follows, by plural; true where they are in a namespace.
var calicoKinds = []struct {
	plural, kind string
	namespaced   bool
}{
	{"networkpolicies", "NetworkPolicy", true},
	{"globalnetworkpolicies", "GlobalNetworkPolicy", false},
	{"stagednetworkpolicies", "StagedNetworkPolicy", true},
	{"stagedglobalnetworkpolicies", "StagedGlobalNetworkPolicy", false},
	{"stagedkubernetesnetworkpolicies", "StagedKubernetesNetworkPolicy", true},
	{"tiers", "Tier", false},
	{"hostendpoints", "HostEndpoint", false},
	{"networksets", "NetworkSet", true},
	{"globalnetworksets", "GlobalNetworkSet", false},
}

// AddCalico makes the API server serve Calico's kinds in one of the groups. Nothing validates them: the tests are about what
// Probity makes of them.
func (c *Cluster) AddCalico(t *testing.T, groupVersion string) {
	t.Helper()
	group, version, _ := strings.Cut(groupVersion, "/")
	var all strings.Builder
	var names []string
	for _, k := range calicoKinds {
		scope := "Cluster"
		if k.namespaced {
			scope = "Namespaced"
		}
		name := k.plural + "." + group
		names = append(names, "crd/"+name)
		fmt.Fprintf(&all, `---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %s}
spec:
  group: %s
  scope: %s
  names: {plural: %s, singular: %s, kind: %s, listKind: %sList}
  versions:
  - name: %s
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`, name, group, scope, k.plural, strings.ToLower(k.kind), k.kind, k.kind, version)
	}
	c.Apply(t, all.String())
	c.Kubectl(t, append([]string{"wait", "--for=condition=Established", "--timeout=60s"}, names...)...)
}
