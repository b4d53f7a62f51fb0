package timeline_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"github.com/tigera/api/pkg/lib/numorstring"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

// scene makes a cluster that grows with its pods (about one namespace for a hundred pods, one Deployment for ten) and a history
// of what happens in one: mostly pods coming and going with their status and endpoints, now and then an edited label or policy.
type scene struct {
	rand    *rand.Rand
	busy    int // namespaces in which pods change; 0 means all
	pods    []*resource.Object
	spaces  int
	slices  map[string]*resource.Object // by namespace/app
	objects []*resource.Object
	policy  []*resource.Object
	changes []resource.Change
	version int
	at      time.Time
	nextUID int
}

const podsPerSpace, podsPerApp = 100, 10

var sceneStart = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

func newScene(pods, policies int) *scene {
	s := &scene{
		rand:   rand.New(rand.NewPCG(1, 2)),
		spaces: max(1, pods/podsPerSpace),
		slices: map[string]*resource.Object{},
		at:     sceneStart.Add(time.Hour),
	}
	for i := range s.spaces {
		s.add(&resource.Object{
			ID:     s.id(resource.Namespace, "", spaceName(i)),
			Labels: map[string]string{"team": fmt.Sprintf("t%d", i%7), "kubernetes.io/metadata.name": spaceName(i)},
		})
		s.add(&resource.Object{ID: s.id(resource.ServiceAccount, spaceName(i), "default")})
	}
	for i := range pods {
		s.pods = append(s.pods, s.newPod(i%s.spaces, i/s.spaces/podsPerApp))
	}
	s.objects = append(s.objects, s.pods...)
	for _, pod := range s.pods {
		s.slice(pod)
	}
	for i := range policies {
		s.policy = append(s.policy, s.newPolicy(i))
	}
	s.objects = append(s.objects, s.policy...)
	return s
}

func spaceName(i int) string { return fmt.Sprintf("space-%d", i) }

func (s *scene) add(obj *resource.Object) { s.objects = append(s.objects, obj) }

func (s *scene) id(kind resource.Kind, namespace, name string) resource.ID {
	s.nextUID++
	return resource.ID{
		Key: resource.Key{Kind: kind, Namespace: namespace, Name: name},
		UID: fmt.Sprintf("%08x-0000-4000-8000-%012x", s.nextUID, s.nextUID),
	}
}

func (s *scene) nextVersion() string {
	s.version++
	return fmt.Sprint(1000 + s.version)
}

// newPod makes a bound pod. The label maps are the pod's own, as from a decoder.
func (s *scene) newPod(space, app int) *resource.Object {
	name := fmt.Sprintf("app%d-%d", app, s.nextUID)
	return &resource.Object{
		ID:      s.id(resource.Pod, spaceName(space), name),
		Version: s.nextVersion(),
		Labels:  podLabels(app, "1"),
		Pod: &resource.PodSpec{
			Node: fmt.Sprintf("node-%d", s.nextUID%50), ServiceAccount: "default", Phase: "Running",
			IPs: []string{fmt.Sprintf("10.%d.%d.%d", s.nextUID>>16&255, s.nextUID>>8&255, s.nextUID&255)}, GenerateName: fmt.Sprintf("app%d-5d4f-", app),
		},
	}
}

func podLabels(app int, revision string) map[string]string {
	return map[string]string{
		"app": fmt.Sprintf("app%d", app), "app.kubernetes.io/name": fmt.Sprintf("app%d", app), "app.kubernetes.io/version": revision,
		"pod-template-hash": fmt.Sprintf("5d4f%d", app), "tier": []string{"web", "api", "data"}[app%3], "env": "prod",
	}
}

// slice puts a pod into its service's slice.
func (s *scene) slice(pod *resource.Object) *resource.Object {
	name := pod.Labels["app"]
	at := pod.ID.Namespace + "/" + name
	known, ok := s.slices[at]
	if !ok {
		known = &resource.Object{ID: s.id(resource.EndpointSlice, pod.ID.Namespace, name+"-x"), Backends: &resource.BackendsSpec{Service: name}}
		s.add(known)
		s.slices[at] = known
	}
	known.Backends.Addresses = append(known.Backends.Addresses, resource.Backend{Pod: pod.ID.Namespace + "/" + pod.ID.Name, IP: pod.Pod.IPs[0]})
	return known
}

// clusterWide tells which policies are global: of the first thousand 1 in 50.
func clusterWide(policy int) bool { return policy < 1_000 && policy%50 == 0 }

