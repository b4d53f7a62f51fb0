package timeline

import (
	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/resource"
)

// set takes over a new state of an object, unless it is older than what is known.
func (t *Timeline) set(c *resource.Change, at int64) {
	id, version := idOf(c), versionOf(c)
	known := t.find(id.Key)
	sameLife := known != nil && (known.uid == id.UID || known.uid == "" || id.UID == "")
	switch {
	case known == nil && t.tombstones.outdates(id.Key, version),
		known != nil && version > 0 && version < known.version,
		!sameLife && t.tombstones.ended(id):
		t.counts.Stale++
		return
	}
	t.counts.Applied++
	switch {
	case known == nil:
		t.create(c.Object, id.UID, version)
	case !sameLife:
		t.end(known, 0, at)
		t.create(c.Object, id.UID, version)
	case version > 0 && version == known.version:
		// The same version is the same state, whatever the source shows of it.
	default:
		known.uid = max(known.uid, id.UID) // one of them may be unknown, which is ""
		known.version = max(known.version, version)
		t.update(known, c.Object)
	}
}

// remove ends an object. The end of a known uid is final whatever its version; an end by name alone must not be older than what
// is known.
func (t *Timeline) remove(c *resource.Change, at int64) {
	id, version := idOf(c), versionOf(c)
	known := t.find(id.Key)
	switch {
	case known == nil || id.UID != "" && known.uid != "" && known.uid != id.UID:
		if known != nil || t.tombstones.ended(id) || t.tombstones.outdates(id.Key, version) {
			t.counts.Stale++
		} else {
			t.counts.Orphaned++
		}
		if id.UID != "" {
			t.tombstones.bury(id, 0, at)
		}
	case (id.UID == "" || known.uid == "") && version > 0 && version < known.version:
		t.counts.Stale++
	default:
		t.counts.Applied++
		known.uid = max(known.uid, id.UID)
		t.end(known, version, at)
	}
}

// bind takes over that a pod was bound to a node.
func (t *Timeline) bind(c *resource.Change) {
	known := t.find(c.ID.Key)
	switch {
	case known != nil && c.ID.UID != "" && known.uid != "" && known.uid != c.ID.UID, known == nil && t.tombstones.ended(c.ID):
		t.counts.Stale++
	case known == nil || known.kind != resource.Pod:
		t.counts.Orphaned++
	default:
		t.counts.Applied++
		if e := known.endpoint; e.node == "" {
			e.node = t.intern(c.Node)
			t.touchEndpoint(e)
		}
	}
}

// create begins an object's life.
func (t *Timeline) create(obj *resource.Object, uid string, version uint64) {
	in := t.space(obj.ID.Namespace)
	o := newObject(obj.ID.Kind)
	o.space, o.slot, o.uid, o.version = in, slot{obj.ID.Kind, obj.ID.Name}, uid, version
	in.objects[o.slot] = o
	switch kind := o.kind; {
	case kind == resource.Pod || kind == resource.HostEndpoint:
		o.endpoint.object, o.endpoint.unserved = o, true
	case kind.IsPolicy():
		o.policy = t.newEnforced(o)
	case kind == resource.NetworkSet || kind == resource.GlobalNetworkSet:
		o.set = &netSet{object: o}
	case kind == resource.Endpoints || kind == resource.EndpointSlice:
		o.backends = &backends{object: o}
	}
	t.update(o, obj)
}

// update takes over a newer state within an object's life.
func (t *Timeline) update(o *object, obj *resource.Object) {
	previous := o.latest
	if o.kind != resource.Pod {
		o.latest = obj
	}
	switch kind := o.kind; {
	case kind == resource.Pod:
		t.updatePod(o.endpoint, obj)
	case kind == resource.HostEndpoint:
		t.updateHost(o.endpoint, obj)
	case kind == resource.Namespace:
		t.updateProfile(t.space(o.name), &t.space(o.name).profile, obj)
	case kind == resource.ServiceAccount:
		t.updateProfile(o.space, o.space.account(o.name), obj)
	case kind == resource.Tier:
		t.setTier(o.name, obj.Tier)
	case kind.IsPolicy():
		t.touchPolicy(o.policy)
	case o.set != nil:
		t.touchSet(o.set)
	case o.backends != nil:
		t.updateBackends(o.backends, previous, obj)
	}
}

// updateProfile takes over the labels that a Namespace or ServiceAccount hands down.
func (t *Timeline) updateProfile(in *space, profile *policy.Profile, obj *resource.Object) {
	if profile.Known && profile.Labels.EqualMap(obj.Labels) {
		return
	}
	profile.Known, profile.Labels = true, policy.LabelSetOf(obj.Labels)
	t.touchSpace(in)
}

// end ends an object's life; the end of a Namespace ends everything in it.
func (t *Timeline) end(o *object, version uint64, at int64) {
	delete(o.space.objects, o.slot)
	t.tombstones.bury(resource.ID{Key: o.key(), UID: o.uid}, max(version, o.version), at)
	switch kind := o.kind; {
	case o.endpoint != nil:
		t.endEndpoint(o.endpoint)
	case kind == resource.Namespace:
		t.endNamespace(o.name, at)
	case kind == resource.Service:
		// The API server itself deletes the Endpoints of a Service with it, and its log has no event for that (measured on v1.36.3:
		// the endpoints controller's own delete comes later and is answered with 404).
		if of := o.space.objects[slot{resource.Endpoints, o.name}]; of != nil {
			t.end(of, 0, at)
		}
	case kind == resource.ServiceAccount:
		profile := o.space.account(o.name)
		profile.Known, profile.Labels = false, nil
		t.touchSpace(o.space)
	case kind == resource.Tier:
		t.setTier(o.name, nil)
	case kind.IsPolicy():
		o.policy.gone = true
		t.touchPolicy(o.policy)
	case o.set != nil:
		o.set.gone = true
		t.touchSet(o.set)
	case o.backends != nil:
		t.updateBackends(o.backends, o.latest, nil)
	}
	t.dropSpace(o.space)
}

func (t *Timeline) endNamespace(name string, at int64) {
	in := t.space(name)
	in.profile.Known, in.profile.Labels = false, nil
	t.touchSpace(in)
	for _, inside := range in.objects {
		t.end(inside, 0, at)
	}
	t.dropSpace(in)
}

// dropSpace forgets a namespace of which nothing is left.
func (t *Timeline) dropSpace(in *space) {
	if in.vacant() && t.spaces[in.profile.Name] == in {
		delete(t.spaces, in.profile.Name)
	}
}
