package worker

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
)

// scrape gives what a running process answers on /metrics.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	var log bytes.Buffer
	require.NoError(t, m.Serve(t.Context(), "127.0.0.1:0", slog.New(slog.NewTextHandler(&log, nil))))
	address := regexp.MustCompile(`address=(\S+)`).FindStringSubmatch(log.String())
	require.NotNil(t, address, "the log names the address: %s", log.String())
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address[1]+"/metrics", nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(text)
}

func TestMetrics(t *testing.T) {
	m := NewMetrics()
	tagged := m.WithTags(map[string]string{"namespace": "default", "client_name": "not a label"})
	// The SDK gives one metric with different tags at different places.
	tagged.Counter("temporal_request").Inc(2)
	tagged.WithTags(map[string]string{"operation": "PollActivityTaskQueue"}).Counter("temporal_request").Inc(3)
	tagged.WithTags(map[string]string{"namespace": "other"}).Counter("temporal_request").Inc(1)
	tagged.Counter("temporal_request").Inc(-5) // would end the process if it reached Prometheus
	tagged.Gauge("temporal_num_pollers").Update(4)
	tagged.Gauge("temporal_num_pollers").Update(2)
	tagged.Timer("temporal_request_latency").Record(700 * time.Millisecond)

	text := scrape(t, m)
	none := func(name, namespace, operation string) string {
		return name + `{activity_type="",failure_reason="",namespace="` + namespace + `",operation="` + operation +
			`",poller_type="",task_queue="",worker_type="",workflow_type=""`
	}
	require.Contains(t, text, none("temporal_request", "default", "")+"} 2\n")
	require.Contains(t, text, none("temporal_request", "default", "PollActivityTaskQueue")+"} 3\n")
	require.Contains(t, text, none("temporal_request", "other", "")+"} 1\n")
	require.Contains(t, text, none("temporal_num_pollers", "default", "")+"} 2\n")
	require.Contains(t, text, none("temporal_request_latency_seconds_sum", "default", "")+"} 0.7\n")
	require.Contains(t, text, none("temporal_request_latency_seconds_bucket", "default", "")+`,le="0.5"} 0`)
	require.Contains(t, text, none("temporal_request_latency_seconds_bucket", "default", "")+`,le="1"} 1`)
	require.NotContains(t, text, "client_name")
	require.Contains(t, text, "go_goroutines")
}

func TestTagsDoNotLeak(t *testing.T) {
	m := NewMetrics()
	first := m.WithTags(map[string]string{"task_queue": "compliance"})
	second := first.WithTags(map[string]string{"worker_type": "ActivityWorker"})
	for _, handler := range []client.MetricsHandler{m, first, second} {
		handler.Counter("n").Inc(1)
	}
	text := scrape(t, m)
	require.Contains(t, text, `task_queue="",worker_type="",workflow_type=""} 1`)
	require.Contains(t, text, `task_queue="compliance",worker_type="",workflow_type=""} 1`)
	require.Contains(t, text, `task_queue="compliance",worker_type="ActivityWorker",workflow_type=""} 1`)
}

func TestServeNamesTheSetting(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for _, address := range []string{taken.Addr().String(), "no address"} {
		err := NewMetrics().Serve(t.Context(), address, slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, `listen for metrics on worker.metricsAddress "`+address+`"`)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var log bytes.Buffer
	require.NoError(t, NewMetrics().Serve(ctx, "127.0.0.1:0", slog.New(slog.NewTextHandler(&log, nil))))
	address := regexp.MustCompile(`address=(\S+)`).FindStringSubmatch(log.String())[1]
	cancel()
	require.Eventually(t, func() bool {
		connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	}, 10*time.Second, 10*time.Millisecond)
}
