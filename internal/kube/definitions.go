package kube

import (
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// The kinds of definitions, as an API server serves them.
var (
	GlobalReports     = schema.GroupVersionResource{Group: "projectcalico.org", Version: "v3", Resource: "globalreports"}
	GlobalReportTypes = schema.GroupVersionResource{Group: "projectcalico.org", Version: "v3", Resource: "globalreporttypes"}
)

// Object is a definition as an API server stores it, JSON without managedFields.
type Object struct {
	Name string
	Raw  json.RawMessage
}

// Lister lists definitions.
type Lister struct{ client dynamic.Interface }

// NewLister does not talk to the API server yet.
func NewLister(config *rest.Config) (*Lister, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for the API server: %w", err)
	}
	return &Lister{client}, nil
}

// listPage is how many definitions are asked for at a time.
const listPage = 500

// List gives all definitions of a kind, in the order of their names.
func (l *Lister) List(ctx context.Context, kind schema.GroupVersionResource) ([]Object, error) {
	var out []Object
	options := metav1.ListOptions{Limit: listPage}
	for {
		page, err := l.client.Resource(kind).List(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("list %s of the API server: %w", kind.Resource, err)
		}
		for i := range page.Items {
			object, err := objectOf(&page.Items[i])
			if err != nil {
				return nil, err
			}
			out = append(out, object)
		}
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return out, nil
		}
	}
}

func objectOf(item *unstructured.Unstructured) (Object, error) {
	raw, err := item.MarshalJSON()
	if err != nil {
		return Object{}, fmt.Errorf("encode %s %s: %w", item.GetKind(), item.GetName(), err)
	}
	return Object{Name: item.GetName(), Raw: raw}, nil
}
