package flow

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Records that were added up before give the same groups and the same statistics as the records themselves.
func TestAddSum(t *testing.T) {
	want, got := reduce(t, Options{}), reduce(t, Options{})
	for group := range 40 {
		var sum Sum
		line := enterpriseLine(group, 0)
		for n := range 25 {
			one := enterpriseLine(group, n)
			want.AddLine(one)
			var record struct {
				Start   int64 `json:"start_time"`
				End     int64 `json:"end_time"`
				In      int64 `json:"bytes_in"`
				Out     int64 `json:"bytes_out"`
				PIn     int64 `json:"packets_in"`
				POut    int64 `json:"packets_out"`
				Started int64 `json:"num_flows_started"`
			}
			require.NoError(t, json.Unmarshal(one, &record))
			if start := time.Unix(record.Start, 0); sum.Records == 0 || start.Before(sum.First) {
				sum.First = start
			}
			if end := time.Unix(record.End, 0); end.After(sum.Last) {
				sum.Last = end
			}
			sum.Records++
			sum.BytesIn, sum.BytesOut, sum.Connections = sum.BytesIn+record.In, sum.BytesOut+record.Out, sum.Connections+record.Started
			sum.PacketsIn, sum.PacketsOut = sum.PacketsIn+record.PIn, sum.PacketsOut+record.POut
		}
		require.Empty(t, got.AddSum(line, &sum))
	}
	got.AddStats(want.Stats())
	require.Equal(t, encoded(t, want), encoded(t, got))
}

func TestAddSumRefuses(t *testing.T) {
	for line, want := range map[string]Reason{
		`{"action":"maybe"}`: BadAction,
		`{"action":"allow","source_type":"wep","source_name_aggr":"a","dest_type":"moon"}`:                     BadEnd,
		`{"action":"allow","source_type":"wep","source_name_aggr":"a","dest_type":"net","dest_port":"http"}`:   BadKey,
		`{"action":"allow","source_type":"wep","source_name_aggr":"a","dest_type":"net","dest_name_aggr":"pu"`: BadJSON,
	} {
		r := reduce(t, Options{})
		require.Equal(t, want, r.AddSum([]byte(line), &Sum{Records: 3}), line)
		require.Empty(t, all(t, r))
		require.Zero(t, r.Stats().Lines)
	}
}

func TestNamesPolicies(t *testing.T) {
	require.False(t, NamesPolicies(nil))
	require.False(t, NamesPolicies([]string{"-", "0|app"}))
	require.True(t, NamesPolicies([]string{"-", "0|app|app.db|pass|1"}))
}
