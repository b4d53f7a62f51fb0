package sample

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"github.com/tigera/api/pkg/lib/numorstring"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probity/probity/internal/resource"
)

// tiers in their order, and what becomes of traffic that a tier's policies apply to and no rule of them matches.
var tiers = []struct {
	name          string
	order         float64
	defaultAction v3.Action
}{
	{"security", 100, v3.Deny}, {"platform", 200, v3.Pass}, {"application", 300, v3.Deny}, {"default", 1_000_000, v3.Deny},
}

// policy is a network policy of any kind, in the few words that the sample needs: every selector is a conjunction of
// equalities. Its manifest and the flow logs both come from it, so they cannot disagree.
type policy struct {
	kind      resource.Kind
	namespace string
	name      string // with the tier's name before it, but for Kubernetes kinds
	tier      string
	order     float64
	selects   map[string]string
	// A direction with no rules is listed by an empty slice; nil leaves the direction out of the types.
	ingress, egress []rule
	object          *object
}

type rule struct {
	action   v3.Action
	peer     peer
	protocol string // "" = any
	ports    []uint16
}

// peer is the other side; its zero value is anything.
type peer struct {
	labels     map[string]string
	namespaces map[string]string // of the namespace; empty but not nil = any namespace
	global     bool              // what is in no namespace
	nets       []string
}

// side is one side of a connection.
type side struct {
	labels    map[string]string // of the pod, or of the network set that the address is in
	namespace string            // "" = not in the cluster
	nsLabels  map[string]string
	addr      netip.Addr
}

func has(labels, wanted map[string]string) bool {
	for key, value := range wanted {
		if labels[key] != value {
			return false
		}
	}
	return true
}

func (p *policy) appliesTo(s side) bool {
	return s.namespace != "" && (p.namespace == "" || p.namespace == s.namespace) && has(s.labels, p.selects)
}

func (p *policy) rules(ingress bool) []rule {
	if ingress {
		return p.ingress
	}
	return p.egress
}

func (r *rule) matches(p *policy, other side, d dialed) bool {
	if r.protocol != "" && r.protocol != d.protocol || len(r.ports) > 0 && !slices.Contains(r.ports, d.port) {
		return false
	}
	inNet := func(net string) bool { return netip.MustParsePrefix(net).Contains(other.addr) }
	if len(r.peer.nets) > 0 && !slices.ContainsFunc(r.peer.nets, inNet) {
		return false
	}
	switch {
	case r.peer.global:
		if other.namespace != "" {
			return false
		}
	case r.peer.namespaces != nil:
		if other.namespace == "" || !has(other.nsLabels, r.peer.namespaces) {
			return false
		}
	case r.peer.labels != nil && p.namespace != "":
		if other.namespace != p.namespace {
			return false
		}
	}
	return has(other.labels, r.peer.labels)
}

func selectorText(labels map[string]string) string {
	var terms []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		terms = append(terms, key+" == '"+labels[key]+"'")
	}
	return strings.Join(terms, " && ")
}

