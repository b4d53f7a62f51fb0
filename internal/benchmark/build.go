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
		node := row(name, &chosen.Result, params)
		if node.Summary.Status == NotEvaluated && len(notes) == 0 {
			notes = append(notes, "is not evaluated: its result has no test that passed or failed")
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

// choose takes the scan that counts, or an empty one with a note.
func choose(scans []Scan, iv interval.Interval) (Scan, []string) {
	if len(scans) == 0 {
		return Scan{}, []string{"is not evaluated: it has no result"}
	}
	newest := slices.MaxFunc(scans, func(a, b Scan) int { return a.Time.Compare(b.Time) })
	if newest.Time.Before(iv.Start) {
		older := newest
		if newest = oldest(scans); !newest.Time.IsZero() {
			return Scan{}, []string{fmt.Sprintf("is not evaluated: its newest result is of %s, before the interval", stamp(older.Time))}
		}
	}
	var notes []string
	if newest.Time.IsZero() {
		notes = append(notes, "has a result of unknown time, which is taken for every interval")
	}
	chosen, differ := settle(scans, newest.Time)
	if differ {
		notes = append(notes, fmt.Sprintf("has different results of the same time, %s, of which one was taken", stamp(newest.Time)))
	}
	return chosen, notes
}

func oldest(scans []Scan) Scan {
	return slices.MinFunc(scans, func(a, b Scan) int { return a.Time.Compare(b.Time) })
}

// settle takes one of the scans of a time, whatever their order, and tells whether they differ.
func settle(scans []Scan, at time.Time) (chosen Scan, differ bool) {
	var text []byte
	for _, scan := range scans {
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
