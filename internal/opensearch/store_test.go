package opensearch

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// bulkServer keeps documents as OpenSearch does: what is created once is there.
type bulkServer struct {
	*fake
	mu   sync.Mutex
	docs map[string]string // lines by index and identity
	// decide may give a document another status than the usual; it is called with the number of the request and the line.
	decide func(n int, line string) (status int, failure string)
}

func newBulkServer(t *testing.T) *bulkServer {
	t.Helper()
	s := &bulkServer{docs: map[string]string{}}
	s.fake = newFake(t, func(n int, r *http.Request, body string) (int, string) {
		if r.URL.Path != "/_bulk" {
			return 200, "{}"
		}
		return 200, s.bulk(n, body)
	})
	return s
}

func (s *bulkServer) bulk(n int, body string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	var items []string
	for i := 0; i+1 < len(lines); i += 2 {
		var action struct {
			Create struct {
				Index string `json:"_index"`
				ID    string `json:"_id"`
			} `json:"create"`
		}
		if err := json.Unmarshal([]byte(lines[i]), &action); err != nil {
			return err.Error()
		}
		key := action.Create.Index + "/" + action.Create.ID
		status, failure := 201, ""
		if s.decide != nil {
			if told, why := s.decide(n, lines[i+1]); told != 0 {
				status, failure = told, why
			}
		}
		if _, there := s.docs[key]; there && status == 201 {
			status, failure = 409, "version_conflict_engine_exception"
		}
		item := fmt.Sprintf(`{"create":{"status":%d}}`, status)
		if failure != "" {
			item = fmt.Sprintf(`{"create":{"status":%d,"error":{"type":%q,"reason":"of document %s"}}}`, status, failure, action.Create.ID)
		}
		if items = append(items, item); status == 201 {
			s.docs[key] = lines[i+1]
		}
	}
	return `{"items":[` + strings.Join(items, ",") + `]}`
}

func (s *bulkServer) store(t *testing.T, kind Kind, pattern string) *Store {
	t.Helper()
	store, err := NewStore(quick(t, Options{Addresses: []string{s.URL}, Patience: time.Minute}), kind, pattern, "east")
	require.NoError(t, err)
	return store
}

func flowLine(n int) string {
	return fmt.Sprintf(`{"start_time":%d,"end_time":%d,"action":"allow","n":%d}`, 1_795_536_000+n, 1_795_536_300+n, n)
}

func linesOf(texts ...string) [][]byte {
	out := make([][]byte, len(texts))
	for i, text := range texts {
		out[i] = []byte(text)
	}
	return out
}

func TestStoreWritesWhatItIsGiven(t *testing.T) {
	const audited = `{"kind":"Event","auditID":"a","stageTimestamp":"2026-11-25T00:30:00.5+01:00"}`
	for name, c := range map[string]struct {
		kind           Kind
		pattern, line  string
		index, becomes string
	}{
		"a flow in its day":          {Flows, "flows.{cluster}.*", flowLine(1), "flows.east.20261124", ""},
		"a flow into one index":      {Flows, "flows", flowLine(1), "flows", ""},
		"Goldmane's":                 {Flows, "flows-*", `{"Key":{"action":1},"start_time":1795536000,"end_time":1795536300}`, "flows-20261124", ""},
		"milliseconds":               {Flows, "flows-*", `{"start_time":1795536000000,"end_time":1795536300000}`, "flows-20261124-times", ""},
		"texts as times":             {Flows, "flows-*", `{"start_time":"2026-11-24T16:00:00Z","end_time":"2026-11-24T16:00:00Z"}`, "flows-20261124-times", ""},
		"an event in its day in UTC": {AuditEvents, "audit.{cluster}.*", audited, "audit.east.20261124", ""},
		"blanks around":              {AuditEvents, "audit-*", "  " + audited + " \r\n", "audit-20261124", audited},
		"several lines":              {AuditEvents, "audit-*", strings.ReplaceAll(audited, ",", ",\n  "), "audit-20261124", audited},
	} {
		t.Run(name, func(t *testing.T) {
			s := newBulkServer(t)
			done, err := s.store(t, c.kind, c.pattern).Write(t.Context(), linesOf(c.line), nil)
			require.NoError(t, err)
			require.Equal(t, Stored{Read: 1, Stored: 1}, done)
			want := c.line
			if c.becomes != "" {
				want = c.becomes
			}
			sum := sha256.Sum256([]byte(want))
			require.Equal(t, map[string]string{c.index + "/" + base64.RawURLEncoding.EncodeToString(sum[:]): want}, s.docs)
		})
	}
}

