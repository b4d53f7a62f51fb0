package recorder

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what Prometheus is told.
type metrics struct {
	changes  *prometheus.CounterVec
	lists    *prometheus.CounterVec
	gaps     *prometheus.CounterVec
	segments *prometheus.CounterVec
	waiting  prometheus.Gauge
	last     *prometheus.GaugeVec
}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probity_recorder_changes_total", Help: "Recorded changes by kind and type."}, []string{"kind", "type"}),
		lists: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probity_recorder_lists_total", Help: "Lists that were recorded because there was no watch to go on with."}, []string{"kind"}),
		gaps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probity_recorder_gaps_total", Help: "Spans in which a kind was not followed."}, []string{"kind"}),
		segments: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probity_recorder_segments_total", Help: "Segments, closed and stored."}, []string{"state"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probity_recorder_waiting_bytes", Help: "Closed segments that wait for the bucket, before compression."}),
		last: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "probity_recorder_followed_until_seconds", Help: "Until when a kind is known to be recorded, seconds since 1970."}, []string{"kind"}),
	}
	if registry != nil {
		m.changes, m.lists, m.gaps = registered(registry, m.changes), registered(registry, m.lists), registered(registry, m.gaps)
		m.segments, m.waiting, m.last = registered(registry, m.segments), registered(registry, m.waiting), registered(registry, m.last)
	}
	return m
}

// registered gives the collector that the registry has: a process may record again after it lost its lease.
func registered[C prometheus.Collector](registry prometheus.Registerer, c C) C {
	var already prometheus.AlreadyRegisteredError
	if err := registry.Register(c); errors.As(err, &already) {
		if known, ok := already.ExistingCollector.(C); ok {
			return known
		}
	}
	return c
}

func (m *metrics) listed(kind string, gap bool) {
	m.lists.WithLabelValues(kind).Inc()
	if gap {
		m.gaps.WithLabelValues(kind).Inc()
	}
}

func (m *metrics) changed(kind, of string) { m.changes.WithLabelValues(kind, of).Inc() }
