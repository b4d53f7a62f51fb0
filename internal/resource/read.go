package resource

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrNotFollowed is returned for an object of a kind that Probity does not follow.
var ErrNotFollowed = errors.New("not a followed kind")

type typeMeta struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

type objectMeta struct {
	Name              string            `json:"name"`
	GenerateName      string            `json:"generateName"`
	Namespace         string            `json:"namespace"`
	UID               string            `json:"uid"`
	ResourceVersion   string            `json:"resourceVersion"`
	CreationTimestamp *time.Time        `json:"creationTimestamp"`
	DeletionTimestamp *time.Time        `json:"deletionTimestamp"`
	Finalizers        []string          `json:"finalizers"`
	Labels            map[string]string `json:"labels"`
	Annotations       map[string]string `json:"annotations"`
}

// envelope leaves the kind's own parts raw: each kind decodes only what it needs.
type envelope struct {
	typeMeta
	Metadata    objectMeta      `json:"metadata"`
	Spec        json.RawMessage `json:"spec"`
	Status      json.RawMessage `json:"status"`
	Subsets     json.RawMessage `json:"subsets"`
	Endpoints   json.RawMessage `json:"endpoints"`
	AddressType string          `json:"addressType"`
}

// Read reads one object in the JSON form of the API. Unknown fields are tolerated. It fails with ErrNotFollowed for another
// kind, and with an error naming the field for an object that has no name or cannot be decoded.
func Read(raw []byte) (*Object, error) {
	var env envelope
	if err := json.Unmarshal(raw, &env); err != nil {
		return nil, fmt.Errorf("decode object: %w", err)
	}
	kind := KindOf(env.APIVersion, env.Kind)
	if kind == NoKind {
		return nil, fmt.Errorf("%s %s: %w", env.APIVersion, env.Kind, ErrNotFollowed)
	}
	return build(kind, &env)
}

// ReadAs reads an object whose own kind and apiVersion may be missing, as in a List of built-in kinds (audit-log.md 9);
// apiVersion is the list's or the request's.
func ReadAs(kind Kind, apiVersion string, raw []byte) (*Object, error) {
	var env envelope
	if err := json.Unmarshal(raw, &env); err != nil {
		return nil, fmt.Errorf("decode %s: %w", kind.Plural(), err)
	}
	if env.APIVersion == "" {
		env.APIVersion = apiVersion
	}
	return build(kind, &env)
}

func build(kind Kind, env *envelope) (*Object, error) {
	meta := &env.Metadata
	if strings.HasPrefix(env.APIVersion, GroupCalicoCRD+"/") {
		if err := restoreV3Metadata(meta, kind); err != nil {
			return nil, fmt.Errorf("%s %s/%s: %w", kind.Plural(), meta.Namespace, meta.Name, err)
		}
	}
	if meta.Name == "" {
		return nil, fmt.Errorf("%s: metadata.name is empty", kind.Plural())
	}
	if kind.Namespaced() && meta.Namespace == "" {
		meta.Namespace = "default" // as kubectl applies a manifest that names none
	}
	if !kind.Namespaced() {
		meta.Namespace = ""
	}
	obj := &Object{
		ID:         ID{Key{kind, meta.Namespace, meta.Name}, meta.UID},
		Version:    meta.ResourceVersion,
		Deleting:   meta.DeletionTimestamp != nil,
		Finalizers: len(meta.Finalizers) > 0,
		Labels:     meta.Labels,
	}
	if meta.CreationTimestamp != nil {
		obj.Created = meta.CreationTimestamp.UTC()
	}
	if err := readSpec(obj, env); err != nil {
		return nil, fmt.Errorf("%s: %w", obj.ID.Key, err)
	}
	return obj, nil
}

// v3MetadataAnnotation holds, on a crd.projectcalico.org/v1 object, the metadata that the v3 object had.
const v3MetadataAnnotation = "projectcalico.org/metadata"

// restoreV3Metadata turns the metadata of a stored v1 object into that of the v3 object it stands for: labels, annotations,
// uid and name come from the annotation; a policy "default.x" is the v3 policy "x" (decisions.md, "A policy in two groups").
func restoreV3Metadata(meta *objectMeta, kind Kind) error {
	if kind.IsPolicy() {
		meta.Name = strings.TrimPrefix(meta.Name, "default.")
	}
	text, ok := meta.Annotations[v3MetadataAnnotation]
	if !ok {
		return nil
	}
	var v3meta objectMeta
	if err := json.Unmarshal([]byte(text), &v3meta); err != nil {
		return fmt.Errorf("decode annotation %s: %w", v3MetadataAnnotation, err)
	}
	meta.Labels = v3meta.Labels
	meta.Annotations = v3meta.Annotations
	if v3meta.Name != "" {
		meta.Name = v3meta.Name
		if kind.IsPolicy() {
			meta.Name = strings.TrimPrefix(meta.Name, "default.")
		}
	}
	if v3meta.UID != "" {
		meta.UID = v3meta.UID
	}
	if v3meta.CreationTimestamp != nil {
		meta.CreationTimestamp = v3meta.CreationTimestamp
	}
	return nil
}
