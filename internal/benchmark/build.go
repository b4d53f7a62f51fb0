package benchmark

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/interval"
)

// summaryType is what the old product wrote as the type of its summaries.
const summaryType = "kube"

// Scan is one result of one node.
type Scan struct {
	Node string
	// Time is when kube-bench ran. Zero says that nobody knows: the scan then counts for every interval, after those whose
	// time is known.
	Time   time.Time
	Result Result
}

// Options are what a report asks for.
type Options struct {
	Interval interval.Interval
	// Params is the definition's cis field; nil stands for the defaults.
	Params *v3.CISBenchmarkParams
	// Nodes names nodes that existed in the interval: each gets a row. May be nil, when they are not known.
	Nodes []string
}

// Rows are the benchmark part of a report.
type Rows struct {
	// Nodes has one row for each node, sorted by name; sections and tests are sorted by number.
	Nodes []v3.CISBenchmarkNode
	// Summary counts the nodes by status; those that were not evaluated are in none of its counts.
	Summary v3.CISBenchmarkSummary
	// Notes say why a node was not evaluated, and what else a reader must know. One sentence each, sorted by node.
	Notes []string
}

// Build makes the rows of a report from scans in any order. For each node it takes the newest scan from the interval's start
// up to its end, the end included: a scan tells the state at its time, and one at the very end tells most about how the
// interval ended. A node with older scans only has a row that says "not evaluated".
func Build(scans []Scan, o Options) Rows {
	params := o.Params
	if params == nil {
		params = &v3.CISBenchmarkParams{}
	}
	rows := Rows{Nodes: []v3.CISBenchmarkNode{}, Summary: v3.CISBenchmarkSummary{Type: summaryType}}
	found := candidates(scans, o)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		chosen, notes := choose(found[name], o.Interval)
		var result Result
		if chosen != nil {
			result = chosen.Result
		}
		node := row(name, &result, params)
		if chosen != nil && node.Summary.Status == NotEvaluated {
			notes = append(notes, "is not evaluated: of the tests that are reported none passed or failed")
		}
		for _, note := range notes {
			rows.Notes = append(rows.Notes, fmt.Sprintf("node %s %s", name, note))
		}
		rows.Nodes = append(rows.Nodes, node)
		count(&rows.Summary, node.Summary.Status)
	}
	return rows
}

// candidates groups the scans that the interval's end allows by node.
func candidates(scans []Scan, o Options) map[string][]Scan {
	found := map[string][]Scan{}
	for _, name := range o.Nodes {
		found[name] = nil
	}
	for _, scan := range scans {
		if !scan.Time.After(o.Interval.End) {
			found[scan.Node] = append(found[scan.Node], scan)
		}
	}
	return found
}

// choose takes the scan that counts; nil, with a note, when none does.
func choose(scans []Scan, iv interval.Interval) (*Scan, []string) {
	var newest time.Time
	isUntimed := false
	for _, scan := range scans {
		isUntimed = isUntimed || scan.Time.IsZero()
		if scan.Time.After(newest) {
			newest = scan.Time
		}
	}
	var notes []string
	switch {
	case !newest.IsZero() && !newest.Before(iv.Start):
	case isUntimed:
		newest = time.Time{}
		notes = append(notes, "has a result of unknown time, which is taken for every interval")
	case newest.IsZero():
		return nil, []string{"is not evaluated: it has no result"}
	default:
		return nil, []string{fmt.Sprintf("is not evaluated: its newest result is of %s, before the interval", stamp(newest))}
	}
	chosen, differ := settle(scans, newest)
	if differ {
		notes = append(notes, fmt.Sprintf("has different results of one time, %s: one of them was taken", stamp(newest)))
	}
	return chosen, notes
}

// settle takes one of the scans of a time, whatever their order, and tells whether they differ.
func settle(scans []Scan, at time.Time) (chosen *Scan, differ bool) {
	var text []byte
	for i := range scans {
		scan := &scans[i]
		if !scan.Time.Equal(at) {
			continue
		}
		own, _ := json.Marshal(scan.Result) // plain strings and flags: it cannot fail
		differ = differ || text != nil && !bytes.Equal(text, own)
		if text == nil || bytes.Compare(own, text) > 0 {
			chosen, text = scan, own
		}
	}
	return chosen, differ
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format(time.RFC3339)
}

func count(summary *v3.CISBenchmarkSummary, status string) {
	switch status {
	case High:
		summary.HighCount++
	case Med:
		summary.MedCount++
	case Low:
		summary.LowCount++
	}
}
