package resource

import (
	"encoding/json"
	"slices"
)

// istioStatusAnnotation is what the Istio sidecar injector leaves on a pod: the names of what it put in.
const istioStatusAnnotation = "sidecar.istio.io/status"

type container struct {
	Name          string `json:"name"`
	RestartPolicy string `json:"restartPolicy"`
}

type podJSON struct {
	NodeName           string      `json:"nodeName"`
	HostNetwork        bool        `json:"hostNetwork"`
	ServiceAccountName string      `json:"serviceAccountName"`
	DeprecatedAccount  string      `json:"serviceAccount"`
	InitContainers     []container `json:"initContainers"`
	Containers         []container `json:"containers"`
}

func readPod(obj *Object, env *envelope) error {
	var spec podJSON
	if err := decode("spec", env.Spec, &spec); err != nil {
		return err
	}
	var status struct {
		Phase  string `json:"phase"`
		PodIP  string `json:"podIP"`
		PodIPs []struct {
			IP string `json:"ip"`
		} `json:"podIPs"`
	}
	if err := decode("status", env.Status, &status); err != nil {
		return err
	}
	pod := &PodSpec{
		Node:           spec.NodeName,
		HostNetwork:    spec.HostNetwork,
		ServiceAccount: spec.ServiceAccountName,
		Phase:          status.Phase,
		GenerateName:   env.Metadata.GenerateName,
		Envoy:          hasEnvoy(env.Metadata.Annotations[istioStatusAnnotation], &spec),
	}
	if pod.ServiceAccount == "" {
		pod.ServiceAccount = spec.DeprecatedAccount
	}
	if pod.ServiceAccount == "" {
		pod.ServiceAccount = "default" // as admission fills it in; a manifest on disk lacks it
	}
	for _, ip := range status.PodIPs {
		pod.IPs = append(pod.IPs, ip.IP)
	}
	if len(pod.IPs) == 0 && status.PodIP != "" {
		pod.IPs = []string{status.PodIP}
	}
	obj.Pod = pod
	return nil
}

// hasEnvoy tells whether the annotation names an init and a proxy container and the pod has both. With native sidecars the
// proxy is an init container whose restartPolicy is Always (Kubernetes 1.29), so both are looked for in both lists.
func hasEnvoy(annotation string, spec *podJSON) bool {
	if annotation == "" {
		return false
	}
	var injected struct {
		InitContainers []string `json:"initContainers"`
		Containers     []string `json:"containers"`
	}
	if json.Unmarshal([]byte(annotation), &injected) != nil {
		return false
	}
	isInit := func(c container) bool { return slices.Contains(injected.InitContainers, c.Name) }
	// Istio names a native sidecar in initContainers of its annotation, a classic one in containers.
	isProxy := func(c container) bool {
		return slices.Contains(injected.Containers, c.Name) || c.RestartPolicy == "Always" && isInit(c)
	}
	plainInit := func(c container) bool { return isInit(c) && c.RestartPolicy != "Always" }
	hasInit := slices.ContainsFunc(spec.InitContainers, plainInit)
	hasProxy := slices.ContainsFunc(spec.Containers, isProxy) ||
		slices.ContainsFunc(spec.InitContainers, func(c container) bool { return c.RestartPolicy == "Always" && isProxy(c) })
	return hasInit && hasProxy
}
