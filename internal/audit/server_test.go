package audit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/resource"
)

// server behaves as audit-log.md measured of a real API server: it keeps objects, logs what is asked of it, and remembers what a
// watch would have shown.
type server struct {
	at      time.Duration
	version int
	objects map[string]*stored
	log     []logged
	watched []string
}

// stored is one object: a pod or a GlobalNetworkPolicy.
type stored struct {
	pod                 bool
	name, uid           string
	version             string
	finalizer, deleting bool
	grace               string
	bound               bool
}

func (s *server) next() string {
	s.version++
	return fmt.Sprint(s.version)
}

func (o *stored) ref() *ref {
	if o.pod {
		return coreRef("pods", "shop", o.name)
	}
	return gnpRef(o.name)
}

func (o *stored) json() string {
	meta := ""
	sep := ""
	if o.deleting {
		meta, sep = deleting+`,"deletionGracePeriodSeconds":`+o.grace, ","
	}
	if o.finalizer {
		meta += sep + finalizers
	}
	if o.pod {
		node := `"spec":{}`
		if o.bound {
			node = `"spec":{"nodeName":"n1"}`
		}
		return pod("shop", o.name, o.uid, o.version, meta, node)
	}
	return gnp(o.name, o.uid, o.version, meta)
}

func (o *stored) key() resource.Key {
	if o.pod {
		return resource.Key{Kind: resource.Pod, Namespace: "shop", Name: o.name}
	}
	return resource.Key{Kind: resource.GlobalNetworkPolicy, Name: o.name}
}

func (s *server) add(verb string, code int, o *stored, response string) {
	s.at += 10 * time.Millisecond
	s.log = append(s.log, logged{at: s.at, verb: verb, code: code, ref: o.ref(), response: response})
}

func (s *server) watch(kind string, o *stored) {
	s.watched = append(s.watched, fmt.Sprintf("%s %s %s", kind, o.key(), o.uid))
}

func (s *server) create(o *stored) {
	if s.objects[o.name] != nil {
		s.add("create", 409, o, failure(409, "AlreadyExists", "there"))
		return
	}
	o.uid, o.version = "u"+s.next(), fmt.Sprint(s.version)
	s.objects[o.name] = o
	s.add("create", 201, o, o.json())
	s.watch("ADDED", o)
}

func (s *server) patch(o *stored, changes bool) {
	if changes {
		o.version = s.next()
	}
	s.add("patch", 200, o, o.json())
}

// delete is what a person asks for; the kubelet's own delete has force.
func (s *server) delete(o *stored, force bool) {
	graceful := o.pod && o.bound && !force
	switch {
	case graceful:
		o.deleting, o.grace, o.version = true, "10", s.next()
		s.add("delete", 200, o, o.json())
	case o.finalizer:
		o.deleting, o.grace, o.version = true, "0", s.next()
		s.add("delete", 200, o, o.json())
	case o.pod:
		o.deleting, o.grace, o.version = true, "0", s.next()
		s.add("delete", 200, o, o.json())
		s.gone(o)
	default:
		s.add("delete", 200, o, status("projectcalico.org", "globalnetworkpolicies", o.name, o.uid))
		s.gone(o)
	}
}

func (s *server) gone(o *stored) {
	delete(s.objects, o.name)
	s.watch("DELETED", o)
}

// release removes the finalizer, with an answer of metadata only when the garbage collector asks.
func (s *server) release(o *stored, collector bool) {
	if !o.finalizer {
		return
	}
	o.finalizer = false
	ends := o.deleting && o.grace == "0"
	if !ends {
		o.version = s.next()
	}
	answer := o.json()
	if collector {
		answer = object("meta.k8s.io/v1", "PartialObjectMetadata", "", o.name, o.uid, o.version, map[bool]string{true: deleting + `,"deletionGracePeriodSeconds":` + o.grace}[o.deleting])
	}
	s.add("patch", 200, o, answer)
	if ends {
		s.gone(o)
	}
}

func (s *server) act(t *rapid.T) {
	name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")
	o := s.objects[name]
	if o == nil {
		fresh := &stored{name: name, pod: rapid.Bool().Draw(t, "pod"), finalizer: rapid.Bool().Draw(t, "finalizer")}
		s.create(fresh)
		return
	}
	switch rapid.IntRange(0, 5).Draw(t, "action") {
	case 0:
		s.create(&stored{name: name, pod: o.pod})
	case 1:
		s.patch(o, rapid.Bool().Draw(t, "changes"))
	case 2:
		if o.pod && !o.deleting {
			o.bound = true
			s.patch(o, true)
		}
	case 3:
		s.delete(o, rapid.Bool().Draw(t, "force"))
	case 4:
		s.release(o, !o.pod && rapid.Bool().Draw(t, "collector"))
	default:
		s.add("delete", 403, o, failure(403, "Forbidden", "no"))
	}
}

// replay tells from the merged stream what a watch would have shown: lives that begin and end.
func replay(entries []audit.Entry) []string {
	alive := map[resource.Key]string{}
	shown := []string{}
	for _, entry := range entries {
		for _, c := range entry.Changes {
			uid, known := alive[c.ID.Key]
			switch {
			case c.Ends() && known && uid == c.ID.UID:
				delete(alive, c.ID.Key)
				shown = append(shown, fmt.Sprintf("DELETED %s %s", c.ID.Key, c.ID.UID))
			case c.Object != nil && !known:
				alive[c.ID.Key] = c.ID.UID
				shown = append(shown, fmt.Sprintf("ADDED %s %s", c.ID.Key, c.ID.UID))
			}
		}
	}
	return shown
}

// TestTheLogTellsWhatAWatchTells is the claim of audit-log.md: a reader is right when it agrees with the watches.
func TestTheLogTellsWhatAWatchTells(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &server{objects: map[string]*stored{}}
		for range rapid.IntRange(1, 40).Draw(t, "requests") {
			s.act(t)
		}
		entries, facts := merge(t, options(), lines(s.log...))
		require.Empty(t, facts.Bad)
		require.Equal(t, append([]string{}, s.watched...), replay(entries))
	})
}
