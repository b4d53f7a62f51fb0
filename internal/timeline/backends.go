package timeline

import "github.com/probity/probity/internal/resource"

// backends is an Endpoints or EndpointSlice object: addresses behind a service.
type backends struct {
	object  *object
	service resource.Key // Name is "" for a slice of no service
	number  uint32       // of service
	fresh   []resource.Backend
	dirty   bool
}

// updateBackends takes over a newer state; nil ends it. The indexes always follow the newest state.
func (t *Timeline) updateBackends(b *backends, previous, next *resource.Object) {
	old, added := addressesOf(previous), addressesOf(next)
	if !b.rename(t, next) {
		old, added = changed(old, added)
	}
	for i := range old {
		t.delistBackend(b, &old[i])
	}
	for i := range added {
		t.enlistBackend(b, &added[i])
	}
	if t.phase != within {
		b.fresh = nil // every endpoint is still to look up its services, or none is
		return
	}
	b.fresh = append(b.fresh, added...)
	t.touchBackends(b)
}

// rename takes over which service the addresses are of, and tells whether that changed.
func (b *backends) rename(t *Timeline, next *resource.Object) bool {
	if next == nil || next.Backends.Service == b.service.Name {
		return false
	}
	b.service = resource.Key{Kind: resource.Service, Namespace: next.ID.Namespace, Name: next.Backends.Service}
	b.number = t.keys.number(b.service)
	return true
}

// changed leaves out what both lists begin and end with: most updates change one address of many and keep the others' order.
func changed(old, added []resource.Backend) ([]resource.Backend, []resource.Backend) {
	for len(old) > 0 && len(added) > 0 && old[0] == added[0] {
		old, added = old[1:], added[1:]
	}
	for len(old) > 0 && len(added) > 0 && old[len(old)-1] == added[len(added)-1] {
		old, added = old[:len(old)-1], added[:len(added)-1]
	}
	return old, added
}

func addressesOf(obj *resource.Object) []resource.Backend {
	if obj == nil {
		return nil
	}
	return obj.Backends.Addresses
}

// backendIndex is where an address is looked up: by the pod that it names, else by itself.
func (t *Timeline) backendIndex(at *resource.Backend) (register[backends], string) {
	if at.Pod != "" {
		return t.byPod, at.Pod
	}
	return t.byIP, at.IP
}

func (t *Timeline) enlistBackend(b *backends, at *resource.Backend) {
	index, key := t.backendIndex(at)
	index.add(key, b)
}

func (t *Timeline) delistBackend(b *backends, at *resource.Backend) {
	index, key := t.backendIndex(at)
	index.cut(key, b)
}

// serve adds a service to the lives of the endpoints that came to be behind it (decisions.md, "Services of an endpoint"). Those
// that became endpoints look for themselves.
func (t *Timeline) serve(b *backends) {
	for i := range b.fresh {
		at := &b.fresh[i]
		switch {
		case b.service.Name == "" || !t.lists(b, at): // it may have come and gone within the instant
		case at.Pod == "":
			pods := t.podsByIP[at.IP]
			pods.each(func(e *endpoint) { e.servedByIP(b) })
		default:
			if e := t.pod(at.Pod); e != nil && e.class != nil {
				e.life.addService(b.number)
			}
		}
	}
	b.fresh = b.fresh[:0]
}

// lists tells whether an address is still among the backends.
func (t *Timeline) lists(b *backends, at *resource.Backend) bool {
	index, key := t.backendIndex(at)
	list := index[key]
	return list.has(b)
}

// servedByIP leaves out pods on their host's network: the address is the node's, and says nothing about the pod.
func (e *endpoint) servedByIP(b *backends) {
	if e.class != nil && !e.hostNetwork && b.service.Name != "" {
		e.life.addService(b.number)
	}
}

// pod finds a pod by "namespace/name".
func (t *Timeline) pod(name string) *endpoint {
	for i := range len(name) {
		if name[i] != '/' {
			continue
		}
		o := t.find(resource.Key{Kind: resource.Pod, Namespace: name[:i], Name: name[i+1:]})
		if o == nil {
			return nil
		}
		return o.endpoint
	}
	return nil
}

// findServices adds the services of an endpoint to its life: all of them when it was none before, else those of its addresses.
func (t *Timeline) findServices(e *endpoint) {
	if e.unserved && e.object.kind == resource.Pod {
		t.buffer = append(t.buffer[:0], e.object.space.profile.Name...)
		t.buffer = append(t.buffer, '/')
		t.buffer = append(t.buffer, e.object.name...)
		named := t.byPod[string(t.buffer)]
		named.each(func(b *backends) {
			if b.service.Name != "" {
				e.life.addService(b.number)
			}
		})
	}
	for _, ip := range e.ips {
		of := t.byIP[ip]
		of.each(e.servedByIP)
	}
	e.unserved, e.moved = false, false
}
