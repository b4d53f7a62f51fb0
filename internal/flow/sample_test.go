package flow

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/probity/probity/internal/interval"
	"github.com/stretchr/testify/require"
)

// day is the interval of most tests; noon is an epoch second within it.
var (
	day  = interval.Interval{Start: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
	noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).Unix()
)

// enterpriseLine is a Calico Enterprise record of about 840 bytes: group says which group it is in, n varies the rest.
func enterpriseLine(group, n int) []byte {
	start := noon - 40000 + int64(n%276)*300
	return fmt.Appendf(nil, `{"start_time":%d,"end_time":%d,"source_ip":null,"source_name":"-","source_name_aggr":"app-%d-6b687c8dcb-*",`+
		`"source_namespace":"team-%d","source_port":null,"source_type":"wep","source_labels":{"labels":["app=app-%d","pod-template-hash=6b687c8dcb"]},`+
		`"dest_ip":null,"dest_name":"-","dest_name_aggr":"db-%d-86c57db685-*","dest_namespace":"data","dest_port":%d,"dest_type":"wep",`+
		`"dest_labels":{"labels":["app=db-%d"]},"dest_service_namespace":"data","dest_service_name":"db-%d","dest_service_port":"sql","proto":"tcp",`+
		`"action":"allow","reporter":"dst","policies":{"all_policies":["0|app|data/app.db|allow|%d"],"enforced_policies":["0|app|data/app.db|allow|%d"]},`+
		`"bytes_in":%d,"bytes_out":%d,"num_flows":%d,"num_flows_started":%d,"num_flows_completed":2,"packets_in":%d,"packets_out":9,`+
		`"http_requests_allowed_in":0,"http_requests_denied_in":0,"original_source_ips":null,"num_original_source_ips":0,"host":"node-%d","@timestamp":%d000}`,
		start, start+300, group%500, group%40, group%500, group%7, 5000+group%11, group%7, group%7, group%3, group%3,
		n*131%100000, n*17%1000000, n%50, n%40, n%300, n%16, start)
}

// goldmaneLine is a record of Goldmane's emitter.
func goldmaneLine(group, n int) []byte {
	start := noon - 40000 + int64(n%276)*300
	return fmt.Appendf(nil, `{"Key":{"source_name":"app-%d-6b687c8dcb-*","source_namespace":"team-%d","source_type":1,"dest_name":"db-%d-86c57db685-*",`+
		`"dest_namespace":"data","dest_type":1,"dest_port":%d,"dest_service_name":"db-%d","dest_service_namespace":"data","dest_service_port_name":"sql",`+
		`"dest_service_port":5432,"proto":"tcp","reporter":2,"action":1,"policies":{"enforced_policies":[{"kind":1,"namespace":"data","name":"app.db",`+
		`"tier":"app","action":1,"rule_index":%d}]}},"start_time":%d,"end_time":%d,"source_labels":["app=app-%d"],"dest_labels":["app=db-%d"],`+
		`"packets_in":%d,"packets_out":9,"bytes_in":%d,"bytes_out":%d,"num_connections_started":%d,"num_connections_completed":2}`,
		group%500, group%40, group%7, 5000+group%11, group%7, group%3, start, start+300, group%500, group%7,
		n%300, n*131%100000, n*17%1000000, n%40)
}

func reduce(t testing.TB, o Options, lines ...[]byte) *Reducer {
	t.Helper()
	if o.Interval.IsZero() {
		o.Interval = day
	}
	r := NewReducer(o)
	for _, line := range lines {
		r.AddLine(line)
	}
	return r
}

func encoded(t testing.TB, r *Reducer) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, r.Encode(&out))
	return out.String()
}

func all(t testing.TB, r *Reducer) []Group {
	t.Helper()
	var out []Group
	for g, err := range r.Groups() {
		require.NoError(t, err)
		out = append(out, g)
	}
	return out
}

func BenchmarkAddLine(b *testing.B) {
	for _, form := range []struct {
		name string
		line func(group, n int) []byte
	}{{"enterprise", enterpriseLine}, {"goldmane", goldmaneLine}} {
		for _, groups := range []int{1_000, 50_000} {
			b.Run(fmt.Sprintf("%s/%d", form.name, groups), func(b *testing.B) {
				random := rand.New(rand.NewPCG(1, 2))
				lines := make([][]byte, 100_000)
				var size int64
				for i := range lines {
					lines[i] = form.line(random.IntN(groups), i)
					size += int64(len(lines[i]))
				}
				b.SetBytes(size / int64(len(lines)))
				b.ReportAllocs()
				r := NewReducer(Options{Interval: day})
				for i := 0; b.Loop(); i++ {
					r.AddLine(lines[i%len(lines)])
				}
				require.Equal(b, r.Stats().Lines, r.Stats().Used)
			})
		}
	}
}

// BenchmarkNewGroups has two reducers meet each group for the first time, and merges them.
func BenchmarkNewGroups(b *testing.B) {
	lines := make([][]byte, 50_000)
	var size int64
	for i := range lines {
		lines[i] = enterpriseLine(i, i)
		size += 2 * int64(len(lines[i]))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		one, other := NewReducer(Options{Interval: day}), NewReducer(Options{Interval: day})
		one.AddLines(lines)
		other.AddLines(lines)
		require.NoError(b, one.Merge(other))
		require.Equal(b, len(lines), one.groups.n)
	}
}

func BenchmarkEncode(b *testing.B) {
	r := NewReducer(Options{Interval: day})
	for i := range 50_000 {
		r.AddLine(enterpriseLine(i, i))
	}
	b.ReportAllocs()
	for b.Loop() {
		var out bytes.Buffer
		require.NoError(b, r.Encode(&out))
		b.SetBytes(int64(out.Len()))
	}
}
