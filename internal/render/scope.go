package render

import (
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/report"
)

// endpointSection lists everything that was in scope.
func endpointSection(p *Page) section {
	s := section{ID: "endpoints", Heading: "Endpoints, namespaces and services"}
	if !p.Document.Data.ReportTypeSpec.IncludeEndpointData {
		return section{}
	}
	s.Tables = []tableView{livesTable(p), namespaceTable(p), serviceTable(p)}
	s.Notes = []string{"The flags of namespaces and services, and those named protected, follow the published definitions: " +
		"rules are not inspected. Isolated is what the policies really did: traffic that no rule allowed was denied at every moment."}
	return s
}

func livesTable(p *Page) tableView {
	start, end := p.Document.Data.StartTime.UTC(), p.Document.Data.EndTime.UTC()
	return listing[report.Life]{
		caption: "Endpoints in scope, one row for each life",
		columns: headings("Endpoint", "Lived", "Ingress protected", "Egress protected", "Ingress isolated", "Egress isolated", "Policies"),
		list:    p.Document.Lives, rest: LivesName,
		row: func(l *report.Life) []cell {
			return []cell{endpointCell(l), lived(l, start, end), good(l.Flags.IngressProtected), good(l.Flags.EgressProtected),
				good(l.Ingress.Isolated), good(l.Egress.Isolated), listed(l.Policies)}
		},
	}.table(p.Rows)
}

func namespaceTable(p *Page) tableView {
	d := &p.Document.Data
	return listing[v3.EndpointsReportNamespace]{
		caption: "Namespaces with endpoints in scope",
		columns: headings("Namespace", "Ingress protected", "Egress protected", "From the internet", "To the internet", "Envoy"),
		list:    d.Namespaces, rest: fileWith(&d.ReportTypeSpec, "namespaces.csv"),
		row: func(n *v3.EndpointsReportNamespace) []cell {
			return []cell{code(n.Namespace.Name), good(n.IngressProtected), good(n.EgressProtected), bad(n.IngressFromInternet),
				bad(n.EgressToInternet), plain(n.EnvoyEnabled)}
		},
	}.table(p.Rows)
}

func serviceTable(p *Page) tableView {
	d := &p.Document.Data
	return listing[v3.EndpointsReportService]{
		caption: "Services with endpoints in scope",
		columns: headings("Service", "Ingress protected", "From the internet", "From other namespaces", "Envoy"),
		list:    d.Services, rest: fileWith(&d.ReportTypeSpec, "services.csv"),
		row: func(v *v3.EndpointsReportService) []cell {
			return []cell{code(v.Service.Namespace + "/" + v.Service.Name), good(v.IngressProtected), bad(v.IngressFromInternet),
				plain(v.IngressFromOtherNamespace), plain(v.EnvoyEnabled)}
		},
	}.table(p.Rows)
}

func lived(l *report.Life, start, end time.Time) cell {
	from, to := l.From.After(start), l.To.Before(end)
	switch {
	case from && to:
		return cell{Lines: []string{"from " + clock(l.From), "to " + clock(l.To)}, Class: timeClass}
	case from:
		return cell{Lines: []string{"from " + clock(l.From)}, Class: timeClass}
	case to:
		return cell{Lines: []string{"to " + clock(l.To)}, Class: timeClass}
	}
	return cell{Text: "throughout", Class: noteClass}
}
