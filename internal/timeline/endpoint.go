package timeline

import (
	"slices"

	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/resource"
)

// endpoint is a pod or a host endpoint: its newest state, and what was evaluated of it.
type endpoint struct {
	object       *object
	labels       *labels
	account      *policy.Profile // nil for a host endpoint
	node         string
	generateName string
	ips          []string
	hostNetwork  bool
	envoy        bool
	finished     bool
	gone         bool
	dirty        bool
	unserved     bool // it was no endpoint when its services were last looked up
	moved        bool // it had other addresses then

	// class is nil while the endpoint is none: not bound yet, finished, gone.
	class  *class
	place  int   // in class.members
	joined int64 // since when the class's states are to be taken over
	life   *life // nil until it was first an endpoint within the interval
}

// updatePod takes over a newer state. What the state does not show, such as the node and the phase where the log has no status,
// stays as it was known.
func (t *Timeline) updatePod(e *endpoint, obj *resource.Object) {
	pod := obj.Pod
	changed := t.relabel(e, obj.Labels)
	if e.account == nil || e.account.Name != pod.ServiceAccount {
		e.account, changed = e.object.space.account(pod.ServiceAccount), true
	}
	if pod.Node != "" && pod.Node != e.node {
		e.node, changed = t.intern(pod.Node), true
	}
	if pod.GenerateName != "" && pod.GenerateName != e.generateName {
		e.generateName, changed = pod.GenerateName, true
	}
	if pod.Phase != "" && pod.Finished() != e.finished {
		e.finished, changed = pod.Finished(), true
	}
	if pod.HostNetwork != e.hostNetwork || pod.Envoy != e.envoy {
		e.moved = true
		e.hostNetwork, e.envoy, changed = pod.HostNetwork, pod.Envoy, true
	}
	if (pod.Phase != "" || len(pod.IPs) > 0) && !slices.Equal(pod.IPs, e.ips) {
		t.readdress(e, pod.IPs)
		changed = true
	}
	if changed {
		t.touchEndpoint(e)
	}
}

func (t *Timeline) updateHost(e *endpoint, obj *resource.Object) {
	e.node = t.intern(obj.HostEndpoint.Node)
	t.relabel(e, obj.Labels)
	t.touchEndpoint(e)
}

// relabel takes over the endpoint's own labels and tells whether they changed.
func (t *Timeline) relabel(e *endpoint, own map[string]string) bool {
	if e.labels != nil {
		if e.labels.set.EqualMap(own) {
			return false
		}
		t.labels.release(e.labels)
	}
	e.labels = t.labels.acquire(own)
	return true
}

// readdress keeps the index of pods by address.
func (t *Timeline) readdress(e *endpoint, ips []string) {
	for _, ip := range e.ips {
		t.podsByIP.cut(ip, e)
	}
	for _, ip := range ips {
		t.podsByIP.add(ip, e)
	}
	e.ips, e.moved = ips, true
}

func (t *Timeline) endEndpoint(e *endpoint) {
	t.readdress(e, nil)
	t.labels.release(e.labels) // its class has its own hold on them
	e.gone = true
	t.touchEndpoint(e)
}

// isEndpoint tells whether the object is an endpoint now (decisions.md, "When is a pod an endpoint?", "Finished pods").
func (t *Timeline) isEndpoint(e *endpoint) bool {
	if e.gone || e.finished {
		return false
	}
	return e.object.kind == resource.HostEndpoint || e.node != "" || !t.podsNeedNode
}
