package sample

import (
	"fmt"
	"net/netip"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/resource"
)

// window is how long flow logs are summed up before they are written (the product's default).
const window = 5 * time.Minute

// The hours in which the cluster is told of by Goldmane's emitter, as while a collector is exchanged.
const (
	goldmaneFrom = 3
	goldmaneTo   = 5
)

// conn is one or more like connections within a window.
type conn struct {
	dialed
	from, to party
	count    int64
	start    time.Time
	end      time.Time
}

// dialed is what a connection was made to.
type dialed struct {
	service  *app // nil when none
	protocol string
	port     uint16
}

// dial calls a service, or a port of something else. Port 0 is the service's own.
func dial(service *app, port uint16) dialed {
	d := dialed{service: service, protocol: "TCP", port: port}
	if service != nil {
		d.protocol = service.proto()
		if port == 0 {
			d.port = service.port
		}
	}
	return d
}

// party is one end of a connection: a pod, or an address outside, which may be in a network set.
type party struct {
	pod  *pod
	set  *netSet
	addr netip.Addr
}

func (w *world) sideOf(p party) side {
	switch {
	case p.pod != nil:
		return w.side(p.pod)
	case p.set == nil:
		return side{addr: p.addr}
	}
	labels := p.set.labels
	s := side{labels: labels, addr: p.addr}
	if p.set.namespace != "" {
		s.namespace, s.nsLabels = p.set.namespace, w.get(resource.Namespace, "", p.set.namespace).Labels
	}
	return s
}

// watched tells whether Calico sees the party as an endpoint: a pod on the host's network is an address like any other.
func (p party) watched() bool { return p.pod != nil && !p.pod.spec.HostNetwork }

// observe records what the two ends report of a connection: its source, and its destination if the source let it go.
func (w *world) observe(c conn) {
	source, dest := w.sideOf(c.from), w.sideOf(c.to)
	if c.from.watched() {
		hits, allowed := w.trace(source, dest, look{}, c.dialed)
		pending, _ := w.trace(source, dest, look{staged: true}, c.dialed)
		w.flows.add(record{conn: c, reporter: "src", node: c.from.pod.node(), allowed: allowed, hits: hits, pending: pending})
		if !allowed {
			return
		}
	}
	if c.to.watched() {
		hits, allowed := w.trace(dest, source, look{ingress: true}, c.dialed)
		pending, _ := w.trace(dest, source, look{ingress: true, staged: true}, c.dialed)
		w.flows.add(record{conn: c, reporter: "dst", node: c.to.pod.node(), allowed: allowed, hits: hits, pending: pending})
	}
}

// traffic lets every app make its calls in the window that ends now, and writes what was observed in it.
func (w *world) traffic() {
	start := w.now.Add(-window)
	rnd := w.flows.rnd
	for _, a := range w.apps {
		if a.host {
			continue
		}
		for range w.opts.Scale {
			for _, call := range a.calls {
				if rnd.chance(call.often * 0.8) {
					w.call(a, call, start)
				}
			}
			if rnd.chance(0.35) {
				w.call(a, call{to: "kube-system/coredns"}, start)
			}
		}
	}
	gateway := w.app("ingress/gateway")
	w.connect(party{addr: visitor(rnd)}, party{pod: w.live(gateway)}, dial(gateway, 0), start)
	w.flows.flush(start, w.now)
}

// live picks a pod of an app that takes traffic; nil when there is none.
func (w *world) live(a *app) *pod {
	if a == nil || len(a.pods) == 0 {
		return nil
	}
	if p := pick(w.flows.rnd, a.pods); p.ready {
		return p
	}
	return nil
}

// call makes one call of an app from one of its pods.
func (w *world) call(a *app, c call, start time.Time) {
	from := w.live(a)
	if from == nil {
		return
	}
	to, called := w.destination(c)
	if to.pod == nil && called != nil {
		return
	}
	w.connect(party{pod: from}, to, dial(called, c.port), start)
}

