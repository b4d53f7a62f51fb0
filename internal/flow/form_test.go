package flow

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// enterprise returns a complete record with the given members changed; a nil member is left out.
func enterprise(t testing.TB, change map[string]any) []byte {
	return line(t, map[string]any{
		"start_time": noon, "end_time": noon + 300, "action": "allow", "reporter": "src", "proto": "tcp",
		"source_type": "wep", "source_namespace": "shop", "source_name": "-", "source_name_aggr": "web-5d45-*",
		"dest_type": "wep", "dest_namespace": "shop", "dest_name": "-", "dest_name_aggr": "cart-7f6b-*", "dest_port": 7070,
		"dest_service_namespace": "shop", "dest_service_name": "cart", "dest_service_port": "grpc", "dest_service_port_num": 7070,
		"policies":          map[string]any{"enforced_policies": []string{"0|app|shop/app.cart|allow|2"}},
		"num_flows_started": 3, "bytes_in": 10, "bytes_out": 20, "packets_in": 1, "packets_out": 2,
	}, change)
}

// goldmane is enterprise for the other form; the members of its key are changed by keyChange.
func goldmane(t testing.TB, keyChange, change map[string]any) []byte {
	key := map[string]any{
		"source_name": "web-5d45-*", "source_namespace": "shop", "source_type": 1, "dest_name": "cart-7f6b-*",
		"dest_namespace": "shop", "dest_type": 1, "dest_port": 7070, "dest_service_name": "cart", "dest_service_namespace": "shop",
		"dest_service_port_name": "grpc", "dest_service_port": 7070, "proto": "tcp", "reporter": 1, "action": 1,
		"policies": map[string]any{"enforced_policies": []any{
			map[string]any{"kind": 1, "namespace": "shop", "name": "app.cart", "tier": "app", "action": 1, "rule_index": 2},
		}},
	}
	apply(key, keyChange)
	return line(t, map[string]any{
		"Key": key, "start_time": noon, "end_time": noon + 300, "num_connections_started": 3, "bytes_in": 10, "bytes_out": 20,
		"packets_in": 1, "packets_out": 2,
	}, change)
}

func line(t testing.TB, record, change map[string]any) []byte {
	t.Helper()
	apply(record, change)
	out, err := json.Marshal(record)
	require.NoError(t, err)
	return out
}

func apply(record, change map[string]any) {
	maps.Copy(record, change)
	for name, value := range change {
		if value == nil {
			delete(record, name)
		}
	}
}

// standard is the group of an unchanged record, in either form.
func standard() Group {
	return Group{
		Key: Key{
			Source:  End{Type: Workload, Namespace: "shop", AggregateName: "web-5d45-*"},
			Dest:    End{Type: Workload, Namespace: "shop", AggregateName: "cart-7f6b-*"},
			Service: Service{Namespace: "shop", Name: "cart", Port: "grpc"}, Port: 7070, Protocol: "tcp", Action: "allow",
			Reporter: "src", Policy: "NetworkPolicy(shop/app.cart) rule 3",
		},
		First: time.Unix(noon, 0).UTC(), Last: time.Unix(noon+300, 0).UTC(), Connections: 3, BytesIn: 10, BytesOut: 20,
		PacketsIn: 1, PacketsOut: 2, Records: 1,
	}
}

// missing prints as null.
var missing *struct{}

// formCase is a record that is the standard one but for a change.
type formCase struct {
	name   string
	line   []byte
	change func(*Group)
}

