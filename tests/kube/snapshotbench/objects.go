package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
)

const (
	namespaces = 100
	writers    = 32
)

// fill makes the objects that are missing: half of them pods, the others services, slices, accounts and policies.
func fill(ctx context.Context, c kubernetes.Interface, objects int) (int, error) {
	if some, err := c.CoreV1().Namespaces().Get(ctx, "filled", metav1.GetOptions{}); err == nil && some.Labels["objects"] == fmt.Sprint(objects) {
		return 0, nil
	}
	for i := range namespaces {
		_, err := c.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: space(i)}}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return 0, err
		}
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for i := range objects {
		group.Go(func() error {
			err := create(inner, c, i)
			if apierrors.IsAlreadyExists(err) {
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	_, err := c.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: "filled", Labels: map[string]string{"objects": fmt.Sprint(objects)}},
	}, metav1.CreateOptions{})
	return objects, err
}

func space(i int) string { return fmt.Sprintf("team-%02d", i%namespaces) }

func create(ctx context.Context, c kubernetes.Interface, i int) error {
	in, options := space(i/10), metav1.CreateOptions{FieldManager: "kube-controller-manager"}
	meta := metav1.ObjectMeta{Name: fmt.Sprintf("app-%06d", i), Namespace: in, Labels: labels(i), Annotations: map[string]string{
		"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": in}}
	var err error
	switch i % 10 {
	case 0, 1, 2, 3, 4:
		return createPod(ctx, c, i)
	case 5:
		_, err = c.CoreV1().ServiceAccounts(in).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, options)
	case 6:
		_, err = c.NetworkingV1().NetworkPolicies(in).Create(ctx, policy(meta), options)
	case 7:
		_, err = c.CoreV1().Endpoints(in).Create(ctx, &corev1.Endpoints{ObjectMeta: meta, Subsets: []corev1.EndpointSubset{{ //nolint:staticcheck // followed
			Addresses: []corev1.EndpointAddress{{IP: address(i), TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: meta.Name, Namespace: in}}},
			Ports:     []corev1.EndpointPort{{Name: "http", Port: 8080}},
		}}}, options)
	default:
		port, name := int32(8080), "http"
		_, err = c.DiscoveryV1().EndpointSlices(in).Create(ctx, &discoveryv1.EndpointSlice{
			ObjectMeta: meta, AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Name: &name, Port: &port}},
			Endpoints: []discoveryv1.Endpoint{{
				Addresses: []string{address(i)}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: meta.Name, Namespace: in}}},
		}, options)
	}
	return err
}

func labels(i int) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name": fmt.Sprintf("app-%d", i%500), "app.kubernetes.io/instance": "shop", "app.kubernetes.io/version": "1.14.2",
		"app.kubernetes.io/component": "backend", "app.kubernetes.io/managed-by": "Helm", "pod-template-hash": fmt.Sprintf("%08x", i/10*2654435761),
		"tier": []string{"web", "logic", "data"}[i%3],
	}
}

func address(i int) string { return fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255) }

func policy(meta metav1.ObjectMeta) *networkingv1.NetworkPolicy {
	port := intstr.FromInt32(8080)
	return &networkingv1.NetworkPolicy{ObjectMeta: meta, Spec: networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"tier": "data"}},
		Ingress: []networkingv1.NetworkPolicyIngressRule{{
			Ports: []networkingv1.NetworkPolicyPort{{Port: &port}},
			From:  []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "logic"}}}},
		}},
	}}
}

// createPod makes a pod of the size that pods have: about 7 kB as JSON, a third of it managed fields.
func createPod(ctx context.Context, c kubernetes.Interface, i int) error {
	in := space(i / 10)
	yes, now := true, metav1.NewTime(time.Now())
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("app-%d-%08x-%06d", i%500, i/10*2654435761, i), Namespace: in, Labels: labels(i),
			GenerateName: fmt.Sprintf("app-%d-%08x-", i%500, i/10*2654435761),
			Annotations: map[string]string{
				"cni.projectcalico.org/containerID": fmt.Sprintf("%064x", i), "cni.projectcalico.org/podIP": address(i) + "/32",
				"cni.projectcalico.org/podIPs": address(i) + "/32", "checksum/config": fmt.Sprintf("%064x", i*7919),
				"prometheus.io/scrape": "true", "prometheus.io/port": "9090"},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "ReplicaSet", Name: fmt.Sprintf("app-%d-%08x", i%500, i/10*2654435761),
				UID: "4fd1c0a5-3f0e-4a0e-9c39-2f3a7c9f8c11", Controller: &yes, BlockOwnerDeletion: &yes}},
		},
		Spec: corev1.PodSpec{
			NodeName: fmt.Sprintf("node-%d", i%200), ServiceAccountName: "default", Containers: []corev1.Container{container("app", 12), container("sidecar", 6)},
			Tolerations: []corev1.Toleration{
				{Key: "node.kubernetes.io/not-ready", Operator: "Exists", Effect: "NoExecute"}, {Key: "node.kubernetes.io/unreachable", Operator: "Exists", Effect: "NoExecute"}},
			Volumes: []corev1.Volume{
				{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "app-config"}}}},
				{Name: "cache", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		},
	}
	made, err := c.CoreV1().Pods(in).Create(ctx, pod, metav1.CreateOptions{FieldManager: "kube-controller-manager"})
	if err != nil {
		return err
	}
	made.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: address(i), PodIPs: []corev1.PodIP{{IP: address(i)}}, HostIP: "192.0.2.7", StartTime: &now, QOSClass: corev1.PodQOSBurstable}
	for _, kind := range []corev1.PodConditionType{corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled} {
		made.Status.Conditions = append(made.Status.Conditions, corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
	for _, name := range []string{"app", "sidecar"} {
		made.Status.ContainerStatuses = append(made.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: name, Ready: true, Started: &yes, Image: "registry.example.com/shop/" + name + ":1.14.2",
			ImageID:     "registry.example.com/shop/" + name + "@sha256:7f1d6a3d5a0e1f0b4a0c0e4a6ad3f07fb4a9f2a6f4c4f7d8a0a5d7c9b1e3f502",
			ContainerID: "containerd://9a0b7c6d5e4f39281706a5b4c3d2e1f09a0b7c6d5e4f39281706a5b4c3d2e1f0", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}}})
	}
	_, err = c.CoreV1().Pods(in).UpdateStatus(ctx, made, metav1.UpdateOptions{FieldManager: "kubelet"})
	return err
}

func container(name string, variables int) corev1.Container {
	c := corev1.Container{
		Name: name, Image: "registry.example.com/shop/" + name + ":1.14.2", Ports: []corev1.ContainerPort{{Name: "http-" + name[:3], ContainerPort: int32(8000 + variables)}},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("128Mi")},
			Limits:   corev1.ResourceList{"memory": resource.MustParse("256Mi")}},
		VolumeMounts:  []corev1.VolumeMount{{Name: "config", MountPath: "/etc/app"}, {Name: "cache", MountPath: "/var/cache/app"}},
		LivenessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080)}}},
	}
	for i := range variables {
		c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprintf("SETTING_%d", i), Value: fmt.Sprintf("value of the setting number %d", i)})
	}
	return c
}
