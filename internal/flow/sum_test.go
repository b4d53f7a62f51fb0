package flow

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
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

// A record's decision is that of the first class of which it names a policy.
func TestDeciding(t *testing.T) {
	classes, silent := Deciding([]string{
		"0|net|net.base|pass|0", "1|app|data/app.db|allow|1", "1|app|data/app.db|allow|0", "2|app|data/staged:app.x|deny|0", "-", "x|y",
		"0|__PROFILE__|__PROFILE__.kns.shop|allow|0", "1|app|data/db|allow|0",
	})
	require.Equal(t, [][]string{
		{"1|app|data/app.db|allow|0", "1|app|data/db|allow|0"}, {"1|app|data/app.db|allow|1"}, {"0|__PROFILE__|__PROFILE__.kns.shop|allow|0"},
	}, classes)
	require.Equal(t, []string{"0|net|net.base|pass|0", "2|app|data/staged:app.x|deny|0"}, silent)
	rapid.Check(t, func(t *rapid.T) {
		policies := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("%d|%s|%s|%s|%d", rapid.IntRange(0, 2).Draw(t, "index"), rapid.SampledFrom([]string{"app", "__PROFILE__"}).Draw(t, "tier"),
				rapid.SampledFrom([]string{"a", "ns/app.b", "ns/staged:c", "np:ns/b", "kns.d"}).Draw(t, "name"),
				rapid.SampledFrom([]string{"allow", "deny", "pass", "what"}).Draw(t, "action"), rapid.IntRange(-2, 2).Draw(t, "rule"))
		}), 0, 8).Draw(t, "policies")
		var hits []hit
		for _, text := range policies {
			h, ok := parseHit(text)
			require.True(t, ok)
			hits = append(hits, h)
		}
		want := ""
		classes, _ := Deciding(append([]string{"2|zz|other|allow|0"}, policies...))
		for _, class := range classes {
			if slices.ContainsFunc(class, func(text string) bool { return slices.Contains(policies, text) }) {
				h, _ := parseHit(class[0])
				want = h.String()
				break
			}
		}
		require.Equal(t, want, decide(hits))
	})
}
