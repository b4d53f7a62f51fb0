package sample

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/probity/probity/internal/resource"
)

// snapshotBefore is how long before midnight the state in the folder cluster/ was taken.
const snapshotBefore = 2 * time.Second

// plan puts the whole day on the agenda.
func (w *world) plan() {
	w.at(w.clock(0, 0, 0).Add(-margin), func() {})
	w.at(w.clock(0, 0, 0).Add(-snapshotBefore-500*time.Millisecond), func() { w.beat("worker-1") })
	w.at(w.clock(0, 0, 0).Add(-snapshotBefore), w.snapshot)
	// Between the snapshot and midnight: a reader must take this change in before the day begins.
	w.at(w.clock(0, 0, 0).Add(-700*time.Millisecond), func() {
		w.patch(cicd, w.get(resource.Namespace, "", "batch"), fragment("labels", "cost-centre", "4711"), func() {
			w.get(resource.Namespace, "", "batch").Labels["cost-centre"] = "4711"
		})
	})
	first := w.clock(0, 0, 0).Add(-margin + window)
	for at := first; !at.After(w.clock(24, 0, 0).Add(margin)); at = at.Add(window) {
		w.at(at, w.traffic)
	}
	w.planRollouts()
	w.planJobs()
	w.planNoise()
	w.planChores()
	w.planStory()
}

// fragment is the body of a merge patch of one entry of the metadata.
func fragment(field, key string, value any) any {
	return map[string]any{"metadata": map[string]any{field: map[string]any{key: value}}}
}

// planRollouts replaces the pods of some apps by a new version, and lets the frontend grow and shrink with the day.
func (w *world) planRollouts() {
	for _, r := range []struct {
		hour, minute int
		app          string
	}{
		{6, 20, "shop/recommendation"}, {8, 5, "shop/frontend"}, {10, 40, "shop/search"}, {13, 50, "shop/orders"},
		{15, 35, "accounts/invoices"}, {17, 10, "shop/catalogue"}, {20, 15, "loyalty/points"}, {22, 30, "warehouse/stock"},
	} {
		w.at(w.clock(r.hour, r.minute, w.rnd.IntN(60)), func() { w.rollOut(w.app(r.app)) })
	}
	for _, s := range []struct{ hour, by int }{{7, 2}, {11, 3}, {18, -3}, {22, -2}} {
		w.at(w.clock(s.hour, 2, w.rnd.IntN(60)), func() { w.scale(w.app("shop/frontend"), s.by*w.opts.Scale) })
	}
}

// rollOut starts a pod of the new version and stops one of the old, one after the other.
func (w *world) rollOut(a *app) {
	w.send(request{
		by: cicd, verb: "patch", code: http.StatusOK, metadataOnly: true,
		ref: auditv1.ObjectReference{Resource: "deployments", APIGroup: "apps", APIVersion: "v1", Namespace: a.namespace, Name: a.name},
	})
	a.hash = w.rnd.word(9)
	wait := time.Duration(0)
	for _, old := range slices.Clone(a.pods) {
		wait += w.rnd.between(6*time.Second, 15*time.Second)
		w.after(wait, func() { w.start(a, "") })
		w.after(wait+7*time.Second, func() { w.stop(a.maker(), old) })
	}
}

func (w *world) scale(a *app, by int) {
	w.send(request{
		by: controller("horizontal-pod-autoscaler"), verb: "patch", code: http.StatusOK, metadataOnly: true,
		ref: auditv1.ObjectReference{Resource: "deployments", APIGroup: "apps", APIVersion: "v1", Namespace: a.namespace, Name: a.name, Subresource: "scale"},
	})
	for range max(by, 0) {
		w.start(a, "")
	}
	for _, p := range slices.Clone(a.pods[max(0, len(a.pods)+min(by, 0)):]) {
		w.stop(a.maker(), p)
	}
}

// planJobs runs a job every quarter of an hour: its pod finishes after some minutes and is cleaned up later.
func (w *world) planJobs() {
	a := w.app("batch/settle")
	for at := w.clock(0, 3, 0); at.Before(w.clock(24, 0, 0)); at = at.Add(15 * time.Minute) {
		w.at(at, func() {
			for range w.opts.Scale {
				p := w.start(a, "")
				p.Labels["job-name"] = fmt.Sprintf("settle-%d", at.Unix()/60)
				w.after(w.rnd.between(2*time.Minute, 6*time.Minute), func() { w.finish(p) })
				w.after(w.rnd.between(20*time.Minute, 40*time.Minute), func() { w.stop(controller("ttl-after-finished-controller"), p) })
			}
		})
	}
}