func TestForms(t *testing.T) {
	testForms(t, []formCase{
		{"enterprise", enterprise(t, nil), nil},
		{"goldmane", goldmane(t, nil, nil), nil},
		{"an unread member of any shape", enterprise(t, map[string]any{"x": []any{1.5e3, true, nil, map[string]any{"a": "ü\n"}}}), nil},
		{"exact names", enterprise(t, map[string]any{"source_name": "web-5d45-x1", "dest_name": "cart-7f6b-y2"}), func(g *Group) {
			g.Source.Name, g.Dest.Name = "web-5d45-x1", "cart-7f6b-y2"
		}},
		{"null is no name", enterprise(t, map[string]any{"source_name": missing, "dest_name": nil}), nil},
		{"no service as dashes", enterprise(t, map[string]any{"dest_service_namespace": "-", "dest_service_name": "-", "dest_service_port": "-", "dest_service_port_num": missing}), func(g *Group) {
			g.Service = Service{}
		}},
		{"no service as missing", enterprise(t, map[string]any{"dest_service_namespace": nil, "dest_service_name": nil, "dest_service_port": nil, "dest_service_port_num": nil}), func(g *Group) {
			g.Service = Service{}
		}},
		{"service port by number", enterprise(t, map[string]any{"dest_service_port": "-"}), func(g *Group) { g.Service.Port = "7070" }},
		{"several service ports", enterprise(t, map[string]any{"dest_service_port": "*"}), func(g *Group) { g.Service.Port = "*" }},
		{"service port of a goldmane record by number", goldmane(t, map[string]any{"dest_service_port_name": nil}, nil), func(g *Group) { g.Service.Port = "7070" }},
		{"port aggregated", enterprise(t, map[string]any{"dest_port": missing}), func(g *Group) { g.Port = 0 }},
		{"port left out", goldmane(t, map[string]any{"dest_port": nil}, nil), func(g *Group) { g.Port = 0 }},
		{"protocol by number", enterprise(t, map[string]any{"proto": 17}), func(g *Group) { g.Protocol = "udp" }},
		{"protocol by number in quotes", enterprise(t, map[string]any{"proto": "132"}), func(g *Group) { g.Protocol = "sctp" }},
		{"ICMP by number", enterprise(t, map[string]any{"proto": 1}), func(g *Group) { g.Protocol = "icmp" }},
		{"TCP by number", enterprise(t, map[string]any{"proto": 6}), nil},
		{"ICMPv6 by number", enterprise(t, map[string]any{"proto": 58}), func(g *Group) { g.Protocol = "icmpv6" }},
		{"UDP-Lite by number", enterprise(t, map[string]any{"proto": 136}), func(g *Group) { g.Protocol = "udplite" }},
		{"service port 0", enterprise(t, map[string]any{"dest_service_port": nil, "dest_service_port_num": 0}), func(g *Group) { g.Service.Port = "" }},
		{"a dash, escaped", enterprise(t, map[string]any{"source_name": json.RawMessage(`"\u002d"`)}), nil},
		{"protocol without a name", enterprise(t, map[string]any{"proto": "99"}), func(g *Group) { g.Protocol = "99" }},
		{"protocol in capitals", goldmane(t, map[string]any{"proto": "TCP"}, nil), nil},
		{"action in capitals", enterprise(t, map[string]any{"action": "Allow"}), nil},
		{"denied", enterprise(t, map[string]any{"action": "deny"}), func(g *Group) { g.Action = "deny" }},
		{"denied, goldmane", goldmane(t, map[string]any{"action": 2}, nil), func(g *Group) { g.Action = "deny" }},
		{"forwarded", enterprise(t, map[string]any{"reporter": "fwd"}), func(g *Group) { g.Reporter = "fwd" }},
		{"reported by the destination, goldmane", goldmane(t, map[string]any{"reporter": 2}, nil), func(g *Group) { g.Reporter = "dst" }},
		{"no reporter", goldmane(t, map[string]any{"reporter": nil}, nil), func(g *Group) { g.Reporter = "" }},
	})
}

func TestFormsOfEnds(t *testing.T) {
	testForms(t, []formCase{
		{"host endpoint by name", enterprise(t, map[string]any{"source_type": "hep", "source_namespace": "-", "source_name": "eth0", "source_name_aggr": "node-1"}), func(g *Group) {
			g.Source = End{Type: Host, Name: "eth0", AggregateName: "node-1"}
		}},
		{"host endpoint, goldmane", goldmane(t, map[string]any{"source_type": 2, "source_namespace": nil, "source_name": "node-1"}, nil), func(g *Group) {
			g.Source = End{Type: Host, AggregateName: "node-1"}
		}},
		{"global network set", enterprise(t, map[string]any{"dest_type": "ns", "dest_namespace": "-", "dest_name_aggr": "trusted"}), func(g *Group) {
			g.Dest = End{Type: NetworkSet, AggregateName: "trusted"}
		}},
		{"network set named in the exact name only", enterprise(t, map[string]any{"dest_type": "ns", "dest_name": "trusted", "dest_name_aggr": "-"}), func(g *Group) {
			g.Dest = End{Type: NetworkSet, Namespace: "shop", AggregateName: "trusted"}
		}},
		{"network set, goldmane", goldmane(t, map[string]any{"dest_type": 3, "dest_name": "trusted"}, nil), func(g *Group) {
			g.Dest = End{Type: NetworkSet, Namespace: "shop", AggregateName: "trusted"}
		}},
		{"network", enterprise(t, map[string]any{"source_type": "net", "source_namespace": "-", "source_name_aggr": "pub"}), func(g *Group) {
			g.Source = End{Type: Network, AggregateName: "pub"}
		}},
		{"network, goldmane", goldmane(t, map[string]any{"dest_type": 4, "dest_namespace": nil, "dest_name": "pvt"}, nil), func(g *Group) {
			g.Dest = End{Type: Network, AggregateName: "pvt"}
		}},
	})
}

