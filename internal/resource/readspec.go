package resource

import (
	"encoding/json"
	"fmt"
	"slices"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	networkingv1 "k8s.io/api/networking/v1"
)

// serviceNameLabel ties an EndpointSlice to its Service (Kubernetes well-known labels).
const serviceNameLabel = "kubernetes.io/service-name"

// decode reads one raw part into out; an absent part leaves out as it is.
func decode(field string, raw json.RawMessage, out any) error {
	if len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("decode %s: %w", field, err)
	}
	return nil
}

func readSpec(obj *Object, env *envelope) error {
	switch obj.ID.Kind {
	case Namespace:
		return readNamespace(obj, env)
	case Pod:
		return readPod(obj, env)
	case Service:
		return readService(obj, env)
	case Endpoints:
		return readEndpoints(obj, env)
	case EndpointSlice:
		return readEndpointSlice(obj, env)
	case Tier:
		obj.Tier = &TierSpec{}
		return decode("spec", env.Spec, obj.Tier)
	case HostEndpoint:
		return readHostEndpoint(obj, env)
	case NetworkSet, GlobalNetworkSet:
		var spec struct {
			Nets []string `json:"nets"`
		}
		err := decode("spec", env.Spec, &spec)
		obj.Nets = spec.Nets
		return err
	case KubernetesNetworkPolicy, StagedKubernetesNetworkPolicy:
		return readKubernetesPolicy(obj, env)
	case NetworkPolicy, GlobalNetworkPolicy, StagedNetworkPolicy, StagedGlobalNetworkPolicy:
		return readCalicoPolicy(obj, env)
	}
	return nil
}

func readNamespace(obj *Object, env *envelope) error {
	var spec struct {
		Finalizers []string `json:"finalizers"`
	}
	if err := decode("spec", env.Spec, &spec); err != nil {
		return err
	}
	obj.Finalizers = obj.Finalizers || len(spec.Finalizers) > 0
	return nil
}

func readService(obj *Object, env *envelope) error {
	var spec struct {
		ClusterIP  string            `json:"clusterIP"`
		ClusterIPs []string          `json:"clusterIPs"`
		Selector   map[string]string `json:"selector"`
	}
	if err := decode("spec", env.Spec, &spec); err != nil {
		return err
	}
	if len(spec.ClusterIPs) == 0 && spec.ClusterIP != "" {
		spec.ClusterIPs = []string{spec.ClusterIP}
	}
	obj.Service = &ServiceSpec{ClusterIPs: spec.ClusterIPs, Selector: spec.Selector}
	return nil
}

type objectRef struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

func backend(ref *objectRef, ip, namespace string) Backend {
	b := Backend{IP: ip}
	if ref != nil && ref.Kind == "Pod" && ref.Name != "" {
		if ref.Namespace != "" {
			namespace = ref.Namespace
		}
		b.Pod = namespace + "/" + ref.Name
	}
	return b
}

func readEndpoints(obj *Object, env *envelope) error {
	var subsets []struct {
		Addresses []struct {
			IP        string     `json:"ip"`
			TargetRef *objectRef `json:"targetRef"`
		} `json:"addresses"`
	}
	if err := decode("subsets", env.Subsets, &subsets); err != nil {
		return err
	}
	spec := &BackendsSpec{Service: obj.ID.Name}
	for _, subset := range subsets {
		for _, address := range subset.Addresses {
			spec.Addresses = append(spec.Addresses, backend(address.TargetRef, address.IP, obj.ID.Namespace))
		}
	}
	obj.Backends = spec
	return nil
}

func readEndpointSlice(obj *Object, env *envelope) error {
	var endpoints []struct {
		Addresses  []string `json:"addresses"`
		Conditions struct {
			Ready *bool `json:"ready"`
		} `json:"conditions"`
		TargetRef *objectRef `json:"targetRef"`
	}
	if err := decode("endpoints", env.Endpoints, &endpoints); err != nil {
		return err
	}
	spec := &BackendsSpec{Service: obj.Labels[serviceNameLabel]}
	for _, endpoint := range endpoints {
		// An unknown readiness counts as ready, as discovery/v1 says of a nil condition.
		if ready := endpoint.Conditions.Ready; ready != nil && !*ready {
			continue
		}
		for _, ip := range endpoint.Addresses {
			spec.Addresses = append(spec.Addresses, backend(endpoint.TargetRef, ip, obj.ID.Namespace))
		}
	}
	obj.Backends = spec
	return nil
}

func readHostEndpoint(obj *Object, env *envelope) error {
	var spec struct {
		Node          string   `json:"node"`
		InterfaceName string   `json:"interfaceName"`
		ExpectedIPs   []string `json:"expectedIPs"`
		Profiles      []string `json:"profiles"`
	}
	err := decode("spec", env.Spec, &spec)
	obj.HostEndpoint = &HostEndpointSpec{spec.Node, spec.InterfaceName, spec.ExpectedIPs, spec.Profiles}
	return err
}

func readKubernetesPolicy(obj *Object, env *envelope) error {
	var spec struct {
		StagedAction string `json:"stagedAction"`
		networkingv1.NetworkPolicySpec
	}
	if err := decode("spec", env.Spec, &spec); err != nil {
		return err
	}
	kubernetes := spec.NetworkPolicySpec
	if len(kubernetes.PolicyTypes) == 0 {
		// What the API server would have stored (decisions.md, "Kubernetes policy without policyTypes").
		kubernetes.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(kubernetes.Egress) > 0 {
			kubernetes.PolicyTypes = append(kubernetes.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
	obj.Policy = &PolicySpec{Tier: "default", StagedAction: spec.StagedAction, Kubernetes: &kubernetes}
	return nil
}

func readCalicoPolicy(obj *Object, env *envelope) error {
	spec := &PolicySpec{}
	if err := decode("spec", env.Spec, spec); err != nil {
		return err
	}
	if spec.Tier == "" {
		spec.Tier = "default"
	}
	if len(spec.Types) == 0 {
		spec.Types = defaultTypes(len(spec.Ingress) > 0, len(spec.Egress) > 0)
	}
	// Cased spellings other than the API's are not accepted by it; the order is fixed so that equal policies are equal here.
	slices.Sort(spec.Types)
	obj.Policy = spec
	return nil
}

// defaultTypes is what Calico assumes without spec.types: Egress alone only where there are egress rules and no ingress
// rules (calico-compliance.md section 4, "Which policy applies").
func defaultTypes(ingress, egress bool) []v3.PolicyType {
	switch {
	case ingress && egress:
		return []v3.PolicyType{v3.PolicyTypeIngress, v3.PolicyTypeEgress}
	case egress:
		return []v3.PolicyType{v3.PolicyTypeEgress}
	}
	return []v3.PolicyType{v3.PolicyTypeIngress}
}