func (w *world) destination(c call) (party, *app) {
	rnd := w.flows.rnd
	switch c.to {
	case "pub":
		return party{addr: visitor(rnd)}, nil
	case "pvt":
		return party{addr: netip.MustParseAddr(nodeIP(pick(rnd, w.nodes)))}, nil
	}
	for _, set := range w.sets {
		if c.to == "set:"+set.name {
			return party{set: set, addr: netip.MustParsePrefix(set.nets[0]).Addr().Next()}, nil
		}
	}
	called := w.app(c.to)
	return party{pod: w.live(called)}, called
}

// visitor is an address on the internet.
func visitor(rnd random) netip.Addr {
	return netip.AddrFrom4([4]byte{185, byte(20 + rnd.IntN(60)), byte(rnd.IntN(256)), byte(1 + rnd.IntN(254))})
}

// connect makes as many connections as the time of the day has.
func (w *world) connect(from, to party, d dialed, start time.Time) {
	if to == (party{}) {
		return
	}
	busy := 0.4 + 0.6*daylight(start)
	count := 1 + int64(float64(w.flows.rnd.IntN(90))*busy)
	w.observe(conn{dialed: d, from: from, to: to, count: count, start: start, end: start.Add(window)})
}

// daylight is 0 in the dead of night and 1 in the afternoon.
func daylight(t time.Time) float64 {
	distance := t.Hour() - 15
	if distance < 0 {
		distance = -distance
	}
	return 1 - float64(min(distance, 12))/12
}

// once is a single connection at a moment, logged in its window.
func (w *world) once(from, to party, d dialed) {
	start := w.now.Truncate(window)
	w.observe(conn{dialed: d, from: from, to: to, count: 1, start: start, end: start.Add(window)})
}

// record is what one end reports of a connection.
type record struct {
	conn
	reporter string
	node     string
	allowed  bool
	hits     []hit
	pending  []hit
}

// flowLog is the flow logs of the day, a file for each hour.
type flowLog struct {
	files   *sink
	rnd     random
	opts    Options
	waiting []record // of the window that is not over
	seen    map[string]bool
	hour    time.Time
	data    []byte
	records int64
}

func newFlowLog(opts Options, files *sink) *flowLog {
	return &flowLog{files: files, rnd: newRandom(opts.Seed, 3), opts: opts, seen: map[string]bool{}}
}

// add takes a record in, unless one with the same key is there: a node sums its connections up.
func (l *flowLog) add(r record) {
	key := r.key()
	if l.seen[key] {
		return
	}
	l.seen[key] = true
	l.waiting = append(l.waiting, r)
}

func (r *record) key() string {
	from, to := r.name(r.from), r.name(r.to)
	return fmt.Sprint(r.reporter, r.node, r.allowed, from, to, r.port, r.protocol, r.start.Unix())
}

// flush writes the window that is over.
func (l *flowLog) flush(start, end time.Time) {
	if hour := start.Truncate(time.Hour); !hour.Equal(l.hour) {
		l.close()
		l.hour = hour
	}
	for i := range l.waiting {
		r := &l.waiting[i]
		r.start, r.end = start, end
		if l.goldmane() {
			l.data = append(l.data, l.files.line(l.goldmaneForm(r))...)
		} else {
			l.data = append(l.data, l.files.line(l.enterpriseForm(r))...)
		}
		l.records++
	}
	l.waiting = l.waiting[:0]
	clear(l.seen)
}

func (l *flowLog) goldmane() bool {
	return l.hour.UTC().Hour() >= goldmaneFrom && l.hour.UTC().Hour() < goldmaneTo
}

// close writes the hour that is over.
func (l *flowLog) close() {
	if len(l.data) == 0 {
		return
	}
	form := "flows"
	if l.goldmane() {
		form = "goldmane"
	}
	l.files.file(fmt.Sprintf("flows/%s-%s.ndjson.gz", form, l.hour.UTC().Format("2006-01-02T15")), l.data)
	l.data = nil
}

func actionOf(allowed bool) v3.Action {
	if allowed {
		return v3.Allow
	}
	return v3.Deny
}