func TestFormsOfCounters(t *testing.T) {
	testForms(t, []formCase{
		{"zero counters left out", goldmane(t, nil, map[string]any{"num_connections_started": nil, "bytes_in": nil, "bytes_out": nil, "packets_in": nil, "packets_out": nil}), func(g *Group) {
			g.Connections, g.BytesIn, g.BytesOut, g.PacketsIn, g.PacketsOut = 0, 0, 0, 0, 0
		}},
		{"the other form's connections do not count", enterprise(t, map[string]any{"num_connections_started": 99}), nil},
		{"the other form's connections do not count, goldmane", goldmane(t, nil, map[string]any{"num_flows_started": 99}), nil},
		{"a key that is null", enterprise(t, map[string]any{"Key": missing}), nil},
		{"no policies", enterprise(t, map[string]any{"policies": missing}), func(g *Group) { g.Policy = "" }},
		{"no policies, goldmane", goldmane(t, map[string]any{"policies": nil}, nil), func(g *Group) { g.Policy = "" }},
		{"escapes in a name", []byte(string(enterprise(t, map[string]any{"source_namespace": "\u0001"}))), func(g *Group) { g.Source.Namespace = "\u0001" }},
	})
}

func testForms(t *testing.T, cases []formCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want := standard()
			if c.change != nil {
				c.change(&want)
			}
			r := reduce(t, Options{}, c.line, c.line) // twice: the second one finds what the first has taught
			want.add(&Group{Connections: want.Connections, BytesIn: want.BytesIn, BytesOut: want.BytesOut, PacketsIn: want.PacketsIn, PacketsOut: want.PacketsOut, Records: 1})
			require.Empty(t, r.Stats().Bad)
			require.Equal(t, []Group{want}, all(t, r))
		})
	}
}

// add sums up what is not the key.
func (g *Group) add(o *Group) {
	g.Connections, g.Records = g.Connections+o.Connections, g.Records+o.Records
	g.BytesIn, g.BytesOut = g.BytesIn+o.BytesIn, g.BytesOut+o.BytesOut
	g.PacketsIn, g.PacketsOut = g.PacketsIn+o.PacketsIn, g.PacketsOut+o.PacketsOut
}

func TestFormsMixedInOneLog(t *testing.T) {
	r := reduce(t, Options{}, enterprise(t, nil), goldmane(t, nil, nil), enterprise(t, nil))
	groups := all(t, r)
	require.Len(t, groups, 1)
	require.Equal(t, int64(3), groups[0].Records)
	require.Equal(t, int64(9), groups[0].Connections)
}

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		name  string
		value any
		want  time.Time
	}{
		{"seconds", noon, time.Unix(noon, 0)},
		{"milliseconds", noon*1000 + 7, time.UnixMilli(noon*1000 + 7)},
		{"seconds in quotes", fmt.Sprint(noon), time.Unix(noon, 0)},
		{"milliseconds in quotes", fmt.Sprint(noon * 1000), time.Unix(noon, 0)},
		{"RFC 3339", "2026-11-21T12:00:00Z", time.Unix(noon, 0)},
		{"RFC 3339 with an offset and a fraction", "2026-11-21T13:00:00.25+01:00", time.Unix(noon, 250_000_000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := reduce(t, Options{}, enterprise(t, map[string]any{"start_time": c.value}))
			require.Equal(t, c.want.UTC(), all(t, r)[0].First)
		})
	}
}

