package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/report"
)

func page(t testing.TB, p Page) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, HTML(&b, p))
	return b.String()
}

func TestHTMLGolden(t *testing.T) {
	requireGolden(t, "report.html", []byte(page(t, shopPage())))
}

func TestHTMLSaysWhatIsLeftOut(t *testing.T) {
	p := shopPage()
	p.Rows = 5
	p.Document.Lives = nil
	for i := range 1234 {
		p.Document.Lives = append(p.Document.Lives, report.Life{Endpoint: pod("shop", fmt.Sprintf("p-%04d", i)), From: day.Start, To: day.End})
	}
	got := page(t, p)
	require.Contains(t, got, "Showing 5 of 1,234. All are in endpoint-lives.csv.")
	require.Contains(t, got, "p-0004")
	require.NotContains(t, got, "p-0005")
}

func TestHTMLNamesTheFileThatHasTheRest(t *testing.T) {
	for name, c := range map[string]struct {
		templates []v3.ReportTemplate
		want      string
	}{
		"the type's own download": {[]v3.ReportTemplate{{Name: "namespaces.csv"}}, "Showing 1 of 2. All are in namespaces.csv."},
		"no such download":        {nil, "Showing 1 of 2. All are in data.json.zst."},
	} {
		t.Run(name, func(t *testing.T) {
			p := shopPage()
			p.Rows = 1
			p.Document.Data.ReportTypeSpec.DownloadTemplates = c.templates
			require.Contains(t, page(t, p), c.want)
		})
	}
}

func TestHTMLEscapesEverything(t *testing.T) {
	hostile := `"><script>alert(1)</script><img src=x onerror=alert(1)>';}</style>`
	p := shopPage()
	p.Cluster, p.Tool, p.Started = hostile, hostile, hostile
	d := &p.Document.Data
	d.ReportName, d.ReportTypeName, d.ReportSpec.Schedule = hostile, hostile, hostile
	d.Namespaces[0].Namespace.Name, d.Services[0].Service.Name, d.CISBenchmark[0].NodeName = hostile, hostile, hostile
	p.Document.Lives[0].Endpoint.Name, p.Document.Lives[1].Ingress.Internet.By = hostile, hostile
	p.Document.Changes[0].User, p.Document.Changes[0].What, p.Document.Refused[0].Object = hostile, hostile, hostile
	p.Document.FlowTotals[0].Reporter, p.Flows.TopAll[0].Who, p.Flows.TopAll[0].Policy = hostile, hostile, hostile
	p.Provenance.Reasons[0].Text, p.Provenance.Sources[0].Query = hostile, hostile
	p.Digests[0].Key = hostile
	got := page(t, p)
	for _, forbidden := range []string{"<script", "<img", "<iframe", "<link", "ZgotmplZ", "http://", "https://", "url(", "@import"} {
		require.NotContains(t, strings.ToLower(got), strings.ToLower(forbidden))
	}
	require.Equal(t, 1, strings.Count(got, "</style>"))
}

func TestHTMLVerdicts(t *testing.T) {
	for verdict, want := range map[evidence.Verdict]string{
		evidence.Complete: "Complete", evidence.Partial: "Partial", evidence.Insufficient: "Insufficient", "": "Not judged", "odd": "Not judged",
	} {
		t.Run(string(verdict), func(t *testing.T) {
			p := shopPage()
			p.Provenance.Verdict = verdict
			require.Contains(t, page(t, p), `aria-hidden="true"></span>`+want+"</h2>")
		})
	}
	t.Run("many reasons", func(t *testing.T) {
		p := shopPage()
		for i := range 40 {
			p.Provenance.Reasons = append(p.Provenance.Reasons, evidence.Reason{Text: fmt.Sprintf("reason %d", i)})
		}
		got := page(t, p)
		require.Contains(t, got, "and 17 more, in provenance.json")
		require.NotContains(t, got, "reason 39")
	})
}

