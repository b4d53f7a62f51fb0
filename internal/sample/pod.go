package sample

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probity/probity/internal/resource"
)

// grace is how long a pod may take to stop, in seconds.
const grace = 30

// pod is a pod that exists.
type pod struct {
	*object
	app    *app // nil for one that nobody manages
	spec   *corev1.PodSpec
	status *corev1.PodStatus
	addr   netip.Addr
	ready  bool
}

func (p *pod) node() string { return p.spec.NodeName }

// side is the pod as the one side of a connection.
func (w *world) side(p *pod) side {
	labels := map[string]string{"projectcalico.org/orchestrator": "k8s"}
	for key, value := range p.Labels {
		labels[key] = value
	}
	ns := w.get(resource.Namespace, "", p.Namespace)
	return side{labels: labels, namespace: p.Namespace, nsLabels: ns.Labels, addr: p.addr}
}

func protocolOf(name string) corev1.Protocol { return corev1.Protocol(name) }

// draft is a pod as its maker sends it.
func (a *app) draft() *pod {
	o := newObject(resource.Pod, a.namespace, "")
	o.GenerateName = a.generateName()
	o.Labels = a.podLabels()
	spec := &corev1.PodSpec{
		ServiceAccountName: a.name, HostNetwork: a.host, TerminationGracePeriodSeconds: ptr(int64(grace)), SchedulerName: "default-scheduler",
		RestartPolicy: corev1.RestartPolicyAlways, DNSPolicy: corev1.DNSClusterFirst,
		Containers: []corev1.Container{a.container()},
	}
	if a.form == job {
		spec.RestartPolicy = corev1.RestartPolicyNever
	}
	if a.envoy {
		o.Annotations = map[string]string{
			"sidecar.istio.io/status": `{"initContainers":["istio-init"],"containers":["istio-proxy"],"volumes":["istio-envoy"],"revision":"default"}`,
		}
		spec.InitContainers = []corev1.Container{{Name: "istio-init", Image: "registry.example/istio/proxyv2:1.29.0", Args: []string{"istio-iptables"}}}
		spec.Containers = append(spec.Containers, corev1.Container{Name: "istio-proxy", Image: "registry.example/istio/proxyv2:1.29.0"})
	}
	p := &pod{object: o, app: a, spec: spec, status: &corev1.PodStatus{Phase: corev1.PodPending, QOSClass: corev1.PodQOSBurstable}}
	o.Spec, o.Status = spec, p.status
	return p
}

func (a *app) container() corev1.Container {
	c := corev1.Container{
		Name: a.name, Image: "registry.example/" + a.namespace + "/" + a.name + ":" + imageTag(a), ImagePullPolicy: corev1.PullIfNotPresent,
		Env: []corev1.EnvVar{{Name: "LOG_LEVEL", Value: "info"}, {Name: "REGION", Value: "eu-1"}},
		SecurityContext: &corev1.SecurityContext{
			RunAsNonRoot: ptr(true), AllowPrivilegeEscalation: ptr(false), ReadOnlyRootFilesystem: ptr(true),
		},
	}
	if a.port > 0 {
		c.Ports = []corev1.ContainerPort{{Name: "main", ContainerPort: int32(a.port), Protocol: protocolOf(a.proto())}}
		c.ReadinessProbe = &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(int32(a.port))}},
			PeriodSeconds: 10, TimeoutSeconds: 1, FailureThreshold: 3,
		}
	}
	return c
}

func imageTag(a *app) string {
	if a.hash == "" {
		return "v1"
	}
	return "build-" + a.hash[:6]
}

// maker is the controller that creates and deletes an app's pods.
func (a *app) maker() actor {
	switch a.form {
	case daemonSet:
		return controller("daemon-set-controller")
	case job:
		return controller("job-controller")
	}
	return controller("replicaset-controller")
}

// start makes a pod of an app on a node ("" = any worker): creation, binding, and what the node says once it runs.
func (w *world) start(a *app, node string) *pod {
	p := a.draft()
	w.create(a.maker(), p.object)
	a.pods = append(a.pods, p)
	w.launch(p, node)
	return p
}

// launch binds a created pod and lets it come up.
func (w *world) launch(p *pod, node string) {
	w.podCount++
	if node == "" {
		node = pick(w.rnd, w.nodes[2:])
	}
	w.soon(w.rnd.between(5*time.Millisecond, 40*time.Millisecond), func() { w.bind(p, node) })
	w.soon(w.rnd.between(1500*time.Millisecond, 6*time.Second), func() { w.come(p) })
}

// soon is after, but at once while the cluster is built.
func (w *world) soon(d time.Duration, do func()) {
	if w.quiet {
		do()
		return
	}
	w.after(d, do)
}

func (w *world) exists(p *pod) bool { return w.objects[p.key()] == p.object }

