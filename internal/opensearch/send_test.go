package opensearch

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func readAll(c *Client, ctx context.Context) (string, error) { //nolint:revive // the client is what is tested
	var text []byte
	err := c.send(ctx, &call{method: http.MethodGet, path: "/x"}, func(in io.Reader) error {
		var err error
		text, err = io.ReadAll(in)
		return err
	})
	return string(text), err
}

func TestBusyServerIsAskedAgain(t *testing.T) {
	for _, status := range []int{429, 502, 503, 504} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			f := newFake(t, func(n int, _ *http.Request, _ string) (int, string) {
				if n < 3 {
					return status, `{"error":{"type":"rejected_execution_exception","reason":"queue is full"}}`
				}
				return 200, "done"
			})
			text, err := readAll(f.client(t), t.Context())
			require.NoError(t, err)
			require.Equal(t, "done", text)
			require.Len(t, f.requests(), 4)
		})
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	var first time.Time
	var waited time.Duration
	f := newFake(t, func(n int, _ *http.Request, _ string) (int, string) {
		if n == 0 {
			first = time.Now()
			return 429, "1\x00busy"
		}
		waited = time.Since(first)
		return 200, "done"
	})
	_, err := readAll(quick(t, Options{Addresses: []string{f.URL}, Patience: 5 * time.Second}), t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, waited, time.Second)
	t.Run("as long as the client is patient", func(t *testing.T) {
		f := newFake(t, func(int, *http.Request, string) (int, string) { return 429, "30\x00busy" })
		_, err := readAll(f.client(t), t.Context())
		require.ErrorContains(t, err, "server answered 429 Too Many Requests: busy")
		require.Len(t, f.requests(), 1)
	})
}

func TestRetryAfterForms(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-3": 0, "3": 3 * time.Second, "86400": maxRetryAfter,
		"Tue, 24 Nov 2026 10:00:07 GMT": 7 * time.Second, "Tue, 24 Nov 2026 09:00:00 GMT": 0,
	} {
		require.Equal(t, want, retryAfter(value, now), value)
	}
}

func TestRefusalsAreNotRepeated(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		body, says string
		permission bool
	}{
		"bad request": {400, `{"error":{"root_cause":[{"type":"x","reason":"y"}],"type":"parsing_exception","reason":"Unknown key","caused_by":{"type":"z","reason":"deep"}},"status":400}`,
			"server answered 400 Bad Request: parsing_exception: Unknown key: z: deep", false},
		"wrong password":   {401, "Unauthorized", "server answered 401 Unauthorized: Unauthorized", true},
		"no right":         {403, `{"error":{"type":"security_exception","reason":"no permissions for [indices:data/read/search]"}}`, "security_exception: no permissions", true},
		"too many buckets": {503, `{"error":{"type":"search_phase_execution_exception","reason":"","caused_by":{"type":"too_many_buckets_exception","reason":"Trying to create too many buckets"}}}`, "too_many_buckets_exception", false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(int, *http.Request, string) (int, string) { return c.status, c.body })
			_, err := readAll(f.client(t), t.Context())
			require.ErrorContains(t, err, c.says)
			require.Equal(t, c.permission, errors.Is(err, fs.ErrPermission))
			require.Len(t, f.requests(), 1)
		})
	}
}

func TestNextAddressIsUsed(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	f := newFake(t, func(int, *http.Request, string) (int, string) { return 200, "done" })
	c := quick(t, Options{Addresses: []string{gone.URL, f.URL}})
	for range 4 {
		text, err := readAll(c, t.Context())
		require.NoError(t, err)
		require.Equal(t, "done", text)
	}
	t.Run("none answers", func(t *testing.T) {
		_, err := readAll(quick(t, Options{Addresses: []string{gone.URL}}), t.Context())
		require.ErrorContains(t, err, "reach opensearch at "+gone.URL)
	})
}

func TestRequestsAreLimited(t *testing.T) {
	var now, most atomic.Int64
	f := newFake(t, func(int, *http.Request, string) (int, string) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		timer := time.NewTimer(20 * time.Millisecond)
		defer timer.Stop()
		<-timer.C
		return 200, ""
	})
	c := quick(t, Options{Addresses: []string{f.URL}, MaxRequests: 2})
	failures := make(chan error)
	for range 12 {
		go func() { _, err := readAll(c, t.Context()); failures <- err }()
	}
	for range 12 {
		require.NoError(t, <-failures)
	}
	require.Equal(t, int64(2), most.Load())
}

// A request whose context ends is closed, which is how a server learns that it need not go on; so is one that takes too long.
func TestEndedRequestsAreClosed(t *testing.T) {
	begun, closed := make(chan struct{}, 1), make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-r.Context().Done()
		closed <- struct{}{}
	}))
	defer server.Close()
	c := quick(t, Options{Addresses: []string{server.URL}})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-begun; cancel() }()
	_, err := readAll(c, ctx)
	require.ErrorIs(t, err, context.Canceled)
	<-closed
}

func TestSearchTellsTheServerItsTimeOut(t *testing.T) {
	f := newFake(t, func(int, *http.Request, string) (int, string) {
		return 200, `{"_shards":{"total":1,"successful":1},"hits":{"total":{"value":3}}}`
	})
	c := quick(t, Options{Addresses: []string{f.URL}, Timeout: 7 * time.Second})
	total, faults, err := c.ask(t.Context(), "a,b", m{}, &reading{})
	require.NoError(t, err)
	require.Empty(t, faults)
	require.Equal(t, int64(3), total)
	require.Equal(t, "/a,b/_search", f.requests()[0].path)
	require.Contains(t, f.requests()[0].query, "cancel_after_time_interval=7000ms")
	require.JSONEq(t, `{"size":0,"track_total_hits":true}`, f.requests()[0].body)
}

func TestBoundedAnswer(t *testing.T) {
	f := newFake(t, func(int, *http.Request, string) (int, string) { return 200, `{"a":"0123456789"}` })
	err := f.client(t).send(t.Context(), &call{method: http.MethodGet, path: "/"}, func(in io.Reader) error {
		var to any
		return json.NewDecoder(&bounded{in: in, left: 10}).Decode(&to)
	})
	require.ErrorIs(t, err, errTooLarge)
}
