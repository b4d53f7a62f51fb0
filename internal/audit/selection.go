package audit

import (
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/resource"
)

// selection decides which events are kept whole. Blank fields are wildcards; the two Calico groups are one, as everywhere.
type selection []v3.AuditResource

// resourceSelected tells whether events on the reference's resource can be selected at all, whatever its object.
func (s selection) resourceSelected(r *reference) bool {
	return slices.ContainsFunc(s, func(sel v3.AuditResource) bool { return selectsResource(sel, r) })
}

// selects tells whether the event on the objects of these names is selected. An event that names no object (a refused create
// with generateName) is selected by a blank name only.
func (s selection) selects(r *reference, names []string) bool {
	return slices.ContainsFunc(s, func(sel v3.AuditResource) bool {
		if !selectsResource(sel, r) || sel.Namespace != "" && sel.Namespace != r.namespace {
			return false
		}
		return sel.Name == "" || slices.ContainsFunc(names, func(name string) bool { return sameName(sel.Name, name, r) })
	})
}

func selectsResource(sel v3.AuditResource, r *reference) bool {
	if sel.Resource != "" && sel.Resource != r.resource {
		return false
	}
	if sel.APIGroup != "" && family(sel.APIGroup) != family(r.group) {
		return false
	}
	if sel.APIVersion == "" || sel.APIVersion == r.version || sel.APIVersion == r.apiVersion() {
		return true
	}
	// A v3 object is stored, and logged, as crd.projectcalico.org/v1 where Calico's own API server is not what logs.
	return r.group == resource.GroupCalicoCRD && (sel.APIVersion == "v3" || sel.APIVersion == resource.GroupCalico+"/v3")
}

func family(group string) string {
	if group == resource.GroupCalicoCRD {
		return resource.GroupCalico
	}
	return group
}

func sameName(want, name string, r *reference) bool {
	return want == name || r.group == resource.GroupCalicoCRD && want == strings.TrimPrefix(name, "default.")
}

// resourceFamilySelected is resourceSelected for an object that is not told in which version it will be logged.
func (s selection) resourceFamilySelected(r *reference) bool {
	return slices.ContainsFunc(s, func(sel v3.AuditResource) bool {
		sel.APIVersion = ""
		return selectsResource(sel, r)
	})
}
