package render

import (
	"fmt"
	"strings"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/internal/timeline"
)

// summarySection shows the totals as charts.
func summarySection(p *Page) section {
	s := section{ID: "summary", Heading: "Summary"}
	d := &p.Document.Data
	if d.ReportTypeSpec.IncludeEndpointData {
		eps, nss := &d.EndpointsSummary, &d.NamespacesSummary
		s.Rings = []ring{
			newRing("Endpoints, ingress", eps.NumIngressProtected, eps.NumTotal, "protected"),
			newRing("Endpoints, egress", eps.NumEgressProtected, eps.NumTotal, "protected"),
			newRing("Namespaces, ingress", nss.NumIngressProtected, nss.NumTotal, "protected"),
			newRing("Namespaces, egress", nss.NumEgressProtected, nss.NumTotal, "protected"),
		}
		s.Bars = append(s.Bars, exposureBars(p.Document))
		s.Notes = append(s.Notes, "Protected: at every moment of the interval at least one policy of that direction applied. "+
			"Exposed: at some moment a policy let such traffic through.")
	}
	if d.ReportTypeSpec.AuditEventsSelection != nil {
		s.Bars = append(s.Bars, changeBars(d.AuditSummary, len(p.Document.Refused)))
	}
	if d.ReportTypeSpec.IncludeCISBenchmarkData {
		s.Bars = append(s.Bars, benchmarkBars(&d.CISBenchmarkSummary, d.CISBenchmark))
	}
	return s
}