// manifest is the policy as an API object.
func (p *policy) manifest() *object {
	o := newObject(p.kind, p.namespace, p.name)
	types := []v3.PolicyType{}
	if p.ingress != nil {
		types = append(types, v3.PolicyTypeIngress)
	}
	if p.egress != nil {
		types = append(types, v3.PolicyTypeEgress)
	}
	selector, order := selectorText(p.selects), p.order
	ingress, egress := calicoRules(p.ingress, true), calicoRules(p.egress, false)
	switch p.kind {
	case resource.NetworkPolicy:
		o.Spec = v3.NetworkPolicySpec{Tier: p.tier, Order: &order, Selector: selector, Types: types, Ingress: ingress, Egress: egress}
	case resource.StagedNetworkPolicy:
		o.Spec = v3.StagedNetworkPolicySpec{
			StagedAction: v3.StagedActionSet, Tier: p.tier, Order: &order, Selector: selector, Types: types, Ingress: ingress, Egress: egress,
		}
	case resource.GlobalNetworkPolicy:
		o.Spec = v3.GlobalNetworkPolicySpec{Tier: p.tier, Order: &order, Selector: selector, Types: types, Ingress: ingress, Egress: egress}
	case resource.StagedGlobalNetworkPolicy:
		o.Spec = v3.StagedGlobalNetworkPolicySpec{
			StagedAction: v3.StagedActionSet, Tier: p.tier, Order: &order, Selector: selector, Types: types, Ingress: ingress, Egress: egress,
		}
	case resource.KubernetesNetworkPolicy:
		o.Spec = p.kubernetesSpec()
	case resource.StagedKubernetesNetworkPolicy:
		spec := p.kubernetesSpec()
		o.Spec = v3.StagedKubernetesNetworkPolicySpec{
			StagedAction: v3.StagedActionSet, PodSelector: spec.PodSelector, Ingress: spec.Ingress, Egress: spec.Egress, PolicyTypes: spec.PolicyTypes,
		}
	}
	return o
}

func calicoRules(rules []rule, ingress bool) []v3.Rule {
	var out []v3.Rule
	for _, r := range rules {
		entity := v3.EntityRule{Nets: r.peer.nets, Selector: selectorText(r.peer.labels)}
		if r.peer.namespaces != nil {
			if entity.NamespaceSelector = selectorText(r.peer.namespaces); entity.NamespaceSelector == "" {
				entity.NamespaceSelector = "all()"
			}
		}
		if r.peer.global {
			entity.NamespaceSelector = "global()"
		}
		rule := v3.Rule{Action: r.action}
		if r.protocol != "" {
			protocol := numorstring.ProtocolFromString(r.protocol)
			rule.Protocol = &protocol
		}
		var ports []numorstring.Port
		for _, port := range r.ports {
			ports = append(ports, numorstring.SinglePort(port))
		}
		if ingress {
			rule.Source, rule.Destination = entity, v3.EntityRule{Ports: ports}
		} else {
			entity.Ports = ports
			rule.Destination = entity
		}
		out = append(out, rule)
	}
	return out
}

func (p *policy) kubernetesSpec() networkingv1.NetworkPolicySpec {
	spec := networkingv1.NetworkPolicySpec{PodSelector: metav1.LabelSelector{MatchLabels: p.selects}}
	if p.ingress != nil {
		spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeIngress)
	}
	if p.egress != nil {
		spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeEgress)
	}
	for _, r := range p.ingress {
		spec.Ingress = append(spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: r.kubernetesPeers(), Ports: r.kubernetesPorts()})
	}
	for _, r := range p.egress {
		spec.Egress = append(spec.Egress, networkingv1.NetworkPolicyEgressRule{To: r.kubernetesPeers(), Ports: r.kubernetesPorts()})
	}
	return spec
}

func (r *rule) kubernetesPeers() []networkingv1.NetworkPolicyPeer {
	var peers []networkingv1.NetworkPolicyPeer
	for _, net := range r.peer.nets {
		peers = append(peers, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: net}})
	}
	if r.peer.labels == nil && r.peer.namespaces == nil {
		return peers
	}
	var p networkingv1.NetworkPolicyPeer
	if r.peer.labels != nil {
		p.PodSelector = &metav1.LabelSelector{MatchLabels: r.peer.labels}
	}
	if r.peer.namespaces != nil {
		p.NamespaceSelector = &metav1.LabelSelector{MatchLabels: r.peer.namespaces}
	}
	return append(peers, p)
}

func (r *rule) kubernetesPorts() []networkingv1.NetworkPolicyPort {
	var ports []networkingv1.NetworkPolicyPort
	for _, port := range r.ports {
		p := networkingv1.NetworkPolicyPort{Port: ptr(intstr.FromInt32(int32(port)))}
		if r.protocol != "" {
			p.Protocol = ptr(protocolOf(r.protocol))
		}
		ports = append(ports, p)
	}
	return ports
}
