package sample

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/probity/probity/internal/resource"
)

// expose makes an app's Service, and the empty Endpoints and EndpointSlice that its controllers make for it.
func (w *world) expose(by actor, a *app) {
	service := newObject(resource.Service, a.namespace, a.serviceName())
	service.Labels = map[string]string{"app": a.name}
	w.addrs++
	address := fmt.Sprintf("10.96.%d.%d", w.addrs/250, 1+w.addrs%250)
	service.Spec = corev1.ServiceSpec{
		Type: corev1.ServiceTypeClusterIP, ClusterIP: address, ClusterIPs: []string{address}, Selector: map[string]string{"app": a.name},
		Ports: []corev1.ServicePort{{Name: "main", Port: int32(a.port), Protocol: protocolOf(a.proto())}},
	}
	w.create(by, service)
	endpoints := newObject(resource.Endpoints, a.namespace, a.serviceName())
	endpoints.Labels = map[string]string{"app": a.name}
	w.create(controller("endpoint-controller"), endpoints)
	slice := newObject(resource.EndpointSlice, a.namespace, a.serviceName()+"-"+w.rnd.word(5))
	slice.Labels = map[string]string{"kubernetes.io/service-name": a.serviceName(), "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
	slice.AddressType = string(discoveryv1.AddressTypeIPv4)
	a.slice = w.create(controller("endpointslice-controller"), slice)
	w.refresh(a)
}

// refresh writes the ready pods of an app into its service's Endpoints and EndpointSlice.
func (w *world) refresh(a *app) {
	if a == nil || a.noService {
		return
	}
	endpoints := w.get(resource.Endpoints, a.namespace, a.serviceName())
	slice := w.objects[a.slice.key()]
	if endpoints == nil || slice == nil {
		return // the namespace is being deleted
	}
	ready := slices.DeleteFunc(slices.Clone(a.pods), func(p *pod) bool { return !p.ready })
	slices.SortFunc(ready, func(p, q *pod) int { return cmp.Or(p.addr.Compare(q.addr), cmp.Compare(p.Name, q.Name)) })
	if !w.quiet && w.rnd.chance(0.04) {
		w.refuse(request{
			by: controller("endpointslice-controller"), verb: "update", ref: w.refTo(slice), code: http.StatusConflict, body: slice,
		})
	}
	w.update(controller("endpointslice-controller"), slice, func() { fillSlice(slice, a, ready) })
	w.update(controller("endpoint-controller"), endpoints, func() { fillEndpoints(endpoints, a, ready) })
}

func target(p *pod) *corev1.ObjectReference {
	return &corev1.ObjectReference{Kind: "Pod", Namespace: p.Namespace, Name: p.Name, UID: p.UID}
}

func fillSlice(slice *object, a *app, ready []*pod) {
	var endpoints []discoveryv1.Endpoint
	for _, p := range ready {
		endpoints = append(endpoints, discoveryv1.Endpoint{
			Addresses: []string{p.addr.String()}, TargetRef: target(p), NodeName: ptr(p.node()),
			Conditions: discoveryv1.EndpointConditions{Ready: ptr(true), Serving: ptr(true), Terminating: ptr(false)},
		})
	}
	slice.Endpoints = endpoints
	slice.Ports = []discoveryv1.EndpointPort{{Name: ptr("main"), Port: ptr(int32(a.port)), Protocol: ptr(protocolOf(a.proto()))}}
}

func fillEndpoints(o *object, a *app, ready []*pod) {
	if len(ready) == 0 {
		o.Subsets = nil
		return
	}
	var addresses []corev1.EndpointAddress
	for _, p := range ready {
		addresses = append(addresses, corev1.EndpointAddress{IP: p.addr.String(), TargetRef: target(p), NodeName: ptr(p.node())})
	}
	// Endpoints are deprecated and still in every cluster's log: a reader must cope with both.
	o.Subsets = []corev1.EndpointSubset{{ //nolint:staticcheck // see above
		Addresses: addresses, Ports: []corev1.EndpointPort{{Name: "main", Port: int32(a.port), Protocol: protocolOf(a.proto())}},
	}}
}
