package opensearch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// documents is a server with one index of documents, numbered from 0, of which it gives a few at a time.
type documents struct {
	t       *testing.T
	n       int
	pits    int
	closed  int
	answers int
	// fault may spoil an answer to a search: it is given its number and its usual text.
	fault func(answer int, text string) (int, string)
	// later is what the server counts once a point in time was opened again.
	later int
}

func (d *documents) reply(_ int, r *http.Request, body string) (int, string) {
	if strings.HasSuffix(r.URL.Path, "/point_in_time") {
		if r.Method == http.MethodDelete {
			d.closed++
			return 200, `{}`
		}
		d.pits++
		return 200, fmt.Sprintf(`{"pit_id":"pit-%d","_shards":{"total":2,"successful":2,"failed":0}}`, d.pits)
	}
	ask := decoded(d.t, body)
	from := 0
	if after, ok := ask["search_after"].([]any); ok {
		from = int(after[0].(float64)) + 1
	}
	count := d.n
	if d.pits > 1 && d.later > 0 {
		count = d.later
	}
	var hits []string
	for i := from; i < min(from+int(ask["size"].(float64)), d.n); i++ {
		hits = append(hits, fmt.Sprintf(`{"_index":"a","_id":"%d","_source":{"n": %d},"sort":[%d,"%d","a"]}`, i, i, i, i))
	}
	text := fmt.Sprintf(`{"pit_id":"%s","took":1,"timed_out":false,"_shards":{"total":2,"successful":2,"failed":0},"hits":{"total":{"value":%d},"hits":[%s]}}`,
		ask["pit"].(map[string]any)["id"], count, strings.Join(hits, ","))
	d.answers++
	if d.fault != nil {
		if status, spoiled := d.fault(d.answers, text); status != 0 {
			return status, spoiled
		}
	}
	return 200, text
}

func (d *documents) scan(ctx context.Context, give func(*hit) error) ([]string, scanned, error) {
	d.t.Helper()
	f := newFake(d.t, d.reply)
	var got []string
	if give == nil {
		give = func(h *hit) error { got = append(got, string(h.Source)); return nil }
	}
	s := &scan{client: f.client(d.t), indices: "a", query: everything, sort: "at", give: give}
	found, err := s.run(ctx)
	return got, found, err
}

func (d *documents) want() []string {
	out := make([]string, d.n)
	for i := range out {
		out[i] = fmt.Sprintf(`{"n": %d}`, i)
	}
	return out
}

const failedShard = `{"pit_id":"p","timed_out":false,"_shards":{"total":2,"successful":1,"failed":1,"failures":[{"shard":1,"index":"a","node":"n7","reason":{"type":"%s","reason":"r"}}]},` +
	`"hits":{"total":{"value":1},"hits":[{"_index":"a","_id":"0","_source":{"n": 0},"sort":[0,"0","a"]}]}}`

// Whatever happens on the way, each document is given once, in order, as it stands.
func TestScanGoesOn(t *testing.T) {
	once := func(when int, status int, text string) func(int, string) (int, string) {
		return func(n int, _ string) (int, string) {
			if n == when {
				return status, text
			}
			return 0, ""
		}
	}
	for name, fault := range map[string]func(int, string) (int, string){
		"no trouble": nil,
		"the point in time expires": once(2, 404, `{"error":{"root_cause":[{"type":"search_context_missing_exception","reason":"No search context found for id [1]"}],`+
			`"type":"search_phase_execution_exception","reason":"all shards failed"},"status":404}`),
		"it expires on one shard":     once(2, 200, fmt.Sprintf(failedShard, missingContext)),
		"a shard moves":               once(1, 200, fmt.Sprintf(failedShard, "no_shard_available_action_exception")),
		"the search runs out of time": once(2, 200, `{"timed_out":true,"_shards":{"total":2,"successful":2,"failed":0},"hits":{"total":{"value":1},"hits":[]}}`),
		"the server is busy":          once(2, 429, `busy`),
		"an answer breaks off": func(n int, text string) (int, string) {
			if n == 2 {
				return http.StatusTeapot, text[:len(text)*2/3]
			}
			return 0, ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := &documents{t: t, n: 1700, fault: fault}
			got, found, err := d.scan(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, d.want(), got)
			require.Empty(t, found.Faults)
			require.Equal(t, int64(1700), found.Rows)
			require.Equal(t, int64(1700), found.Total)
			require.Equal(t, d.pits, d.closed, "no point in time is left behind")
		})
	}
}

