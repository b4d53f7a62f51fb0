package timeline_test

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

// moment is what holds for one endpoint at one instant.
type moment struct {
	flags            timeline.Flags
	policies, staged []resource.Key
	ingress, egress  timeline.Truth
}

func (o *oracle) evaluate(obj *resource.Object) moment {
	if obj.Pod != nil && obj.Pod.HostNetwork {
		open := timeline.Exposure{Allowed: true, By: "host network"}
		truth := timeline.Truth{Internet: open, OtherNamespace: open}
		return moment{ingress: truth, egress: truth}
	}
	var now moment
	now.flags.Envoy = obj.Pod != nil && obj.Pod.Envoy
	labels := o.labels(obj)
	var enforced []*resource.Object
	for _, p := range o.objects {
		switch {
		case !p.ID.Kind.IsPolicy() || !o.selects(p, obj, labels):
		case p.ID.Kind.IsStaged():
			now.staged = append(now.staged, p.ID.Key)
		default:
			now.policies = append(now.policies, p.ID.Key)
			enforced = append(enforced, p)
		}
	}
	slices.SortFunc(enforced, o.compare)
	flags := &now.flags
	flags.IngressProtected, flags.IngressFromInternet, flags.IngressFromOtherNamespace = o.flags(enforced, "Ingress", obj.Pod != nil)
	flags.EgressProtected, flags.EgressToInternet, flags.EgressToOtherNamespace = o.flags(enforced, "Egress", obj.Pod != nil)
	now.ingress = o.truth(enforced, "Ingress", obj.ID.Namespace)
	now.egress = o.truth(enforced, "Egress", obj.ID.Namespace)
	return now
}

func (o *oracle) selects(p, obj *resource.Object, labels map[string]string) bool {
	spec := p.Policy
	if obj.Pod != nil && (spec.DoNotTrack || spec.PreDNAT) {
		return false
	}
	if p.ID.Namespace != "" && obj.ID.Namespace != p.ID.Namespace {
		return false
	}
	if spec.Kubernetes != nil {
		return selectsPlain(&spec.Kubernetes.PodSelector, labels)
	}
	_, hasNamespace := labels["projectcalico.org/namespace"]
	_, hasAccount := labels["projectcalico.org/serviceaccount"]
	all := true
	if spec.ServiceAccountSelector != "" {
		all = hasAccount
		if !o.trees.evalAs(spec.ServiceAccountSelector, labels, "pcsa.", hasAccount) {
			return false
		}
	}
	if spec.NamespaceSelector != "" {
		all = hasNamespace
		if !o.trees.evalAs(spec.NamespaceSelector, labels, "pcns.", hasNamespace) {
			return false
		}
	}
	return o.trees.evalAs(spec.Selector, labels, "", all)
}