// planNoise adds what a reader must pass over: reading, heartbeats, and a look at a pod's log.
func (w *world) planNoise() {
	reader := account("monitoring", "prometheus", "Prometheus/3.9.0", "10.244.0.40")
	for at := w.clock(0, 0, 0).Add(-margin + time.Second); at.Before(w.clock(24, 5, 0)); at = at.Add(4 * time.Minute) {
		at := at.Add(w.rnd.between(0, 3*time.Minute))
		w.at(at, func() {
			verb := pick(w.rnd, []string{"list", "watch"})
			ref := refOf(pick(w.rnd, []resource.Kind{resource.Pod, resource.Service, resource.EndpointSlice, resource.Node}), "", "")
			w.send(request{by: reader, verb: verb, ref: ref, code: http.StatusOK, metadataOnly: true, query: "limit=500"})
		})
	}
	for hour := range 24 {
		for i, node := range w.nodes {
			w.at(w.clock(hour, 2+i%50, w.rnd.IntN(60)), func() { w.beat(node) })
		}
		w.at(w.clock(hour, 31, w.rnd.IntN(60)), func() {
			ref := refOf(resource.NetworkPolicy, "shop", "application.cart")
			w.send(request{by: pick(w.rnd, []actor{dana, alex, robin}), verb: "get", ref: ref, code: http.StatusOK, metadataOnly: true})
		})
	}
}

// planChores adds what happens on any day and is easily taken for something else.
func (w *world) planChores() {
	for hour := 1; hour < 24; hour += 3 { // a patch that changes nothing repeats the resourceVersion (audit-log.md 18)
		w.at(w.clock(hour, 45, 10), func() {
			p := w.policy(resource.GlobalNetworkPolicy, "", "platform.dns")
			w.send(request{
				by: cicd, verb: "patch", ref: w.refTo(p.object), code: http.StatusOK, body: p.object.Spec, answer: p.object,
				query: "fieldManager=argocd-controller&force=true",
			})
		})
	}
	for hour := 2; hour < 24; hour += 6 {
		w.at(w.clock(hour, 0, 30), func() { w.feedBlockList(hour) })
	}
	w.at(w.clock(7, 40, 12), w.editPartners)
	w.at(w.clock(10, 20, 5), w.dryRun)
	w.at(w.clock(15, 5, 30), w.evict)
	w.at(w.clock(16, 0, 0), w.race)
}

// feedBlockList adds a net to the list of known threats.
func (w *world) feedBlockList(hour int) {
	set := w.sets[0]
	w.update(feeder, set.object, func() {
		set.nets = append(slices.Clone(set.nets), fmt.Sprintf("203.0.113.%d/32", 64+hour))
		set.object.Spec = map[string]any{"nets": set.nets}
	})
}

// editPartners is a change by a client that writes the stored form, crd.projectcalico.org/v1.
func (w *world) editPartners() {
	set := w.sets[2]
	set.nets = append(slices.Clone(set.nets), "192.0.2.200/32")
	set.object.Spec = map[string]any{"nets": set.nets}
	set.object.ResourceVersion = w.nextVersion()
	stored := set.object.stored(w.files)
	ref := w.refTo(set.object)
	ref.APIGroup, ref.APIVersion = resource.GroupCalicoCRD, "v1"
	w.send(request{by: alex, verb: "update", ref: ref, body: stored, answer: stored, code: http.StatusOK})
}

// dryRun deletes nothing: that it is a dry run is only in the body (audit-log.md 16).
func (w *world) dryRun() {
	p := w.policy(resource.NetworkPolicy, "shop", "application.orders")
	body := map[string]any{"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/__internal", "dryRun": []string{"All"}}
	ref := w.refTo(p.object)
	w.send(request{by: dana, verb: "delete", ref: ref, body: body, answer: status(ref, p.object.UID), code: http.StatusOK})
}

// evict removes a pod by way of the eviction subresource: no event shows the marked pod (audit-log.md 8).
func (w *world) evict() {
	a := w.app("monitoring/alertmanager")
	p := a.pods[0]
	ref := w.refTo(p.object)
	ref.Subresource = "eviction"
	w.send(request{
		by: robin, verb: "create", ref: ref, code: http.StatusCreated,
		body:   map[string]any{"kind": "Eviction", "apiVersion": "policy/v1", "metadata": map[string]any{"name": p.Name, "namespace": p.Namespace}},
		answer: &metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusSuccess, Code: http.StatusCreated},
	})
	w.mark(p)
	w.farewell(p)
	w.after(time.Second, func() { w.start(a, "") })
}

// race has two clients change one policy at once: the later change is stamped earlier (audit-log.md 35).
func (w *world) race() {
	o := w.policy(resource.NetworkPolicy, "shop", "application.currency").object
	for i, by := range []actor{cicd, alex} {
		o.Annotations = map[string]string{"reviewed-by": by.user}
		o.ResourceVersion = w.nextVersion()
		w.send(request{
			by: by, verb: "patch", ref: w.refTo(o), body: fragment("annotations", "reviewed-by", by.user), answer: o, code: http.StatusOK,
			delay: 9*time.Millisecond - time.Duration(i)*4*time.Millisecond,
		})
	}
}