// newPolicy makes a few global policies, else half Calico's, half Kubernetes', spread over the namespaces.
func (s *scene) newPolicy(i int) *resource.Object {
	namespace, app := spaceName(i%s.spaces), i/s.spaces%podsPerSpace/podsPerApp
	tcp := numorstring.ProtocolFromString("TCP")
	rules := []v3.Rule{
		{Action: v3.Allow, Protocol: &tcp, Source: v3.EntityRule{Selector: fmt.Sprintf("app == 'app%d'", (app+1)%10)}},
		{Action: v3.Allow, Protocol: &tcp, Source: v3.EntityRule{Nets: []string{fmt.Sprintf("10.%d.0.0/16", s.version%200)}}},
		{Action: v3.Deny, Source: v3.EntityRule{Nets: []string{"203.0.113.0/24"}}},
	}
	switch {
	case clusterWide(i):
		return &resource.Object{ID: s.id(resource.GlobalNetworkPolicy, "", fmt.Sprintf("default.g%d", i)), Version: s.nextVersion(), Policy: &resource.PolicySpec{
			Tier: "default", Selector: fmt.Sprintf("tier == '%s'", []string{"web", "api", "data"}[i/50%3]), NamespaceSelector: fmt.Sprintf("team == 't%d'", i/50%7),
			Types: []v3.PolicyType{v3.PolicyTypeIngress}, Ingress: rules,
		}}
	case i%2 == 0:
		return &resource.Object{ID: s.id(resource.NetworkPolicy, namespace, fmt.Sprintf("default.n%d", i)), Version: s.nextVersion(), Policy: &resource.PolicySpec{
			Tier: "default", Selector: fmt.Sprintf("app == 'app%d'", app), Types: []v3.PolicyType{v3.PolicyTypeIngress, v3.PolicyTypeEgress}, Ingress: rules,
			Egress: []v3.Rule{{Action: v3.Allow}},
		}}
	}
	return &resource.Object{ID: s.id(resource.KubernetesNetworkPolicy, namespace, fmt.Sprintf("k%d", i)), Version: s.nextVersion(), Policy: &resource.PolicySpec{
		Tier: "default", Kubernetes: &networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app": fmt.Sprintf("app%d", app)}},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress:     []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "web"}}}}}},
		},
	}}
}

func (s *scene) emit(id resource.ID, obj *resource.Object) {
	s.at = s.at.Add(time.Duration(1+s.rand.IntN(100)) * time.Millisecond)
	c := resource.Change{Time: s.at, ID: id, Object: obj}
	if obj != nil {
		obj.Version = s.nextVersion()
		c.Version = obj.Version
	}
	s.changes = append(s.changes, c)
}

// play adds n changes or a few more.
func (s *scene) play(n int) {
	for len(s.changes) < n {
		switch dice := s.rand.IntN(1000); {
		case dice < 550:
			s.replacePod()
		case dice < 850:
			s.status()
		case dice < 950:
			s.relabel()
		case dice < 998:
			i := s.rand.IntN(len(s.policy))
			s.editPolicy(i)
		default:
			i := s.rand.IntN(s.spaces)
			s.emit(s.objects[2*i].ID, &resource.Object{ID: s.objects[2*i].ID, Labels: map[string]string{
				"team": fmt.Sprintf("t%d", s.rand.IntN(7)), "kubernetes.io/metadata.name": spaceName(i),
			}})
		}
	}
}

func (s *scene) editPolicy(i int) {
	edited := s.newPolicy(i)
	edited.ID = s.policy[i].ID
	s.policy[i] = edited
	s.emit(edited.ID, edited)
}

// pickPod picks any pod, or one of a busy namespace.
func (s *scene) pickPod() int {
	if s.busy == 0 {
		return s.rand.IntN(len(s.pods))
	}
	return s.rand.IntN(s.busy) + s.spaces*s.rand.IntN(len(s.pods)/s.spaces)
}

// replacePod is what a Deployment does: create, bind and status, an updated slice, then the old pod's end and a slice again.
func (s *scene) replacePod() {
	i := s.pickPod()
	old := s.pods[i]
	space, app := 0, 0
	_, _ = fmt.Sscanf(old.ID.Namespace, "space-%d", &space)
	_, _ = fmt.Sscanf(old.Labels["app"], "app%d", &app)
	running := s.newPod(space, app)
	created := *running
	created.Pod = &resource.PodSpec{ServiceAccount: "default", Phase: "Pending", GenerateName: running.Pod.GenerateName}
	s.emit(created.ID, &created)
	s.changes = append(s.changes, resource.Change{Time: s.at, ID: created.ID, Node: running.Pod.Node})
	s.emit(running.ID, running)
	s.reslice(running, running, nil)
	s.reslice(old, nil, old)
	s.emit(old.ID, nil)
	s.pods[i] = running
}