func selectsPlain(s *metav1.LabelSelector, labels map[string]string) bool {
	for name, value := range s.MatchLabels {
		if got, ok := labels[name]; !ok || got != value {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		got, ok := labels[e.Key]
		in := ok && slices.Contains(e.Values, got)
		if e.Operator == metav1.LabelSelectorOpIn && !in || e.Operator == metav1.LabelSelectorOpNotIn && in ||
			e.Operator == metav1.LabelSelectorOpExists && !ok || e.Operator == metav1.LabelSelectorOpDoesNotExist && ok {
			return false
		}
	}
	return true
}

type oracleTier struct {
	order float64
	name  string
	pass  bool
	stage int
}

func (o *oracle) tier(p *resource.Object) oracleTier {
	t := oracleTier{order: math.Inf(1), name: p.Policy.Tier, stage: 3}
	if p.Policy.DoNotTrack {
		t.stage = 1
	} else if p.Policy.PreDNAT {
		t.stage = 2
	}
	obj := o.objects[resource.Key{Kind: resource.Tier, Name: t.name}]
	switch {
	case obj == nil && t.name == "default":
		t.order = 1e6
	case obj == nil:
		t.pass = true
	default:
		if obj.Tier.Order != nil {
			t.order = *obj.Tier.Order
		} else if t.name == "default" {
			t.order = 1e6
		}
		t.pass = obj.Tier.DefaultAction == "Pass"
	}
	return t
}

func (o *oracle) compare(a, b *resource.Object) int {
	x, y := o.tier(a), o.tier(b)
	return cmp.Or(cmp.Compare(x.stage, y.stage), cmp.Compare(x.order, y.order), cmp.Compare(x.name, y.name),
		cmp.Compare(oracleOrder(a), oracleOrder(b)), cmp.Compare(oracleName(a), oracleName(b)), a.ID.Key.Compare(b.ID.Key))
}

func oracleOrder(p *resource.Object) float64 {
	switch {
	case p.Policy.Kubernetes != nil:
		return 1000
	case p.Policy.Order == nil:
		return math.Inf(1)
	}
	return *p.Policy.Order
}

func oracleName(p *resource.Object) string {
	name := p.ID.Name
	switch {
	case p.Policy.Kubernetes != nil:
		name = "knp.default." + name
	case !strings.HasPrefix(name, p.Policy.Tier+"."):
		name = p.Policy.Tier + "." + name
	}
	if p.ID.Namespace != "" {
		name = p.ID.Namespace + "/" + name
	}
	return name
}

// oracleRule is one rule for one peer.
type oracleRule struct {
	policy  *resource.Object
	action  v3.Action
	number  int
	version *int
	peer    v3.EntityRule
	pods    *networkingv1.NetworkPolicyPeer // of a Kubernetes policy: the peer when it is not an ipBlock
	limited bool                            // to ports, protocols, …
}

func rulesOf(p *resource.Object, direction string) (rules []oracleRule, applies bool) {
	if k := p.Policy.Kubernetes; k != nil {
		for _, t := range k.PolicyTypes {
			applies = applies || string(t) == direction
		}
		for i := range k.Ingress {
			if direction == "Ingress" {
				rules = append(rules, plainRules(p, i+1, k.Ingress[i].From, len(k.Ingress[i].Ports) > 0)...)
			}
		}
		for i := range k.Egress {
			if direction == "Egress" {
				rules = append(rules, plainRules(p, i+1, k.Egress[i].To, len(k.Egress[i].Ports) > 0)...)
			}
		}
		return rules, applies
	}
	applies = slices.Contains(p.Policy.Types, v3.PolicyType(direction))
	list := p.Policy.Ingress
	if direction == "Egress" {
		list = p.Policy.Egress
	}
	for i, r := range list {
		peer, local := r.Source, r.Destination
		if direction == "Egress" {
			peer, local = local, peer
		}
		limited := r.Protocol != nil || len(peer.Ports) > 0 || len(peer.Domains) > 0 || len(local.Ports) > 0 || local.Selector != "" || len(local.Nets) > 0
		rules = append(rules, oracleRule{policy: p, action: r.Action, number: i + 1, version: r.IPVersion, peer: peer, limited: limited})
	}
	return rules, applies
}

func plainRules(p *resource.Object, number int, peers []networkingv1.NetworkPolicyPeer, limited bool) []oracleRule {
	rule := oracleRule{policy: p, action: v3.Allow, number: number, limited: limited}
	if len(peers) == 0 {
		return []oracleRule{rule}
	}
	var rules []oracleRule
	for i := range peers {
		one := rule
		if block := peers[i].IPBlock; block != nil {
			one.peer = v3.EntityRule{Nets: []string{block.CIDR}, NotNets: block.Except}
		} else {
			one.pods = &peers[i]
		}
		rules = append(rules, one)
	}
	return rules
}

// selective tells whether a rule's peer is told by labels.
func (r *oracleRule) selective() bool {
	p := &r.peer
	accounts := p.ServiceAccounts != nil && (len(p.ServiceAccounts.Names) > 0 || p.ServiceAccounts.Selector != "")
	return r.pods != nil || p.Selector != "" || p.NamespaceSelector != "" || accounts || r.policy.ID.Namespace != "" && p.NotSelector != ""
}

// selectsSet tells whether a network set with these labels is a peer.
func (o *oracle) selectsSet(r *oracleRule, labels map[string]string) bool {
	if r.pods != nil || !r.selective() {
		return false
	}
	p := &r.peer
	namespace, hasNamespace := labels["projectcalico.org/namespace"]
	switch {
	case p.NamespaceSelector == "global()":
		if hasNamespace {
			return false
		}
	case p.NamespaceSelector != "":
		if !o.trees.evalAs(p.NamespaceSelector, labels, "pcns.", hasNamespace) {
			return false
		}
	case r.policy.ID.Namespace != "" && namespace != r.policy.ID.Namespace:
		return false
	}
	if a := p.ServiceAccounts; a != nil && len(a.Names) > 0 {
		return false // network sets have no account
	}
	if a := p.ServiceAccounts; a != nil && a.Selector != "" && !o.trees.evalAs(a.Selector, labels, "pcsa.", false) {
		return false
	}
	return o.trees.eval(p.Selector, labels, "") && (p.NotSelector == "" || !o.trees.eval(p.NotSelector, labels, ""))
}

// setNets are the nets of the network sets that a rule selects.
func (o *oracle) setNets(r *oracleRule) []string {
	var nets []string
	for _, obj := range o.objects {
		if obj.ID.Kind == resource.NetworkSet || obj.ID.Kind == resource.GlobalNetworkSet {
			if o.selectsSet(r, o.labels(obj)) {
				nets = append(nets, obj.Nets...)
			}
		}
	}
	return nets
}

// flags are the published definitions, one rule at a time.
func (o *oracle) flags(policies []*resource.Object, direction string, pod bool) (protected, internet, other bool) {
	for _, p := range policies {
		rules, applies := rulesOf(p, direction)
		if !applies {
			continue
		}
		protected = true
		for i := range rules {
			r := &rules[i]
			if r.action != v3.Allow {
				continue
			}
			cidr := len(r.peer.Nets) > 0
			open := !r.selective() && !cidr
			if r.peer.Services == nil {
				internet = internet || open || cidr && !r.selective() && anyPublic(r.peer.Nets) || anyPublic(o.setNets(r))
			}
			byNamespace := r.peer.NamespaceSelector != "" || r.pods != nil && r.pods.NamespaceSelector != nil
			other = other || pod && (byNamespace || open || p.ID.Namespace == "" && !cidr)
		}
	}
	return protected, internet, other
}

func anyPublic(nets []string) bool {
	return slices.ContainsFunc(points, func(at netip.Addr) bool { return isPublic(at) && within(nets, at) })
}

func isPublic(at netip.Addr) bool {
	return !within([]string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}, at)
}

