package policy

import (
	"fmt"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"github.com/tigera/api/pkg/lib/numorstring"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// kubernetesRule is an ingress or egress rule of a Kubernetes policy.
type kubernetesRule struct {
	ports []networkingv1.NetworkPolicyPort
	peers []networkingv1.NetworkPolicyPeer
}

// addKubernetesRule adds the Calico rules that stand for one Kubernetes rule: one for each peer, all of its number.
func (e *Evaluator) addKubernetesRule(p *Policy, at place, from kubernetesRule) {
	if len(from.peers) == 0 {
		e.addRule(p, at, from.to(at.direction, v3.EntityRule{}))
	}
	for i := range from.peers {
		entity, err := kubernetesPeer(&from.peers[i])
		if err != nil {
			p.addBroken(at, v3.Allow, err)
			continue
		}
		e.addRule(p, at, from.to(at.direction, entity))
	}
}

// to is the rule as Calico would have it, for one of the peers.
func (r *kubernetesRule) to(d Direction, peer v3.EntityRule) *v3.Rule {
	converted := &v3.Rule{Action: v3.Allow}
	if d == Ingress {
		converted.Source = peer
	} else {
		converted.Destination = peer
	}
	if len(r.ports) > 0 {
		// Which ports does not matter here, only that the rule is limited to some.
		protocol := numorstring.ProtocolFromString(numorstring.ProtocolTCP)
		converted.Protocol = &protocol
	}
	return converted
}

// kubernetesPeer turns a peer into the entity that Calico's conversion makes of it: pods are told by the orchestrator label,
// which network sets lack, so that no network set is ever a peer of a Kubernetes policy.
func kubernetesPeer(from *networkingv1.NetworkPolicyPeer) (v3.EntityRule, error) {
	if from.IPBlock != nil {
		return v3.EntityRule{Nets: []string{from.IPBlock.CIDR}, NotNets: from.IPBlock.Except}, nil
	}
	pods, err := labelSelectorText(from.PodSelector)
	if err != nil {
		return v3.EntityRule{}, fmt.Errorf("podSelector: %w", err)
	}
	entity := v3.EntityRule{Selector: LabelOrchestrator + " == " + quoted(OrchestratorKubernetes)}
	if pods != "" {
		entity.Selector += " && " + pods
	}
	if from.NamespaceSelector == nil {
		return entity, nil
	}
	entity.NamespaceSelector, err = namespaceText(from.NamespaceSelector)
	return entity, err
}

func namespaceText(from *metav1.LabelSelector) (string, error) {
	text, err := labelSelectorText(from)
	if err != nil {
		return "", fmt.Errorf("namespaceSelector: %w", err)
	}
	if text == "" {
		return "all()", nil
	}
	return text, nil
}
