package timeline_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"github.com/tigera/api/pkg/lib/numorstring"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/resource"
)

// tree is a selector as the oracle evaluates it.
type tree struct {
	op     string // all, global, has, ==, !=, in, not, and, or
	label  string
	values []string
	kids   []*tree
}

func (t *tree) text() string {
	switch t.op {
	case "all", "global":
		return t.op + "()"
	case "has":
		return "has(" + t.label + ")"
	case "==", "!=":
		return fmt.Sprintf("%s %s %q", t.label, t.op, t.values[0])
	case "in":
		return fmt.Sprintf("%s in {\"%s\"}", t.label, strings.Join(t.values, `", "`))
	case "not":
		return "!" + t.kids[0].text()
	}
	between := " && "
	if t.op == "or" {
		between = " || "
	}
	return "(" + t.kids[0].text() + between + t.kids[1].text() + ")"
}

func (t *tree) eval(labels map[string]string, prefix string, all bool) bool {
	value, ok := labels[prefix+t.label]
	switch t.op {
	case "all":
		return all
	case "global":
		return true
	case "has":
		return ok
	case "==", "in":
		return ok && slices.Contains(t.values, value)
	case "!=":
		return !ok || value != t.values[0]
	case "not":
		return !t.kids[0].eval(labels, prefix, all)
	case "and":
		return t.kids[0].eval(labels, prefix, all) && t.kids[1].eval(labels, prefix, all)
	}
	return t.kids[0].eval(labels, prefix, all) || t.kids[1].eval(labels, prefix, all)
}

// trees remembers the tree of every selector's text.
type trees map[string]*tree

func (t trees) eval(text string, labels map[string]string, prefix string) bool {
	return t.evalAs(text, labels, prefix, true)
}

// evalAs gives all() another meaning. No text is all() without it.
func (t trees) evalAs(text string, labels map[string]string, prefix string, all bool) bool {
	return text == "" || t[text].eval(labels, prefix, all)
}

// generator draws clusters and histories from a small world, so that everything meets everything.
type generator struct {
	*rapid.T
	trees   trees
	version int
	uids    int
	uid     map[resource.Key]string
	states  map[resource.Key]*resource.Object
	past    []resource.Change
	busy    bool // little but policies of all pods: their classes change all the time
}

func newGenerator(t *rapid.T) *generator {
	return &generator{T: t, trees: trees{}, uid: map[resource.Key]string{}, states: map[resource.Key]*resource.Object{}}
}

func (g *generator) n(max int) int     { return rapid.IntRange(0, max-1).Draw(g.T, "n") }
func (g *generator) chance(p int) bool { return g.n(100) < p }

func pick[E any](g *generator, from ...E) E { return from[g.n(len(from))] }

var (
	someNamespaces = []string{"a", "b"}
	somenets       = []string{
		"10.0.0.0/8", "10.1.0.0/16", "8.8.8.0/24", "0.0.0.0/0", "::/0", "192.168.0.0/15", "0.0.0.0/1", "128.0.0.0/1", "203.0.113.7/32", "2001:db8::/32",
	}
	worldLabels = map[string][]string{"app": {"x", "y"}, "env": {"p", "q"}}
)

func (g *generator) leaf(names ...string) *tree {
	name := pick(g, names...)
	values := []string{"x", "y", "p", "q", "r", "s"}
	switch g.n(4) {
	case 0:
		return &tree{op: "has", label: name}
	case 1:
		return &tree{op: "!=", label: name, values: []string{pick(g, values...)}}
	case 2:
		return &tree{op: "in", label: name, values: []string{"p", "x"}}
	}
	return &tree{op: "==", label: name, values: []string{pick(g, values...)}}
}

// tree draws any expression over the labels.
func (g *generator) tree(depth int, names ...string) *tree {
	switch dice := g.n(10); {
	case depth == 0 || dice < 5:
		return g.leaf(names...)
	case dice == 5:
		return &tree{op: "all"}
	case dice == 6:
		return &tree{op: "not", kids: []*tree{g.tree(depth-1, names...)}}
	case dice < 9:
		return &tree{op: "and", kids: []*tree{g.tree(depth-1, names...), g.tree(depth-1, names...)}}
	}
	return &tree{op: "or", kids: []*tree{g.tree(depth-1, names...), g.tree(depth-1, names...)}}
}