// bind is the scheduler's part: an answer without the pod (audit-log.md 27).
func (w *world) bind(p *pod, node string) {
	if !w.exists(p) {
		return
	}
	p.spec.NodeName = node
	p.ResourceVersion = w.nextVersion()
	ref := w.refTo(p.object)
	ref.Subresource = "binding"
	w.send(request{
		by: planner, verb: "create", ref: ref, code: http.StatusCreated, answer: &metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusSuccess, Code: http.StatusCreated,
		},
		body: &corev1.Binding{
			TypeMeta:   metav1.TypeMeta{Kind: "Binding", APIVersion: "v1"},
			ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, UID: p.UID},
			Target:     corev1.ObjectReference{Kind: "Node", Name: node},
		},
	})
}

// come is the kubelet's word that the pod runs and is ready.
func (w *world) come(p *pod) {
	if !w.exists(p) || p.DeletionTimestamp != nil {
		return
	}
	p.addr = w.address(p)
	p.ready = true
	now := metav1.NewTime(w.now.Truncate(time.Second))
	status := corev1.PodStatus{
		Phase: corev1.PodRunning, QOSClass: corev1.PodQOSBurstable, HostIP: nodeIP(p.node()), PodIP: p.addr.String(),
		PodIPs: []corev1.PodIP{{IP: p.addr.String()}}, StartTime: &now,
	}
	for _, kind := range []corev1.PodConditionType{corev1.PodScheduled, corev1.PodReady} {
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
	for _, c := range p.spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
		})
	}
	said := part{"status", map[string]any{"metadata": map[string]any{"uid": p.UID}, "status": status}}
	w.patchPart(kubelet(p.node()), p.object, said, func() { *p.status = status })
	w.soon(w.rnd.between(20*time.Millisecond, 120*time.Millisecond), func() { w.refresh(p.app) })
}

// finish lets a job's pod end its work.
func (w *world) finish(p *pod) {
	p.ready = false
	status := *p.status
	status.Phase = corev1.PodSucceeded
	status.Conditions, status.ContainerStatuses = nil, nil
	said := part{"status", map[string]any{"status": map[string]any{"phase": status.Phase}}}
	w.patchPart(kubelet(p.node()), p.object, said, func() { *p.status = status })
}

// stop deletes a running pod: the first delete marks it, the kubelet's ends it (audit-log.md 5). A finished pod goes at once.
func (w *world) stop(by actor, p *pod) {
	if !w.exists(p) || p.DeletionTimestamp != nil {
		return
	}
	if p.status.Phase == corev1.PodSucceeded {
		p.DeletionTimestamp, p.DeletionGracePeriodSeconds = ptr(metav1.NewTime(w.now.Truncate(time.Second))), ptr(int64(0))
		w.drop(by, p)
		return
	}
	w.mark(p)
	w.send(request{by: by, verb: "delete", ref: w.refTo(p.object), body: deleteOptions(), answer: p.object, code: http.StatusOK})
	w.farewell(p)
}

// mark sets the pod's deletion time, which lies in the future.
func (w *world) mark(p *pod) {
	p.DeletionTimestamp = ptr(metav1.NewTime(w.now.Add(grace * time.Second).Truncate(time.Second)))
	p.DeletionGracePeriodSeconds = ptr(int64(grace))
	p.ResourceVersion = w.nextVersion()
	p.ready = false
}

// farewell is what follows a mark: the services leave the pod out, and the kubelet deletes it, now and then twice.
func (w *world) farewell(p *pod) {
	w.after(w.rnd.between(10*time.Millisecond, 80*time.Millisecond), func() { w.refresh(p.app) })
	w.after(w.rnd.between(1200*time.Millisecond, 5*time.Second), func() {
		*p.DeletionGracePeriodSeconds = 0
		w.drop(kubelet(p.node()), p)
		if w.rnd.chance(0.08) {
			w.after(time.Second, func() {
				w.refuse(request{by: kubelet(p.node()), verb: "delete", ref: w.refTo(p.object), code: http.StatusNotFound})
			})
		}
	})
}

// drop takes a pod out of the cluster.
func (w *world) drop(by actor, p *pod) {
	if !w.exists(p) {
		return
	}
	w.remove(by, p.object)
	if p.app != nil {
		p.app.pods = slices.DeleteFunc(p.app.pods, func(q *pod) bool { return p == q })
	}
}

// address gives a pod its address: the node's for one on the host's network.
func (w *world) address(p *pod) netip.Addr {
	if p.spec.HostNetwork {
		return netip.MustParseAddr(nodeIP(p.node()))
	}
	w.addrs++
	return netip.AddrFrom4([4]byte{10, 244, byte(w.addrs / 250), byte(2 + w.addrs%250)})
}

// nodeIP is a function of the name, so that no list of nodes is needed: "worker-3" is 10.0.1.3.
func nodeIP(node string) string {
	var number int
	if _, err := fmt.Sscanf(node, "worker-%d", &number); err == nil {
		return fmt.Sprintf("10.0.%d.%d", 1+number/250, number%250)
	}
	_, _ = fmt.Sscanf(node, "cp-%d", &number) // the only other form there is
	return fmt.Sprintf("10.0.0.%d", 10+number)
}
