package audit

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/probity/probity/internal/resource"
)

// request is one successful write to a followed resource.
type request struct {
	event  *event
	ref    reference
	kind   resource.Kind
	verb   string
	time   time.Time
	answer answer
}

// changes tells what the request did to followed resources, by the rules at the end of audit-log.md. The state comes from an
// answer of the resource's own kind only; an end is told by what the answer shows, never by the verb alone.
func (r *request) changes() ([]resource.Change, error) {
	switch {
	case r.ref.subresource == "binding":
		return r.binding(), nil
	case r.verb == "deletecollection":
		return r.collectionEnds()
	case r.verb == "delete" && r.ref.subresource == "":
		return r.deletion()
	}
	return r.write()
}

// write is a create, update or patch, of the object or of one of its sub-resources: what counts is the answer, so that an
// eviction, a token or a scale is no creation (AL 8, 29).
func (r *request) write() ([]resource.Change, error) {
	switch r.answer.form {
	case formObject:
		obj, err := r.object()
		if err != nil {
			return nil, err
		}
		if r.gone(obj.Deleting, obj.Finalizers) {
			return []resource.Change{r.end(obj.ID, obj.Version)}, nil
		}
		return []resource.Change{r.state(obj)}, nil
	case formPartial:
		// A namespace's own finalizers are in its spec, which such an answer lacks.
		if r.kind != resource.Namespace && r.gone(r.answer.meta.deleting, r.answer.meta.finalizers) {
			return []resource.Change{r.end(r.answered(), r.answer.meta.version)}, nil
		}
	case formNone:
		if r.finalizes() {
			return []resource.Change{r.end(r.ref.id(r.kind, ""), "")}, nil
		}
	}
	return nil, nil
}

// gone tells whether the request removed the last thing that kept a deleted object (AL 3, 4, 12). A pod with a grace period
// goes with its kubelet's own delete (AL 5).
func (r *request) gone(deleting, finalizers bool) bool {
	return deleting && !finalizers && (r.kind != resource.Pod || r.answer.meta.grace == "0")
}

// deletion is a delete of one object. It ends the object unless the answer shows that it lives on.
func (r *request) deletion() ([]resource.Change, error) {
	meta := &r.answer.meta
	switch r.answer.form {
	case formObject:
		obj, err := r.object()
		if err != nil {
			return nil, err
		}
		if obj.Finalizers || r.kind == resource.Pod && meta.grace != "0" {
			return []resource.Change{r.state(obj)}, nil
		}
		return []resource.Change{r.end(obj.ID, obj.Version)}, nil
	case formPartial:
		if r.kind == resource.Namespace || meta.finalizers || r.kind == resource.Pod && meta.grace != "0" {
			return nil, nil
		}
		return []resource.Change{r.end(r.answered(), meta.version)}, nil
	case formStatus, formNone:
		if r.kind == resource.Namespace {
			return nil, nil // it ends when it is finalized
		}
		// Without a body nothing tells a pod's two deletes apart: the first is taken, which may be its grace period early.
		return []resource.Change{r.end(r.ref.id(r.kind, meta.uid), "")}, nil
	}
	return nil, nil
}