func TestBadLines(t *testing.T) {
	valid := string(enterprise(t, nil))
	for _, c := range []struct {
		name string
		line string
		want Reason
	}{
		{"not JSON", `start_time=1`, BadJSON},
		{"cut", valid[:len(valid)-2], BadJSON},
		{"two objects", valid + valid, BadJSON},
		{"an array", `[` + valid + `]`, BadJSON},
		{"a number", `12`, BadJSON},
		{"blank", ` `, BadJSON},
		{"leading zero in an unread member", `{"x":01,` + valid[1:], BadJSON},
		{"bad escape in an unread member", `{"x":"\q",` + valid[1:], BadJSON},
		{"control character in an unread member", "{\"x\":\"\x01\"," + valid[1:], BadJSON},
		{"missing comma", `{"x":1 ` + valid[1:], BadJSON},
		{"invalid UTF-8", "{\"x\":\"\xff\"," + valid[1:], BadUTF8},
		{"a field twice", `{"action":"allow",` + valid[1:], BadField},
		{"a field twice, once escaped", `{"\u0061ction":"allow",` + valid[1:], BadField},
		{"no start", string(enterprise(t, map[string]any{"start_time": nil})), NoTimes},
		{"dash for an end", string(enterprise(t, map[string]any{"end_time": "-"})), NoTimes},
		{"a word for a time", string(enterprise(t, map[string]any{"start_time": "noon"})), BadTime},
		{"a fraction for a time", string(enterprise(t, map[string]any{"start_time": 1.5})), BadTime},
		{"a time before 1970", string(enterprise(t, map[string]any{"start_time": -5})), BadTime},
		{"a time beyond all years", string(enterprise(t, map[string]any{"start_time": int64(1) << 62})), BadTime},
		{"a date beyond all years", string(enterprise(t, map[string]any{"end_time": "9000-01-01T00:00:00Z"})), BadTime},
		{"an array for a time", string(enterprise(t, map[string]any{"end_time": []int{1}})), BadTime},
		{"end before start", string(enterprise(t, map[string]any{"end_time": noon - 1})), EndFirst},
		{"negative counter", string(enterprise(t, map[string]any{"bytes_in": -1})), Negative},
		{"negative counter of any size", string(enterprise(t, map[string]any{"bytes_in": json.Number("-99999999999999999999")})), Negative},
		{"fraction in a counter", string(enterprise(t, map[string]any{"packets_out": 1.5})), BadCount},
		{"counter too large", string(enterprise(t, map[string]any{"bytes_out": json.Number("9223372036854775808")})), BadCount},
		{"counter with an exponent", string(enterprise(t, map[string]any{"bytes_out": json.Number("1e3")})), BadCount},
		{"unreadable before negative", string(enterprise(t, map[string]any{"bytes_in": -1, "packets_out": "many"})), BadCount},
		{"no action", string(enterprise(t, map[string]any{"action": nil})), BadAction},
		{"unknown action", string(enterprise(t, map[string]any{"action": "log"})), BadAction},
		{"pass is no final action", string(goldmane(t, map[string]any{"action": 3}, nil)), BadAction},
		{"no action, goldmane", string(goldmane(t, map[string]any{"action": nil}, nil)), BadAction},
		{"unknown type", string(enterprise(t, map[string]any{"dest_type": "vm"})), BadEnd},
		{"no type, goldmane", string(goldmane(t, map[string]any{"source_type": nil}, nil)), BadEnd},
		{"no name", string(enterprise(t, map[string]any{"source_name_aggr": "-"})), BadKey},
		{"a number for a name", string(enterprise(t, map[string]any{"source_name": 5})), BadKey},
		{"port out of range", string(enterprise(t, map[string]any{"dest_port": 65536})), BadKey},
		{"a word for a port", string(enterprise(t, map[string]any{"dest_port": "http"})), BadKey},
		{"unknown reporter", string(enterprise(t, map[string]any{"reporter": "me"})), BadKey},
		{"unknown reporter, goldmane", string(goldmane(t, map[string]any{"reporter": 9}, nil)), BadKey},
		{"zero byte in a name", string(enterprise(t, map[string]any{"source_namespace": "a\x00b"})), BadKey},
		{"endless name", string(enterprise(t, map[string]any{"source_namespace": fmt.Sprintf("%02000d", 1)})), BadKey},
		{"policies are text", string(enterprise(t, map[string]any{"policies": "none"})), BadKey},
		{"a policy is a number", string(enterprise(t, map[string]any{"policies": map[string]any{"enforced_policies": []int{1}}})), BadKey},
		{"policies twice", string(enterprise(t, map[string]any{"policies": json.RawMessage(`{"all_policies":[],"all_policies":[]}`)})), BadKey},
		{"key is text", string(goldmane(t, nil, map[string]any{"Key": "k"})), BadAction},
		{"policies of a goldmane record as text", string(goldmane(t, map[string]any{"policies": "p"}, nil)), BadKey},
		{"enforced policies of a goldmane record as text", string(goldmane(t, map[string]any{"policies": map[string]any{"enforced_policies": "p"}}, nil)), BadKey},
		{"a goldmane policy as text", string(goldmane(t, map[string]any{"policies": map[string]any{"enforced_policies": []string{"p"}}}, nil)), BadKey},
		{"a part of the key twice", `{"Key":{"action":1,"action":1,"source_type":4,"dest_type":4},"start_time":1795262400,"end_time":1795262401}`, BadKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := reduce(t, Options{}, enterprise(t, nil), []byte(c.line), []byte(c.line), enterprise(t, nil))
			stats := r.Stats()
			require.Equal(t, map[Reason]int64{c.want: 2}, stats.Bad)
			require.Equal(t, int64(4), stats.Lines)
			require.Equal(t, int64(2), stats.Used)
			require.Equal(t, int64(2), stats.BadLines())
			require.Equal(t, int64(2), all(t, r)[0].Records, "the good lines around it count")
		})
	}
}

func TestSumsStopAtTheLargestNumber(t *testing.T) {
	big := enterprise(t, map[string]any{"bytes_in": json.Number("9223372036854775807")})
	r := reduce(t, Options{}, big, enterprise(t, nil), big)
	require.Equal(t, int64(9223372036854775807), all(t, r)[0].BytesIn)
	require.Equal(t, int64(60), all(t, r)[0].BytesOut)
}
