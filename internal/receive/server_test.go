package receive_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/logfile"
	"github.com/probity/probity/internal/receive"
	"github.com/probity/probity/internal/receive/receivetest"
	"github.com/probity/probity/tests/certtest"
)

// away is a sink that fails while its switch is on.
type away struct {
	receive.Sink
	off   atomic.Bool
	taken chan struct{} // told of each push that is taken, unless it is nil
}

var errDiskFull = errors.New("no space left on device")

func (s *away) Store(ctx context.Context, p *receive.Push) (bool, error) {
	if s.off.Load() {
		return false, &receive.SinkError{Err: errDiskFull}
	}
	return s.Sink.Store(ctx, p)
}

func (s *away) Spool() string {
	if s.taken != nil {
		s.taken <- struct{}{}
	}
	return s.Sink.Spool()
}

func (s *away) Check(ctx context.Context) error {
	if s.off.Load() {
		return &receive.SinkError{Err: errDiskFull}
	}
	return s.Sink.Check(ctx)
}

// receiver is a server over TLS, whose folder can be away.
type receiver struct {
	dir       string
	folder    *receive.Folder
	sink      *away
	server    *receive.Server
	metrics   *prometheus.Registry
	url       string
	client    *http.Client
	authority *certtest.Authority
}

func newReceiver(t *testing.T, body int64) *receiver {
	t.Helper()
	r := &receiver{dir: t.TempDir(), metrics: prometheus.NewRegistry(), authority: certtest.NewAuthority(t)}
	r.folder = openFolder(t, r.dir, nil)
	r.sink = &away{Sink: r.folder}
	r.server = receive.NewServer(receive.ServerOptions{Sink: r.sink, BodyBytes: body, Parallel: 4, Metrics: r.metrics, Logger: quiet})
	cert, key := r.authority.Issue(t, "receiver")
	config, err := receive.NewTLS(receive.TLSOptions{CertFile: cert, KeyFile: key, ClientCAFile: r.authority.CAFile, Logger: quiet})
	require.NoError(t, err)
	served := httptest.NewUnstartedServer(r.server.Handler())
	served.TLS = config
	served.StartTLS()
	t.Cleanup(served.Close)
	r.url, r.client = served.URL, r.authority.Client(t, "goldmane", r.authority)
	return r
}

// push gives the status and what the answer says.
func (r *receiver) push(t *testing.T, body string) (receivetest.Answer, map[string]any) {
	t.Helper()
	response, text, err := receivetest.Push(t.Context(), r.client, r.url+receive.Path, body)
	require.NoError(t, err)
	var says map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &says), text)
	return response, says
}

// reduce reads the folder as a report does.
func reduce(t *testing.T, dir string, iv interval.Interval) *flow.Reducer {
	t.Helper()
	log, err := logfile.NewFlowLog(logfile.FlowLogOptions{Dir: dir})
	require.NoError(t, err)
	parts, err := log.Partitions(t.Context(), iv)
	require.NoError(t, err)
	r := flow.NewReducer(flow.Options{Interval: iv})
	for _, part := range parts {
		_, err := log.Reduce(t.Context(), part, r)
		require.NoError(t, err)
	}
	return r
}

func encoded(t *testing.T, r *flow.Reducer) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, r.Encode(&out))
	return out.String()
}

var hour = interval.Interval{Start: noon, End: noon.Add(time.Hour)}

func TestWhatIsPushedIsRead(t *testing.T) {
	r := newReceiver(t, limit)
	want := flow.NewReducer(flow.Options{Interval: hour})
	for i := range 12 {
		body := receivetest.Flows("web", noon.Add(time.Duration(i)*5*time.Minute), 1+i*300)
		for range 1 + i%2 { // each second push comes twice
			response, says := r.push(t, body)
			require.Equal(t, http.StatusOK, response.StatusCode, "the emitter takes nothing else")
			require.EqualValues(t, 1+i*300, says["stored"])
		}
		for line := range strings.SplitSeq(body, "\n") {
			want.AddLine([]byte(line))
		}
	}
	require.NoError(t, r.folder.Close())
	got := reduce(t, r.dir, hour)
	require.Empty(t, got.Stats().Bad)
	require.Empty(t, got.Stats().Missing())
	require.Equal(t, encoded(t, want), encoded(t, got))
}

