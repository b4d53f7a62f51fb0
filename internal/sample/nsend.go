package sample

import (
	"net/http"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/probity/probity/internal/resource"
)

// planNamespaceEnd deletes a namespace the way the API does (audit-log.md 12): the person's delete marks it; the namespace
// controller asks for the end of every kind, pods first; ReplicaSets try in vain to make new pods; the policies go seconds
// later; "finalize" is the end. It returns that moment.
func (w *world) planNamespaceEnd(from time.Time, by actor, name string) time.Time {
	end := from.Add(10600 * time.Millisecond)
	sweeper := controller("namespace-controller")
	w.at(from, func() {
		ns := w.get(resource.Namespace, "", name)
		ns.DeletionTimestamp = ptr(metav1.NewTime(w.now.Truncate(time.Second)))
		ns.Status = corev1.NamespaceStatus{Phase: corev1.NamespaceTerminating}
		ns.ResourceVersion = w.nextVersion()
		w.send(request{by: by, verb: "delete", ref: w.refTo(ns), body: deleteOptions(), answer: ns, code: http.StatusOK})
	})
	w.at(from.Add(5*time.Second), func() { w.sweepPods(sweeper, name) })
	w.at(from.Add(5300*time.Millisecond), func() { w.retryPods(name) })
	for i, kind := range []resource.Kind{
		resource.Endpoints, resource.EndpointSlice, resource.ServiceAccount, resource.KubernetesNetworkPolicy, resource.NetworkPolicy,
	} {
		w.at(from.Add(9*time.Second+time.Duration(i)*300*time.Millisecond), func() { w.sweep(sweeper, kind, name) })
	}
	w.at(from.Add(9500*time.Millisecond), func() {
		for _, service := range w.allOf(resource.Service, name) { // services know no deletecollection
			w.remove(sweeper, service)
		}
	})
	w.at(end, func() { w.finalize(sweeper, name) })
	return end
}

// sweepPods asks for the end of running pods: the answer lists them as they were, and each ends by its own kubelet's delete
// (audit-log.md 10).
func (w *world) sweepPods(by actor, namespace string) {
	objects := w.allOf(resource.Pod, namespace)
	w.sendSweep(by, resource.Pod, namespace, objects)
	for _, a := range w.apps {
		if a.namespace != namespace {
			continue
		}
		for i, p := range slices.Clone(a.pods) {
			w.mark(p)
			w.after(900*time.Millisecond+time.Duration(i)*350*time.Millisecond, func() {
				*p.DeletionGracePeriodSeconds = 0
				w.drop(kubelet(p.node()), p)
			})
		}
	}
	w.after(4200*time.Millisecond, func() { w.sendSweep(by, resource.Pod, namespace, nil) })
}

// retryPods is the ReplicaSets' part: refused by admission, though the annotation says allow (audit-log.md 13).
func (w *world) retryPods(namespace string) {
	for _, a := range w.apps {
		if a.namespace == namespace {
			w.refuse(request{
				by: a.maker(), verb: "create", ref: refOf(resource.Pod, namespace, ""), code: http.StatusForbidden,
				body: a.draft().object, admission: true,
			})
		}
	}
}

// sweep ends all objects of a kind at once.
func (w *world) sweep(by actor, kind resource.Kind, namespace string) {
	objects := w.allOf(kind, namespace)
	w.sendSweep(by, kind, namespace, objects)
	for _, o := range objects {
		delete(w.objects, o.key())
		w.nextVersion()
		if kind.IsPolicy() {
			w.policies = slices.DeleteFunc(w.policies, func(p *policy) bool { return p.object == o })
		}
	}
}

func (w *world) sendSweep(by actor, kind resource.Kind, namespace string, objects []*object) {
	w.send(request{
		by: by, verb: "deletecollection", ref: refOf(kind, namespace, ""), body: deleteOptions(),
		answer: listOf(kind, w.nextVersion(), objects), code: http.StatusOK,
	})
}

// finalize is the end of a namespace: no delete follows, and the answer has the version it had before.
func (w *world) finalize(by actor, name string) {
	ns := w.get(resource.Namespace, "", name)
	for _, subresource := range []string{"status", "finalize"} {
		ref := auditv1.ObjectReference{Resource: "namespaces", Namespace: name, Name: name, APIVersion: "v1", Subresource: subresource}
		if subresource == "status" {
			ns.ResourceVersion = w.nextVersion()
		} else {
			ns.Spec = corev1.NamespaceSpec{}
		}
		w.send(request{by: by, verb: "update", ref: ref, body: ns, answer: ns, code: http.StatusOK})
	}
	delete(w.objects, ns.key())
	w.apps = slices.DeleteFunc(w.apps, func(a *app) bool { return a.namespace == name })
}
