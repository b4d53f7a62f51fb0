package receive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Path is where the emitter pushes to.
const Path = "/api/v1/flows/bulk"

// ServerOptions configure a Server.
type ServerOptions struct {
	// Sink keeps what is pushed.
	Sink Sink
	// BodyBytes is the most that one push may have.
	BodyBytes int64
	// Parallel is how many pushes are taken at one time; one more waits for some seconds, and is then refused.
	Parallel int
	// Metrics is where the metrics are registered.
	Metrics prometheus.Registerer
	// Logger is told of what was dropped and refused.
	Logger *slog.Logger
}

// Server answers pushes: 200 when the push is stored, 400 when it is no NDJSON or broke off, 413 when it is too large, 503
// when it could not be stored now and should come again.
type Server struct {
	ServerOptions
	slots   chan struct{}
	refused refusals
	failed  atomic.Pointer[failure]
	metrics *metrics
}

// failure is why the last push could not be stored.
type failure struct {
	err error
	at  time.Time
}

// NewServer returns a server.
func NewServer(o ServerOptions) *Server {
	s := &Server{ServerOptions: o, slots: make(chan struct{}, o.Parallel)}
	s.metrics = newMetrics(o.Metrics, s.refused.count)
	return s
}

// Handler answers on Path and on /healthz.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+Path, s.take)
	mux.HandleFunc("GET /healthz", s.health)
	return mux
}

// health says 200 while pushes can be stored. One that was refused lately counts: a full disk has room for what Check writes.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	err := s.Sink.Check(r.Context())
	if last := s.failed.Load(); err == nil && last != nil && time.Since(last.at) < patience {
		err = last.err
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

const (
	// slotWait is how long a push waits for others.
	slotWait = 5 * time.Second
	// retryAfter is when a push that was refused should come again.
	retryAfter = 5 * time.Second
)

// answer is what the sender is told.
type answer struct {
	Stored    int64  `json:"stored"`          // lines that are in the log
	Dropped   int    `json:"dropped"`         // lines that are not
	Duplicate bool   `json:"duplicate"`       // whether the push was in the log before
	Error     string `json:"error,omitempty"` // why the push as a whole is not in the log
	code      int
}

func (s *Server) take(w http.ResponseWriter, r *http.Request) {
	a := s.answer(r)
	s.metrics.answered(a.code)
	w.Header().Set("Content-Type", "application/json")
	if a.code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
	}
	w.WriteHeader(a.code)
	if err := json.NewEncoder(w).Encode(a); err != nil {
		s.Logger.Info("the sender of a push did not wait for the answer; it will push again", "error", err)
	}
}

func (s *Server) answer(r *http.Request) answer {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return answer{code: http.StatusUnsupportedMediaType, Error: fmt.Sprintf("content encoding %q is not taken: send plain NDJSON", coding)}
	}
	timer := time.NewTimer(slotWait)
	defer timer.Stop()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-timer.C:
		s.Logger.Warn("refusing a push: others are still being taken", "parallel", s.Parallel)
		return answer{code: http.StatusServiceUnavailable, Error: "too many pushes at one time"}
	case <-r.Context().Done():
		return answer{code: http.StatusServiceUnavailable, Error: "the sender went away"}
	}
	p, err := ReadPush(r.Body, s.BodyBytes, s.Sink.Spool(), time.Now())
	if p == nil {
		s.Logger.Warn("a push broke off; nothing of it is stored", "from", r.RemoteAddr, "error", err)
		return answer{code: http.StatusBadRequest, Error: err.Error()}
	}
	defer p.Release()
	return s.store(r, p, err)
}

// store keeps a push, or what tells of one that cannot be taken for the reason why.
func (s *Server) store(r *http.Request, p *Push, why error) answer {
	begin := time.Now()
	var away *SinkError
	duplicate, err := false, why
	if !errors.As(why, &away) {
		// A sender that went away while its push is written is no reason not to write it: it will send it again.
		duplicate, err = s.Sink.Store(context.WithoutCancel(r.Context()), p)
	}
	if err != nil {
		s.refused.add(p)
		s.failed.Store(&failure{err, begin})
		s.Logger.Error("refusing a push: it cannot be stored now", "from", r.RemoteAddr, "bytes", p.Bytes, "error", err)
		return answer{code: http.StatusServiceUnavailable, Error: err.Error()}
	}
	s.refused.settle(p.Digest)
	s.failed.Store(nil)
	s.metrics.stored(p, duplicate)
	s.metrics.store.Observe(time.Since(begin).Seconds())
	s.log(r, p, duplicate)
	a := answer{code: http.StatusOK, Stored: p.Lines, Dropped: len(p.Dropped), Duplicate: duplicate}
	switch {
	case errors.Is(why, errTooLarge):
		a.code, a.Error = http.StatusRequestEntityTooLarge, why.Error()
	case why != nil:
		a.code, a.Error = http.StatusBadRequest, why.Error()
	}
	return a
}

// shownBad is how many of a push's bad lines are logged.
const shownBad = 3

func (s *Server) log(r *http.Request, p *Push, duplicate bool) {
	s.Logger.Debug("push stored", "from", r.RemoteAddr, "lines", p.Lines, "bytes", p.Bytes, "duplicate", duplicate)
	if duplicate || len(p.Dropped) == 0 {
		return
	}
	s.Logger.Error("dropped what cannot be stored; reports about its time will be partial", "from", r.RemoteAddr,
		"stored", p.Lines, "dropped", len(p.Dropped), "span", p.Span.String())
	for _, d := range p.Dropped[:min(len(p.Dropped), shownBad)] {
		s.Logger.Error("dropped", "reason", d.Reason, "line", d.Line, "bytes", d.Bytes, "start", d.Start)
	}
}

// Sweep writes down, in the log, the refused pushes that their senders have given up by now. It is to be called now and then.
func (s *Server) Sweep(ctx context.Context, now time.Time) error {
	p, digests := s.refused.lost(now)
	if p == nil {
		return nil
	}
	if _, err := s.Sink.Store(ctx, p); err != nil {
		return fmt.Errorf("tell of %d pushes that were refused: %w", len(digests), err)
	}
	for _, digest := range digests {
		s.refused.settle(digest)
	}
	s.metrics.lost(p)
	s.Logger.Error("pushes that were refused did not come again; reports about their time will be partial",
		"pushes", len(digests), "span", p.Span.String())
	return nil
}