// collectionEnds lists what a deletecollection removed at once: its answer has the objects as they were before (AL 9).
func (r *request) collectionEnds() ([]resource.Change, error) {
	if r.answer.form != formList || r.livesOn() {
		return nil, nil
	}
	var all []resource.Change
	zero := r.zeroGrace()
	err := r.answer.eachItem(func(item []byte) error {
		meta, err := itemMetadata(item)
		if err != nil {
			return err
		}
		if meta.finalizers || r.kind == resource.Namespace || r.kind == resource.Pod && !zero && !endsAtOnce(item) {
			return nil
		}
		id, err := r.itemID(item, meta)
		if err != nil {
			return err
		}
		all = append(all, r.end(id, ""))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read list of %s: %w", r.kind.Plural(), err)
	}
	return all, nil
}

// livesOn tells whether the deleted objects wait for the garbage collector, which ends each with a patch of its own (AL 4).
func (r *request) livesOn() bool {
	options := r.event.deleteOptions()
	policy := options.PropagationPolicy
	uri := text(r.event.uri)
	return policy == "Foreground" || policy == "Orphan" || options.OrphanDependents != nil && *options.OrphanDependents ||
		strings.Contains(uri, "propagationPolicy=Foreground") || strings.Contains(uri, "propagationPolicy=Orphan")
}

func (r *request) zeroGrace() bool {
	if grace := r.event.deleteOptions().GracePeriodSeconds; grace != nil {
		return *grace == 0
	}
	_, query, _ := strings.Cut(text(r.event.uri), "?")
	return strings.Contains("&"+query+"&", "&gracePeriodSeconds=0&")
}

// endsAtOnce tells whether a pod has no kubelet to wait for: never bound, finished, or without a grace period (AL 6). All
// other pods of a deletecollection end later, each with a delete of its own (AL 10).
func endsAtOnce(item []byte) bool {
	var pod struct {
		Spec *struct {
			NodeName                      string `json:"nodeName"`
			TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds"`
		} `json:"spec"`
		Status struct {
			Phase string `json:"phase"`
		} `json:"status"`
	}
	if json.Unmarshal(item, &pod) != nil || pod.Spec == nil {
		return false
	}
	grace := pod.Spec.TerminationGracePeriodSeconds
	return pod.Spec.NodeName == "" || pod.Status.Phase == "Succeeded" || pod.Status.Phase == "Failed" || grace != nil && *grace == 0
}

// itemID names an item of a list, whose own kind and apiVersion may be missing.
func (r *request) itemID(item []byte, meta metadata) (resource.ID, error) {
	if r.ref.group != resource.GroupCalicoCRD {
		ref := r.ref
		ref.name = meta.name
		if meta.namespace != "" {
			ref.namespace = meta.namespace
		}
		return ref.id(r.kind, meta.uid), nil
	}
	obj, err := resource.ReadAs(r.kind, r.ref.apiVersion(), item)
	if err != nil {
		return resource.ID{}, err
	}
	return obj.ID, nil
}

// binding is the scheduler's: all that it tells of a pod is its node (AL 27).
func (r *request) binding() []resource.Change {
	var body struct {
		Metadata struct {
			Name string `json:"name"`
			UID  string `json:"uid"`
		} `json:"metadata"`
		Target struct {
			Name string `json:"name"`
		} `json:"target"`
	}
	if r.kind != resource.Pod || !present(r.event.request) || json.Unmarshal(r.event.request, &body) != nil || body.Target.Name == "" {
		return nil
	}
	ref := r.ref
	if ref.name == "" {
		ref.name = body.Metadata.Name
	}
	uid := body.Metadata.UID
	if uid == "" {
		uid = ref.uid
	}
	return []resource.Change{{Time: r.time, ID: ref.id(r.kind, uid), Node: body.Target.Name}}
}

// finalizes tells whether the request is the one that ends a namespace when it succeeds and leaves no finalizer (AL 12).
func (r *request) finalizes() bool {
	return r.kind == resource.Namespace && r.ref.subresource == "finalize"
}

func (r *request) object() (*resource.Object, error) {
	return resource.ReadAs(r.kind, r.answer.apiVersion, r.answer.raw)
}

// answered is the object whose metadata were answered.
func (r *request) answered() resource.ID {
	ref := r.ref
	if r.answer.meta.name != "" { // generateName leaves the reference without a name (AL 26)
		ref.name = r.answer.meta.name
	}
	return ref.id(r.kind, r.answer.meta.uid)
}

func (r *request) state(obj *resource.Object) resource.Change {
	return resource.Change{Time: r.time, ID: obj.ID, Version: obj.Version, Object: obj}
}

func (r *request) end(id resource.ID, version string) resource.Change {
	return resource.Change{Time: r.time, ID: id, Version: version}
}
