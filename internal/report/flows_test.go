package report_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

func wep(namespace, name, aggregate string) flow.End {
	return flow.End{Type: flow.Workload, Namespace: namespace, Name: name, AggregateName: aggregate}
}

func between(source, dest flow.End, action string) flow.Group {
	return flow.Group{
		Key:         flow.Key{Source: source, Dest: dest, Action: action, Reporter: "src", Protocol: "tcp", Port: 80},
		Connections: 2, BytesIn: 10, BytesOut: 20, Records: 3,
	}
}

var public = flow.End{Type: flow.Network, AggregateName: "pub"}

func printedFlows(flows []v3.EndpointsReportFlow) []string {
	texts := []string{}
	for _, f := range flows {
		texts = append(texts, f.Source.String()+" > "+f.Destination.String())
	}
	return texts
}

// decisions.md, "Flows": exact and aggregated names are merged, denied flows are in the old list, host endpoints are found by
// name and by node.
func TestBuildFlows(t *testing.T) {
	cart := pod("shop", "cart-1", func(l *timeline.Life) { l.AggregateName = "cart-*" })
	single := pod("shop", "single")
	hep := pod("", "eth0", func(l *timeline.Life) {
		l.ID.Key, l.AggregateName = key(resource.HostEndpoint, "", "eth0"), "node-1"
	})
	other := wep("other", "", "x-*")
	for _, c := range []struct {
		name  string
		group flow.Group
		want  []string
	}{
		{"aggregated source", between(wep("shop", "", "cart-*"), public, "allow"), []string{"Pod.v1(shop/cart-*) > Public"}},
		{"exact source", between(wep("shop", "cart-1", "cart-*"), public, "deny"), []string{"Pod.v1(shop/cart-1) > Public"}},
		{"another pod of the same set", between(wep("shop", "cart-2", "cart-*"), public, "allow"), []string{}},
		{"same name in another namespace", between(wep("else", "", "cart-*"), public, "allow"), []string{}},
		{"destination", between(other, wep("shop", "", "cart-*"), "allow"), []string{"Pod.v1(other/x-*) > Pod.v1(shop/cart-*)"}},
		{"a pod without generateName", between(other, wep("shop", "", "single"), "allow"), []string{"Pod.v1(other/x-*) > Pod.v1(shop/single)"}},
		{"host endpoint by name", between(flow.End{Type: flow.Host, Name: "eth0"}, public, "allow"), []string{"HostEndpoint(eth0) > Public"}},
		{"host endpoint by node", between(flow.End{Type: flow.Host, AggregateName: "node-1"}, public, "allow"), []string{"HostEndpoint(node-1) > Public"}},
		{"other host", between(flow.End{Type: flow.Host, AggregateName: "node-2"}, public, "allow"), []string{}},
		{"out of scope", between(other, public, "allow"), []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(t, "network-access", cart, single, hep)
			in.Flows = groups(c.group)
			d := build(t, in)
			require.Equal(t, c.want, printedFlows(d.Data.Flows))
			require.Equal(t, len(c.want) == 1, report.FlowScope(d.Data.Endpoints).Touch(c.group.Key), "flows.csv selects the same groups")
			require.Len(t, d.FlowTotals, len(c.want))
		})
	}
}

func TestBuildFlowsAreDistinctAndSummedByReporterAndAction(t *testing.T) {
	a, b := wep("shop", "", "a-*"), wep("shop", "", "b-*")
	allowed, denied := between(a, b, "allow"), between(a, b, "deny")
	seenAtDest, otherPort := allowed, allowed
	seenAtDest.Reporter, otherPort.Port = "dst", 443
	in := input(t, "network-access", pod("shop", "a-1", func(l *timeline.Life) { l.AggregateName = "a-*" }))
	in.Flows = groups(denied, seenAtDest, otherPort, allowed, between(b, b, "allow"))
	d := build(t, in)
	require.Equal(t, []string{"Pod.v1(shop/a-*) > Pod.v1(shop/b-*)"}, printedFlows(d.Data.Flows))
	require.Equal(t, []report.FlowTotal{
		{Reporter: "dst", Action: "allow", Groups: 1, Records: 3, Connections: 2, BytesIn: 10, BytesOut: 20},
		{Reporter: "src", Action: "allow", Groups: 2, Records: 6, Connections: 4, BytesIn: 20, BytesOut: 40},
		{Reporter: "src", Action: "deny", Groups: 1, Records: 3, Connections: 2, BytesIn: 10, BytesOut: 20},
	}, d.FlowTotals, "the two ends of a connection are not added up")
}

func TestFlowTotalsDoNotOverflow(t *testing.T) {
	g := between(wep("shop", "", "a"), public, "allow")
	g.BytesIn = 1<<63 - 2
	in := input(t, "network-access", pod("shop", "a"))
	in.Flows = groups(g, g)
	require.Equal(t, int64(1<<63-1), build(t, in).FlowTotals[0].BytesIn)
}
