package render

import (
	"fmt"
	"strings"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/report"
)

// policySection lists who changed what, and who tried to.
func policySection(p *Page) section {
	s := section{ID: "changes", Heading: "Policy changes"}
	doc := p.Document
	if doc.Data.ReportTypeSpec.AuditEventsSelection == nil {
		return section{}
	}
	s.Tables = append(s.Tables, listing[audit.Row]{
		caption: "Changes", columns: headings("Time", "Who", "Verb", "Object", "What changed"),
		list: doc.Changes, rest: ChangesName, row: auditCells,
	}.table(p.Rows))
	if len(doc.Refused) > 0 {
		s.Tables = append(s.Tables, listing[audit.Row]{
			caption: "Refused attempts", columns: headings("Time", "Who", "Verb", "Object", "Why"),
			list: doc.Refused, rest: RefusedName, row: auditCells,
		}.table(p.Rows))
	}
	return s
}

func auditCells(r *audit.Row) []cell {
	who := cell{Text: r.User, Class: "code"}
	if r.As != "" {
		who.Lines = append(who.Lines, "as "+r.As)
	}
	if len(r.From) > 0 {
		who.Lines = append(who.Lines, "from "+strings.Join(r.From, ", "))
	}
	return []cell{moment(r.Time), who, text(r.Verb), code(r.Object), {Text: r.What, Class: "what"}}
}

// flowSection shows who was seen to talk to whom.
func flowSection(p *Page) section {
	s := section{ID: "flows", Heading: "Observed traffic"}
	if !p.Document.Data.ReportTypeSpec.IncludeEndpointFlowLogData {
		return section{}
	}
	s.Tables = append(s.Tables, listing[report.FlowTotal]{
		caption: "Traffic of the endpoints in scope, by who reported it",
		columns: headings("Reporter", "Action", "#Groups", "#Connections", "#Bytes in", "#Bytes out"),
		list:    p.Document.FlowTotals, rest: evidence.DataName,
		row: func(t *report.FlowTotal) []cell {
			return []cell{text(t.Reporter), action(t.Action), number(t.Groups), number(t.Connections), bytesCell(t.BytesIn), bytesCell(t.BytesOut)}
		},
	}.table(p.Rows))
	for _, part := range []struct {
		caption string
		rows    []flow.Row
		total   int64
	}{
		{"Traffic with the internet, most connections first", p.Flows.TopOnInternet, p.Flows.Internet},
		{"Denied traffic, most connections first", p.Flows.TopDenied, p.Flows.Denied},
		{"All traffic, most connections first", p.Flows.TopAll, p.Flows.Total},
	} {
		s.Tables = append(s.Tables, listing[flow.Row]{
			caption: part.caption,
			columns: headings("From", "To", "Port", "Action", "Deciding policy", "#Connections", "#Bytes", "First and last"),
			list:    part.rows, total: part.total, rest: FlowsName, row: flowCells,
		}.table(p.Rows))
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
	return []cell{code(r.Who), to, text(port), act, code(r.Policy), number(r.Connections), bytesCell(sum(r.BytesIn, r.BytesOut)),
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
