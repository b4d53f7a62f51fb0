package receive_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/receive"
	"github.com/probity/probity/internal/receive/receivetest"
	"github.com/probity/probity/tests/certtest"
)

func TestStopFinishesPushesOnTheirWay(t *testing.T) {
	dir, authority, metrics := t.TempDir(), certtest.NewAuthority(t), prometheus.NewRegistry()
	folder := openFolder(t, dir, nil)
	sink := &noticedSink{Sink: folder, taken: make(chan struct{}, 1)}
	cert, key := authority.Issue(t, "receiver")
	config, err := receive.NewTLS(receive.TLSOptions{CertFile: cert, KeyFile: key, ClientCAFile: authority.CAFile, Logger: quiet})
	require.NoError(t, err)
	var listeners [2]net.Listener
	for i := range listeners {
		listeners[i], err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- receive.Run(ctx, receive.RunOptions{
			Server: receive.NewServer(receive.ServerOptions{
				Sink: sink, BodyBytes: limit, Parallel: 1, Metrics: metrics, Logger: quiet,
			}),
			Listener: listeners[0], TLS: config, Status: listeners[1],
			Metrics: promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}), Logger: quiet,
		})
	}()
	status := "http://" + listeners[1].Addr().String()
	for path, want := range map[string]string{"/healthz": "ok", "/metrics": "probity_receive_seconds_since_push"} {
		response, err := http.Get(status + path)
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Contains(t, string(text), want)
	}

	text := receivetest.Flows("slow", noon, 4)
	body, in := io.Pipe()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+listeners[0].Addr().String()+receive.Path, body)
	require.NoError(t, err)
	answered := make(chan int, 1)
	go func() {
		response, err := authority.Client(t, "goldmane", authority).Do(request)
		if err != nil {
			answered <- 0
			return
		}
		defer response.Body.Close()
		answered <- response.StatusCode
	}()
	_, err = io.WriteString(in, text[:100])
	require.NoError(t, err)
	<-sink.taken
	stop()
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", listeners[0].Addr().String())
		if err == nil {
			_ = conn.Close() // it was let in, which is what is asked
		}
		return err != nil
	}, time.Minute, time.Millisecond, "nobody else is let in")
	_, err = io.WriteString(in, text[100:])
	require.NoError(t, err)
	require.NoError(t, in.Close())
	require.Equal(t, http.StatusOK, <-answered)
	require.NoError(t, <-ended)
	require.NoError(t, folder.Close())
	_, got := visible(t, dir)
	require.Equal(t, text+"\n", got)
}

// noticedSink tells when a push is taken.
type noticedSink struct {
	receive.Sink
	taken chan struct{}
}

func (s *noticedSink) Spool() string {
	s.taken <- struct{}{}
	return s.Sink.Spool()
}

// slowSink stores nothing until it is let go.
type slowSink struct {
	receive.Sink
	entered, release chan struct{}
}

func (s *slowSink) Spool() string { return "" }

func (s *slowSink) Store(context.Context, *receive.Push) (bool, error) {
	s.entered <- struct{}{}
	<-s.release
	return false, nil
}

func TestPushesAtOneTimeAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &slowSink{entered: make(chan struct{}), release: make(chan struct{})}
		handler := receive.NewServer(receive.ServerOptions{
			Sink: sink, BodyBytes: limit, Parallel: 2, Metrics: prometheus.NewRegistry(), Logger: quiet,
		}).Handler()
		answers := make(chan *answered, 3)
		push := func() {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, receive.Path, strings.NewReader(line(5, 9)))
			if err != nil {
				t.Error(err)
			}
			a := &answered{header: http.Header{}}
			handler.ServeHTTP(a, request)
			answers <- a
		}
		for range 2 {
			go push()
			<-sink.entered
		}
		go push()
		refused := <-answers
		require.Equal(t, http.StatusServiceUnavailable, refused.code)
		require.Equal(t, "5", refused.header.Get("Retry-After"))
		require.Contains(t, refused.text.String(), "too many pushes")
		close(sink.release)
		for range 2 {
			require.Equal(t, http.StatusOK, (<-answers).code)
		}
	})
}

// answered is an answer in memory.
type answered struct {
	header http.Header
	code   int
	text   strings.Builder
}

func (a *answered) Header() http.Header         { return a.header }
func (a *answered) WriteHeader(code int)        { a.code = code }
func (a *answered) Write(p []byte) (int, error) { return a.text.Write(p) }
