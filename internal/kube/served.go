package kube

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/probity/probity/internal/resource"
)

// Served is one followed kind as an API server has it.
type Served struct {
	Kind resource.Kind
	// Resources are the group, version and plural under which the kind can be listed, the one to use first. More than one
	// there is only of Calico's kinds, which two API groups serve: projectcalico.org/v3 comes before crd.projectcalico.org/v1,
	// under which the same objects are stored. Empty: the server does not have the kind, or Err says why it is not known.
	Resources []schema.GroupVersionResource
	// Err is set when a group that may have the kind does not answer: an aggregated API server is away. With Resources it
	// tells that a better one of them is missing.
	Err error
}

// Absent tells that the cluster does not have the kind.
func (s *Served) Absent() bool { return len(s.Resources) == 0 && s.Err == nil }

// Discover asks an API server how it serves the followed kinds, and gives them in the order of resource.Kinds. It fails when
// the server does not answer or refuses to tell; a group of an aggregated API server that is away fails its kinds only.
func Discover(ctx context.Context, config *rest.Config) ([]Served, error) {
	c, err := newClient(config)
	if err != nil {
		return nil, err
	}
	d, err := discover(ctx, c)
	if err != nil {
		return nil, err
	}
	return d.kinds(), nil
}

// discovery is what an API server tells of itself.
type discovery struct {
	versions map[string][]string // of each group, the preferred one first
	lists    map[schema.GroupVersion]*metav1.APIResourceList
	failed   map[schema.GroupVersion]error
	date     time.Time // of the last answer
}

// families are the groups in which a kind is looked for, by its own group, in order.
var families = map[string][]string{
	resource.GroupCore:       {resource.GroupCore},
	resource.GroupDiscovery:  {resource.GroupDiscovery},
	resource.GroupNetworking: {resource.GroupNetworking},
	resource.GroupCalico:     {resource.GroupCalico, resource.GroupCalicoCRD},
}

func discover(ctx context.Context, c *client) (*discovery, error) {
	d := &discovery{
		versions: map[string][]string{resource.GroupCore: {"v1"}},
		lists:    map[schema.GroupVersion]*metav1.APIResourceList{}, failed: map[schema.GroupVersion]error{},
	}
	var groups metav1.APIGroupList
	var err error
	if d.date, err = c.read(ctx, "/apis", &groups); err != nil {
		return nil, fmt.Errorf("ask the API server for its groups: %w", err)
	}
	for _, group := range groups.Groups {
		versions := []string{group.PreferredVersion.Version}
		for _, version := range group.Versions {
			versions = append(versions, version.Version)
		}
		d.versions[group.Name] = versions
	}
	for _, kind := range resource.Kinds() {
		for _, candidate := range d.candidates(kind) {
			if err := d.ask(ctx, c, candidate.GroupVersion()); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

// candidates are the places where the server may have a kind: one version of each group of its family, the version in which
// the kind is printed where the group has it.
func (d *discovery) candidates(kind resource.Kind) []schema.GroupVersionResource {
	var all []schema.GroupVersionResource
	for _, group := range families[kind.Group()] {
		versions := d.versions[group]
		if len(versions) == 0 {
			continue
		}
		version := versions[0]
		own, _ := schema.ParseGroupVersion(kind.APIVersion()) // of a constant of ours
		if slices.Contains(versions, own.Version) {
			version = own.Version
		}
		all = append(all, schema.GroupVersionResource{Group: group, Version: version, Resource: kind.Plural()})
	}
	return all
}

// ask reads the resources of one version of a group, once.
func (d *discovery) ask(ctx context.Context, c *client, gv schema.GroupVersion) error {
	if d.asked(gv) {
		return nil
	}
	list := &metav1.APIResourceList{}
	date, err := c.read(ctx, versionPath(gv), list)
	switch {
	case err == nil:
		d.lists[gv], d.date = list, date
		return nil
	case apierrors.IsNotFound(err): // removed since the groups were told
		d.lists[gv] = list
		return nil
	}
	err = fmt.Errorf("ask the API server what %s has: %w", gv, err)
	if ctx.Err() == nil && aggregated(gv.Group) && away(err) {
		d.failed[gv], err = err, nil
	}
	return err
}

func (d *discovery) asked(gv schema.GroupVersion) bool {
	_, failed := d.failed[gv]
	return failed || d.lists[gv] != nil
}

// aggregated tells whether an API server of its own may serve the group, which can be away while the cluster's is not.
func aggregated(group string) bool { return group == resource.GroupCalico }

// away tells whether an API server answered for another one that it cannot reach, or that failed.
func away(err error) bool {
	return apierrors.IsServiceUnavailable(err) || apierrors.IsInternalError(err) || apierrors.IsTimeout(err) || apierrors.IsServerTimeout(err)
}

func (d *discovery) kinds() []Served {
	var all []Served
	for _, kind := range resource.Kinds() {
		served := Served{Kind: kind}
		for _, candidate := range d.candidates(kind) {
			gv := candidate.GroupVersion()
			switch list := d.lists[gv]; {
			case d.failed[gv] != nil:
				served.Err = d.failed[gv]
			case list != nil && canList(list, kind):
				served.Resources = append(served.Resources, candidate)
			}
		}
		all = append(all, served)
	}
	return all
}

func canList(list *metav1.APIResourceList, kind resource.Kind) bool {
	return slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool {
		return r.Name == kind.Plural() && r.Namespaced == kind.Namespaced() && slices.Contains(r.Verbs, "list")
	})
}

// versionPath is where one version of a group is found.
func versionPath(gv schema.GroupVersion) string {
	if gv.Group == resource.GroupCore {
		return "/api/" + gv.Version
	}
	return "/apis/" + gv.Group + "/" + gv.Version
}

// ListPath is where an API server lists a resource of all namespaces.
func ListPath(r schema.GroupVersionResource) string {
	return versionPath(r.GroupVersion()) + "/" + r.Resource
}
