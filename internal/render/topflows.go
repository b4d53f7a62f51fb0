package render

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/flow"
)

// FlowTables are the rows of flows.csv that report.html shows, each table with those of most connections first.
type FlowTables struct {
	Total, Denied, Internet          int64      // how many rows there are of each kind
	TopAll, TopDenied, TopOnInternet []flow.Row // at most as many as asked for
}

// denied is the action of flows that a policy denied.
const denied = "deny"

// TopFlows reads the rows once, in any order, and keeps the n with most connections: of all, of the denied ones, and of those with
// the internet at one end. What it keeps does not depend on the order of the rows.
func TopFlows(rows iter.Seq2[flow.Row, error], n int) (FlowTables, error) {
	var t FlowTables
	for row, err := range rows {
		if err != nil {
			return FlowTables{}, fmt.Errorf("read flows: %w", err)
		}
		t.Total++
		t.TopAll = keepTop(t.TopAll, row, n)
		if row.Action == denied {
			t.Denied++
			t.TopDenied = keepTop(t.TopDenied, row, n)
		}
		if row.Who == v3.KindFlowPublic || row.Whom == v3.KindFlowPublic {
			t.Internet++
			t.TopOnInternet = keepTop(t.TopOnInternet, row, n)
		}
	}
	return t, nil
}

// keepTop puts the row in its place and drops the last one when there are too many.
func keepTop(top []flow.Row, row flow.Row, n int) []flow.Row {
	if len(top) == n && (n == 0 || compareFlows(row, top[n-1]) >= 0) {
		return top
	}
	i, _ := slices.BinarySearchFunc(top, row, compareFlows)
	top = slices.Insert(top, i, row)
	return top[:min(len(top), n)]
}

func compareFlows(a, b flow.Row) int {
	return cmp.Or(cmp.Compare(b.Connections, a.Connections), cmp.Compare(b.BytesIn+b.BytesOut, a.BytesIn+a.BytesOut),
		strings.Compare(a.Who, b.Who), strings.Compare(a.Whom, b.Whom), strings.Compare(a.Service, b.Service), cmp.Compare(a.Port, b.Port),
		strings.Compare(a.Protocol, b.Protocol), strings.Compare(a.Action, b.Action), strings.Compare(a.Reporter, b.Reporter),
		strings.Compare(a.Policy, b.Policy), a.First.Compare(b.First), a.Last.Compare(b.Last),
		cmp.Compare(a.PacketsIn, b.PacketsIn), cmp.Compare(a.PacketsOut, b.PacketsOut), cmp.Compare(a.BytesIn, b.BytesIn))
}
