package timeline_test

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

// The oracle is the slow and obvious way: it keeps plain maps of objects, and after every instant works out from scratch what
// holds for every endpoint. It shares nothing with the timeline but the types, not even the selector language: the generator hands
// it each selector as a tree of its own.

type oracle struct {
	span      interval.Interval
	selection *v3.EndpointsSelection
	needNode  bool
	trees     *trees

	objects map[resource.Key]*resource.Object
	dead    map[string]bool         // uids
	deadAt  map[resource.Key]uint64 // last version
	lives   map[resource.ID]*oracleLife
	existed map[resource.Key]bool
}

type oracleLife struct {
	timeline.Life
	object *resource.Object
	any    bool
}

func newOracle(span interval.Interval, trees *trees) *oracle {
	return &oracle{
		span: span, trees: trees,
		objects: map[resource.Key]*resource.Object{}, dead: map[string]bool{}, deadAt: map[resource.Key]uint64{},
		lives: map[resource.ID]*oracleLife{}, existed: map[resource.Key]bool{},
	}
}

func version(text string) uint64 {
	n, _ := strconv.ParseUint(text, 10, 64)
	return n
}

// replay applies all changes; those of one time in the order given.
func (o *oracle) replay(changes []resource.Change) {
	at := time.Time{}
	for i := range changes {
		if changes[i].Time.After(at) {
			o.observe(at, changes[i].Time)
			at = changes[i].Time
		}
		o.apply(&changes[i])
	}
	o.observe(at, o.span.End)
}

func (o *oracle) apply(c *resource.Change) {
	known := o.objects[c.ID.Key]
	sameLife := known != nil && (known.ID.UID == c.ID.UID)
	switch {
	case c.Object != nil:
		v := version(c.Version)
		if o.dead[c.ID.UID] || v <= o.deadAt[c.ID.Key] || known != nil && v <= version(known.Version) {
			return
		}
		if known != nil && !sameLife {
			o.end(known)
			known = nil
		}
		next := *c.Object
		if known != nil && next.Pod != nil {
			next.Pod = carryOver(known.Pod, next.Pod)
		}
		o.objects[c.ID.Key] = &next
	case c.Node != "":
		if sameLife && known.Pod.Node == "" {
			bound := *known
			pod := *known.Pod
			pod.Node = c.Node
			bound.Pod = &pod
			o.objects[c.ID.Key] = &bound
		}
	case sameLife:
		o.end(known)
	default:
		o.dead[c.ID.UID] = true
	}
}

// carryOver keeps what a newer state does not show.
func carryOver(known, next *resource.PodSpec) *resource.PodSpec {
	out := *next
	if out.Node == "" {
		out.Node = known.Node
	}
	if out.GenerateName == "" {
		out.GenerateName = known.GenerateName
	}
	if out.Phase == "" {
		out.Phase = known.Phase
		if len(out.IPs) == 0 {
			out.IPs = known.IPs
		}
	}
	return &out
}

func (o *oracle) end(obj *resource.Object) {
	delete(o.objects, obj.ID.Key)
	o.dead[obj.ID.UID] = true
	o.deadAt[obj.ID.Key] = max(o.deadAt[obj.ID.Key], version(obj.Version))
	if obj.ID.Kind == resource.Service {
		if of := o.objects[resource.Key{Kind: resource.Endpoints, Namespace: obj.ID.Namespace, Name: obj.ID.Name}]; of != nil {
			o.end(of)
		}
	}
	if obj.ID.Kind == resource.Namespace {
		for _, inside := range o.objects {
			if inside.ID.Namespace == obj.ID.Name {
				o.end(inside)
			}
		}
	}
}

// observe takes in the state that held from one time to another.
func (o *oracle) observe(from, to time.Time) {
	if from.Before(o.span.Start) {
		from = o.span.Start
	}
	if to.After(o.span.End) {
		to = o.span.End
	}
	if !from.Before(to) {
		return
	}
	for _, obj := range o.objects {
		if obj.ID.Kind.IsPolicy() {
			o.existed[obj.ID.Key] = true
		}
		if o.isEndpoint(obj) {
			o.take(obj, from, to)
		}
	}
}

func (o *oracle) isEndpoint(obj *resource.Object) bool {
	switch obj.ID.Kind {
	case resource.HostEndpoint:
		return true
	case resource.Pod:
		return obj.Pod.Phase != "Succeeded" && obj.Pod.Phase != "Failed" && (obj.Pod.Node != "" || !o.needNode)
	}
	return false
}

func (o *oracle) take(obj *resource.Object, from, to time.Time) {
	life, ok := o.lives[obj.ID]
	if !ok {
		life = &oracleLife{}
		life.ID, life.From = obj.ID, from
		o.lives[obj.ID] = life
	}
	life.object, life.To = obj, to
	now := o.evaluate(obj)
	stamp(&now, from)
	if !life.any {
		life.any = true
		life.Flags, life.Ingress, life.Egress = now.flags, now.ingress, now.egress
	} else {
		life.Flags = worse(life.Flags, now.flags)
		life.Ingress, life.Egress = worseTruth(life.Ingress, now.ingress), worseTruth(life.Egress, now.egress)
	}
	life.Policies = union(life.Policies, now.policies)
	life.Staged = union(life.Staged, now.staged)
	life.Services = union(life.Services, o.services(obj))
	if o.inScope(obj) {
		n := len(life.Scope)
		if n > 0 && life.Scope[n-1].End.Equal(from) {
			life.Scope[n-1].End = to
		} else {
			life.Scope = append(life.Scope, interval.Interval{Start: from, End: to})
		}
	}
}

