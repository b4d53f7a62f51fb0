package resource

import "strings"

// Kind is one of the followed kinds. The zero value is no kind. The order of the values is the order in which kinds are
// listed, stored and printed everywhere.
type Kind uint8

// The followed kinds, in their fixed order.
const (
	NoKind Kind = iota
	Namespace
	Node
	ServiceAccount
	Pod
	Service
	Endpoints
	EndpointSlice
	KubernetesNetworkPolicy
	Tier
	NetworkPolicy
	GlobalNetworkPolicy
	StagedNetworkPolicy
	StagedGlobalNetworkPolicy
	StagedKubernetesNetworkPolicy
	HostEndpoint
	NetworkSet
	GlobalNetworkSet
	kindCount
)

// Group is an API group family. The two Calico groups are one family: crd.projectcalico.org/v1 is how the same objects are
// stored where Calico's own API server runs (calico-compliance.md section 8).
const (
	GroupCore       = ""
	GroupDiscovery  = "discovery.k8s.io"
	GroupNetworking = "networking.k8s.io"
	GroupExtensions = "extensions"
	GroupCalico     = "projectcalico.org"
	GroupCalicoCRD  = "crd.projectcalico.org"
)

type kindInfo struct {
	name       string // the API's kind
	plural     string // the API's resource
	group      string
	version    string // as it is printed in reports and snapshots
	namespaced bool
}

var kinds = [kindCount]kindInfo{
	Namespace:                     {"Namespace", "namespaces", GroupCore, "v1", false},
	Node:                          {"Node", "nodes", GroupCore, "v1", false},
	ServiceAccount:                {"ServiceAccount", "serviceaccounts", GroupCore, "v1", true},
	Pod:                           {"Pod", "pods", GroupCore, "v1", true},
	Service:                       {"Service", "services", GroupCore, "v1", true},
	Endpoints:                     {"Endpoints", "endpoints", GroupCore, "v1", true},
	EndpointSlice:                 {"EndpointSlice", "endpointslices", GroupDiscovery, "v1", true},
	KubernetesNetworkPolicy:       {"NetworkPolicy", "networkpolicies", GroupNetworking, "v1", true},
	Tier:                          {"Tier", "tiers", GroupCalico, "v3", false},
	NetworkPolicy:                 {"NetworkPolicy", "networkpolicies", GroupCalico, "v3", true},
	GlobalNetworkPolicy:           {"GlobalNetworkPolicy", "globalnetworkpolicies", GroupCalico, "v3", false},
	StagedNetworkPolicy:           {"StagedNetworkPolicy", "stagednetworkpolicies", GroupCalico, "v3", true},
	StagedGlobalNetworkPolicy:     {"StagedGlobalNetworkPolicy", "stagedglobalnetworkpolicies", GroupCalico, "v3", false},
	StagedKubernetesNetworkPolicy: {"StagedKubernetesNetworkPolicy", "stagedkubernetesnetworkpolicies", GroupCalico, "v3", true},
	HostEndpoint:                  {"HostEndpoint", "hostendpoints", GroupCalico, "v3", false},
	NetworkSet:                    {"NetworkSet", "networksets", GroupCalico, "v3", true},
	GlobalNetworkSet:              {"GlobalNetworkSet", "globalnetworksets", GroupCalico, "v3", false},
}

// Kinds returns every followed kind in the fixed order.
func Kinds() []Kind {
	all := make([]Kind, 0, kindCount-1)
	for k := NoKind + 1; k < kindCount; k++ {
		all = append(all, k)
	}
	return all
}

// String is the API's kind, for example "NetworkPolicy". Two kinds share that name; Collection tells them apart.
func (k Kind) String() string { return kinds[k].name }

// Plural is the API's lower-case plural, for example "networkpolicies".
func (k Kind) Plural() string { return kinds[k].plural }

// Group is the API group in which the kind is printed; "" is the core group.
func (k Kind) Group() string { return kinds[k].group }

// APIVersion is group and version as reports print it: "v1", "networking.k8s.io/v1", "projectcalico.org/v3".
func (k Kind) APIVersion() string {
	if kinds[k].group == GroupCore {
		return kinds[k].version
	}
	return kinds[k].group + "/" + kinds[k].version
}

// Namespaced tells whether objects of the kind live in a namespace.
func (k Kind) Namespaced() bool { return kinds[k].namespaced }

// Collection is the kind's unique name in keys and files: "core.pods", "networking.k8s.io.networkpolicies".
func (k Kind) Collection() string {
	group := kinds[k].group
	if group == GroupCore {
		group = "core"
	}
	return group + "." + kinds[k].plural
}

// IsPolicy tells whether objects of the kind are network policies, staged ones included.
func (k Kind) IsPolicy() bool {
	switch k {
	case KubernetesNetworkPolicy, NetworkPolicy, GlobalNetworkPolicy:
		return true
	}
	return k.IsStaged()
}

// IsStaged tells whether objects of the kind are staged policies, which are never enforced.
func (k Kind) IsStaged() bool {
	return k == StagedNetworkPolicy || k == StagedGlobalNetworkPolicy || k == StagedKubernetesNetworkPolicy
}

// KindOf finds the followed kind of an object by its apiVersion and kind, whatever the version; NoKind when it is not
// followed. Lists ("PodList") are not kinds.
func KindOf(apiVersion, kind string) Kind {
	group := GroupCore
	if i := strings.IndexByte(apiVersion, '/'); i >= 0 {
		group = apiVersion[:i]
	}
	return find(group, func(info kindInfo) bool { return info.name == kind })
}

// KindOfPlural finds the followed kind of an audit event's objectRef by API group and lower-case plural; NoKind when it is
// not followed. Sub-resources are the caller's business.
func KindOfPlural(group, plural string) Kind {
	return find(group, func(info kindInfo) bool { return info.plural == plural })
}

func find(group string, same func(kindInfo) bool) Kind {
	switch group {
	case GroupCalicoCRD:
		group = GroupCalico
	case GroupExtensions: // where NetworkPolicy lived before Kubernetes 1.16
		group = GroupNetworking
	}
	for k := NoKind + 1; k < kindCount; k++ {
		if kinds[k].group == group && same(kinds[k]) {
			return k
		}
	}
	return NoKind
}
