package flow

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

func pod(namespace, name string) End { return End{Type: Workload, Namespace: namespace, Name: name} }

func prefix(namespace, name string) End {
	return End{Type: Workload, Namespace: namespace, AggregateName: name}
}

var public, private = End{Type: Network, AggregateName: "pub"}, End{Type: Network, AggregateName: "pvt"}

func pair(source, dest End) v3.EndpointsReportFlow {
	return v3.EndpointsReportFlow{Source: source.Endpoint(), Destination: dest.Endpoint()}
}

func reportEndpoint(kind, namespace, name, aggregate string) v3.EndpointsReportEndpoint {
	out := v3.EndpointsReportEndpoint{FlowLogAggregationName: aggregate}
	out.Endpoint.Kind, out.Endpoint.Namespace, out.Endpoint.Name = kind, namespace, name
	return out
}

func TestEndsPrintAsReportsPrintThem(t *testing.T) {
	for _, c := range []struct {
		end    End
		want   string
		prefix bool
	}{
		{pod("shop", "web-x1"), "Pod.v1(shop/web-x1)", false},
		{End{Type: Workload, Namespace: "shop", Name: "web-x1", AggregateName: "web-*"}, "Pod.v1(shop/web-x1)", false},
		{prefix("shop", "web-*"), "Pod.v1(shop/web-*)", true},
		{End{Type: Host, Name: "eth0", AggregateName: "node-1"}, "HostEndpoint(eth0)", false},
		{End{Type: Host, AggregateName: "node-1"}, "HostEndpoint(node-1)", true},
		{End{Type: NetworkSet, AggregateName: "trusted"}, "GlobalNetworkSet(trusted)", false},
		{End{Type: NetworkSet, Namespace: "shop", AggregateName: "trusted"}, "NetworkSet(shop/trusted)", false},
		{public, "Public", false},
		{private, "Private", false},
		{End{Type: Network}, "Public", false},
	} {
		t.Run(c.want, func(t *testing.T) {
			require.Equal(t, c.want, c.end.String())
			require.Equal(t, c.prefix, c.end.Endpoint().NameIsAggregationPrefix)
		})
	}
}

func TestTraffic(t *testing.T) {
	x := NewIndex([]v3.EndpointsReportFlow{
		pair(pod("shop", "web-x1"), private), // a denied flow, under the exact name
		pair(prefix("shop", "web-*"), prefix("shop", "cart-*")),
		pair(prefix("shop", "web-*"), public),
		pair(public, prefix("shop", "web-*")),
		pair(public, pod("shop", "web-x1")),
		pair(pod("shop", "lone"), public),
		pair(prefix("shop", "plain"), public),
		pair(End{Type: Host, AggregateName: "node-1"}, public),
		pair(End{Type: Host, Name: "eth0"}, private),
	})
	for _, c := range []struct {
		name            string
		endpoint        v3.EndpointsReportEndpoint
		prefix          string
		ingress, egress []End
	}{
		{"a denied flow does not hide the allowed ones", reportEndpoint("Pod", "shop", "web-x1", "web-*"), "web-*", []End{public}, []End{public, private, prefix("shop", "cart-*")}},
		{"another pod of the set does not show it", reportEndpoint("Pod", "shop", "web-x2", "web-*"), "web-*", []End{public}, []End{public, prefix("shop", "cart-*")}},
		{"the exact name where nothing is under the aggregated one", reportEndpoint("Pod", "shop", "lone", "lone-*"), "lone", nil, []End{public}},
		{"a pod without generateName, aggregated", reportEndpoint("Pod", "shop", "plain", ""), "plain", nil, []End{public}},
		{"the same name in another namespace", reportEndpoint("Pod", "other", "web-x1", "web-*"), "", nil, nil},
		{"a host endpoint by its name and by its node", reportEndpoint("HostEndpoint", "", "eth0", "node-1"), "node-1", nil, []End{public, private}},
		{"a host endpoint that nothing was logged about", reportEndpoint("HostEndpoint", "", "eth9", "node-9"), "", nil, nil},
		{"what has no traffic of its own", reportEndpoint("NetworkSet", "shop", "web-x1", "web-*"), "", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := x.Traffic(c.endpoint)
			require.Equal(t, c.prefix, got.Prefix)
			require.Equal(t, endpoints(c.ingress), got.Ingress)
			require.Equal(t, endpoints(c.egress), got.Egress)
		})
	}
}

func endpoints(ends []End) []v3.FlowEndpoint {
	var out []v3.FlowEndpoint
	for _, e := range ends {
		out = append(out, e.Endpoint())
	}
	return out
}

