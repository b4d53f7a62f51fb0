package report

import (
	"cmp"
	"slices"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/resource"
)

// endpointRow is one row of the old files: all lives of one name.
type endpointRow struct {
	v3.EndpointsReportEndpoint
	accounts []string // every service account that a life of the name had
}

// endpointRows merges lives, sorted by compareLives, that share a name. The row is the worst case of them all: protected
// and Envoy only if every life was, exposed if any was (decisions.md, "Same name, new uid"). What cannot be combined (uid,
// service account, aggregated name) is that of the last life.
func endpointRows(lives []Life) []endpointRow {
	var rows []endpointRow
	for i := range lives {
		life := &lives[i]
		row := newRow(life)
		if n := len(rows); n > 0 && sameName(rows[n-1].Endpoint, life.Endpoint) {
			rows[n-1] = worst(rows[n-1], row)
			continue
		}
		rows = append(rows, row)
	}
	return rows
}

func newRow(life *Life) endpointRow {
	f := life.Flags
	return endpointRow{
		EndpointsReportEndpoint: v3.EndpointsReportEndpoint{
			Endpoint:                  life.Endpoint,
			IngressProtected:          f.IngressProtected,
			EgressProtected:           f.EgressProtected,
			IngressFromInternet:       f.IngressFromInternet,
			EgressToInternet:          f.EgressToInternet,
			IngressFromOtherNamespace: f.IngressFromOtherNamespace,
			EgressToOtherNamespace:    f.EgressToOtherNamespace,
			EnvoyEnabled:              f.Envoy,
			AppliedPolicies:           slices.Clone(life.Policies),
			Services:                  slices.Clone(life.Services),
			ServiceAccount:            life.ServiceAccount,
			FlowLogAggregationName:    life.AggregateName,
		},
		accounts: []string{life.ServiceAccount},
	}
}

func worst(a, b endpointRow) endpointRow {
	out := b
	out.IngressProtected = a.IngressProtected && b.IngressProtected
	out.EgressProtected = a.EgressProtected && b.EgressProtected
	out.IngressFromInternet = a.IngressFromInternet || b.IngressFromInternet
	out.EgressToInternet = a.EgressToInternet || b.EgressToInternet
	out.IngressFromOtherNamespace = a.IngressFromOtherNamespace || b.IngressFromOtherNamespace
	out.EgressToOtherNamespace = a.EgressToOtherNamespace || b.EgressToOtherNamespace
	out.EnvoyEnabled = a.EnvoyEnabled && b.EnvoyEnabled
	out.AppliedPolicies = union(a.AppliedPolicies, b.AppliedPolicies)
	out.Services = union(a.Services, b.Services)
	out.accounts = slices.Concat(a.accounts, b.accounts)
	return out
}

func union(a, b []v3.ResourceID) []v3.ResourceID {
	return sortedResources(slices.Concat(a, b))
}

// sortedResources sorts in place and drops what is there twice.
func sortedResources(all []v3.ResourceID) []v3.ResourceID {
	slices.SortFunc(all, compareResources)
	return slices.Compact(all)
}

// compareResources orders as resource.ID does: by the fixed order of kinds, namespace, name and uid.
func compareResources(a, b v3.ResourceID) int {
	if a.TypeMeta != b.TypeMeta {
		return cmp.Compare(resource.KindOf(a.APIVersion, a.Kind), resource.KindOf(b.APIVersion, b.Kind))
	}
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.UUID, b.UUID))
}

func sameName(a, b v3.ResourceID) bool {
	a.UUID, b.UUID = "", ""
	return a == b
}