func TestStoreTwiceStoresOnce(t *testing.T) {
	s := newBulkServer(t)
	store := s.store(t, Flows, "flows-*")
	done, err := store.Write(t.Context(), linesOf(flowLine(1), flowLine(2), flowLine(1), "", " \r"), nil)
	require.NoError(t, err)
	require.Equal(t, Stored{Read: 3, Stored: 2, Present: 1}, done)
	done, err = store.Write(t.Context(), linesOf(flowLine(2), flowLine(3)), nil)
	require.NoError(t, err)
	require.Equal(t, Stored{Read: 2, Stored: 1, Present: 1}, done)
	require.Len(t, s.docs, 3)
}

func TestStorePutsAside(t *testing.T) {
	s := newBulkServer(t)
	s.decide = func(_ int, line string) (int, string) {
		if strings.Contains(line, `"n":2`) {
			return 400, "mapper_parsing_exception"
		}
		return 0, ""
	}
	large := `{"start_time":1,"end_time":2,"x":"` + strings.Repeat("x", MaxLine) + `"}`
	lines := linesOf("no JSON", flowLine(1), `{"start_time":1}`, flowLine(2), large, `{"start_time":"noon","end_time":2}`)
	var kept, whys []string
	done, err := s.store(t, Flows, "flows-*").Write(t.Context(), lines, func(line []byte, why string) error {
		kept, whys = append(kept, string(line)), append(whys, why)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, Stored{Read: 6, Stored: 1, Bad: 4, Refused: 1, Why: map[string]int64{
		"invalid JSON": 1, "no start or end time": 1, "longer than 8 MiB": 1, "unreadable start or end time": 1, "mapper_parsing_exception": 1,
	}}, done)
	require.Equal(t, []string{"no JSON", `{"start_time":1}`, large, `{"start_time":"noon","end_time":2}`, flowLine(2)}, kept)
	require.Contains(t, whys[4], "mapper_parsing_exception: of document ")

	t.Run("times that one index cannot keep apart", func(t *testing.T) {
		done, err := s.store(t, Flows, "flows").Write(t.Context(), linesOf(`{"start_time":1795536000000,"end_time":1795536300000}`), nil)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"times that are not in whole seconds need daily indices": 1}, done.Why)
	})
	t.Run("an error of aside ends it", func(t *testing.T) {
		full := errors.New("disk is full")
		_, err := s.store(t, Flows, "flows-*").Write(t.Context(), lines, func([]byte, string) error { return full })
		require.ErrorIs(t, err, full)
	})
}

// Only what a busy server has refused is sent again.
func TestStoreSendsRefusedItemsAgain(t *testing.T) {
	for _, status := range []int{429, 503} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			s := newBulkServer(t)
			s.decide = func(n int, line string) (int, string) {
				if n < 2 && !strings.Contains(line, `"n":1`) {
					return status, "rejected_execution_exception"
				}
				return 0, ""
			}
			done, err := s.store(t, Flows, "flows-*").Write(t.Context(), linesOf(flowLine(1), flowLine(2), flowLine(3)), nil)
			require.NoError(t, err)
			require.Equal(t, Stored{Read: 3, Stored: 3}, done)
			requests := s.requests()
			require.Len(t, requests, 3)
			require.NotContains(t, requests[1].body, `"n":1`)
			require.Equal(t, requests[1].body, requests[2].body)
		})
	}
	t.Run("as long as the client is patient", func(t *testing.T) {
		s := newBulkServer(t)
		s.decide = func(_ int, line string) (int, string) {
			if strings.Contains(line, `"n":1`) {
				return 429, "rejected_execution_exception"
			}
			return 0, ""
		}
		store := s.store(t, Flows, "flows-*")
		store.client.options.Patience = 50 * time.Millisecond
		done, err := store.Write(t.Context(), linesOf(flowLine(1), flowLine(2)), nil)
		require.ErrorContains(t, err, "store into flows-*: 1 documents were refused again and again: rejected_execution_exception")
		require.Equal(t, Stored{Read: 2, Stored: 1}, done)
	})
}

// An answer that is lost leaves open what was stored: all is sent again, and what is there stays there once.
func TestStoreSendsAgainWhatGotNoAnswer(t *testing.T) {
	s := newBulkServer(t)
	usual := s.reply
	s.reply = func(n int, r *http.Request, body string) (int, string) {
		status, text := usual(n, r, body)
		switch n {
		case 0:
			return http.StatusTeapot, text[:len(text)-5]
		case 1:
			return http.StatusServiceUnavailable, "0\x00starting"
		}
		return status, text
	}
	done, err := s.store(t, Flows, "flows-*").Write(t.Context(), linesOf(flowLine(1), flowLine(2)), nil)
	require.NoError(t, err)
	require.Equal(t, Stored{Read: 2, Present: 2}, done)
	require.Len(t, s.docs, 2)
}