func (g *generator) text(t *tree) string {
	text := t.text()
	g.trees[text] = t
	return text
}

// selector draws the text of a selector, none with the given chance in 100.
func (g *generator) selector(none int, names ...string) string {
	if g.chance(none) {
		return ""
	}
	return g.text(g.tree(2, names...))
}

func (g *generator) labels(world map[string][]string) map[string]string {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(world)) {
		if i := g.n(len(world[name]) + 1); i > 0 {
			out[name] = world[name][i-1]
		}
	}
	return out
}

func (g *generator) key() resource.Key {
	kinds := []resource.Kind{
		resource.Pod, resource.Pod, resource.Pod, resource.Pod, resource.HostEndpoint, resource.Namespace, resource.ServiceAccount,
		resource.NetworkPolicy, resource.GlobalNetworkPolicy, resource.KubernetesNetworkPolicy, resource.StagedNetworkPolicy,
		resource.StagedGlobalNetworkPolicy, resource.StagedKubernetesNetworkPolicy, resource.Tier, resource.NetworkSet,
		resource.GlobalNetworkSet, resource.Endpoints, resource.EndpointSlice, resource.Service,
	}
	if g.busy {
		kinds = []resource.Kind{resource.Pod, resource.NetworkPolicy, resource.NetworkPolicy, resource.GlobalNetworkPolicy, resource.StagedNetworkPolicy}
	}
	key := resource.Key{Kind: pick(g, kinds...), Name: pick(g, "n1", "n2")}
	switch key.Kind {
	case resource.Namespace:
		key.Name = pick(g, someNamespaces...)
	case resource.Tier:
		key.Name = pick(g, "default", "sec")
	case resource.NetworkPolicy, resource.GlobalNetworkPolicy:
		key.Name = pick(g, "n1", "sec.n1", "default.n2")
	}
	if key.Kind.Namespaced() {
		key.Namespace = pick(g, someNamespaces...)
	}
	return key
}

// object draws a state of an object.
func (g *generator) object(key resource.Key) *resource.Object {
	obj := &resource.Object{ID: resource.ID{Key: key}}
	switch key.Kind {
	case resource.Pod:
		obj.Labels, obj.Pod = g.labels(worldLabels), g.pod()
	case resource.HostEndpoint:
		obj.Labels, obj.HostEndpoint = g.labels(worldLabels), &resource.HostEndpointSpec{Node: pick(g, "", "node")}
	case resource.Namespace:
		obj.Labels = g.labels(map[string][]string{"team": {"r", "s"}})
	case resource.ServiceAccount:
		obj.Labels = g.labels(map[string][]string{"level": {"r", "s"}})
	case resource.Tier:
		obj.Tier = &resource.TierSpec{Order: pick(g, nil, ptr(1.0), ptr(2e6)), DefaultAction: pick(g, "", "Deny", "Pass")}
	case resource.NetworkSet, resource.GlobalNetworkSet:
		obj.Labels = g.labels(map[string][]string{"app": {"x", "y"}})
		obj.Nets = g.nets()
	case resource.Service:
	case resource.Endpoints, resource.EndpointSlice:
		obj.Backends = &resource.BackendsSpec{Service: pick(g, "s1", "s2", ""), Addresses: g.backends()}
	case resource.KubernetesNetworkPolicy, resource.StagedKubernetesNetworkPolicy:
		obj.Policy = &resource.PolicySpec{Tier: "default", Kubernetes: g.kubernetes()}
	default:
		obj.Policy = g.calico(key)
	}
	return obj
}

func ptr[T any](v T) *T { return &v }

func (g *generator) pod() *resource.PodSpec {
	pod := &resource.PodSpec{
		Node: pick(g, "", "node"), ServiceAccount: pick(g, "n1", "n2", strings.Repeat("long", 16)), Phase: pick(g, "", "Running", "Running", "Failed"),
		HostNetwork: !g.busy && g.chance(15), Envoy: g.chance(70), GenerateName: pick(g, "", "gen-"),
	}
	if pod.Phase != "" {
		pod.IPs = pick(g, []string{"10.1.0.1"}, []string{"10.1.0.2"}, nil)
	}
	return pod
}

