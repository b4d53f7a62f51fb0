package report

import (
	"slices"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/resource"
)

// namespaceRows rolls the endpoints' final flags up over the endpoints in scope: all of them for protected and Envoy, any
// of them for exposed (decisions.md, "Namespace and service roll-ups"). Host endpoints have no namespace.
func namespaceRows(endpoints []endpointRow) []v3.EndpointsReportNamespace {
	byName := map[string]*v3.EndpointsReportNamespace{}
	for i := range endpoints {
		e := &endpoints[i].EndpointsReportEndpoint
		if e.Endpoint.Namespace == "" {
			continue
		}
		row := byName[e.Endpoint.Namespace]
		if row == nil {
			id := resourceID(resource.Key{Kind: resource.Namespace, Name: e.Endpoint.Namespace})
			row = &v3.EndpointsReportNamespace{Namespace: id, IngressProtected: true, EgressProtected: true, EnvoyEnabled: true}
			byName[e.Endpoint.Namespace] = row
		}
		row.IngressProtected = row.IngressProtected && e.IngressProtected
		row.EgressProtected = row.EgressProtected && e.EgressProtected
		row.EnvoyEnabled = row.EnvoyEnabled && e.EnvoyEnabled
		row.IngressFromInternet = row.IngressFromInternet || e.IngressFromInternet
		row.EgressToInternet = row.EgressToInternet || e.EgressToInternet
		row.IngressFromOtherNamespace = row.IngressFromOtherNamespace || e.IngressFromOtherNamespace
		row.EgressToOtherNamespace = row.EgressToOtherNamespace || e.EgressToOtherNamespace
	}
	return sortedRows(byName, func(r *v3.EndpointsReportNamespace) v3.ResourceID { return r.Namespace })
}

// serviceRows rolls the flags up over the endpoints in scope that each service contained at any moment. It takes the merged
// row of a name, so a service of one of two lives gets the worst case of both, as the endpoint's own row does.
func serviceRows(endpoints []endpointRow) []v3.EndpointsReportService {
	byID := map[v3.ResourceID]*v3.EndpointsReportService{}
	for i := range endpoints {
		e := &endpoints[i].EndpointsReportEndpoint
		for _, id := range e.Services {
			row := byID[id]
			if row == nil {
				row = &v3.EndpointsReportService{Service: id, IngressProtected: true, EnvoyEnabled: true}
				byID[id] = row
			}
			row.IngressProtected = row.IngressProtected && e.IngressProtected
			row.EnvoyEnabled = row.EnvoyEnabled && e.EnvoyEnabled
			row.IngressFromInternet = row.IngressFromInternet || e.IngressFromInternet
			row.IngressFromOtherNamespace = row.IngressFromOtherNamespace || e.IngressFromOtherNamespace
		}
	}
	return sortedRows(byID, func(r *v3.EndpointsReportService) v3.ResourceID { return r.Service })
}

func sortedRows[K comparable, R any](byKey map[K]*R, id func(*R) v3.ResourceID) []R {
	rows := make([]R, 0, len(byKey))
	for _, row := range byKey {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b R) int { return compareResources(id(&a), id(&b)) })
	return rows
}

// resourceID is a key as reports print it.
func resourceID(key resource.Key) v3.ResourceID {
	id := v3.ResourceID{Name: key.Name, Namespace: key.Namespace}
	id.Kind, id.APIVersion = key.Kind.String(), key.Kind.APIVersion()
	return id
}
