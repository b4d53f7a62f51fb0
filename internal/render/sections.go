package render

import (
	"fmt"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

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
			share{"warn", line.n}, share{"rest", total - line.n}))
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
		label string
		share share
	}{
		{"Created", share{"fill", sum.NumCreate}}, {"Modified", share{"fill", sum.NumModify}},
		{"Deleted", share{"fill", sum.NumDelete}}, {"Refused attempts", share{"warn", refused}},
	} {
		g.Bars = append(g.Bars, newBar(line.label, thousands(int64(line.share.n)), scale, line.share))
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
		counts := fmt.Sprintf("%d passed, %d failed, %d not judged", n.TotalPass, n.TotalFail, n.TotalInfo)
		g.Bars = append(g.Bars, newBar(nodes[i].NodeName, counts, n.TotalPass+n.TotalFail+n.TotalInfo,
			share{"fill", n.TotalPass}, share{"warn", n.TotalFail}, share{"rest", n.TotalInfo}))
	}
	return g
}

// attentionSection lists the endpoints that a reader should look at first.
func attentionSection(p *Page) section {
	s := section{ID: "attention", Heading: "What needs attention"}
	exposed := listing[report.Life]{
		caption: "Endpoints that policy let talk to the internet at some moment",
		columns: headings("Endpoint", "From the internet, by", "To the internet, by"), rest: LivesName,
		row: func(l *report.Life) []cell {
			return []cell{endpointCell(l), exposure(l.Ingress.Internet), exposure(l.Egress.Internet)}
		},
	}
	unprotected := listing[report.Life]{
		caption: "Endpoints that were not protected throughout",
		columns: headings("Endpoint", "Ingress protected", "Egress protected", "Policies"), rest: LivesName,
		row: func(l *report.Life) []cell {
			return []cell{endpointCell(l), good(l.Flags.IngressProtected), good(l.Flags.EgressProtected), listed(l.Policies)}
		},
	}
	host := 0
	for i := range p.Document.Lives {
		l := &p.Document.Lives[i]
		if l.Ingress.Internet.Allowed || l.Egress.Internet.Allowed {
			exposed.count(l, p.Rows)
		}
		if !l.Flags.IngressProtected || !l.Flags.EgressProtected {
			unprotected.count(l, p.Rows)
		}
		host += one(l.HostNetwork)
	}
	for _, l := range []listing[report.Life]{exposed, unprotected} {
		if l.total > 0 {
			s.Tables = append(s.Tables, l.table(p.Rows))
		}
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

func listed(ids []v3.ResourceID) cell {
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
