package sample

import (
	"fmt"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probity/probity/internal/resource"
)

// netSet is a NetworkSet or GlobalNetworkSet.
type netSet struct {
	namespace string
	name      string
	labels    map[string]string
	nets      []string
	object    *object
}

func (s *netSet) kind() resource.Kind {
	if s.namespace == "" {
		return resource.GlobalNetworkSet
	}
	return resource.NetworkSet
}

// build sets the cluster up, weeks before the day, without a log.
func (w *world) build() {
	w.quiet = true
	w.now = w.opts.Day.AddDate(0, 0, -40)
	admin := robin
	w.buildNodes(admin)
	for _, ns := range namespaces {
		o := newObject(resource.Namespace, "", ns.name)
		o.Labels = map[string]string{"kubernetes.io/metadata.name": ns.name}
		for key, value := range ns.labels {
			o.Labels[key] = value
		}
		o.Spec = corev1.NamespaceSpec{Finalizers: []corev1.FinalizerName{corev1.FinalizerKubernetes}}
		o.Status = corev1.NamespaceStatus{Phase: corev1.NamespaceActive}
		w.create(admin, o)
		w.create(controller("service-account-controller"), newObject(resource.ServiceAccount, ns.name, "default"))
	}
	for _, tier := range tiers {
		o := newObject(resource.Tier, "", tier.name)
		o.Spec = v3.TierSpec{Order: ptr(tier.order), DefaultAction: ptr(tier.defaultAction)}
		w.create(admin, o)
	}
	for _, set := range netSets() {
		w.addSet(admin, set)
	}
	w.apps = catalogue()
	for _, p := range policyCatalogue(w.apps) {
		w.now = w.now.Add(w.rnd.between(time.Minute, 2*time.Hour))
		w.enact(admin, p)
	}
	for _, a := range w.apps {
		w.now = w.opts.Day.AddDate(0, 0, -w.rnd.IntN(20)-2).Add(w.rnd.between(0, 20*time.Hour))
		w.deploy(a)
	}
	w.quiet = false
}

// deploy makes an app's account, service and pods.
func (w *world) deploy(a *app) {
	w.create(cicd, newObject(resource.ServiceAccount, a.namespace, a.name))
	if !a.noService {
		w.expose(cicd, a)
	}
	a.hash = w.rnd.word(9)
	switch a.form {
	case daemonSet:
		for _, node := range w.nodes {
			w.start(a, node)
		}
	case deployment:
		for range a.replicas * w.opts.Scale {
			w.now = w.now.Add(w.rnd.between(time.Second, 20*time.Minute))
			w.start(a, "")
		}
	}
}

func (w *world) addSet(by actor, set *netSet) {
	o := newObject(set.kind(), set.namespace, set.name)
	o.Labels = set.labels
	o.Spec = v3.NetworkSetSpec{Nets: set.nets}
	set.object = w.create(by, o)
	w.sets = append(w.sets, set)
}

// buildNodes makes the nodes, two of which run the control plane, the API servers' own pods, and a host endpoint for each.
func (w *world) buildNodes(by actor) {
	w.nodes = []string{"cp-1", "cp-2"}
	for i := range 3 * w.opts.Scale {
		w.nodes = append(w.nodes, fmt.Sprintf("worker-%d", i+1))
	}
	for i, name := range w.nodes {
		node := newObject(resource.Node, "", name)
		role := "worker"
		if i < 2 {
			role = "control-plane"
		}
		node.Labels = map[string]string{"kubernetes.io/hostname": name, "node-role.kubernetes.io/" + role: "", "kubernetes.io/os": "linux"}
		node.Status = corev1.NodeStatus{
			Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: nodeIP(name)}},
			NodeInfo:  corev1.NodeSystemInfo{KubeletVersion: "v1.36.3", OSImage: "Debian GNU/Linux 13", Architecture: "amd64", OperatingSystem: "linux"},
		}
		w.create(by, node)
		hep := newObject(resource.HostEndpoint, "", name+"-eth0")
		hep.Labels = map[string]string{"host-endpoint": "true", "role": role}
		hep.Spec = v3.HostEndpointSpec{Node: name, InterfaceName: "eth0", ExpectedIPs: []string{nodeIP(name)}}
		w.create(by, hep)
	}
	server := &app{namespace: "kube-system", name: "kube-apiserver", host: true, noService: true, hash: "static-pod"}
	for _, node := range w.nodes[:2] {
		p := server.draft()
		p.app, p.GenerateName, p.Name = nil, "", "kube-apiserver-"+node
		p.Labels = map[string]string{"component": "kube-apiserver", "tier": "control-plane"}
		p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: w.rnd.word(16)}
		w.create(kubelet(node), p.object)
		w.launch(p, node)
	}
}

// beat is a node's regular word on itself.
func (w *world) beat(name string) {
	node := w.get(resource.Node, "", name)
	now := metav1.NewTime(w.now.Truncate(time.Second))
	w.patchPart(kubelet(name), node, part{"status", map[string]any{"status": map[string]any{}}}, func() {
		node.ManagedFields = []metav1.ManagedFieldsEntry{{
			Manager: "kubelet", Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1", Time: &now, Subresource: "status",
			FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:status":{"f:conditions":{}}}`),
		}}
	})
}