func TestPairsAreDistinctAndSorted(t *testing.T) {
	deny := map[string]any{"action": "deny"}
	r := reduce(t, Options{}, enterprise(t, nil), enterprise(t, deny), enterprise(t, map[string]any{"dest_port": 1}),
		enterprise(t, map[string]any{"source_type": "net", "source_name_aggr": "pub"}),
		enterprise(t, map[string]any{"source_namespace": "other"}))
	got, err := Pairs(r.Groups(), nil)
	require.NoError(t, err)
	require.Equal(t, []v3.EndpointsReportFlow{
		pair(public, prefix("shop", "cart-7f6b-*")), pair(prefix("other", "web-5d45-*"), prefix("shop", "cart-7f6b-*")),
		pair(prefix("shop", "web-5d45-*"), prefix("shop", "cart-7f6b-*")),
	}, got)
	some := NewEndpoints()
	some.AddPod("other", "web-5d45-z", "web-5d45-*")
	got, err = Pairs(r.Groups(), some.Touch)
	require.NoError(t, err)
	require.Len(t, got, 1)
}

func TestEndpoints(t *testing.T) {
	set := NewEndpoints()
	set.AddPod("shop", "web-x1", "web-*")
	set.AddPod("shop", "plain", "")
	set.AddHost("eth0", "node-1")
	for _, c := range []struct {
		name string
		end  End
		want bool
	}{
		{"exact", pod("shop", "web-x1"), true},
		{"exact, with its aggregated name", End{Type: Workload, Namespace: "shop", Name: "web-x1", AggregateName: "web-*"}, true},
		{"aggregated", prefix("shop", "web-*"), true},
		{"another pod of the set, exact", End{Type: Workload, Namespace: "shop", Name: "web-x2", AggregateName: "web-*"}, false},
		{"a pod without generateName", prefix("shop", "plain"), true},
		{"another namespace", prefix("other", "web-*"), false},
		{"host endpoint", End{Type: Host, Name: "eth0", AggregateName: "node-1"}, true},
		{"host endpoint by node", End{Type: Host, AggregateName: "node-1"}, true},
		{"host endpoint of the same node with another name", End{Type: Host, Name: "eth7", AggregateName: "node-1"}, false},
		{"a network set of that name", End{Type: NetworkSet, Namespace: "shop", AggregateName: "web-*"}, false},
		{"a network", public, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, set.Touch(Key{Source: c.end, Dest: public}))
			require.Equal(t, c.want, set.Touch(Key{Source: public, Dest: c.end}))
		})
	}
}

func TestRows(t *testing.T) {
	r := reduce(t, Options{}, enterprise(t, nil), enterprise(t, map[string]any{"reporter": "dst"}), enterprise(t, map[string]any{"reporter": "dst"}),
		enterprise(t, map[string]any{"dest_service_name": "-", "dest_type": "net", "dest_name_aggr": "pub"}))
	var rows []Row
	for row, err := range Rows(r.Groups(), func(k Key) bool { return k.Dest.Type == Workload }) {
		require.NoError(t, err)
		rows = append(rows, row)
	}
	want := Row{
		Who: "Pod.v1(shop/web-5d45-*)", Whom: "Pod.v1(shop/cart-7f6b-*)", Service: "shop/cart:grpc", Port: 7070, Protocol: "tcp",
		Action: "allow", Reporter: "dst", Policy: "NetworkPolicy(shop/app.cart) rule 3", Connections: 6, BytesIn: 20, BytesOut: 40,
		PacketsIn: 2, PacketsOut: 4, First: time.Unix(noon, 0).UTC(), Last: time.Unix(noon+300, 0).UTC(),
	}
	other := want
	other.Reporter, other.Connections, other.BytesIn, other.BytesOut, other.PacketsIn, other.PacketsOut = "src", 3, 10, 20, 1, 2
	require.Equal(t, []Row{want, other}, rows, "the two ends of a connection are never added up")
	broken := errors.New("broken")
	for _, err := range Rows(func(yield func(Group, error) bool) { yield(Group{}, broken) }, nil) {
		require.ErrorIs(t, err, broken)
	}
}

func TestServicesPrint(t *testing.T) {
	for want, service := range map[string]Service{
		"":              {},
		"shop/cart":     {Namespace: "shop", Name: "cart"},
		"shop/cart:*":   {Namespace: "shop", Name: "cart", Port: "*"},
		"shop/cart:sql": {Namespace: "shop", Name: "cart", Port: "sql"},
	} {
		t.Run(want, func(t *testing.T) { require.Equal(t, want, service.String()) })
	}
}