func TestAnswers(t *testing.T) {
	flows := receivetest.Flows("web", noon, 3)
	for _, test := range []struct {
		name, body string
		code       int
		says       map[string]any
		dropped    int64 // lines of the log that tell
	}{
		{"flows", flows, 200, map[string]any{"stored": 3., "dropped": 0., "duplicate": false}, 0},
		{"nothing", "", 200, map[string]any{"stored": 0., "dropped": 0., "duplicate": false}, 0},
		{"two bad lines", "{\n" + flows + "\n{}", 200, map[string]any{"stored": 3., "dropped": 2., "duplicate": false}, 2},
		{"no NDJSON", "<html>", 400, map[string]any{"stored": 0., "dropped": 1., "duplicate": false,
			"error": "the body is no NDJSON of flows: send one flow as a JSON object in each line"}, 1},
		{"too large", receivetest.Flows("web", noon, 3000), 413, map[string]any{"stored": 0., "dropped": 1., "duplicate": false,
			"error": "the body is larger than receive.bodyMib allows"}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newReceiver(t, 1<<20)
			response, says := r.push(t, test.body)
			require.Equal(t, test.code, response.StatusCode)
			require.Equal(t, test.says, says)
			if test.body != "" {
				response, says = r.push(t, test.body)
				require.Equal(t, test.code, response.StatusCode, "the same again")
				require.Equal(t, true, says["duplicate"])
			}
			require.NoError(t, r.folder.Close())
			// What cannot be told from good lines is told of the twenty minutes before it arrived.
			now := time.Now().UTC()
			all := reduce(t, r.dir, interval.Interval{Start: noon, End: now.Add(time.Hour)})
			require.Equal(t, test.dropped, all.Stats().BadLines())
			require.Equal(t, test.dropped, all.Stats().Bad[flow.Dropped])
			other := reduce(t, r.dir, interval.Interval{Start: now.Add(time.Hour), End: now.Add(2 * time.Hour)})
			require.Zero(t, other.Stats().BadLines(), "a report about another time is not touched")
			require.InDelta(t, test.says["stored"], scrape(t, r.metrics)["probity_receive_lines_total"], 0)
		})
	}
}

func TestRequestsThatAreNoPushes(t *testing.T) {
	r := newReceiver(t, limit)
	for _, test := range []struct {
		name, method, path, coding string
		code                       int
	}{
		{"another method", "GET", receive.Path, "", 405},
		{"another path", "POST", "/api/v1/flows", "", 404},
		{"compressed", "POST", receive.Path, "gzip", 415},
		{"health", "GET", "/healthz", "", 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), test.method, r.url+test.path, strings.NewReader(""))
			require.NoError(t, err)
			request.Header.Set("Content-Encoding", test.coding)
			response, err := r.client.Do(request)
			require.NoError(t, err)
			defer response.Body.Close()
			require.Equal(t, test.code, response.StatusCode)
		})
	}
	require.NoError(t, r.folder.Close())
}