func (s *scene) reslice(of, added, removed *resource.Object) {
	at := of.ID.Namespace + "/" + of.Labels["app"]
	slice := *s.slices[at]
	spec := &resource.BackendsSpec{Service: slice.Backends.Service}
	for _, b := range slice.Backends.Addresses {
		if removed == nil || b.Pod != removed.ID.Namespace+"/"+removed.ID.Name {
			spec.Addresses = append(spec.Addresses, b)
		}
	}
	if added != nil {
		spec.Addresses = append(spec.Addresses, resource.Backend{Pod: added.ID.Namespace + "/" + added.ID.Name, IP: added.Pod.IPs[0]})
	}
	slice.Backends = spec
	s.slices[at] = &slice
	s.emit(slice.ID, &slice)
}

// status is a kubelet's patch: nothing that matters changes.
func (s *scene) status() {
	i := s.pickPod()
	again := *s.pods[i]
	s.pods[i] = &again
	s.emit(again.ID, &again)
}

// relabel edits one pod's labels, back and forth.
func (s *scene) relabel() {
	i := s.pickPod()
	again := *s.pods[i]
	app := 0
	_, _ = fmt.Sscanf(again.Labels["app"], "app%d", &app)
	revision := "1"
	if again.Labels["app.kubernetes.io/version"] == "1" {
		revision = "2"
	}
	again.Labels = podLabels(app, revision)
	s.pods[i] = &again
	s.emit(again.ID, &again)
}

// BenchmarkChanges replays 200,000 changes over clusters of different sizes with 1,000 policies. Everything it says is of the changes
// alone, after the first state was evaluated. The changes are made ahead, chunk by chunk, and making them leaves more garbage
// than applying them: so nothing is collected while a chunk is applied, and what collecting the timeline's own garbage costs is
// added, as gc-ns/change: the bytes that a change allocates, times what a full collection costs for each byte of the heap. cpu-ns/change
// and changes/s hold both. heap is what the timeline holds at the end, the input left out. Run it with GOMAXPROCS=1.
//
// TestWorkOfAChange proves that the work of a change does not depend on the number of pods. The time of the same work does, by the
// processor's caches: the last case is the largest cluster with changes to 1,000 of its pods only, and says how much.
func BenchmarkChanges(b *testing.B) {
	for _, size := range []struct{ pods, busy int }{{1_000, 0}, {10_000, 0}, {100_000, 0}, {100_000, 10}} {
		b.Run(fmt.Sprintf("pods=%d/changing=%d", size.pods, cmp.Or(size.busy*podsPerSpace, size.pods)), func(b *testing.B) {
			var m meter
			for b.Loop() {
				s := newScene(size.pods, 1_000)
				s.busy = size.busy
				benchmarkReplay(b, s, &m)
			}
			changes := float64(m.changes)
			allocated := float64(m.allocated) / changes
			collecting := allocated * float64(m.collecting.Nanoseconds()) / float64(m.collected)
			each := float64(m.applying.Nanoseconds())/changes + collecting
			b.ReportMetric(1e9/each, "changes/s")
			b.ReportMetric(each, "cpu-ns/change")
			b.ReportMetric(collecting, "gc-ns/change")
			b.ReportMetric(allocated, "B/change")
			b.ReportMetric(float64(m.heap)/(1<<20), "heap-MiB")
		})
	}
}

// meter adds up what the changes cost, in processor time: it says more than the clock on a machine that others use too.
type meter struct {
	applying, collecting time.Duration
	changes              int
	allocated            uint64 // bytes, by the changes
	collected            uint64 // bytes that survived the collections
	heap                 uint64
}

// chunk is how many changes are made ahead, outside of what is measured: few enough that the input does not outweigh the timeline.
const chunk = 10_000

func benchmarkReplay(b *testing.B, s *scene, m *meter) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	before := heapBytes()
	tl, err := timeline.New(timeline.Options{Interval: interval.Interval{Start: sceneStart.Add(time.Minute), End: sceneStart.AddDate(1, 0, 0)}, PodsNeedNode: true})
	require.NoError(b, err)
	for _, obj := range s.objects {
		require.NoError(b, tl.Baseline(obj))
	}
	s.play(chunk)
	for i := range s.changes { // after these everything has been evaluated once
		require.NoError(b, tl.Apply(s.changes[i]))
	}
	for range 200_000 / chunk {
		s.changes = s.changes[:0]
		s.play(chunk)
		m.collect()
		m.apply(b, tl, s.changes)
	}
	m.heap = heapBytes() - before
	_, err = tl.Finish()
	require.NoError(b, err)
}

func (m *meter) collect() {
	began := cpuTime()
	m.collected += heapBytes()
	m.collecting += cpuTime() - began
}

func (m *meter) apply(b *testing.B, tl *timeline.Timeline, changes []resource.Change) {
	before, began := allocatedBytes(), cpuTime()
	for i := range changes {
		if err := tl.Apply(changes[i]); err != nil {
			require.NoError(b, err)
		}
	}
	m.applying += cpuTime() - began
	m.allocated += allocatedBytes() - before
	m.changes += len(changes)
}

func allocatedBytes() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func heapBytes() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
