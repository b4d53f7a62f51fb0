package resource

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
)

// Key names an object by kind, namespace and name. Two lives of a re-created object share a Key.
type Key struct {
	Kind      Kind
	Namespace string // "" for a cluster-scoped kind
	Name      string
}

// ID names one life of an object: its Key and the uid that the API server gave it. The uid is "" where the source has none
// (a manifest from a folder).
type ID struct {
	Key
	UID string
}

// String prints the key the way reports print resources (calico-compliance.md section 2): the apiVersion is left out for
// projectcalico.org/v3. For example "Pod.v1(shop/cart)", "GlobalNetworkPolicy(security.block)".
func (k Key) String() string {
	var b strings.Builder
	b.WriteString(k.Kind.String())
	if k.Kind.Group() != GroupCalico {
		b.WriteByte('.')
		b.WriteString(k.Kind.APIVersion())
	}
	b.WriteByte('(')
	if k.Namespace != "" {
		b.WriteString(k.Namespace)
		b.WriteByte('/')
	}
	b.WriteString(k.Name)
	b.WriteByte(')')
	return b.String()
}

// Compare orders keys by kind, namespace and name.
func (k Key) Compare(other Key) int {
	return cmp.Or(cmp.Compare(k.Kind, other.Kind), cmp.Compare(k.Namespace, other.Namespace), cmp.Compare(k.Name, other.Name))
}

// Compare orders ids by key, then uid.
func (id ID) Compare(other ID) int {
	return cmp.Or(id.Key.Compare(other.Key), cmp.Compare(id.UID, other.UID))
}

// MarshalJSON writes the key with its kind's collection name, so that stored documents do not depend on Kind's numbers.
func (k Key) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonID{k.Kind.Collection(), k.Namespace, k.Name, ""})
}

// UnmarshalJSON reads what MarshalJSON wrote; an unknown collection is an error.
func (k *Key) UnmarshalJSON(data []byte) error {
	var id ID
	if err := json.Unmarshal(data, &id); err != nil {
		return err
	}
	*k = id.Key
	return nil
}

type jsonID struct {
	Collection string `json:"collection"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
	UID        string `json:"uid,omitempty"`
}

// MarshalJSON writes the id with its kind's collection name, so that stored documents do not depend on Kind's numbers.
func (id ID) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonID{id.Kind.Collection(), id.Namespace, id.Name, id.UID})
}

// UnmarshalJSON reads what MarshalJSON wrote; an unknown collection is an error.
func (id *ID) UnmarshalJSON(data []byte) error {
	var in jsonID
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("decode resource id: %w", err)
	}
	kind, ok := KindOfCollection(in.Collection)
	if !ok {
		return fmt.Errorf("decode resource id: unknown collection %q", in.Collection)
	}
	*id = ID{Key{kind, in.Namespace, in.Name}, in.UID}
	return nil
}

// KindOfCollection is the inverse of Kind.Collection.
func KindOfCollection(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Collection() == name {
			return k, true
		}
	}
	return NoKind, false
}
