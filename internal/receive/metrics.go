package receive

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what Prometheus is told.
type metrics struct {
	pushes     *prometheus.CounterVec
	lines      prometheus.Counter
	bytes      prometheus.Counter
	dropped    *prometheus.CounterVec
	duplicates prometheus.Counter
	store      prometheus.Histogram
	last       atomic.Int64 // time of the last push that was stored, else of the start; nanoseconds since 1970
}

// newMetrics registers what is told about the pushes.
func newMetrics(registry prometheus.Registerer, waiting func() int) *metrics {
	m := &metrics{
		pushes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probity_receive_requests_total", Help: "Pushes by the status of their answer."}, []string{"code"}),
		lines: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "probity_receive_lines_total", Help: "Flows that were stored."}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "probity_receive_bytes_total", Help: "Bytes of the pushes that were stored."}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probity_receive_dropped_total", Help: "Lines and whole pushes that are not in the log, by reason; the log tells of each."}, []string{"reason"}),
		duplicates: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "probity_receive_duplicates_total", Help: "Pushes that came again and were not stored twice."}),
		store: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "probity_receive_store_seconds", Help: "Time to write and sync a push.", Buckets: []float64{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10}}),
	}
	m.last.Store(time.Now().UnixNano())
	registry.MustRegister(m.pushes, m.lines, m.bytes, m.dropped, m.duplicates, m.store,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "probity_receive_seconds_since_push", Help: "Time since the last push that was stored, or since the start."},
			func() float64 { return time.Since(time.Unix(0, m.last.Load())).Seconds() }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "probity_receive_refused", Help: "Pushes that were refused while nothing could be stored and have not come again yet."},
			func() float64 { return float64(waiting()) }))
	return m
}

func (m *metrics) answered(code int) { m.pushes.WithLabelValues(strconv.Itoa(code)).Inc() }

// stored counts a push that is in the log now.
func (m *metrics) stored(p *Push, duplicate bool) {
	if duplicate {
		m.duplicates.Inc()
		return
	}
	if p.Lines > 0 {
		m.last.Store(p.At.UnixNano())
		m.lines.Add(float64(p.Lines))
		m.bytes.Add(float64(p.Bytes))
	}
	m.lost(p)
}

// lost counts what was dropped of a push.
func (m *metrics) lost(p *Push) {
	for _, d := range p.Dropped {
		m.dropped.WithLabelValues(d.Reason).Inc()
	}
}
