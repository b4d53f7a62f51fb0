package sample

import (
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/probity/probity/internal/resource"
)

// request is one call of the API, as the audit log tells it.
type request struct {
	by     actor
	verb   string
	ref    auditv1.ObjectReference
	query  string
	body   any
	answer any
	code   int32
	reason metav1.StatusReason // of a refusal
	// admission is set for a refusal by admission control, which comes after authorization has said yes (audit-log.md 13).
	admission bool
	// metadataOnly is what the audit policy says of kinds that are not followed, and of reading.
	metadataOnly bool
	auditID      types.UID     // "" draws one
	delay        time.Duration // until the answer; 0 draws one
}

func refOf(kind resource.Kind, namespace, name string) auditv1.ObjectReference {
	gv := kind.APIVersion()
	group, version := "", gv
	if kind.Group() != resource.GroupCore {
		group, version = kind.Group(), gv[len(kind.Group())+1:]
	}
	return auditv1.ObjectReference{Resource: kind.Plural(), Namespace: namespace, Name: name, APIGroup: group, APIVersion: version}
}

func (w *world) refTo(o *object) auditv1.ObjectReference {
	ref := refOf(o.kind, o.Namespace, o.Name)
	if o.kind == resource.Namespace {
		ref.Namespace = o.Name // audit-log.md 33
	}
	return ref
}

// status is the answer to a delete of most kinds, and to what creates no object.
func status(ref auditv1.ObjectReference, uid types.UID) *metav1.Status {
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusSuccess,
		Details: &metav1.StatusDetails{Name: ref.Name, Group: ref.APIGroup, Kind: ref.Resource, UID: uid},
	}
}

// send logs a request that is answered now. It does not change the cluster.
func (w *world) send(r request) {
	if w.quiet {
		return
	}
	if r.delay == 0 {
		r.delay = w.rnd.between(2*time.Millisecond, 18*time.Millisecond)
	}
	w.audit.add(w.rnd, w.now, r)
}

// create adds an object. The body of a request with generateName has no name yet (audit-log.md 26).
func (w *world) create(by actor, o *object) *object {
	ref := w.refTo(o)
	if o.kind == resource.Namespace {
		ref.Namespace = ""
	}
	body := *o
	if o.GenerateName != "" {
		ref.Name = ""
		o.Name = o.GenerateName + w.rnd.word(5)
	}
	o.UID = w.rnd.uid()
	o.CreationTimestamp = metav1.NewTime(w.now.Truncate(time.Second))
	o.ResourceVersion = w.nextVersion()
	w.objects[o.key()] = o
	w.send(request{by: by, verb: "create", ref: ref, body: &body, answer: o, code: http.StatusCreated, query: "fieldManager=" + manager(by)})
	return o
}

// update replaces an object by what change makes of it.
func (w *world) update(by actor, o *object, change func()) {
	before := o.ResourceVersion
	change()
	body := *o
	body.ResourceVersion = before
	o.ResourceVersion = w.nextVersion()
	w.send(request{by: by, verb: "update", ref: w.refTo(o), body: &body, answer: o, code: http.StatusOK})
}

// patch changes a part of an object: fragment is what is sent, and change does what it means.
func (w *world) patch(by actor, o *object, fragment any, change func()) {
	w.patchPart(by, o, part{body: fragment}, change)
}

// part is what a patch sends, and to which subresource.
type part struct {
	subresource string
	body        any
}

func (w *world) patchPart(by actor, o *object, p part, change func()) {
	change()
	o.ResourceVersion = w.nextVersion()
	ref := w.refTo(o)
	ref.Subresource = p.subresource
	w.send(request{by: by, verb: "patch", ref: ref, body: p.body, answer: o, code: http.StatusOK, query: "fieldManager=" + manager(by)})
}

// remove deletes an object that goes at once. Most kinds are answered with a Status (audit-log.md 1 and 2).
func (w *world) remove(by actor, o *object) {
	delete(w.objects, o.key())
	w.nextVersion()
	var answer any = status(w.refTo(o), o.UID)
	if o.kind == resource.Service || o.kind == resource.Pod {
		answer = o
	}
	w.send(request{by: by, verb: "delete", ref: w.refTo(o), body: deleteOptions(), answer: answer, code: http.StatusOK})
}

// refuse logs a request that is answered with an error.
func (w *world) refuse(r request) {
	r.reason = map[int32]metav1.StatusReason{
		http.StatusForbidden: metav1.StatusReasonForbidden, http.StatusNotFound: metav1.StatusReasonNotFound,
		http.StatusConflict: metav1.StatusReasonConflict,
	}[r.code]
	w.send(r)
}

// deleteOptions carries the API version that real logs show (audit-log.md 44).
func deleteOptions() any {
	return map[string]any{"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/__internal", "propagationPolicy": "Background"}
}

func refusal(r request) string {
	what := r.ref.Resource
	if r.ref.APIGroup != "" {
		what += "." + r.ref.APIGroup
	}
	if r.code == http.StatusForbidden {
		return fmt.Sprintf("%s %q is forbidden: User %q cannot %s resource %q in API group %q at the cluster scope",
			what, r.ref.Name, r.by.user, r.verb, r.ref.Resource, r.ref.APIGroup)
	}
	if r.code == http.StatusConflict {
		return fmt.Sprintf("Operation cannot be fulfilled on %s %q: the object has been modified", what, r.ref.Name)
	}
	return fmt.Sprintf("%s %q not found", what, r.ref.Name)
}

func manager(by actor) string {
	for i, c := range by.agent {
		if c == '/' {
			return by.agent[:i]
		}
	}
	return by.agent
}