func (g *generator) backends() []resource.Backend {
	var out []resource.Backend
	for range g.n(4) {
		b := resource.Backend{IP: pick(g, "10.1.0.1", "10.1.0.2")}
		if g.chance(60) {
			b.Pod = pick(g, someNamespaces...) + "/" + pick(g, "n1", "n2")
		}
		out = append(out, b)
	}
	return out
}

func (g *generator) nets() []string {
	nets := []string{pick(g, somenets...)}
	if g.chance(40) {
		nets = append(nets, pick(g, somenets...))
	}
	return nets
}

func (g *generator) calico(key resource.Key) *resource.PolicySpec {
	spec := &resource.PolicySpec{
		Tier: pick(g, "default", "sec", "sec", "none"), Order: pick(g, nil, ptr(1.0), ptr(2000.0)), Selector: g.selector(30, "app", "env"),
		Types: pick(g, []v3.PolicyType{"Ingress"}, []v3.PolicyType{"Egress"}, []v3.PolicyType{"Egress", "Ingress"}),
	}
	if !key.Kind.Namespaced() {
		spec.NamespaceSelector = g.selector(60, "team", "projectcalico.org/name")
		spec.DoNotTrack, spec.PreDNAT = g.chance(15), g.chance(15)
	}
	spec.ServiceAccountSelector = g.selector(80, "level")
	spec.Ingress, spec.Egress = g.rules(true, key), g.rules(false, key)
	if g.busy {
		spec.Selector, spec.NamespaceSelector, spec.ServiceAccountSelector = pick(g, "", "", g.selector(0, "app")), "", ""
	}
	return spec
}

func (g *generator) rules(ingress bool, key resource.Key) []v3.Rule {
	var rules []v3.Rule
	for range g.n(4) {
		rule := v3.Rule{Action: pick(g, v3.Allow, v3.Allow, v3.Deny, v3.Deny, v3.Pass, v3.Log)}
		peer, local := &rule.Source, &rule.Destination
		if !ingress {
			peer, local = local, peer
		}
		*peer = g.peer()
		if g.chance(20) {
			rule.Protocol = ptr(numorstring.ProtocolFromString("TCP"))
		}
		if g.chance(15) {
			rule.IPVersion = ptr(pick(g, 4, 6))
		}
		if g.chance(10) {
			local.Nets = []string{"10.0.0.0/8"}
		}
		rules = append(rules, rule)
	}
	return rules
}

// peer draws an entity. Each selector in it can be met, as the timeline may take one that cannot for one that can.
func (g *generator) peer() v3.EntityRule {
	var e v3.EntityRule
	if g.chance(8) {
		e.Services = &v3.ServiceMatch{Name: "s1", Namespace: pick(g, "", "a", "b")}
		return e
	}
	if g.chance(50) {
		e.Nets = g.nets()
	}
	if g.chance(15) {
		e.NotNets = g.nets()
	}
	if g.chance(30) {
		e.Selector = g.text(pick(g, g.leaf("app"), &tree{op: "all"}))
	}
	if g.chance(25) {
		name := "projectcalico.org/name"
		e.NamespaceSelector = g.text(pick(g, &tree{op: "all"}, &tree{op: "global"}, &tree{op: "==", label: "team", values: []string{"r"}},
			&tree{op: "==", label: name, values: []string{"a"}}, &tree{op: "in", label: name, values: []string{"a", "b"}},
			&tree{op: "not", kids: []*tree{{op: "has", label: "team"}}}))
	}
	if g.chance(10) {
		e.NotSelector = g.text(g.leaf("app"))
	}
	if g.chance(10) {
		e.ServiceAccounts = pick(g, &v3.ServiceAccountMatch{Names: []string{"n1"}}, &v3.ServiceAccountMatch{Selector: g.text(g.leaf("level"))})
	}
	return e
}

func (g *generator) kubernetes() *networkingv1.NetworkPolicySpec {
	spec := &networkingv1.NetworkPolicySpec{
		PodSelector: *g.plain(),
		PolicyTypes: pick(g, []networkingv1.PolicyType{"Ingress"}, []networkingv1.PolicyType{"Ingress", "Egress"}),
	}
	for range g.n(3) {
		spec.Ingress = append(spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: g.plainPeers(), Ports: g.ports()})
		spec.Egress = append(spec.Egress, networkingv1.NetworkPolicyEgressRule{To: g.plainPeers(), Ports: g.ports()})
	}
	return spec
}