func TestStoreHalvesWhatIsTooLarge(t *testing.T) {
	s := newBulkServer(t)
	usual := s.reply
	s.reply = func(n int, r *http.Request, body string) (int, string) {
		if len(body) > 400 {
			return http.StatusRequestEntityTooLarge, ""
		}
		return usual(n, r, body)
	}
	lines := linesOf(`{"start_time":1,"end_time":2,"x":"` + strings.Repeat("x", 500) + `"}`)
	for n := range 9 {
		lines = append(lines, []byte(flowLine(n)))
	}
	done, err := s.store(t, Flows, "flows-*").Write(t.Context(), lines, nil)
	require.NoError(t, err)
	require.Equal(t, Stored{Read: 10, Stored: 9, Refused: 1, Why: map[string]int64{"larger than a request may be": 1}}, done)
	require.Len(t, s.docs, 9)
}

func TestStoreErrors(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		text, says string
		permission bool
	}{
		"no right":     {403, `{"error":{"type":"security_exception","reason":"no permissions for [indices:data/write/bulk]"}}`, "no permissions for [indices:data/write/bulk]", true},
		"fewer items":  {200, `{"items":[]}`, "it tells of 0 documents, and 1 were sent", false},
		"another form": {200, `{"items":{}}`, "cannot unmarshal", false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(int, *http.Request, string) (int, string) { return c.status, c.text })
			store, err := NewStore(f.client(t), Flows, "flows-*", "")
			require.NoError(t, err)
			_, err = store.Write(t.Context(), linesOf(flowLine(1)), nil)
			require.ErrorContains(t, err, "store into flows-*: ")
			require.ErrorContains(t, err, c.says)
			require.Equal(t, c.permission, errors.Is(err, fs.ErrPermission))
		})
	}
}

func TestNewStoreRefuses(t *testing.T) {
	for _, pattern := range []string{"", "*", "a*b", "a,b", "a.*.*", "flows ", `a"b`} {
		_, err := NewStore(nil, Flows, pattern, "east")
		require.ErrorContains(t, err, "give one name with at most one * at its end", pattern)
	}
	_, err := NewStore(nil, "dns", "dns-*", "east")
	require.ErrorContains(t, err, `kind is "dns": use flows or audit`)
}

func TestPrepare(t *testing.T) {
	f := newFake(t, func(int, *http.Request, string) (int, string) { return 200, `{"acknowledged":true}` })
	mappingOf := func(n int) map[string]any {
		return decoded(t, f.requests()[n].body)["template"].(map[string]any)["mappings"].(map[string]any)
	}
	store, err := NewStore(f.client(t), Flows, DefaultFlows, "east")
	require.NoError(t, err)
	require.NoError(t, store.Prepare(t.Context()))
	requests := f.requests()
	require.Len(t, requests, 2)
	require.Equal(t, "/_index_template/probity-tigera_secure_ee_flows.east", requests[0].path)
	require.Equal(t, []any{"tigera_secure_ee_flows.east.*"}, decoded(t, requests[0].body)["index_patterns"])
	require.Equal(t, []any{"tigera_secure_ee_flows.east.*-times"}, decoded(t, requests[1].body)["index_patterns"])
	require.Greater(t, decoded(t, requests[1].body)["priority"], decoded(t, requests[0].body)["priority"])
	for n, format := range []string{"epoch_second", "strict_date_optional_time||epoch_millis"} {
		require.Equal(t, false, mappingOf(n)["dynamic"])
		properties := mappingOf(n)["properties"].(map[string]any)
		require.Equal(t, map[string]any{"type": "date", "format": format}, properties["start_time"])
		require.Equal(t, map[string]any{"type": "long"}, properties["bytes_in"])
		require.NotContains(t, properties, "source_labels")
	}

	store, err = NewStore(f.client(t), AuditEvents, DefaultAuditKube, "east")
	require.NoError(t, err)
	require.NoError(t, store.Prepare(t.Context()))
	require.Len(t, f.requests(), 3)
	properties := mappingOf(2)["properties"].(map[string]any)
	require.Equal(t, map[string]any{"type": "date"}, properties["stageTimestamp"])
	require.Equal(t, map[string]any{"properties": map[string]any{"resource": map[string]any{"type": "keyword", "ignore_above": 1024.0}}}, properties["objectRef"])

	refusing := newFake(t, func(int, *http.Request, string) (int, string) { return 403, "no" })
	store, err = NewStore(refusing.client(t), AuditEvents, "audit-*", "")
	require.NoError(t, err)
	require.ErrorContains(t, store.Prepare(t.Context()), "put index template for audit-*: server answered 403")
	require.NoError(t, store.Refresh(t.Context()), "who may write need not be allowed to refresh")
}

