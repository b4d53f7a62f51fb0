package render

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
)

// pageView is the page as the template lays it out.
type pageView struct {
	Title, Subtitle string
	Facts           []fact
	Verdict         verdictView
	Sections        []section
	Footer          string
}

// fact is one line of a definition list.
type fact struct{ Name, Text string }

type verdictView struct {
	Class, Word, Meaning string
	Reasons              []string
	More                 int // reasons that are not listed
}

// section is a part of the page with a heading of its own.
type section struct {
	ID, Heading, Intro string
	Facts              []fact
	Rings              []ring
	Bars               []barGroup
	Tables             []tableView
	Spans              []spanBar
	Notes              []string
}

// barGroup is a list of bars on one scale.
type barGroup struct {
	Heading string
	Legend  []mark
	Bars    []bar
}

// empty tells whether the section has nothing to show.
func (s *section) empty() bool {
	return len(s.Facts)+len(s.Rings)+len(s.Bars)+len(s.Tables)+len(s.Spans)+len(s.Notes) == 0
}

// maxReasons bounds the reasons of the verdict that the page lists.
const maxReasons = 25

var verdictMeaning = map[evidence.Verdict][2]string{
	evidence.Complete:     {"Complete", "Every source was there for the whole interval."},
	evidence.Partial:      {"Partial", "Something is missing. What the report states holds for what was there; the reasons say what was not."},
	evidence.Insufficient: {"Insufficient", "Too little is known to state anything. Read no conclusion out of the figures below."},
}

// typeTitles are what people call the built-in types; another type is called by its name.
var typeTitles = map[string]string{
	"inventory": "Inventory", "network-access": "Network access", "policy-audit": "Policy audit", "cis-benchmark": "CIS benchmark",
}

func newPageView(p *Page) *pageView {
	d := &p.Document.Data
	iv := interval.Interval{Start: d.StartTime.UTC(), End: d.EndTime.UTC()}
	view := &pageView{
		Title:    fmt.Sprintf("%s: %s", cmp.Or(typeTitles[d.ReportTypeName], d.ReportTypeName), d.ReportName),
		Subtitle: fmt.Sprintf("%s to %s", clock(iv.Start), clock(iv.End)),
		Facts:    headFacts(p, iv),
		Verdict:  newVerdict(&p.Provenance),
		Footer:   p.Tool,
	}
	for _, s := range []section{
		summarySection(p), attentionSection(p), endpointSection(p), policySection(p), flowSection(p), benchmarkSection(p),
		differenceSection(p), provenanceSection(p, iv), fileSection(p),
	} {
		if !s.empty() {
			view.Sections = append(view.Sections, s)
		}
	}
	return view
}

func headFacts(p *Page, iv interval.Interval) []fact {
	d := &p.Document.Data
	facts := []fact{
		{"Cluster", p.Cluster}, {"Report", d.ReportName}, {"Type", d.ReportTypeName},
		{"Interval", fmt.Sprintf("%s to %s (%s)", clock(iv.Start), clock(iv.End), span(iv.Duration()))},
		{"Scope", scopeText(d.ReportSpec.Endpoints)},
		{"Generated", clock(d.GenerationTime.Time)},
	}
	if p.Revision > 0 {
		facts = append(facts, fact{"Revision", fmt.Sprint(p.Revision)})
	}
	if p.Started != "" {
		facts = append(facts, fact{"Started by", p.Started})
	}
	if d.ReportSpec.Schedule != "" {
		facts = append(facts, fact{"Schedule", d.ReportSpec.Schedule + " (UTC)"})
	}
	return facts
}

// scopeText prints a selection in words.
func scopeText(s *v3.EndpointsSelection) string {
	if s == nil {
		return "every endpoint"
	}
	var parts []string
	if s.Selector != "" {
		parts = append(parts, "endpoints with "+s.Selector)
	}
	for _, m := range []struct {
		what  string
		match *v3.NamesAndLabelsMatch
	}{{"namespaces", s.Namespaces}, {"service accounts", s.ServiceAccounts}} {
		if m.match == nil {
			continue
		}
		var terms []string
		if len(m.match.Names) > 0 {
			terms = append(terms, "named "+strings.Join(m.match.Names, ", "))
		}
		if m.match.Selector != "" {
			terms = append(terms, "with "+m.match.Selector)
		}
		if len(terms) == 0 {
			terms = []string{"of any name"}
		}
		parts = append(parts, m.what+" "+strings.Join(terms, " and "))
	}
	if len(parts) == 0 {
		return "every endpoint"
	}
	return strings.Join(parts, "; ")
}

func newVerdict(p *evidence.Provenance) verdictView {
	words, known := verdictMeaning[p.Verdict]
	v := verdictView{Class: string(p.Verdict), Word: words[0], Meaning: words[1]}
	if !known {
		v.Class, v.Word, v.Meaning = string(evidence.Insufficient), "Not judged", "No verdict was given."
	}
	for i, r := range p.Reasons {
		if i == maxReasons {
			v.More = len(p.Reasons) - i
			break
		}
		v.Reasons = append(v.Reasons, r.Text)
	}
	return v
}

// clock prints a time for a person; the zero time is a dash.
func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// span prints a duration in days, hours, minutes and seconds: "1 d", "6 h 30 min".
func span(d time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if n := d / unit.size; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, unit.name))
			d -= n * unit.size
		}
	}
	if len(parts) == 0 {
		return "0 s"
	}
	return strings.Join(parts, " ")
}

// thousands prints a count with commas.
func thousands(n int64) string {
	digits := fmt.Sprint(n)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(digits) - 3; i > start; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// size prints a number of bytes for a person: "512 B", "1.4 MiB".
func size(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, names := float64(n), []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	i := -1
	for value >= unit && i < len(names)-1 {
		value /= unit
		i++
	}
	return fmt.Sprintf("%.1f %s", value, names[i])
}

// plural is "1 endpoint", "2 endpoints".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(int64(n)) + " " + many
}
