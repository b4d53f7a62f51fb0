package flow

import (
	"iter"
	"time"
)

// Row is one row of flows.csv: a group, with its ends, service and policy as reports print them.
type Row struct {
	Who         string    `json:"who"`
	Whom        string    `json:"whom"`
	Service     string    `json:"service,omitempty"` // "namespace/name:port"
	Port        int       `json:"port,omitempty"`
	Protocol    string    `json:"protocol,omitempty"`
	Action      string    `json:"action"`
	Reporter    string    `json:"reporter,omitempty"`
	Policy      string    `json:"policy,omitempty"`
	Connections int64     `json:"connections"`
	BytesIn     int64     `json:"bytesIn"`
	BytesOut    int64     `json:"bytesOut"`
	PacketsIn   int64     `json:"packetsIn"`
	PacketsOut  int64     `json:"packetsOut"`
	First       time.Time `json:"first"`
	Last        time.Time `json:"last"`
}

// Row prints the group.
func (g Group) Row() Row {
	return Row{
		Who: g.Source.String(), Whom: g.Dest.String(), Service: g.Service.String(), Port: g.Port, Protocol: g.Protocol,
		Action: g.Action, Reporter: g.Reporter, Policy: g.Policy, Connections: g.Connections, BytesIn: g.BytesIn,
		BytesOut: g.BytesOut, PacketsIn: g.PacketsIn, PacketsOut: g.PacketsOut, First: g.First, Last: g.Last,
	}
}

// Rows iterates over the rows of the groups that the filter selects, in the groups' order.
func Rows(groups iter.Seq2[Group, error], filter Filter) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for group, err := range groups {
			if err != nil {
				yield(Row{}, err)
				return
			}
			if filter.selects(group.Key) && !yield(group.Row(), nil) {
				return
			}
		}
	}
}
