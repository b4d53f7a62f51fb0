package resource

import (
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	networkingv1 "k8s.io/api/networking/v1"
)

// Object is one followed resource at one moment, reduced to what the computation looks at. Exactly one of the pointers is
// set for the kinds that have one; Namespace, Node and ServiceAccount have none. An Object is never changed after it was
// read, so it may be shared.
type Object struct {
	ID ID `json:"id"`
	// Version is metadata.resourceVersion; "" where the source has none.
	Version string `json:"version,omitempty"`
	// Created is metadata.creationTimestamp in UTC, whole seconds; zero where the source has none.
	Created time.Time `json:"created,omitzero"`
	// Deleting is true once metadata.deletionTimestamp is set: the object still exists, and goes when its last finalizer does.
	Deleting bool `json:"deleting,omitempty"`
	// Finalizers is true while metadata.finalizers is not empty (for a Namespace: spec.finalizers too).
	Finalizers bool              `json:"finalizers,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`

	Pod          *PodSpec          `json:"pod,omitempty"`
	Service      *ServiceSpec      `json:"service,omitempty"`
	Backends     *BackendsSpec     `json:"backends,omitempty"` // Endpoints and EndpointSlice
	Policy       *PolicySpec       `json:"policy,omitempty"`   // every policy kind
	Tier         *TierSpec         `json:"tier,omitempty"`
	HostEndpoint *HostEndpointSpec `json:"hostEndpoint,omitempty"`
	Nets         []string          `json:"nets,omitempty"` // NetworkSet and GlobalNetworkSet: spec.nets as written
}

// PodSpec is what makes a pod an endpoint.
type PodSpec struct {
	Node           string   `json:"node,omitempty"` // spec.nodeName; "" until the pod is bound
	HostNetwork    bool     `json:"hostNetwork,omitempty"`
	ServiceAccount string   `json:"serviceAccount,omitempty"`
	Phase          string   `json:"phase,omitempty"` // status.phase; "" where the source shows no status
	IPs            []string `json:"ips,omitempty"`
	GenerateName   string   `json:"generateName,omitempty"` // "cart-5d4-": flow logs aggregate to "cart-5d4-*"
	// Envoy is true when the annotation sidecar.istio.io/status names an init and a proxy container and the spec has both
	// (decisions.md, "Envoy").
	Envoy bool `json:"envoy,omitempty"`
}

// Finished tells whether the pod has ended its work: such a pod is no endpoint any more, as in Calico.
func (p *PodSpec) Finished() bool { return p.Phase == "Succeeded" || p.Phase == "Failed" }

// ServiceSpec is what a report says of a service.
type ServiceSpec struct {
	ClusterIPs []string          `json:"clusterIPs,omitempty"`
	Selector   map[string]string `json:"selector,omitempty"`
}

// BackendsSpec lists the ready addresses behind a service, from Endpoints or from one EndpointSlice.
type BackendsSpec struct {
	Service   string    `json:"service"` // the service's name: the Endpoints' own name, or the slice's kubernetes.io/service-name label
	Addresses []Backend `json:"addresses,omitempty"`
}

// Backend is one ready address: the pod that targetRef names, or the address alone.
type Backend struct {
	Pod string `json:"pod,omitempty"` // "namespace/name" where targetRef names a pod
	IP  string `json:"ip,omitempty"`
}

// PolicySpec is a policy of any kind. For Kubernetes policies (staged or not) only Kubernetes is set, beside StagedAction.
type PolicySpec struct {
	Tier                   string                          `json:"tier,omitempty"` // "default" when not set
	Order                  *float64                        `json:"order,omitempty"`
	Selector               string                          `json:"selector,omitempty"`
	NamespaceSelector      string                          `json:"namespaceSelector,omitempty"`
	ServiceAccountSelector string                          `json:"serviceAccountSelector,omitempty"`
	Types                  []v3.PolicyType                 `json:"types,omitempty"`
	Ingress                []v3.Rule                       `json:"ingress,omitempty"`
	Egress                 []v3.Rule                       `json:"egress,omitempty"`
	DoNotTrack             bool                            `json:"doNotTrack,omitempty"`
	PreDNAT                bool                            `json:"preDNAT,omitempty"`
	ApplyOnForward         bool                            `json:"applyOnForward,omitempty"`
	StagedAction           string                          `json:"stagedAction,omitempty"` // Set, Delete, Learn, Ignore
	Kubernetes             *networkingv1.NetworkPolicySpec `json:"kubernetes,omitempty"`
}

// TierSpec is a tier of policies.
type TierSpec struct {
	Order         *float64 `json:"order,omitempty"` // nil = last
	DefaultAction string   `json:"defaultAction,omitempty"`
}

// HostEndpointSpec is a host endpoint.
type HostEndpointSpec struct {
	Node      string   `json:"node,omitempty"`
	Interface string   `json:"interface,omitempty"`
	IPs       []string `json:"ips,omitempty"`
	Profiles  []string `json:"profiles,omitempty"`
}

// Change is one create, update or removal of a followed resource, as a timeline applies it. Changes come from an audit log
// or a recorder and are sorted by Time; one object's changes with equal or disordered times are settled by Version.
type Change struct {
	// Time is when the change was complete (an audit event's stageTimestamp), UTC, microseconds.
	Time time.Time `json:"time"`
	ID   ID        `json:"id"`
	// Version is the object's resourceVersion after the change; "" where the log does not say.
	Version string `json:"version,omitempty"`
	// Object is the state after the change. It is nil when the object ended, and for a bare Node.
	Object *Object `json:"object,omitempty"`
	// Node is set, with no Object, when all that is known is that the pod was bound to this node (audit-log.md 27).
	Node string `json:"node,omitempty"`
	// List is set when Object is no change but what a list showed at Time. Every list has a number of its own.
	List int64 `json:"list,omitempty"`
	// Whole is set on what closes the list of that number: ID has nothing but the kind, Version is the list's. Objects of the
	// kind that the list does not have, and that did not change after Version, are gone.
	Whole *WholeList `json:"whole,omitempty"`
}

// WholeList says that a list was given to its end.
type WholeList struct {
	Count int64 `json:"count"` // of its objects
}

// Ends tells whether the object ceased to exist with this change.
func (c *Change) Ends() bool { return c.Object == nil && c.Node == "" && c.Whole == nil }
