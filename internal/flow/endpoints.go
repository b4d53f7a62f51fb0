package flow

// Endpoints is a set of endpoints, by which groups can be selected.
type Endpoints struct {
	names map[End]struct{}
}

// NewEndpoints returns an empty set.
func NewEndpoints() *Endpoints { return &Endpoints{names: map[End]struct{}{}} }

// AddPod adds a pod by its exact name and by the name under which flow logs aggregate it; "" means the pod's own name.
func (e *Endpoints) AddPod(namespace, name, aggregate string) {
	e.names[End{Type: Workload, Namespace: namespace, Name: name}] = struct{}{}
	e.names[End{Type: Workload, Namespace: namespace, AggregateName: name}] = struct{}{}
	if aggregate != "" {
		e.names[End{Type: Workload, Namespace: namespace, AggregateName: aggregate}] = struct{}{}
	}
}

// AddHost adds a host endpoint by its name and by its node's name, under which flow logs aggregate it.
func (e *Endpoints) AddHost(name, node string) {
	for _, n := range []string{name, node} {
		if n != "" {
			e.names[End{Type: Host, Name: n}] = struct{}{}
			e.names[End{Type: Host, AggregateName: n}] = struct{}{}
		}
	}
}

// Touch tells whether either end of the flows is in the set: by its exact name where the log has one, else by its
// aggregated name. It is a Filter.
func (e *Endpoints) Touch(k Key) bool { return e.has(k.Source) || e.has(k.Dest) }

func (e *Endpoints) has(end End) bool {
	if end.Name != "" {
		end.AggregateName = "" // one pod's own flows are not those of its whole replica set
	}
	_, ok := e.names[end]
	return ok
}

// Filter selects groups by key. A nil Filter selects all.
type Filter func(Key) bool

func (f Filter) selects(k Key) bool { return f == nil || f(k) }
