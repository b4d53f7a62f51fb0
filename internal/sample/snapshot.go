package sample

import (
	"bytes"

	"sigs.k8s.io/yaml"

	"github.com/probity/probity/internal/resource"
)

// snapshot writes the state into the folder cluster/, in as many forms as people keep such files in.
func (w *world) snapshot() {
	of := func(kinds ...resource.Kind) []*object {
		var objects []*object
		for _, kind := range kinds {
			objects = append(objects, w.allOf(kind, "")...)
		}
		return objects
	}
	w.files.file("cluster/namespaces.yaml", w.yaml(mixed(of(resource.Namespace, resource.ServiceAccount))))
	w.files.json("cluster/nodes.json", listOf(resource.Node, w.nextVersion(), of(resource.Node)))
	w.files.file("cluster/pods.ndjson.gz", w.lines(of(resource.Pod)))
	w.files.json("cluster/services.json", mixed(of(resource.Service, resource.Endpoints)))
	w.files.json("cluster/endpointslices.json", listOf(resource.EndpointSlice, w.nextVersion(), of(resource.EndpointSlice)))
	w.files.file("cluster/policies/kubernetes.yaml", w.documents(of(resource.KubernetesNetworkPolicy)))
	w.files.file("cluster/policies/calico.yaml", w.documents(of(resource.Tier, resource.NetworkPolicy, resource.GlobalNetworkPolicy)))
	w.files.file("cluster/policies/staged.ndjson", w.lines(of(
		resource.StagedNetworkPolicy, resource.StagedGlobalNetworkPolicy, resource.StagedKubernetesNetworkPolicy)))
	w.files.json("cluster/hostendpoints.json", mixed(of(resource.HostEndpoint)))
	var sets []*object
	for _, o := range of(resource.NetworkSet, resource.GlobalNetworkSet) {
		if o.kind == resource.NetworkSet {
			o = o.stored(w.files) // a person exported the custom resource itself
		}
		sets = append(sets, o)
	}
	w.files.file("cluster/sets.yaml", w.documents(sets))
	w.files.file("cluster/other.yaml", []byte(otherManifests))
}

// otherManifests are of kinds that are not followed: a reader passes them over, and the Secret must show up nowhere.
const otherManifests = `# what else the export held
apiVersion: v1
kind: ConfigMap
metadata: {name: shop-settings, namespace: shop}
data: {currency: EUR}
---
apiVersion: v1
kind: Secret
metadata: {name: payment-key, namespace: shop}
stringData: {key: this-must-be-seen-nowhere}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: frontend, namespace: shop}
spec: {replicas: 9}
`

// mixed is a List as kubectl prints it for several kinds.
func mixed(objects []*object) *list {
	l := &list{Items: objects}
	l.Kind, l.APIVersion = "List", "v1"
	return l
}

func (w *world) yaml(value any) []byte {
	data, err := yaml.Marshal(value)
	w.files.check(err)
	return data
}

func (w *world) documents(objects []*object) []byte {
	var out bytes.Buffer
	for _, o := range objects {
		out.WriteString("---\n")
		out.Write(w.yaml(o))
	}
	return out.Bytes()
}

func (w *world) lines(objects []*object) []byte {
	var out []byte
	for _, o := range objects {
		out = append(out, w.files.line(o)...)
	}
	return out
}
