package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/probity/probity/internal/resource"
)

// form is what an answer is, which its own kind tells and nothing else (AL 1 to 4).
type form uint8

const (
	formNone    form = iota // no body was logged
	formObject              // an object of the request's own kind
	formStatus              // a Status: metadata and state are not the object's
	formPartial             // PartialObjectMetadata: the object's metadata without its spec
	formList                // a list of objects of the request's own kind
	formOther               // Eviction, Scale, TokenRequest, …: not the object that the reference names
)

// metadata has the parts of an object's metadata that tell whether it lives on.
type metadata struct {
	namespace, name, uid, version string
	deleting, finalizers          bool
	// grace is deletionGracePeriodSeconds as written, "" when absent.
	grace string
}

// answer is an event's responseObject.
type answer struct {
	form       form
	raw        []byte
	apiVersion string
	items      []byte   // of a list
	meta       metadata // of an object; for a Status the uid of what was deleted
}

// parseAnswer reads an answer as far as to know its form and metadata. kind is the request's; for NoKind any object counts as
// the request's own.
func parseAnswer(raw []byte, kind resource.Kind) (answer, error) {
	a := answer{raw: raw}
	if !present(raw) {
		return a, nil
	}
	var name string
	var meta, details []byte
	err := members(raw, func(key, value []byte) {
		switch string(key) {
		case "kind":
			name = text(value)
		case "apiVersion":
			a.apiVersion = text(value)
		case "metadata":
			meta = value
		case "items":
			a.items = value
		case "details":
			details = value
		}
	})
	if err != nil {
		return a, err
	}
	a.form = formOf(kind, a.apiVersion, name)
	switch {
	case a.form == formStatus && present(details):
		a.meta, err = parseMetadata(details)
	case a.form != formStatus && a.form != formList && present(meta):
		a.meta, err = parseMetadata(meta)
	}
	return a, err
}

func formOf(kind resource.Kind, apiVersion, name string) form {
	switch {
	case name == "Status":
		return formStatus
	case name == "PartialObjectMetadata":
		return formPartial
	case name == "PartialObjectMetadataList":
		return formList
	case kind == resource.NoKind && strings.HasSuffix(name, "List"):
		return formList
	case kind == resource.NoKind:
		return formObject
	case resource.KindOf(apiVersion, name) == kind:
		return formObject
	case name == "List" || resource.KindOf(apiVersion, strings.TrimSuffix(name, "List")) == kind:
		return formList
	}
	return formOther
}

func parseMetadata(raw []byte) (metadata, error) {
	var m metadata
	err := members(raw, func(key, value []byte) {
		switch string(key) {
		case "namespace":
			m.namespace = text(value)
		case "name":
			m.name = text(value)
		case "uid":
			m.uid = text(value)
		case "resourceVersion":
			m.version = text(value)
		case "deletionTimestamp":
			m.deleting = present(value)
		case "deletionGracePeriodSeconds":
			if present(value) {
				m.grace = string(value)
			}
		case "finalizers":
			m.finalizers = !empty(value)
		}
	})
	return m, err
}

// listMetadata is the metadata of each item of a list.
func (a *answer) listMetadata() ([]metadata, error) {
	var all []metadata
	err := a.eachItem(func(raw []byte) error {
		m, err := itemMetadata(raw)
		all = append(all, m)
		return err
	})
	return all, err
}

func itemMetadata(item []byte) (metadata, error) {
	var raw []byte
	err := members(item, func(key, value []byte) {
		if string(key) == "metadata" {
			raw = value
		}
	})
	if err != nil || raw == nil {
		return metadata{}, err
	}
	return parseMetadata(raw)
}

// eachItem calls fn with each item of a list until one fails. A list without items is empty.
func (a *answer) eachItem(fn func(item []byte) error) error {
	if !present(a.items) {
		return nil
	}
	var failed error
	err := elements(a.items, func(item []byte) {
		if failed == nil {
			failed = fn(item)
		}
	})
	if failed != nil {
		return failed
	}
	return err
}

// identity says which object was answered, so that answers can be told apart: a uid, or a digest of a list's uids.
func (a *answer) identity() string {
	if a.form != formList {
		return a.meta.uid
	}
	items, err := a.listMetadata()
	if err != nil {
		return ""
	}
	hash := sha256.New()
	for _, item := range items {
		hash.Write([]byte(item.uid + "\x00"))
	}
	return "list:" + hex.EncodeToString(hash.Sum(nil)[:12])
}
