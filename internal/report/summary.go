package report

import v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

// summarizeEndpoints counts the rows, and the service accounts by namespace and name as the removed product did
// (calico-compliance.md section 3, "numServiceAccounts").
func summarizeEndpoints(rows []endpointRow) v3.EndpointsSummary {
	var sum v3.EndpointsSummary
	accounts := map[[2]string]bool{}
	for i := range rows {
		r := &rows[i]
		sum.NumTotal++
		count(&sum.NumIngressProtected, r.IngressProtected)
		count(&sum.NumEgressProtected, r.EgressProtected)
		count(&sum.NumIngressFromInternet, r.IngressFromInternet)
		count(&sum.NumEgressToInternet, r.EgressToInternet)
		count(&sum.NumIngressFromOtherNamespace, r.IngressFromOtherNamespace)
		count(&sum.NumEgressToOtherNamespace, r.EgressToOtherNamespace)
		count(&sum.NumEnvoyEnabled, r.EnvoyEnabled)
		for _, account := range r.accounts {
			if account != "" {
				accounts[[2]string{r.Endpoint.Namespace, account}] = true
			}
		}
	}
	sum.NumServiceAccounts = len(accounts)
	return sum
}

func summarizeNamespaces(rows []v3.EndpointsReportNamespace) v3.EndpointsSummary {
	var sum v3.EndpointsSummary
	for i := range rows {
		r := &rows[i]
		sum.NumTotal++
		count(&sum.NumIngressProtected, r.IngressProtected)
		count(&sum.NumEgressProtected, r.EgressProtected)
		count(&sum.NumIngressFromInternet, r.IngressFromInternet)
		count(&sum.NumEgressToInternet, r.EgressToInternet)
		count(&sum.NumIngressFromOtherNamespace, r.IngressFromOtherNamespace)
		count(&sum.NumEgressToOtherNamespace, r.EgressToOtherNamespace)
		count(&sum.NumEnvoyEnabled, r.EnvoyEnabled)
	}
	return sum
}

// summarizeServices has no egress figures, as the published type says.
func summarizeServices(rows []v3.EndpointsReportService) v3.EndpointsSummary {
	var sum v3.EndpointsSummary
	for i := range rows {
		r := &rows[i]
		sum.NumTotal++
		count(&sum.NumIngressProtected, r.IngressProtected)
		count(&sum.NumIngressFromInternet, r.IngressFromInternet)
		count(&sum.NumIngressFromOtherNamespace, r.IngressFromOtherNamespace)
		count(&sum.NumEnvoyEnabled, r.EnvoyEnabled)
	}
	return sum
}

func count(n *int, counts bool) {
	if counts {
		*n++
	}
}
