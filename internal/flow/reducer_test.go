package flow

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

// mixed are lines of every sort: both forms, few and many groups, outside the interval, and bad ones.
func mixed(t testing.TB) [][]byte {
	var out [][]byte
	for i := range 40 {
		out = append(out, enterpriseLine(i%17, i), goldmaneLine(i%13, i*3))
	}
	return append(out,
		enterprise(t, nil), goldmane(t, nil, nil),
		enterprise(t, map[string]any{"source_name": "web-5d45-x1", "action": "deny"}),
		enterprise(t, map[string]any{"start_time": noon - 86400*3, "end_time": noon - 86400*2}),
		enterprise(t, map[string]any{"start_time": noon - 86400*3, "end_time": noon + 86400*2}),
		enterprise(t, map[string]any{"bytes_in": -1}), enterprise(t, map[string]any{"action": "log"}),
		[]byte(`{"start_time":`), []byte("{\"x\":\"\xff\"}"), []byte(`{"\u0078":"é"}`))
}

// TestOrderAndPartitionNeverShow is the promise of the package: shuffled, split over reducers, spilled at any size, merged
// in memory, through encodings or streaming, the same records give the same bytes.
func TestOrderAndPartitionNeverShow(t *testing.T) {
	lines := mixed(t)
	want := encoded(t, reduce(t, Options{}, lines...))
	rapid.Check(t, func(rt *rapid.T) {
		shuffled := rapid.Permutation(lines).Draw(rt, "order")
		spill := &memorySpill{}
		var parts []*Reducer
		for range rapid.IntRange(1, 5).Draw(rt, "reducers") {
			most := rapid.SampledFrom([]int{1, 2, 7, 1000}).Draw(rt, "most groups")
			parts = append(parts, NewReducer(Options{Interval: day, MaxGroups: most, Spill: spill}))
		}
		for len(shuffled) > 0 {
			n := rapid.IntRange(1, min(40, len(shuffled))).Draw(rt, "lines")
			part := parts[rapid.IntRange(0, len(parts)-1).Draw(rt, "part")]
			if n == 1 {
				part.AddLine(shuffled[0])
			} else {
				part.AddLines(shuffled[:n])
			}
			shuffled = shuffled[n:]
		}
		var encodings []io.Reader
		through := NewReducer(Options{Interval: day, MaxGroups: 3, Spill: spill})
		for _, part := range parts {
			text := encoded(t, part)
			encodings = append(encodings, bytes.NewReader([]byte(text)))
			require.NoError(t, through.Decode(bytes.NewReader([]byte(text))))
		}
		require.Equal(t, want, encoded(t, through), "through encodings")
		runs, err := MergeRuns(encodings...)
		require.NoError(t, err)
		var streamed bytes.Buffer
		require.NoError(t, runs.Encode(&streamed))
		require.Equal(t, want, streamed.String(), "streaming")
		for _, part := range parts[1:] {
			require.NoError(t, parts[0].Merge(part))
		}
		require.Equal(t, want, encoded(t, parts[0]), "in memory")
		require.Equal(t, want, encoded(t, parts[0]), "a second time")
		require.NoError(t, through.Close())
		require.NoError(t, parts[0].Close())
		require.Zero(t, spill.kept, "all runs are removed")
	})
}

func TestGolden(t *testing.T) {
	got := encoded(t, reduce(t, Options{}, mixed(t)...))
	path := filepath.Join("testdata", "groups.v1.ndjson")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
	old := NewReducer(Options{Interval: day})
	require.NoError(t, old.Decode(bytes.NewReader(want)), "a newer version reads what an older one wrote")
	require.Equal(t, string(want), encoded(t, old))
}

// memorySpill counts what it is asked to keep.
type memorySpill struct {
	created, kept int
	largest       int // groups in a run
	fail          error
}

func (s *memorySpill) Create() (SpillRun, error) {
	if s.fail != nil {
		return nil, s.fail
	}
	s.created++
	s.kept++
	return &memoryRun{spill: s}, nil
}

type memoryRun struct {
	bytes.Buffer
	spill  *memorySpill
	closed bool
}

func (r *memoryRun) Close() error {
	r.closed = true
	r.spill.largest = max(r.spill.largest, bytes.Count(r.Bytes(), []byte("\n"))-2)
	return nil
}

func (r *memoryRun) Open() (io.ReadCloser, error) {
	if !r.closed {
		return nil, errors.New("opened before it was closed")
	}
	return io.NopCloser(bytes.NewReader(r.Bytes())), nil
}

func (r *memoryRun) Remove() error {
	r.spill.kept--
	return nil
}

func TestMemoryIsBoundedBySpilling(t *testing.T) {
	spill := &memorySpill{}
	r := NewReducer(Options{Interval: day, MaxGroups: 100, Spill: spill})
	most := 0
	for i := range 20_000 {
		r.AddLine(fmt.Appendf(nil, `{"start_time":%d,"end_time":%d,"action":"allow","source_type":"wep","source_namespace":"n","source_name":"p-%d",`+
			`"dest_type":"net","dest_name_aggr":"pub","num_flows_started":1}`, noon, noon+1, i*7919%5000))
		most = max(most, r.groups.n)
		require.Less(t, len(r.runs), maxRuns)
	}
	require.Equal(t, 100, most)
	require.Len(t, r.runs, spill.kept, "merged runs are removed")
	groups := all(t, r)
	require.Len(t, groups, 5000)
	require.True(t, slices.IsSortedFunc(groups, func(a, b Group) int { return a.Compare(b.Key) }))
	for _, g := range groups {
		require.Equal(t, int64(4), g.Records)
		require.Equal(t, int64(4), g.Connections)
	}
}

