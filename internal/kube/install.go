package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// installed are the kinds that Install knows; all are without a namespace.
var installed = map[string]schema.GroupVersionResource{
	"CustomResourceDefinition": definitionsOfDefinitions,
	"GlobalReportType":         GlobalReportTypes,
}

// installer is the field manager of what Install applies.
const installer = "probity"

// establishWithin bounds the wait for a definition that was just installed.
const establishWithin = 30 * time.Second

// Install applies a YAML stream of definitions and report types, in their order, by server-side apply. A definition is
// served when it returns. What another installer owns is not taken over: that is an error which names the fields.
func Install(ctx context.Context, config *rest.Config, manifests []byte) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client for the API server: %w", err)
	}
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("decode manifests: %w", err)
		}
		if len(object.Object) == 0 {
			continue
		}
		if err := install(ctx, client, object); err != nil {
			return fmt.Errorf("install %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
}

func install(ctx context.Context, client dynamic.Interface, object *unstructured.Unstructured) error {
	kind, ok := installed[object.GetKind()]
	if !ok {
		return errors.New("only definitions and report types can be installed")
	}
	_, err := client.Resource(kind).Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: installer})
	if err != nil || kind != definitionsOfDefinitions {
		return err
	}
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, establishWithin, true, func(ctx context.Context) (bool, error) {
		crd, err := client.Resource(kind).Get(ctx, object.GetName(), metav1.GetOptions{})
		return err == nil && established(crd), nil
	})
}

func established(crd *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(crd.Object, "status", "conditions")
	for _, condition := range conditions {
		c, _ := condition.(map[string]any)
		if c["type"] == "Established" && c["status"] == "True" {
			return true
		}
	}
	return false
}
