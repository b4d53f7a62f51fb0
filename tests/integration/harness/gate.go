package harness

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Gate holds callers until it is opened. It counts how many wait.
type Gate struct {
	mu      sync.Mutex
	tickets chan struct{}
	waiting int
	most    int
}

// Gate returns a closed gate. It opens for good when a worker of the env is to stop.
func (e *Env) Gate() *Gate {
	g := &Gate{tickets: make(chan struct{})}
	e.gates = append(e.gates, g)
	return g
}

// Pass waits until the caller is let through or ctx ends.
func (g *Gate) Pass(ctx context.Context) error {
	g.mu.Lock()
	g.waiting++
	g.most = max(g.most, g.waiting)
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		g.waiting--
		g.mu.Unlock()
	}()
	select {
	case <-g.tickets:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Open lets everyone through, now and later. It may be called more than once.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.tickets:
	default:
		close(g.tickets)
	}
}

// One lets one caller through, as soon as there is one.
func (g *Gate) One(ctx context.Context) error {
	select {
	case g.tickets <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Waiting is how many wait.
func (g *Gate) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting
}

// Most is how many ever waited at one time.
func (g *Gate) Most() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.most
}

// Trap stands between a worker and the S3 server. It catches the first request that Catch picks and never answers it: the
// worker is to be killed meanwhile.
type Trap struct {
	URL string
	// Caught is closed when the request is there, or has been done if it was to be done.
	Caught chan struct{}
}

// NewTrap starts a proxy that catches the first request for which catch is true; with after the server gets the request and
// only its answer is held back.
func (e *Env) NewTrap(t *testing.T, after bool, catch func(*http.Request) bool) *Trap {
	t.Helper()
	target, err := url.Parse(e.Address.S3.Endpoint)
	require.NoError(t, err)
	trap := &Trap{Caught: make(chan struct{})}
	var once sync.Once
	over := make(chan struct{})
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caught := false
		if catch(r) {
			once.Do(func() { caught = true })
		}
		if !caught {
			proxy.ServeHTTP(w, r)
			return
		}
		if after {
			proxy.ServeHTTP(httptest.NewRecorder(), r)
		}
		close(trap.Caught)
		// The server does not notice a client's end while its request is not read, so the test's end counts too.
		select {
		case <-r.Context().Done():
		case <-over:
		}
	}))
	t.Cleanup(func() {
		close(over)
		server.Close()
	})
	trap.URL = server.URL
	return trap
}