func TestTooManyGroupsWithoutASpill(t *testing.T) {
	r := reduce(t, Options{MaxGroups: 5}, enterpriseLine(1, 1), enterpriseLine(2, 1))
	require.NoError(t, r.Err())
	for i := range 10 {
		r.AddLine(enterpriseLine(i, i))
	}
	require.ErrorContains(t, r.Err(), "more than 5 flow groups and nothing to spill them to")
	require.LessOrEqual(t, r.groups.n, 5)
	require.ErrorIs(t, r.Encode(io.Discard), r.Err())
	for _, err := range r.Groups() {
		require.ErrorIs(t, err, r.Err())
	}
	require.ErrorIs(t, NewReducer(Options{Interval: day}).Merge(r), r.Err(), "the error goes with what is merged")
}

func TestAFailingSpillIsTold(t *testing.T) {
	full := errors.New("disk full")
	r := NewReducer(Options{Interval: day, MaxGroups: 1, Spill: &memorySpill{fail: full}})
	for i := range 5 {
		r.AddLine(enterpriseLine(i, i))
	}
	require.ErrorIs(t, r.Err(), full)
	require.ErrorIs(t, r.Encode(io.Discard), full)
}

func TestMergeNeedsTheSameInterval(t *testing.T) {
	other := day
	other.End = other.End.AddDate(0, 0, 1)
	r, o := NewReducer(Options{Interval: day}), NewReducer(Options{Interval: other})
	require.ErrorContains(t, r.Merge(o), "2026-11-21T00:00:00Z/2026-11-23T00:00:00Z")
	text := encoded(t, o)
	require.ErrorContains(t, r.Decode(bytes.NewReader([]byte(text))), "the intervals must be the same")
	_, err := MergeRuns(bytes.NewReader([]byte(encoded(t, r))), bytes.NewReader([]byte(text)))
	require.ErrorContains(t, err, "the intervals must be the same")
	_, err = MergeRuns()
	require.ErrorContains(t, err, "no encoded reducer")
}

func TestDamagedEncodings(t *testing.T) {
	whole := encoded(t, reduce(t, Options{}, enterprise(t, nil), enterprise(t, map[string]any{"action": "deny"})))
	lines := bytes.SplitAfter([]byte(whole), []byte("\n"))
	join := func(parts ...[]byte) string { return string(bytes.Join(parts, nil)) }
	swap := func(from, to string) string { return string(bytes.Replace([]byte(whole), []byte(from), []byte(to), 1)) }
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "ends early"},
		{"without a trailer", join(lines[0], lines[1]), "ends early"},
		{"cut within a line", whole[:len(whole)/2], "decode flow groups"},
		{"a group lost", join(lines[0], lines[1], lines[3]), "1 groups, but the trailer says 2"},
		{"out of order", join(lines[0], lines[2], lines[1], lines[3]), "group 2: it is not after the one before"},
		{"a newer schema", swap("groups/v1", "groups/v9"), `schema "probity.flow.groups/v9" is not known`},
		{"no header", join(lines[1:]...), "schema"},
		{"a negative sum", swap(`"bytesIn":10`, `"bytesIn":-10`), "negative sum"},
		{"no record", swap(`"records":1`, `"records":0`), "no record"},
		{"an unknown type", swap(`"type":"wep"`, `"type":"vm"`), "unknown end type"},
		{"a port out of range", swap(`"port":7070`, `"port":70000`), "port out of range"},
		{"an impossible time", join(lines[0], bytes.Replace(lines[1], []byte(`"first":"2026`), []byte(`"first":"0026`), 1), lines[2], lines[3]), "negative sum"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.ErrorContains(t, NewReducer(Options{Interval: day}).Decode(bytes.NewReader([]byte(c.text))), c.want)
		})
	}
}

func TestKeysPrintAndSortTheSame(t *testing.T) {
	text := rapid.StringMatching(`[a-c\x01é.]{0,3}`)
	end := rapid.Custom(func(t *rapid.T) End {
		return End{rapid.SampledFrom([]EndType{Workload, Host, NetworkSet, Network}).Draw(t, "type"), text.Draw(t, "ns"), text.Draw(t, "name"), text.Draw(t, "aggregate")}
	})
	key := rapid.Custom(func(t *rapid.T) Key {
		return Key{
			Source: end.Draw(t, "source"), Dest: end.Draw(t, "dest"), Service: Service{text.Draw(t, "sns"), text.Draw(t, "s"), text.Draw(t, "sp")},
			Port: rapid.IntRange(0, maxPort).Draw(t, "port"), Protocol: text.Draw(t, "proto"), Action: text.Draw(t, "action"),
			Reporter: text.Draw(t, "reporter"), Policy: text.Draw(t, "policy"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := key.Draw(t, "a"), key.Draw(t, "b")
		if rapid.Bool().Draw(t, "alike") {
			b.Source, b.Dest = a.Source, a.Dest
		}
		left, err := a.canonical()
		require.NoError(t, err)
		right, err := b.canonical()
		require.NoError(t, err)
		require.Equal(t, a, keyOf(left))
		require.Equal(t, a.Compare(b), compareStrings(left, right))
	})
}

func compareStrings(a, b string) int { return bytes.Compare([]byte(a), []byte(b)) }
