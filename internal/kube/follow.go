package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// Followed keeps a copy of the definitions of an API server, and of their status, up to date.
type Followed struct {
	client  dynamic.Interface
	logger  *slog.Logger
	reports cache.SharedIndexInformer
	types   cache.SharedIndexInformer

	mu   sync.Mutex
	told map[string]bool // watch errors already logged
}

// Follow does not talk to the API server yet.
func Follow(config *rest.Config, logger *slog.Logger) (*Followed, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for the API server: %w", err)
	}
	f := &Followed{client: client, logger: logger, told: map[string]bool{}}
	factory := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
	for kind, into := range map[schema.GroupVersionResource]*cache.SharedIndexInformer{GlobalReports: &f.reports, GlobalReportTypes: &f.types} {
		informer := factory.ForResource(kind).Informer()
		err := errors.Join(
			informer.SetTransform(withoutManagedFields),
			informer.SetWatchErrorHandlerWithContext(func(ctx context.Context, _ *cache.Reflector, err error) {
				if ctx.Err() == nil {
					f.tell(kind.Resource, err)
				}
			}))
		if err != nil {
			return nil, fmt.Errorf("follow %s: %w", kind.Resource, err)
		}
		*into = informer
	}
	return f, nil
}

func withoutManagedFields(object any) (any, error) {
	if item, ok := object.(*unstructured.Unstructured); ok {
		item.SetManagedFields(nil)
	}
	return object, nil
}

// tell logs what keeps a kind from being followed, each reason once; the informer tries again by itself.
func (f *Followed) tell(resource string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || f.told[err.Error()] {
		return
	}
	f.told[err.Error()] = true
	hint := "it is tried again"
	switch {
	case apierrors.IsNotFound(err):
		hint = "install the definitions: kubectl apply --server-side -k deploy/crds"
	case apierrors.IsForbidden(err):
		hint = "give the starter its rights: kubectl apply -k deploy/rbac"
	}
	f.logger.Warn("definitions cannot be followed", "resource", resource, "error", err, "hint", hint)
}

// Run follows until ctx ends. changed is told the name of each report that was added, changed or removed, and "" when a type was;
// it is not called before synced, which is called once, when the copy is complete.
func (f *Followed) Run(ctx context.Context, synced func(), changed func(report string)) error {
	handlers := []struct {
		informer cache.SharedIndexInformer
		name     func(*unstructured.Unstructured) string
	}{
		{f.reports, func(item *unstructured.Unstructured) string { return item.GetName() }},
		{f.types, func(*unstructured.Unstructured) string { return "" }},
	}
	var running sync.WaitGroup
	for _, h := range handlers {
		if _, err := h.informer.AddEventHandler(notify(h.name, changed)); err != nil {
			return fmt.Errorf("follow definitions: %w", err)
		}
		running.Go(func() { h.informer.RunWithContext(ctx) })
	}
	if cache.WaitForCacheSync(ctx.Done(), f.reports.HasSynced, f.types.HasSynced) {
		synced()
	}
	running.Wait()
	return nil
}

func notify(name func(*unstructured.Unstructured) string, changed func(string)) cache.ResourceEventHandler {
	tell := func(object any) {
		if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = gone.Obj
		}
		if item, ok := object.(*unstructured.Unstructured); ok {
			changed(name(item))
		}
	}
	return cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(object any, initial bool) {
			if !initial {
				tell(object)
			}
		},
		UpdateFunc: func(before, after any) {
			old, ok1 := before.(*unstructured.Unstructured)
			item, ok2 := after.(*unstructured.Unstructured)
			// A status that was written, as by the starter itself, is no change of the definition.
			if !ok1 || !ok2 || old.GetGeneration() != item.GetGeneration() || item.GetGeneration() == 0 {
				tell(after)
			}
		},
		DeleteFunc: tell,
	}
}

// Report is a report as it is stored now; nil when there is none of that name.
func (f *Followed) Report(name string) *unstructured.Unstructured {
	item, ok, err := f.reports.GetStore().GetByKey(name)
	if err != nil || !ok {
		return nil
	}
	return item.(*unstructured.Unstructured).DeepCopy()
}

// Gone asks the API server itself, whose answer is newer than any copy, whether it has no report of that name. It fails where the
// kind is not served: that says nothing about its objects.
func (f *Followed) Gone(ctx context.Context, name string) (bool, error) {
	_, err := f.client.Resource(GlobalReports).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && !apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for report %s in the API server: %w", name, err)
	}
	return false, nil
}

// ReportNames lists the reports by name, sorted.
func (f *Followed) ReportNames() []string {
	names := f.reports.GetStore().ListKeys()
	slices.Sort(names)
	return names
}

// Types lists the report types, sorted by name.
func (f *Followed) Types() ([]Object, error) {
	var out []Object
	for _, item := range f.types.GetStore().List() {
		object, err := objectOf(item.(*unstructured.Unstructured))
		if err != nil {
			return nil, err
		}
		out = append(out, object)
	}
	slices.SortFunc(out, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// WriteStatus writes a report's status through its subresource, unless the report was changed meanwhile: then the error satisfies
// apierrors.IsConflict, and the report is to be looked at anew.
func (f *Followed) WriteStatus(ctx context.Context, report *unstructured.Unstructured, status any) error {
	raw, err := json.Marshal(status)
	if err != nil {
		return fmt.Errorf("encode status of %s: %w", report.GetName(), err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return fmt.Errorf("encode status of %s: %w", report.GetName(), err)
	}
	report = report.DeepCopy()
	report.Object["status"] = fields
	if _, err := f.client.Resource(GlobalReports).UpdateStatus(ctx, report, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("write status of %s: %w", report.GetName(), err)
	}
	return nil
}

var definitionsOfDefinitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// DefinitionLabels are the labels of the CustomResourceDefinition of GlobalReport. They are nil where there is none, as with an
// aggregated API server, and where it may not be read.
func (f *Followed) DefinitionLabels(ctx context.Context) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	crd, err := f.client.Resource(definitionsOfDefinitions).Get(ctx, GlobalReports.Resource+"."+GlobalReports.Group, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the definition of GlobalReport: %w", err)
	}
	return crd.GetLabels(), nil
}
