package timeline

import (
	"strconv"

	"github.com/probity/probity/internal/policy"
	"github.com/probity/probity/internal/resource"
)

// store holds the objects as of the last applied change.
type store struct {
	cluster    *space // objects without a namespace
	spaces     map[string]*space
	lastSpace  uint64
	tombstones tombstones
}

func (s *store) init() {
	s.cluster = newSpace("", 0)
	s.spaces = map[string]*space{}
	s.tombstones = newTombstones()
}

// space holds what is in one namespace, whether or not its Namespace object was seen.
type space struct {
	id      uint64 // 0 for the cluster
	profile policy.Profile
	objects map[slot]*object

	// accounts are the service accounts that pods name, whether or not their objects were seen.
	accounts map[string]*policy.Profile
	classes  []*class
	policies *selectorIndex[*enforced] // policies of the namespace
	dirty    bool
}

func newSpace(name string, id uint64) *space {
	return &space{
		id:       id,
		profile:  policy.Profile{Name: name},
		objects:  map[slot]*object{},
		accounts: map[string]*policy.Profile{},
		policies: newSelectorIndex[*enforced](),
	}
}

// slot is an object's place in its space.
type slot struct {
	kind resource.Kind
	name string
}

// object is one life of an object.
type object struct {
	space *space
	slot
	uid     string
	version uint64 // 0 = unknown
	list    int64  // the last list that had it; 0 = none
	// latest is the newest state; nil for pods, of which only what matters is kept.
	latest *resource.Object

	// At most one of these is set, by kind.
	endpoint *endpoint
	policy   *enforced
	set      *netSet
	backends *backends
}

// newObject makes an object and, in one piece as there are many of them, what is kept of an endpoint.
func newObject(kind resource.Kind) *object {
	if kind != resource.Pod && kind != resource.HostEndpoint {
		return &object{}
	}
	made := &struct {
		object
		endpoint endpoint
	}{}
	made.object.endpoint = &made.endpoint
	return &made.object
}

func (o *object) key() resource.Key {
	return resource.Key{Kind: o.kind, Namespace: o.space.profile.Name, Name: o.name}
}

// space returns the space of a namespace ("" is the cluster), made if need be.
func (s *store) space(namespace string) *space {
	if namespace == "" {
		return s.cluster
	}
	found, ok := s.spaces[namespace]
	if !ok {
		s.lastSpace++
		found = newSpace(namespace, s.lastSpace)
		s.spaces[namespace] = found
	}
	return found
}

func (s *store) find(key resource.Key) *object {
	in := s.cluster
	if key.Namespace != "" {
		in = s.spaces[key.Namespace]
	}
	if in == nil {
		return nil
	}
	return in.objects[slot{key.Kind, key.Name}]
}

// account returns a service account's profile, made if need be.
func (s *space) account(name string) *policy.Profile {
	found, ok := s.accounts[name]
	if !ok {
		found = &policy.Profile{Name: name}
		s.accounts[name] = found
	}
	return found
}

// vacant tells whether nothing is left of a namespace.
func (s *space) vacant() bool {
	return s.id != 0 && !s.profile.Known && len(s.objects) == 0 && len(s.classes) == 0
}

// versionOf is the resourceVersion after a change, 0 when it is not known.
func versionOf(c *resource.Change) uint64 {
	if c.Version == "" && c.Object != nil {
		return parseVersion(c.Object.Version)
	}
	return parseVersion(c.Version)
}

// parseVersion reads a resourceVersion as the number that it is on every API server backed by etcd (and, since Kubernetes 1.35,
// by definition); anything else cannot be compared and counts as unknown.
func parseVersion(text string) uint64 {
	if text == "" {
		return 0
	}
	version, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0
	}
	return version
}

func idOf(c *resource.Change) resource.ID {
	id := c.ID
	if id.UID == "" && c.Object != nil {
		id.UID = c.Object.ID.UID
	}
	return id
}
