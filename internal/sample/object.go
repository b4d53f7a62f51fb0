package sample

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probity/probity/internal/resource"
)

// object is any API object: one shape serves every kind, as the API's own do not differ in anything else.
type object struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              any `json:"spec,omitempty"`
	Status            any `json:"status,omitempty"`
	// Endpoints and EndpointSlice have their content beside the metadata.
	Subsets     any    `json:"subsets,omitempty"`
	AddressType string `json:"addressType,omitempty"`
	Endpoints   any    `json:"endpoints,omitempty"`
	Ports       any    `json:"ports,omitempty"`

	kind resource.Kind
}

func newObject(kind resource.Kind, namespace, name string) *object {
	return &object{
		TypeMeta:   metav1.TypeMeta{Kind: kind.String(), APIVersion: kind.APIVersion()},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		kind:       kind,
	}
}

func (o *object) key() resource.Key {
	return resource.Key{Kind: o.kind, Namespace: o.Namespace, Name: o.Name}
}

// stored is the object as crd.projectcalico.org/v1 keeps it: what the v3 object says of itself is in an annotation
// (decisions.md, "A policy in two groups").
func (o *object) stored(s *sink) *object {
	kept, err := json.Marshal(metav1.ObjectMeta{
		Name: o.Name, Namespace: o.Namespace, UID: o.UID, CreationTimestamp: o.CreationTimestamp, Labels: o.Labels,
	})
	s.check(err)
	form := *o
	form.APIVersion = resource.GroupCalicoCRD + "/v1"
	form.Labels = nil
	form.Annotations = map[string]string{"projectcalico.org/metadata": string(kept)}
	return &form
}

// bare removes kind and apiVersion, as the API server leaves them out of a list's items of built-in kinds (audit-log.md 9).
func (o *object) bare() *object {
	form := *o
	form.TypeMeta = metav1.TypeMeta{}
	return &form
}

// list is a List, or a list of one kind.
type list struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`
	Items           []*object `json:"items"`
}

// listOf is the answer to a list request: "PodList" with bare items, or "NetworkPolicyList" with whole ones.
func listOf(kind resource.Kind, version string, objects []*object) *list {
	l := &list{TypeMeta: metav1.TypeMeta{Kind: kind.String() + "List", APIVersion: kind.APIVersion()}}
	l.ResourceVersion = version
	for _, o := range objects {
		if kind.Group() != resource.GroupCalico {
			o = o.bare()
		}
		l.Items = append(l.Items, o)
	}
	return l
}
