package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/resource"
)

// read reads one manifest.
func read(t testing.TB, manifest string) *resource.Object {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(manifest))
	require.NoError(t, err)
	obj, err := resource.Read(raw)
	require.NoError(t, err)
	return obj
}

func compile(t testing.TB, manifest string) *policy.Policy {
	t.Helper()
	return policy.NewEvaluator(nil).Compile(read(t, manifest))
}

// calico writes the manifest of a policy of projectcalico.org/v3; a namespaced kind is in the namespace shop.
func calico(kind, name, spec string) string {
	return "apiVersion: projectcalico.org/v3\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: shop}\nspec: " + spec
}

func kubernetes(name, spec string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: shop}\nspec: " + spec
}

var (
	shop  = &policy.Profile{Name: "shop", Known: true, Labels: policy.LabelSet{{Name: "team", Value: "blue"}}}
	clerk = &policy.Profile{Name: "clerk", Known: true, Labels: policy.LabelSet{{Name: "level", Value: "1"}}}
	cart  = &policy.Labels{Own: policy.LabelSet{{Name: "app", Value: "cart"}}, Namespace: shop, Account: clerk}
	host  = &policy.Labels{Own: policy.LabelSet{{Name: "app", Value: "cart"}}}
)

// world is what policies are evaluated in.
type world struct {
	tiers map[string]*resource.TierSpec
	sets  []netSet
	hosts bool // evaluate for a host endpoint
}

type netSet struct {
	labels policy.Labels
	nets   []string
}

// outcome evaluates policies for a pod of the namespace shop.
func (w world) outcome(t testing.TB, manifests ...string) policy.Outcome {
	t.Helper()
	e := policy.NewEvaluator(nil)
	var active []*policy.Active
	for _, manifest := range manifests {
		p := e.Compile(read(t, manifest))
		tier, _ := policy.TierOf(p.Tier, w.tiers[p.Tier])
		active = append(active, e.Activate(p, tier, func(peer *policy.Peer) policy.Nets {
			var selected policy.Nets
			for i := range w.sets {
				if peer.Matches(&w.sets[i].labels) {
					selected = selected.Union(nets(t, w.sets[i].nets...))
				}
			}
			return selected
		}))
	}
	if w.hosts {
		return e.Evaluate(active, "")
	}
	return e.Evaluate(active, "shop")
}