// exposureBars puts what really was let through beside what the published flags say.
func exposureBars(doc *report.Document) barGroup {
	var in, out, inOther, outOther, open int
	for i := range doc.Lives {
		l := &doc.Lives[i]
		in += one(l.Ingress.Internet.Allowed)
		out += one(l.Egress.Internet.Allowed)
		inOther += one(l.Ingress.OtherNamespace.Allowed)
		outOther += one(l.Egress.OtherNamespace.Allowed)
		open += one(!l.Ingress.Isolated || !l.Egress.Isolated)
	}
	total := len(doc.Lives)
	g := barGroup{Heading: "Exposure of endpoints, with tiers, order and defaults followed",
		Legend: []mark{{"warn", "exposed"}, {"rest", "not exposed"}}}
	for _, line := range []struct {
		label string
		n     int
	}{{"From the internet", in}, {"To the internet", out}, {"From other namespaces", inOther}, {"To other namespaces", outOther},
		{"Not isolated", open}} {
		g.Bars = append(g.Bars, newBar(line.label, fmt.Sprintf("%s of %s", thousands(int64(line.n)), thousands(int64(total))), total,
			[]string{"warn", "rest"}, line.n, total-line.n))
	}
	return g
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func changeBars(sum v3.AuditSummary, refused int) barGroup {
	g := barGroup{Heading: "Policy changes"}
	scale := max(sum.NumCreate, sum.NumModify, sum.NumDelete, refused, 1)
	for _, line := range []struct {
		label, class string
		n            int
	}{{"Created", "fill", sum.NumCreate}, {"Modified", "fill", sum.NumModify}, {"Deleted", "fill", sum.NumDelete}, {"Refused attempts", "warn", refused}} {
		g.Bars = append(g.Bars, newBar(line.label, thousands(int64(line.n)), scale, []string{line.class}, line.n))
	}
	return g
}

// maxBenchmarkBars bounds the nodes that the chart shows; the table below it has more.
const maxBenchmarkBars = 20

func benchmarkBars(sum *v3.CISBenchmarkSummary, nodes []v3.CISBenchmarkNode) barGroup {
	g := barGroup{Heading: fmt.Sprintf("CIS benchmark by node: %d high, %d medium, %d low", sum.HighCount, sum.MedCount, sum.LowCount),
		Legend: []mark{{"fill", "passed"}, {"warn", "failed"}, {"rest", "not judged"}}}
	for i := range nodes[:min(len(nodes), maxBenchmarkBars)] {
		n := &nodes[i].Summary
		g.Bars = append(g.Bars, newBar(nodes[i].NodeName, fmt.Sprintf("%d passed, %d failed, %d not judged", n.TotalPass, n.TotalFail, n.TotalInfo),
			n.TotalPass+n.TotalFail+n.TotalInfo, []string{"fill", "warn", "rest"}, n.TotalPass, n.TotalFail, n.TotalInfo))
	}
	return g
}

// attentionSection lists the endpoints that a reader should look at first.
func attentionSection(p *Page) section {
	s := section{ID: "attention", Heading: "What needs attention"}
	var exposed, unprotected []report.Life
	host := 0
	for _, l := range p.Document.Lives {
		if l.Ingress.Internet.Allowed || l.Egress.Internet.Allowed {
			exposed = append(exposed, l)
		}
		if !l.Flags.IngressProtected || !l.Flags.EgressProtected {
			unprotected = append(unprotected, l)
		}
		host += one(l.HostNetwork)
	}
	if len(exposed) > 0 {
		s.Tables = append(s.Tables, tableOf("Endpoints that policy let talk to the internet at some moment",
			headings("Endpoint", "From the internet, by", "To the internet, by"), exposed, p.Rows, int64(len(exposed)), LivesName,
			func(l *report.Life) []cell {
				return []cell{endpointCell(l), exposure(l.Ingress.Internet), exposure(l.Egress.Internet)}
			}))
	}
	if len(unprotected) > 0 {
		s.Tables = append(s.Tables, tableOf("Endpoints that were not protected throughout", headings("Endpoint", "Ingress protected", "Egress protected", "Policies"),
			unprotected, p.Rows, int64(len(unprotected)), LivesName, func(l *report.Life) []cell {
				return []cell{endpointCell(l), good(l.Flags.IngressProtected), good(l.Flags.EgressProtected), list(l.Policies)}
			}))
	}
	if host > 0 {
		s.Notes = append(s.Notes, plural(host, "endpoint uses the network of its node", "endpoints use the network of their nodes")+
			": no workload policy can protect such a pod.")
	}
	return s
}

func endpointCell(l *report.Life) cell {
	c := code(l.Endpoint.String())
	if l.HostNetwork {
		c.Lines = append(c.Lines, "host network")
	}
	return c
}

func exposure(e timeline.Exposure) cell {
	if !e.Allowed {
		return cell{Text: "no", Class: goodClass}
	}
	return cell{Text: e.By, Class: badClass, Lines: []string{"since " + clock(e.Since)}}
}

// maxListed bounds the names that one cell lists.
const maxListed = 8

func list(ids []v3.ResourceID) cell {
	if len(ids) == 0 {
		return cell{Text: "none", Class: noteClass}
	}
	c := cell{Class: "list"}
	for i, id := range ids {
		if i == maxListed {
			c.Lines = append(c.Lines, fmt.Sprintf("and %d more", len(ids)-i))
			break
		}
		c.Lines = append(c.Lines, id.String())
	}
	return c
}

func endpointSection(p *Page) section {
	s := section{ID: "endpoints", Heading: "Endpoints, namespaces and services"}
	d := &p.Document.Data
	if !d.ReportTypeSpec.IncludeEndpointData {
		return section{}
	}
	start, end := d.StartTime.UTC(), d.EndTime.UTC()
	s.Tables = append(s.Tables,
		tableOf("Endpoints in scope, one row for each life", headings("Endpoint", "Lived", "Ingress protected", "Egress protected", "Ingress isolated", "Egress isolated", "Policies"),
			p.Document.Lives, p.Rows, int64(len(p.Document.Lives)), LivesName, func(l *report.Life) []cell {
				return []cell{endpointCell(l), lived(l, start, end), good(l.Flags.IngressProtected), good(l.Flags.EgressProtected),
					good(l.Ingress.Isolated), good(l.Egress.Isolated), list(l.Policies)}
			}),
		tableOf("Namespaces with endpoints in scope", headings("Namespace", "Ingress protected", "Egress protected", "From the internet", "To the internet", "Envoy"),
			d.Namespaces, p.Rows, int64(len(d.Namespaces)), fileWith(&d.ReportTypeSpec, "namespaces.csv"), func(n *v3.EndpointsReportNamespace) []cell {
				return []cell{code(n.Namespace.Name), good(n.IngressProtected), good(n.EgressProtected), bad(n.IngressFromInternet), bad(n.EgressToInternet), plain(n.EnvoyEnabled)}
			}),
		tableOf("Services with endpoints in scope", headings("Service", "Ingress protected", "From the internet", "From other namespaces", "Envoy"),
			d.Services, p.Rows, int64(len(d.Services)), fileWith(&d.ReportTypeSpec, "services.csv"), func(v *v3.EndpointsReportService) []cell {
				return []cell{code(v.Service.Namespace + "/" + v.Service.Name), good(v.IngressProtected), bad(v.IngressFromInternet), plain(v.IngressFromOtherNamespace), plain(v.EnvoyEnabled)}
			}))
	s.Notes = append(s.Notes, "The flags of namespaces and services, and those named protected, follow the published definitions: rules are not inspected. "+
		"Isolated is what the policies really did: traffic that no rule allowed was denied at every moment.")
	return s
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

func policySection(p *Page) section {
	s := section{ID: "changes", Heading: "Policy changes"}
	doc := p.Document
	if doc.Data.ReportTypeSpec.AuditEventsSelection == nil {
		return section{}
	}
	row := func(r *audit.Row) []cell {
		who := cell{Text: r.User, Class: "code"}
		if r.As != "" {
			who.Lines = append(who.Lines, "as "+r.As)
		}
		if len(r.From) > 0 {
			who.Lines = append(who.Lines, "from "+strings.Join(r.From, ", "))
		}
		return []cell{moment(r.Time), who, text(r.Verb), code(r.Object), {Text: r.What, Class: "what"}}
	}
	s.Tables = append(s.Tables, tableOf("Changes", headings("Time", "Who", "Verb", "Object", "What changed"),
		doc.Changes, p.Rows, int64(len(doc.Changes)), ChangesName, row))
	if len(doc.Refused) > 0 {
		s.Tables = append(s.Tables, tableOf("Refused attempts", headings("Time", "Who", "Verb", "Object", "Why"),
			doc.Refused, p.Rows, int64(len(doc.Refused)), RefusedName, row))
	}
	return s
}

func flowSection(p *Page) section {
	s := section{ID: "flows", Heading: "Observed traffic"}
	if !p.Document.Data.ReportTypeSpec.IncludeEndpointFlowLogData {
		return section{}
	}
	s.Tables = append(s.Tables, tableOf("Traffic of the endpoints in scope, by who reported it",
		headings("Reporter", "Action", "#Groups", "#Connections", "#Bytes in", "#Bytes out"), p.Document.FlowTotals, p.Rows,
		int64(len(p.Document.FlowTotals)), "", func(t *report.FlowTotal) []cell {
			return []cell{text(t.Reporter), action(t.Action), number(t.Groups), number(t.Connections), bytesCell(t.BytesIn), bytesCell(t.BytesOut)}
		}))
	for _, part := range []struct {
		caption string
		rows    []flow.Row
		total   int64
	}{
		{"Traffic with the internet, most connections first", p.Flows.TopOnInternet, p.Flows.Internet},
		{"Denied traffic, most connections first", p.Flows.TopDenied, p.Flows.Denied},
		{"All traffic, most connections first", p.Flows.TopAll, p.Flows.Total},
	} {
		s.Tables = append(s.Tables, tableOf(part.caption, headings("From", "To", "Port", "Action", "Deciding policy", "#Connections", "#Bytes", "First and last"),
			part.rows, p.Rows, part.total, FlowsName, flowCells))
	}
	s.Notes = append(s.Notes, "A connection that both ends report is in two rows, one for each reporter; the two are never added up. "+
		"Bytes are as the reporting end counted them, in and out together.")
	return s
}

func flowCells(r *flow.Row) []cell {
	port := r.Protocol
	if r.Port != 0 {
		port = strings.TrimPrefix(fmt.Sprintf("%s/%d", r.Protocol, r.Port), "/")
	}
	to := code(r.Whom)
	if r.Service != "" {
		to.Lines = append(to.Lines, "service "+r.Service)
	}
	act := action(r.Action)
	act.Lines = append(act.Lines, "reported by "+r.Reporter)
	return []cell{code(r.Who), to, text(port), act, {Text: r.Policy, Class: "code"}, number(r.Connections), bytesCell(sum(r.BytesIn, r.BytesOut)),
		{Lines: []string{clock(r.First), clock(r.Last)}, Class: timeClass}}
}

func sum(a, b int64) int64 {
	if total := a + b; total >= a {
		return total
	}
	return max(a, b)
}

func action(a string) cell {
	if a == denied {
		return cell{Text: a, Class: badClass}
	}
	return cell{Text: a}
}

func bytesCell(n int64) cell { return cell{Text: size(n), Class: "number"} }
