package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.temporal.io/sdk/client"
)

// metricLabels are the tags of the Temporal SDK that become Prometheus labels. The SDK gives one metric with different tags at
// different places, which Prometheus does not allow: so every metric has all of these, empty where a tag is missing.
var metricLabels = []string{
	"namespace", "task_queue", "workflow_type", "activity_type", "worker_type", "poller_type", "operation", "failure_reason",
}

// latencyBuckets reach from a poll to the longest step, in seconds.
var latencyBuckets = []float64{0.005, 0.02, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600}

// Metrics gathers the process's metrics for Prometheus. It is the SDK's metrics handler too.
type Metrics struct {
	*metricFamilies
	tags map[string]string
}

type metricFamilies struct {
	registry *prometheus.Registry
	mu       sync.Mutex
	counters map[string]*prometheus.CounterVec
	gauges   map[string]*prometheus.GaugeVec
	timers   map[string]*prometheus.HistogramVec
}

// NewMetrics returns an empty registry with the metrics of the Go runtime and of the process.
func NewMetrics() *Metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &Metrics{metricFamilies: &metricFamilies{
		registry: registry,
		counters: map[string]*prometheus.CounterVec{},
		gauges:   map[string]*prometheus.GaugeVec{},
		timers:   map[string]*prometheus.HistogramVec{},
	}}
}

var _ client.MetricsHandler = (*Metrics)(nil)

// WithTags returns a handler whose metrics carry the tags too.
func (m *Metrics) WithTags(tags map[string]string) client.MetricsHandler {
	all := make(map[string]string, len(m.tags)+len(tags))
	for _, from := range []map[string]string{m.tags, tags} {
		for name, value := range from {
			all[name] = value
		}
	}
	return &Metrics{metricFamilies: m.metricFamilies, tags: all}
}

func (m *Metrics) labels() prometheus.Labels {
	labels := make(prometheus.Labels, len(metricLabels))
	for _, name := range metricLabels {
		labels[name] = m.tags[name]
	}
	return labels
}

// Counter returns the counter of that name.
func (m *Metrics) Counter(name string) client.MetricsCounter {
	vec := family(m.metricFamilies, m.counters, name, func() *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: "Counter of the Temporal SDK."}, metricLabels)
	})
	return counter{vec.With(m.labels())}
}

// Gauge returns the gauge of that name.
func (m *Metrics) Gauge(name string) client.MetricsGauge {
	vec := family(m.metricFamilies, m.gauges, name, func() *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: "Gauge of the Temporal SDK."}, metricLabels)
	})
	return gauge{vec.With(m.labels())}
}

// Timer returns the histogram of that name, in seconds.
func (m *Metrics) Timer(name string) client.MetricsTimer {
	vec := family(m.metricFamilies, m.timers, name, func() *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: name + "_seconds", Help: "Timer of the Temporal SDK, in seconds.", Buckets: latencyBuckets,
		}, metricLabels)
	})
	return timer{vec.With(m.labels())}
}

func family[V prometheus.Collector](f *metricFamilies, known map[string]V, name string, make func() V) V {
	f.mu.Lock()
	defer f.mu.Unlock()
	vec, ok := known[name]
	if !ok {
		vec = make()
		f.registry.MustRegister(vec)
		known[name] = vec
	}
	return vec
}

type counter struct{ prometheus.Counter }

func (c counter) Inc(n int64) { c.Add(float64(max(n, 0))) }

type gauge struct{ prometheus.Gauge }

func (g gauge) Update(value float64) { g.Set(value) }

type timer struct{ prometheus.Observer }

func (t timer) Record(d time.Duration) { t.Observe(d.Seconds()) }

// Serve answers /metrics on the address until ctx ends.
func (m *Metrics) Serve(ctx context.Context, address string, logger *slog.Logger) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen for metrics on worker.metricsAddress %q: %w", address, err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("metrics are no longer served", "error", err)
		}
	}()
	logger.Info("serving metrics", "address", listener.Addr().String())
	return nil
}