func TestHTMLShowsOnlyWhatTheTypeGathers(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*v3.ReportTypeSpec)
		gone   string
	}{
		"endpoints": {func(s *v3.ReportTypeSpec) { s.IncludeEndpointData = false }, `id="endpoints"`},
		"flows":     {func(s *v3.ReportTypeSpec) { s.IncludeEndpointFlowLogData = false }, `id="flows"`},
		"changes":   {func(s *v3.ReportTypeSpec) { s.AuditEventsSelection = nil }, `id="changes"`},
		"benchmark": {func(s *v3.ReportTypeSpec) { s.IncludeCISBenchmarkData = false }, `id="benchmark"`},
	} {
		t.Run(name, func(t *testing.T) {
			p := shopPage()
			require.Contains(t, page(t, p), c.gone)
			c.change(&p.Document.Data.ReportTypeSpec)
			require.NotContains(t, page(t, p), c.gone)
		})
	}
}

func TestHTMLOfNothing(t *testing.T) {
	require.ErrorContains(t, HTML(io.Discard, Page{}), "no document")
	got := page(t, Page{Document: &report.Document{}, Provenance: evidence.Provenance{Verdict: evidence.Insufficient}})
	require.Contains(t, got, "Insufficient")
	require.NotContains(t, got, "NaN")
}

func TestHTMLReportsTheWriter(t *testing.T) {
	require.ErrorIs(t, HTML(brokenWriter{}, shopPage()), errBroken)
}

var errBroken = errors.New("disk is full")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestScopeText(t *testing.T) {
	for name, c := range map[string]struct {
		in   *v3.EndpointsSelection
		want string
	}{
		"none":       {nil, "every endpoint"},
		"empty":      {&v3.EndpointsSelection{}, "every endpoint"},
		"selector":   {&v3.EndpointsSelection{Selector: "a == 'b'"}, "endpoints with a == 'b'"},
		"empty term": {&v3.EndpointsSelection{Namespaces: &v3.NamesAndLabelsMatch{}}, "namespaces of any name"},
		"names and more": {&v3.EndpointsSelection{ServiceAccounts: &v3.NamesAndLabelsMatch{Names: []string{"x", "y"}, Selector: "has(t)"}},
			"service accounts named x, y and with has(t)"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, scopeText(c.in)) })
	}
}

func TestPrintedNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -999: "-999"} {
		require.Equal(t, want, thousands(n))
	}
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 5 << 30: "5.0 GiB", 1<<63 - 1: "8.0 EiB"} {
		require.Equal(t, want, size(n))
	}
	for d, want := range map[time.Duration]string{0: "0 s", 90 * time.Minute: "1 h 30 min", 24 * time.Hour: "1 d", time.Millisecond: "0 s"} {
		require.Equal(t, want, span(d))
	}
	for c, want := range map[[2]int]string{{0, 3}: "0%", {3, 3}: "100%", {999, 1000}: "99%", {1, 1000}: "1%", {1, 3}: "33%"} {
		require.Equal(t, want, percent(c[0], c[1]))
	}
}

func TestTopFlowsDoesNotDependOnOrder(t *testing.T) {
	rows := shopRows()
	for i := range 50 {
		r := rows[i%3]
		r.Port, r.Connections = i, int64(i%7)
		rows = append(rows, r)
	}
	want, err := TopFlows(rowsOf(rows), 4)
	require.NoError(t, err)
	require.Len(t, want.TopAll, 4)
	require.EqualValues(t, 912_004, want.TopAll[0].Connections)
	require.EqualValues(t, 53, want.Total)
	for shift := range rows {
		got, err := TopFlows(rowsOf(append(rows[shift:len(rows):len(rows)], rows[:shift]...)), 4)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestTopFlowsStopsAtAnError(t *testing.T) {
	_, err := TopFlows(func(yield func(flow.Row, error) bool) { yield(flow.Row{}, errBroken) }, 3)
	require.ErrorIs(t, err, errBroken)
}
