package render

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/internal/timeline"
)

// Names of the files of Probity's own.
const (
	FlowsName   = "flows.csv"
	ChangesName = "changes.csv"
	RefusedName = "refused.csv"
	LivesName   = "endpoint-lives.csv"
	PageName    = evidence.HTMLName
)

// separator stands between the elements of a list in one cell, as in the old files.
const separator = ";"

// FlowsCSV writes flows.csv: one row for each group of flows, in the order given, which must be that of the groups' keys.
// Times are UTC; port is empty where the log aggregated it away; bytes and packets are as the reporting end counted them. The
// same connection may be reported at both ends: rows of different reporters must not be added up. It returns the number of rows
// and stops at the first error of rows or of w.
func FlowsCSV(w io.Writer, rows iter.Seq2[flow.Row, error]) (int64, error) {
	t := newTable(w, FlowsName, "source", "destination", "service", "port", "protocol", "action", "reporter", "policy",
		"connections", "bytesIn", "bytesOut", "packetsIn", "packetsOut", "first", "last")
	for row, err := range rows {
		if err != nil {
			return t.rows, fmt.Errorf("write %s: %w", FlowsName, err)
		}
		port := ""
		if row.Port != 0 {
			port = strconv.Itoa(row.Port)
		}
		t.add(safe(row.Who), safe(row.Whom), safe(row.Service), port, safe(row.Protocol), safe(row.Action), safe(row.Reporter),
			safe(row.Policy), count(row.Connections), count(row.BytesIn), count(row.BytesOut), count(row.PacketsIn),
			count(row.PacketsOut), stamp(row.First), stamp(row.Last))
		if t.err != nil {
			break
		}
	}
	return t.close()
}

// ChangesCSV writes changes.csv: who changed what, from where, when, in the order given. It returns the number of rows.
func ChangesCSV(w io.Writer, rows []audit.Row) (int64, error) {
	return auditCSV(w, ChangesName, "changed", rows)
}

// RefusedCSV writes refused.csv: attempts that the API server refused, with its reason, in the order given. It returns the number
// of rows.
func RefusedCSV(w io.Writer, rows []audit.Row) (int64, error) {
	return auditCSV(w, RefusedName, "reason", rows)
}

func auditCSV(w io.Writer, name, what string, rows []audit.Row) (int64, error) {
	t := newTable(w, name, "time", "user", "impersonatedUser", "sourceIPs", "userAgent", "verb", "object", "code", what, "auditID")
	for i := range rows {
		r := &rows[i]
		t.add(stamp(r.Time), safe(r.User), safe(r.As), safe(strings.Join(r.From, separator)), safe(r.Agent), safe(r.Verb),
			safe(r.Object), strconv.Itoa(r.Code), safe(r.What), safe(r.AuditID))
	}
	return t.close()
}

// LivesCSV writes endpoint-lives.csv: one row for each life of each endpoint in scope, in the order given. Beside the published
// flags it has the truth: whether traffic that no rule allows is denied (isolated), whether the internet and other namespaces were
// let through, by which rule, and since when. It returns the number of rows.
func LivesCSV(w io.Writer, lives []report.Life) (int64, error) {
	t := newTable(w, LivesName, "endpoint", "uid", "from", "to", "inScope", "hostNetwork", "node", "serviceAccount",
		"ingressProtected", "egressProtected", "ingressFromInternet", "egressToInternet", "ingressFromOtherNamespace",
		"egressToOtherNamespace", "envoyEnabled",
		"ingressIsolated", "ingressInternetAllowed", "ingressInternetBy", "ingressInternetSince",
		"ingressOtherNamespaceAllowed", "ingressOtherNamespaceBy", "ingressOtherNamespaceSince",
		"egressIsolated", "egressInternetAllowed", "egressInternetBy", "egressInternetSince",
		"egressOtherNamespaceAllowed", "egressOtherNamespaceBy", "egressOtherNamespaceSince",
		"appliedPolicies", "stagedPolicies", "services")
	for i := range lives {
		l := &lives[i]
		cells := []string{l.Endpoint.String(), string(l.Endpoint.UUID), stamp(l.From), stamp(l.To), spans(l.InScope),
			truth(l.HostNetwork), safe(l.Node), safe(l.ServiceAccount)}
		f := &l.Flags
		for _, flag := range []bool{f.IngressProtected, f.EgressProtected, f.IngressFromInternet, f.EgressToInternet,
			f.IngressFromOtherNamespace, f.EgressToOtherNamespace, f.Envoy} {
			cells = append(cells, truth(flag))
		}
		for _, side := range []timeline.Truth{l.Ingress, l.Egress} {
			cells = append(cells, truth(side.Isolated))
			for _, e := range []timeline.Exposure{side.Internet, side.OtherNamespace} {
				cells = append(cells, truth(e.Allowed), safe(e.By), stamp(e.Since))
			}
		}
		t.add(append(cells, names(l.Policies), names(l.Staged), names(l.Services))...)
	}
	return t.close()
}

// table writes one CSV file and counts its rows.
type table struct {
	csv  *csv.Writer
	name string
	rows int64
	err  error
}

func newTable(w io.Writer, name string, headings ...string) *table {
	t := &table{csv: csv.NewWriter(w), name: name}
	t.err = t.csv.Write(headings)
	return t
}

func (t *table) add(cells ...string) {
	if t.err == nil {
		t.err = t.csv.Write(cells)
		t.rows++
	}
}

func (t *table) close() (int64, error) {
	t.csv.Flush()
	if t.err == nil {
		t.err = t.csv.Error()
	}
	if t.err != nil {
		return t.rows, fmt.Errorf("write %s: %w", t.name, t.err)
	}
	return t.rows, nil
}

// safe puts an apostrophe before a text that a spreadsheet program would take for a formula.
func safe(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}

// stamp prints a time in UTC with the fractions that it has; the zero time is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func count(n int64) string { return strconv.FormatInt(n, 10) }

func truth(b bool) string { return strconv.FormatBool(b) }

// spans prints intervals as ISO 8601 does, "start/end".
func spans(list []interval.Interval) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = stamp(s.Start) + "/" + stamp(s.End)
	}
	return strings.Join(texts, separator)
}

func names(ids []v3.ResourceID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	return strings.Join(texts, separator)
}