func stamp(now *moment, at time.Time) {
	for _, e := range []*timeline.Exposure{&now.ingress.Internet, &now.ingress.OtherNamespace, &now.egress.Internet, &now.egress.OtherNamespace} {
		if e.Allowed {
			e.Since = at
		}
	}
}

func worse(a, b timeline.Flags) timeline.Flags {
	return timeline.Flags{
		IngressProtected:          a.IngressProtected && b.IngressProtected,
		EgressProtected:           a.EgressProtected && b.EgressProtected,
		Envoy:                     a.Envoy && b.Envoy,
		IngressFromInternet:       a.IngressFromInternet || b.IngressFromInternet,
		EgressToInternet:          a.EgressToInternet || b.EgressToInternet,
		IngressFromOtherNamespace: a.IngressFromOtherNamespace || b.IngressFromOtherNamespace,
		EgressToOtherNamespace:    a.EgressToOtherNamespace || b.EgressToOtherNamespace,
	}
}

func worseTruth(a, b timeline.Truth) timeline.Truth {
	a.Isolated = a.Isolated && b.Isolated
	if !a.Internet.Allowed {
		a.Internet = b.Internet
	}
	if !a.OtherNamespace.Allowed {
		a.OtherNamespace = b.OtherNamespace
	}
	return a
}

func union(a, b []resource.Key) []resource.Key {
	all := slices.Concat(a, b)
	slices.SortFunc(all, resource.Key.Compare)
	return slices.Compact(all)
}

// services are those that list the pod by name, or by address alone unless it is on the host's network.
func (o *oracle) services(pod *resource.Object) []resource.Key {
	var found []resource.Key
	if pod.Pod == nil {
		return nil
	}
	for _, obj := range o.objects {
		if obj.Backends == nil || obj.Backends.Service == "" {
			continue
		}
		for _, b := range obj.Backends.Addresses {
			byName := b.Pod == pod.ID.Namespace+"/"+pod.ID.Name
			byIP := b.Pod == "" && !pod.Pod.HostNetwork && slices.Contains(pod.Pod.IPs, b.IP)
			if byName || byIP {
				found = append(found, resource.Key{Kind: resource.Service, Namespace: obj.ID.Namespace, Name: obj.Backends.Service})
			}
		}
	}
	return union(found, nil)
}

func (o *oracle) inScope(obj *resource.Object) bool {
	s := o.selection
	if s == nil {
		return true
	}
	labels := o.labels(obj)
	if !o.trees.eval(s.Selector, labels, "") {
		return false
	}
	if s.Namespaces != nil {
		named := len(s.Namespaces.Names) == 0 || slices.Contains(s.Namespaces.Names, obj.ID.Namespace)
		if obj.Pod == nil || !named || !o.trees.eval(s.Namespaces.Selector, labels, "pcns.") {
			return false
		}
	}
	if s.ServiceAccounts != nil {
		if obj.Pod == nil {
			return false
		}
		named := len(s.ServiceAccounts.Names) == 0 || slices.Contains(s.ServiceAccounts.Names, obj.Pod.ServiceAccount)
		return named && o.trees.eval(s.ServiceAccounts.Selector, labels, "pcsa.")
	}
	return true
}

// labels are all labels of an endpoint or network set, as one plain map.
func (o *oracle) labels(obj *resource.Object) map[string]string {
	all := maps.Clone(obj.Labels)
	if all == nil {
		all = map[string]string{}
	}
	inherit := func(prefix string, from *resource.Object) {
		if from == nil {
			return
		}
		all[prefix+"projectcalico.org/name"] = from.ID.Name
		for name, value := range from.Labels {
			if _, own := all[prefix+name]; !own {
				all[prefix+name] = value
			}
		}
	}
	if obj.ID.Namespace != "" {
		inherit("pcns.", o.objects[resource.Key{Kind: resource.Namespace, Name: obj.ID.Namespace}])
		all["projectcalico.org/namespace"] = obj.ID.Namespace
	}
	if obj.Pod != nil {
		inherit("pcsa.", o.objects[resource.Key{Kind: resource.ServiceAccount, Namespace: obj.ID.Namespace, Name: obj.Pod.ServiceAccount}])
		all["projectcalico.org/orchestrator"] = "k8s"
		if len(obj.Pod.ServiceAccount) < 63 {
			all["projectcalico.org/serviceaccount"] = obj.Pod.ServiceAccount
		}
	}
	return all
}

// result is what the timeline should report.
func (o *oracle) result() ([]timeline.Life, []timeline.PolicyUse) {
	lives := []timeline.Life{}
	used := map[resource.Key]bool{}
	for _, l := range o.lives {
		if len(l.Scope) == 0 {
			continue
		}
		l.AggregateName = l.object.ID.Name
		if pod := l.object.Pod; pod != nil {
			l.HostNetwork, l.ServiceAccount, l.Node = pod.HostNetwork, pod.ServiceAccount, pod.Node
			if pod.GenerateName != "" {
				l.AggregateName = pod.GenerateName + "*"
			}
		} else if l.Node = l.object.HostEndpoint.Node; l.Node != "" {
			l.AggregateName = l.Node
		}
		lives = append(lives, l.Life)
		for _, key := range slices.Concat(l.Policies, l.Staged) {
			used[key] = true
		}
	}
	slices.SortFunc(lives, func(a, b timeline.Life) int { return cmp.Or(a.ID.Compare(b.ID), a.From.Compare(b.From)) })
	uses := []timeline.PolicyUse{}
	for key := range o.existed {
		uses = append(uses, timeline.PolicyUse{Key: key, InScope: used[key]})
	}
	slices.SortFunc(uses, func(a, b timeline.PolicyUse) int { return a.Key.Compare(b.Key) })
	return lives, uses
}
