package timeline_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

// story is a replay written down by hand. Its interval is [tick 10, tick 20).
type story struct {
	opts     timeline.Options
	baseline []*resource.Object
	changes  []resource.Change
}

var storySpan = interval.Interval{Start: tick(10), End: tick(20)}

func (s story) replay(t *testing.T) (*timeline.Timeline, *timeline.Result) {
	t.Helper()
	s.opts.Interval = storySpan
	tl, err := timeline.New(s.opts)
	require.NoError(t, err)
	for _, obj := range s.baseline {
		require.NoError(t, tl.Baseline(obj))
	}
	for _, c := range s.changes {
		require.NoError(t, tl.Apply(c))
	}
	result, err := tl.Finish()
	require.NoError(t, err)
	return tl, result
}

func (s story) result(t *testing.T) *timeline.Result {
	t.Helper()
	_, result := s.replay(t)
	return result
}

// life returns the only life.
func (s story) life(t *testing.T) timeline.Life {
	t.Helper()
	result := s.result(t)
	require.Len(t, result.Lives, 1)
	return result.Lives[0]
}

// with returns an edited copy of an object.
func with(obj *resource.Object, edits ...func(*resource.Object)) *resource.Object {
	out := *obj
	out.Labels = maps.Clone(obj.Labels)
	if obj.Pod != nil {
		pod := *obj.Pod
		out.Pod = &pod
	}
	if obj.Policy != nil {
		policy := *obj.Policy
		out.Policy = &policy
	}
	for _, edit := range edits {
		edit(&out)
	}
	return &out
}

func uid(u string) func(*resource.Object) { return func(o *resource.Object) { o.ID.UID = u } }
func at(version string) func(*resource.Object) {
	return func(o *resource.Object) { o.Version = version }
}
func phase(phase string) func(*resource.Object) {
	return func(o *resource.Object) { o.Pod.Phase = phase }
}
func node(node string) func(*resource.Object) { return func(o *resource.Object) { o.Pod.Node = node } }
func hostNetwork(o *resource.Object)          { o.Pod.HostNetwork = true }
func ips(ips ...string) func(*resource.Object) {
	return func(o *resource.Object) { o.Pod.IPs = ips }
}

func label(name, value string) func(*resource.Object) {
	return func(o *resource.Object) {
		if o.Labels == nil {
			o.Labels = map[string]string{}
		}
		o.Labels[name] = value
	}
}

func named(kind resource.Kind, namespace, name string) resource.ID {
	key := resource.Key{Kind: kind, Namespace: namespace, Name: name}
	return resource.ID{Key: key, UID: "uid of " + key.String()}
}

func pod(name string, edits ...func(*resource.Object)) *resource.Object {
	obj := &resource.Object{
		ID: named(resource.Pod, "shop", name), Labels: map[string]string{"app": name},
		Pod: &resource.PodSpec{Node: "node-1", ServiceAccount: "default", Phase: "Running", GenerateName: name + "-5d4-"},
	}
	return with(obj, edits...)
}

func host(name string, edits ...func(*resource.Object)) *resource.Object {
	return with(&resource.Object{ID: named(resource.HostEndpoint, "", name), HostEndpoint: &resource.HostEndpointSpec{Node: "node-1"}}, edits...)
}

func namespace(name string, edits ...func(*resource.Object)) *resource.Object {
	return with(&resource.Object{ID: named(resource.Namespace, "", name)}, edits...)
}

// deny is a NetworkPolicy that protects both directions of the pods that its selector selects.
func deny(selector string, edits ...func(*resource.Object)) *resource.Object {
	return with(&resource.Object{ID: named(resource.NetworkPolicy, "shop", "default.deny"), Policy: &resource.PolicySpec{
		Tier: "default", Selector: selector, Types: []v3.PolicyType{v3.PolicyTypeEgress, v3.PolicyTypeIngress},
	}}, edits...)
}

// global is a GlobalNetworkPolicy with ingress rules.
func global(name string, rules ...v3.Rule) *resource.Object {
	return &resource.Object{ID: named(resource.GlobalNetworkPolicy, "", name), Policy: &resource.PolicySpec{
		Tier: "default", Types: []v3.PolicyType{v3.PolicyTypeIngress}, Ingress: rules,
	}}
}

func kubernetesDeny(name string) *resource.Object {
	return &resource.Object{ID: named(resource.KubernetesNetworkPolicy, "shop", name), Policy: &resource.PolicySpec{
		Tier: "default", Kubernetes: &networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}},
	}}
}

func slice(name, service string, backends ...resource.Backend) *resource.Object {
	return &resource.Object{ID: named(resource.EndpointSlice, "shop", name), Backends: &resource.BackendsSpec{Service: service, Addresses: backends}}
}

// becomes is the change to a new state, ends an end, binds a binding.
func becomes(tick_ int, obj *resource.Object) resource.Change {
	return resource.Change{Time: tick(tick_), ID: obj.ID, Version: obj.Version, Object: obj}
}

func ends(tick_ int, obj *resource.Object) resource.Change {
	return resource.Change{Time: tick(tick_), ID: obj.ID, Version: obj.Version}
}

func binds(tick_ int, obj *resource.Object, node string) resource.Change {
	return resource.Change{Time: tick(tick_), ID: obj.ID, Node: node}
}

func span(from, to int) interval.Interval { return interval.Interval{Start: tick(from), End: tick(to)} }

func scope(t *testing.T, selection v3.EndpointsSelection) *timeline.Scope {
	t.Helper()
	s, err := timeline.NewScope(&selection)
	require.NoError(t, err)
	return s
}

func keys(objs ...*resource.Object) []resource.Key {
	var out []resource.Key
	for _, obj := range objs {
		out = append(out, obj.ID.Key)
	}
	return out
}

// spanOf is a life's own span.
func spanOf(l timeline.Life) interval.Interval { return interval.Interval{Start: l.From, End: l.To} }

func sameTime(t *testing.T, want, got time.Time) {
	t.Helper()
	require.True(t, want.Equal(got), "want %s, got %s", want, got)
}
