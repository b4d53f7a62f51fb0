package opensearch

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fake is a server that answers as it is told, for what a real one does not do on demand.
type fake struct {
	*httptest.Server
	mu    sync.Mutex
	seen  []seen
	reply func(n int, r *http.Request, body string) (status int, text string)
}

type seen struct {
	method, path, query, body string
	header                    http.Header
}

// newFake starts a server; reply is given the number of the request, from 0.
func newFake(t *testing.T, reply func(n int, r *http.Request, body string) (int, string)) *fake {
	t.Helper()
	f := &fake{reply: reply}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	n := len(f.seen)
	f.seen = append(f.seen, seen{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header.Clone()})
	f.mu.Unlock()
	status, text := f.reply(n, r, string(body))
	if after, rest, ok := strings.Cut(text, "\x00"); ok {
		w.Header().Set("Retry-After", after)
		text = rest
	}
	if status == http.StatusTeapot { // breaks off
		w.Header().Set("Content-Length", "100000")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, text)
		return
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func (f *fake) requests() []seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]seen{}, f.seen...)
}

// quick is a client of the server that waits little.
func quick(t *testing.T, o Options) *Client {
	t.Helper()
	if o.Patience == 0 {
		o.Patience = 200 * time.Millisecond
	}
	c, err := New(t.Context(), o)
	require.NoError(t, err)
	c.pause = time.Millisecond
	return c
}

func (f *fake) client(t *testing.T) *Client {
	t.Helper()
	return quick(t, Options{Addresses: []string{f.URL}})
}

// decoded reads a body that was sent.
func decoded(t *testing.T, body string) map[string]any {
	t.Helper()
	var out map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &out))
	return out
}