func TestSinkAway(t *testing.T) {
	r := newReceiver(t, limit)
	again, gone := receivetest.Flows("again", noon, 3), receivetest.Flows("gone", noon, 2)
	r.sink.off.Store(true)
	for _, body := range []string{again, gone, gone} {
		response, says := r.push(t, body)
		require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
		require.Equal(t, "5", response.Header.Get("Retry-After"))
		require.Contains(t, says["error"], "no space left on device")
	}
	require.InDelta(t, 2, scrape(t, r.metrics)["probity_receive_refused"], 0)
	health := func() int {
		response, err := r.client.Get(r.url + "/healthz")
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	require.Equal(t, http.StatusServiceUnavailable, health())
	require.ErrorIs(t, r.server.Sweep(t.Context(), time.Now().Add(time.Hour)), errDiskFull, "and nothing is forgotten")

	r.sink.off.Store(false)
	require.Equal(t, http.StatusServiceUnavailable, health(), "until a push was stored")
	response, _ := r.push(t, again)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, http.StatusOK, health())
	require.NoError(t, r.server.Sweep(t.Context(), time.Now().Add(time.Minute)))
	require.InDelta(t, 1, scrape(t, r.metrics)["probity_receive_refused"], 0, "it may still come")
	require.NoError(t, r.server.Sweep(t.Context(), time.Now().Add(time.Hour)))
	require.InDelta(t, 0, scrape(t, r.metrics)["probity_receive_refused"], 0)
	require.NoError(t, r.server.Sweep(t.Context(), time.Now().Add(2*time.Hour)))
	require.NoError(t, r.folder.Close())
	got := reduce(t, r.dir, hour).Stats()
	require.EqualValues(t, 3, got.Used)
	require.Equal(t, map[flow.Reason]int64{flow.Dropped: 1}, got.Bad, "what did not come again is told, once, in its time")
	_, text := visible(t, r.dir)
	require.Contains(t, text, receive.ReasonRefused)
}

// scrape gives the metrics as Prometheus would read them, by name and labels.
func scrape(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	values := map[string]float64{}
	for line := range strings.SplitSeq(strings.TrimSpace(answer.Body.String()), "\n") {
		if cut := strings.LastIndexByte(line, ' '); !strings.HasPrefix(line, "#") {
			value, err := strconv.ParseFloat(line[cut+1:], 64)
			require.NoError(t, err)
			values[line[:cut]] = value
		}
	}
	return values
}

func TestMetrics(t *testing.T) {
	r := newReceiver(t, limit)
	body := receivetest.Flows("web", noon, 3) + "\n{"
	for range 2 {
		r.push(t, body)
	}
	r.push(t, "<html>")
	got := scrape(t, r.metrics)
	for name, want := range map[string]int{
		`probity_receive_lines_total`:                                   3,
		`probity_receive_bytes_total`:                                   len(body),
		`probity_receive_dropped_total{reason="invalid JSON"}`:          1,
		`probity_receive_dropped_total{reason="the push is no NDJSON"}`: 1,
		`probity_receive_duplicates_total`:                              1,
		`probity_receive_requests_total{code="200"}`:                    2,
		`probity_receive_requests_total{code="400"}`:                    1,
		`probity_receive_refused`:                                       0,
		`probity_receive_store_seconds_count`:                           3,
	} {
		require.InDelta(t, want, got[name], 0, name)
		require.Contains(t, got, name)
	}
	require.Less(t, got["probity_receive_seconds_since_push"], 60.)
	require.NoError(t, r.folder.Close())
}

func TestSenderThatBreaksOff(t *testing.T) {
	r := newReceiver(t, limit)
	r.sink.taken = make(chan struct{}, 1)
	body, in := io.Pipe()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+receive.Path, body)
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		response, err := r.client.Do(request)
		if err == nil {
			response.Body.Close()
		}
		ended <- err
	}()
	_, err = io.WriteString(in, receivetest.Flows("half", noon, 3)+"\n")
	require.NoError(t, err)
	<-r.sink.taken
	gone := errors.New("the emitter is gone")
	require.NoError(t, in.CloseWithError(gone))
	require.ErrorIs(t, <-ended, gone)
	require.Eventually(t, func() bool {
		return scrape(t, r.metrics)[`probity_receive_requests_total{code="400"}`] == 1
	}, time.Minute, time.Millisecond)
	require.NoError(t, r.folder.Close())
	names, _ := visible(t, r.dir)
	require.Empty(t, names)
}