// What does not come back while the client is patient is told; nothing is given twice.
func TestScanTellsWhatIsMissing(t *testing.T) {
	d := &documents{t: t, n: 10, fault: func(int, string) (int, string) { return 200, fmt.Sprintf(failedShard, "node_not_connected_exception") }}
	got, found, err := d.scan(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, []string{`{"n": 0}`}, got)
	require.Equal(t, []string{"shard 1 of index a failed: node_not_connected_exception"}, found.Faults)
	require.Equal(t, d.pits, d.closed)
}

// A number of rows that is not the one that was counted is told.
func TestScanReconcilesItsCounts(t *testing.T) {
	d := &documents{t: t, n: 700, later: 720, fault: func(n int, _ string) (int, string) {
		if n == 2 {
			return 404, `{"error":{"type":"search_context_missing_exception"}}`
		}
		return 0, ""
	}}
	_, found, err := d.scan(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, []string{"720 documents were found and 700 read"}, found.Faults)
}

func TestScanEnds(t *testing.T) {
	t.Run("when the index is gone", func(t *testing.T) {
		d := &documents{t: t, n: 3, fault: func(int, string) (int, string) {
			return 404, `{"error":{"type":"index_not_found_exception","reason":"no such index [a]"}}`
		}}
		_, _, err := d.scan(t.Context(), nil)
		require.ErrorIs(t, err, ErrChanged)
		require.ErrorContains(t, err, "no such index [a]")
	})
	t.Run("when the caller has had enough", func(t *testing.T) {
		d := &documents{t: t, n: 3}
		mine := errors.New("enough")
		calls := 0
		_, _, err := d.scan(t.Context(), func(*hit) error { calls++; return mine })
		require.ErrorIs(t, err, mine)
		require.Equal(t, 1, calls)
		require.Equal(t, 1, d.closed)
	})
	t.Run("when an answer breaks off again and again", func(t *testing.T) {
		d := &documents{t: t, n: 3, fault: func(_ int, text string) (int, string) { return http.StatusTeapot, text[:20] }}
		_, _, err := d.scan(t.Context(), nil)
		require.ErrorContains(t, err, "unexpected EOF")
	})
}

// Pages grow and shrink with the documents.
func TestScanFitsItsPages(t *testing.T) {
	for size, want := range map[int64]int{100: maxPage, 4 << 10: 1024, 16 << 20: 1} {
		s := &scan{found: scanned{Rows: 10, Bytes: 10 * size}}
		s.fit()
		require.Equal(t, want, s.size, "documents of %d bytes", size)
	}
}

// Sums without hits that lack a shard are asked for again, and at last taken with what is missing.
func TestAskForSums(t *testing.T) {
	for name, c := range map[string]struct {
		bad    int
		faults []string
	}{
		"a shard comes back": {1, nil},
		"it does not":        {1 << 30, []string{"shard 1 of index a failed: x"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(n int, _ *http.Request, _ string) (int, string) {
				if n < c.bad {
					return 200, fmt.Sprintf(failedShard, "x")
				}
				return 200, `{"_shards":{"total":2,"successful":2,"failed":0},"hits":{"total":{"value":2}}}`
			})
			_, faults, err := f.client(t).ask(t.Context(), "a", m{}, &reading{})
			require.NoError(t, err)
			require.Equal(t, c.faults, faults)
			require.Greater(t, len(f.requests()), 1)
		})
	}
}

// A shard that no node has is in no list of failures; and where there is no other, the answer is an error.
func TestShardsThatNobodyHas(t *testing.T) {
	for text, want := range map[string]string{
		`{"_shards":{"total":3,"successful":1,"skipped":0,"failed":0},"hits":{"total":{"value":2}}}`:                                         "2 of 3 shards did not answer: a",
		`{"error":{"root_cause":[],"type":"search_phase_execution_exception","reason":"all shards failed","failed_shards":[]},"status":503}`: "no shard answered: a",
	} {
		f := newFake(t, func(int, *http.Request, string) (int, string) {
			if strings.HasPrefix(text, `{"error"`) {
				return 503, text
			}
			return 200, text
		})
		_, faults, err := f.client(t).ask(t.Context(), "a", m{}, &reading{})
		require.NoError(t, err)
		require.Equal(t, []string{want}, faults)
	}
	d := &documents{t: t, n: 3, fault: func(int, string) (int, string) {
		return 503, `{"error":{"type":"search_phase_execution_exception","reason":"all shards failed"}}`
	}}
	got, found, err := d.scan(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, got)
	require.Equal(t, []string{"no shard answered: a"}, found.Faults)
}
