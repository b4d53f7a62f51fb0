package timeline

import (
	"cmp"
	"iter"
	"maps"
	"reflect"
	"slices"

	"github.com/probity/probity/internal/resource"
)

// Difference is one object in which the replayed state and a later snapshot disagree.
type Difference struct {
	Object resource.Key `json:"object"`
	// What is "missing" (in the snapshot, but not replayed), "unexpected" (replayed, but not in the snapshot), or the first part
	// that differs, for example "uid", "labels" or "spec".
	What string `json:"what"`
}

// Diff compares the state as of the last change with a snapshot of that time, which must hold every followed kind. It lists where
// they disagree in what the computation looks at, sorted by Object, each object once; what a source does not show (a uid, a node,
// a phase) is no difference. Changes after the interval's end are part of the state.
func (t *Timeline) Diff(objs iter.Seq[*resource.Object]) []Difference {
	if t.result == nil {
		t.step()
		t.closed = true
	}
	var out []Difference
	seen := map[*object]struct{}{}
	for obj := range objs {
		known := t.find(obj.ID.Key)
		if known == nil {
			out = append(out, Difference{obj.ID.Key, "missing"})
			continue
		}
		seen[known] = struct{}{}
		if what := t.differs(known, obj); what != "" {
			out = append(out, Difference{obj.ID.Key, what})
		}
	}
	for in := range t.everySpace() {
		for _, o := range in.objects {
			if _, ok := seen[o]; !ok {
				out = append(out, Difference{o.key(), "unexpected"})
			}
		}
	}
	slices.SortFunc(out, func(a, b Difference) int { return cmp.Or(a.Object.Compare(b.Object), cmp.Compare(a.What, b.What)) })
	return slices.CompactFunc(out, func(a, b Difference) bool { return a.Object == b.Object })
}

func (s *store) everySpace() iter.Seq[*space] {
	return func(yield func(*space) bool) {
		if !yield(s.cluster) {
			return
		}
		for _, in := range s.spaces {
			if !yield(in) {
				return
			}
		}
	}
}

// differs names the first part in which an object as it is known differs from another state of it; "" when there is none.
func (t *Timeline) differs(known *object, obj *resource.Object) string {
	switch {
	case known.uid != "" && obj.ID.UID != "" && known.uid != obj.ID.UID:
		return "uid"
	case known.endpoint != nil && known.kind == resource.Pod:
		return known.endpoint.differs(obj)
	}
	latest := known.latest
	if latest == obj {
		return ""
	}
	// Labels of services, slices, tiers and policies decide nothing.
	labelled := known.kind == resource.Namespace || known.kind == resource.ServiceAccount || known.set != nil || known.endpoint != nil
	switch {
	case labelled && !maps.Equal(latest.Labels, obj.Labels):
		return "labels"
	case known.policy != nil && !reflect.DeepEqual(latest.Policy, obj.Policy):
		return "spec"
	case known.kind == resource.Tier && !reflect.DeepEqual(latest.Tier, obj.Tier):
		return "spec"
	case known.set != nil && !sameMembers(latest.Nets, obj.Nets, cmp.Compare[string]):
		return "nets"
	case known.backends != nil && !sameBackends(latest.Backends, obj.Backends):
		return "addresses"
	}
	return ""
}

func (e *endpoint) differs(obj *resource.Object) string {
	pod := obj.Pod
	switch {
	case e.labels != nil && !e.labels.set.EqualMap(obj.Labels):
		return "labels"
	case e.account.Name != pod.ServiceAccount:
		return "serviceAccount"
	case e.hostNetwork != pod.HostNetwork:
		return "hostNetwork"
	case e.node != "" && pod.Node != "" && e.node != pod.Node:
		return "node"
	case pod.Phase != "" && e.finished != pod.Finished():
		return "phase"
	}
	return ""
}

func sameBackends(a, b *resource.BackendsSpec) bool {
	return a.Service == b.Service && sameMembers(a.Addresses, b.Addresses, func(x, y resource.Backend) int {
		return cmp.Or(cmp.Compare(x.Pod, y.Pod), cmp.Compare(x.IP, y.IP))
	})
}

// sameMembers compares lists whose order says nothing.
func sameMembers[T comparable](a, b []T, compare func(T, T) int) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.SortFunc(a, compare)
	slices.SortFunc(b, compare)
	return slices.Equal(a, b)
}