func TestReasonsAreBounded(t *testing.T) {
	var s Stored
	for n := range 3 * maxWhys {
		s.because(fmt.Sprint(n), 1)
	}
	require.LessOrEqual(t, len(s.Why), maxWhys+1)
	require.EqualValues(t, 2*maxWhys, s.Why["other reasons"])
}

func TestFeed(t *testing.T) {
	s := newBulkServer(t)
	feed := NewFeed(t.Context(), s.store(t, Flows, "flows-*"), nil)
	line := []byte(flowLine(0))
	for n := range 3 * bulkLines {
		line = append(line[:0], flowLine(n)...) // the feed keeps nothing of it
		require.NoError(t, feed.Add(line))
	}
	require.NoError(t, feed.Add([]byte("bad")))
	done, err := feed.End()
	require.NoError(t, err)
	require.Equal(t, Stored{Read: 3*bulkLines + 1, Stored: 3 * bulkLines, Bad: 1, Why: map[string]int64{"invalid JSON": 1}}, done)
	require.Len(t, s.docs, 3*bulkLines)
	require.Len(t, s.requests(), 3)
	require.ErrorIs(t, feed.Add(line), errEnded)
}

// Lines of a log that is being written do not wait for a whole bulk.
func TestFeedDoesNotHoldLinesBack(t *testing.T) {
	s := newBulkServer(t)
	feed := NewFeed(t.Context(), s.store(t, Flows, "flows-*"), nil)
	require.NoError(t, feed.Add([]byte(flowLine(1))))
	require.Eventually(t, func() bool { return feed.Stored().Stored == 1 }, 10*bulkAge, 10*time.Millisecond)
	_, err := feed.End()
	require.NoError(t, err)
}

// A server that does not answer stops the reading: what is held is bounded.
func TestFeedWaitsForTheServer(t *testing.T) {
	release := make(chan struct{})
	s := newBulkServer(t)
	usual := s.reply
	s.reply = func(n int, r *http.Request, body string) (int, string) {
		<-release
		return usual(n, r, body)
	}
	store := s.store(t, Flows, "flows-*")
	workers := store.client.options.MaxRequests + 1
	total := bulkLines * (workers + 5)
	feed := NewFeed(t.Context(), store, nil)
	added := make(chan int, total)
	go func() {
		for n := range total {
			if feed.Add([]byte(flowLine(n))) != nil {
				break
			}
			added <- n
		}
		close(added)
	}()
	require.Eventually(t, func() bool { return len(s.requests()) == DefaultMaxRequests }, time.Minute, time.Millisecond)
	require.Eventually(t, func() bool { return len(added) >= bulkLines*(workers+1)-1 }, time.Minute, time.Millisecond)
	held := len(added)
	require.Less(t, held, total, "not everything is held")
	close(release)
	for range added { //nolint:revive // until the reader has given all
	}
	done, err := feed.End()
	require.NoError(t, err)
	require.EqualValues(t, total, done.Stored)
	require.LessOrEqual(t, held, bulkLines*(workers+1))
}

func TestFeedEndsWithItsContext(t *testing.T) {
	s := newBulkServer(t)
	s.reply = func(_ int, r *http.Request, _ string) (int, string) {
		<-r.Context().Done()
		return 200, "{}"
	}
	ctx, cancel := context.WithCancel(t.Context())
	feed := NewFeed(ctx, s.store(t, Flows, "flows-*"), nil)
	failed := make(chan error)
	go func() {
		for n := 0; ; n++ {
			if err := feed.Add([]byte(flowLine(n))); err != nil {
				failed <- err
				return
			}
		}
	}()
	require.Eventually(t, func() bool { return len(s.requests()) > 0 }, time.Minute, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
	_, err := feed.End()
	require.ErrorIs(t, err, context.Canceled)
}

func TestFeedTellsTheFirstError(t *testing.T) {
	f := newFake(t, func(int, *http.Request, string) (int, string) { return 403, "no" })
	store, err := NewStore(f.client(t), Flows, "flows-*", "")
	require.NoError(t, err)
	feed := NewFeed(t.Context(), store, nil)
	for n := 0; err == nil; n++ {
		err = feed.Add([]byte(flowLine(n)))
	}
	require.ErrorIs(t, err, fs.ErrPermission)
	_, err = feed.End()
	require.ErrorIs(t, err, fs.ErrPermission)
}