func (g *generator) ports() []networkingv1.NetworkPolicyPort {
	return pick(g, nil, []networkingv1.NetworkPolicyPort{{}})
}

func (g *generator) plain() *metav1.LabelSelector {
	switch g.n(4) {
	case 0:
		return &metav1.LabelSelector{}
	case 1:
		op := pick(g, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn)
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: op, Values: []string{"x"}}}}
	case 2:
		op := pick(g, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist)
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "env", Operator: op}}}
	}
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": pick(g, "x", "y")}}
}

func (g *generator) plainPeers() []networkingv1.NetworkPolicyPeer {
	var peers []networkingv1.NetworkPolicyPeer
	for range g.n(3) {
		switch g.n(3) {
		case 0:
			peers = append(peers, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: pick(g, somenets...), Except: g.nets()}})
		case 1:
			peers = append(peers, networkingv1.NetworkPolicyPeer{PodSelector: g.plain()})
		default:
			team := &metav1.LabelSelector{MatchLabels: map[string]string{"team": "r"}}
			peers = append(peers, networkingv1.NetworkPolicyPeer{NamespaceSelector: pick(g, team, &metav1.LabelSelector{}), PodSelector: pick(g, nil, g.plain())})
		}
	}
	return peers
}

var worldStart = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

func tick(n int) time.Time { return worldStart.Add(time.Duration(n) * time.Second) }

func (g *generator) newUID(key resource.Key) string {
	g.uids++
	g.uid[key] = fmt.Sprintf("uid-%d", g.uids)
	return g.uid[key]
}

func (g *generator) state(key resource.Key) *resource.Object {
	obj := g.object(key)
	g.version++
	obj.Version = fmt.Sprint(g.version)
	if obj.ID.UID = g.uid[key]; obj.ID.UID == "" {
		obj.ID.UID = g.newUID(key)
	}
	return obj
}

// baseline draws the first state: every namespace, mostly, and some of everything.
func (g *generator) baseline(n int) []*resource.Object {
	var objs []*resource.Object
	seen := map[resource.Key]bool{}
	for _, name := range someNamespaces {
		seen[resource.Key{Kind: resource.Namespace, Name: name}] = true
	}
	for range n {
		seen[g.key()] = true
	}
	for _, key := range slices.SortedFunc(maps.Keys(seen), resource.Key.Compare) {
		obj := g.state(key)
		g.states[key] = obj
		objs = append(objs, obj)
	}
	return objs
}

// history draws n changes, some at the same time. Ends of namespaces, and of services, have a time of their own, as in a real log.
func (g *generator) history(n, last int) []resource.Change {
	var out []resource.Change
	at := 0
	for range n {
		at += pick(g, 0, 1, 1)
		key := g.key()
		alone := key.Kind == resource.Namespace || key.Kind == resource.Service
		if alone {
			at++
		}
		if at >= last {
			break
		}
		out = append(out, g.change(key, tick(at)))
		if alone {
			at++
		}
	}
	return out
}

// change draws what happens to an object: a new state most of the time, its end, its replacement, a binding, or something late.
func (g *generator) change(key resource.Key, at time.Time) resource.Change {
	known := g.states[key]
	dice := g.n(100)
	switch {
	case len(g.past) > 0 && dice < 12: // late, or twice
		c := pick(g, g.past...)
		c.Time = at
		return c
	case known != nil && dice < 30 && (!g.busy || key.Kind != resource.Pod || dice < 15):
		delete(g.states, key)
		delete(g.uid, key)
		return g.remember(resource.Change{Time: at, ID: known.ID, Version: pick(g, "", known.Version)})
	case known != nil && key.Kind == resource.Pod && dice < 45:
		return g.remember(resource.Change{Time: at, ID: known.ID, Node: "bound"})
	case known != nil && dice < 52:
		g.newUID(key)
	}
	obj := g.state(key)
	g.states[key] = obj
	return g.remember(resource.Change{Time: at, ID: obj.ID, Version: obj.Version, Object: obj})
}

func (g *generator) remember(c resource.Change) resource.Change {
	g.past = append(g.past, c)
	return c
}