func within(nets []string, at netip.Addr) bool {
	return slices.ContainsFunc(nets, func(net string) bool { return prefix(net).Contains(at) })
}

// prefixes spares reading the same few texts over and over.
var prefixes = map[string]netip.Prefix{}

func prefix(text string) netip.Prefix {
	known, ok := prefixes[text]
	if !ok {
		known = netip.MustParsePrefix(text)
		prefixes[text] = known
	}
	return known
}

// points has an address in every piece into which the nets of the generator, the private nets and the ranges of pods cut the
// address space: what holds for the points holds for all addresses.
var points = func() []netip.Addr {
	special := []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15", "240.0.0.0/4", "0.0.0.0/0", "::/0"}
	var out []netip.Addr
	for _, text := range slices.Concat(special, somenets) {
		prefix := netip.MustParsePrefix(text)
		out = append(out, prefix.Masked().Addr())
		last := prefix.Masked().Addr().AsSlice()
		for bit := prefix.Bits(); bit < len(last)*8; bit++ {
			last[bit/8] |= 1 << (7 - bit%8)
		}
		addr, _ := netip.AddrFromSlice(last)
		if next := addr.Next(); next.IsValid() {
			out = append(out, next)
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}()

func mayBePod(at netip.Addr) bool {
	return !isPublic(at) || within([]string{"100.64.0.0/10", "198.18.0.0/15", "240.0.0.0/4", "::/0"}, at)
}

func (o *oracle) truth(policies []*resource.Object, direction, namespace string) timeline.Truth {
	var truth timeline.Truth
	truth.Isolated = !o.follow(policies, direction, question{kind: "anything", all: points}).Allowed
	public := slices.DeleteFunc(slices.Clone(points), func(at netip.Addr) bool { return !isPublic(at) })
	truth.Internet = o.follow(policies, direction, question{kind: "internet", all: public})
	if namespace != "" {
		pods := slices.DeleteFunc(slices.Clone(points), func(at netip.Addr) bool { return !mayBePod(at) })
		truth.OtherNamespace = o.follow(policies, direction, question{kind: "other", all: pods, namespace: namespace})
	}
	return truth
}

type question struct {
	kind      string
	all       []netip.Addr
	namespace string
}

// follow sends every address of the question through the policies.
func (o *oracle) follow(policies []*resource.Object, direction string, q question) timeline.Exposure {
	left := q.all
	var tiers []oracleTier
	byTier := map[oracleTier][]oracleRule{}
	for _, p := range policies {
		rules, applies := rulesOf(p, direction)
		if !applies {
			continue
		}
		t := o.tier(p)
		if !slices.Contains(tiers, t) {
			tiers = append(tiers, t)
		}
		byTier[t] = append(byTier[t], rules...)
	}
	if len(tiers) == 0 {
		return timeline.Exposure{Allowed: true, By: "no policy"}
	}
	via := ""
	for _, t := range tiers {
		var passed []netip.Addr
		pass := func(by string, at []netip.Addr) {
			if len(passed) == 0 && len(at) > 0 {
				via = by
			}
			passed = append(passed, at...)
		}
		for i := range byTier[t] {
			r := &byTier[t][i]
			name := fmt.Sprintf("%s rule %d", r.policy.ID.Key, r.number)
			matched := slices.DeleteFunc(slices.Clone(left), func(at netip.Addr) bool { return !o.may(r, q, at) })
			switch r.action {
			case v3.Log:
				continue
			case v3.Allow:
				if len(matched) > 0 && q.kind != "anything" {
					return timeline.Exposure{Allowed: true, By: name}
				}
				continue
			case v3.Pass:
				pass(name, matched)
			}
			left = slices.DeleteFunc(slices.Clone(left), func(at netip.Addr) bool { return o.surely(r, q, at) })
		}
		if t.stage < 3 {
			pass("the end of the untracked and pre-DNAT policies", left)
		} else if t.pass {
			pass(fmt.Sprintf("the default of tier %q", t.name), left)
		}
		if left = passed; len(left) == 0 {
			return timeline.Exposure{}
		}
	}
	return timeline.Exposure{Allowed: true, By: "end of tiers, passed by " + via}
}

func (r *oracleRule) hasAddress(at netip.Addr) bool {
	return (r.version == nil || (*r.version == 4) == at.Is4()) &&
		(len(r.peer.Nets) == 0 || within(r.peer.Nets, at)) && !within(r.peer.NotNets, at)
}

func (o *oracle) may(r *oracleRule, q question, at netip.Addr) bool {
	if !r.hasAddress(at) {
		return false
	}
	switch q.kind {
	case "internet":
		return r.peer.Services == nil && (!r.selective() || within(o.setNets(r), at))
	case "other":
		return r.mayBeOther(q.namespace)
	}
	return true
}

// mayBeOther tells whether the peer may be a pod of another namespace than the given one.
func (r *oracleRule) mayBeOther(namespace string) bool {
	if s := r.peer.Services; s != nil {
		in := cmp.Or(s.Namespace, r.policy.ID.Namespace)
		return in == "" || in != namespace
	}
	if r.pods != nil {
		return r.pods.NamespaceSelector != nil
	}
	if !r.selective() {
		return true
	}
	switch text := r.peer.NamespaceSelector; text {
	case "":
		return r.policy.ID.Namespace == ""
	case "global()":
		return false
	case `projectcalico.org/name == "a"`:
		return namespace != "a"
	case `projectcalico.org/name in {"a", "b"}`:
		return true
	}
	return true
}

func (o *oracle) surely(r *oracleRule, q question, at netip.Addr) bool {
	if r.limited || !r.hasAddress(at) || r.peer.NotSelector != "" || r.peer.Services != nil {
		return false
	}
	if !r.selective() {
		return true
	}
	p := &r.peer
	everyPod := (p.Selector == "" || p.Selector == "all()") && p.ServiceAccounts == nil &&
		(p.NamespaceSelector == "all()" || p.NamespaceSelector == "" && r.policy.ID.Namespace == "")
	return q.kind == "other" && everyPod
}
