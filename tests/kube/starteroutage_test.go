package kube

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/starter"
	"github.com/probity/probity/tests/kube/cluster"
	"github.com/probity/probity/workflows"
)

// lifeWith is a life whose API server has the given definitions.
func lifeWith(t *testing.T, definitions ...string) *life {
	t.Helper()
	server := cluster.Start(t, devstack.KubeOptions{})
	for _, definition := range definitions {
		server.Apply(t, definition, "--server-side")
	}
	server.Kubectl(t, "wait", "--for=condition=Established", "--timeout=60s", "crd/globalreports.projectcalico.org", "crd/globalreporttypes.projectcalico.org")
	e := stackWith(t, server)
	e.Config.Inputs.Reports, e.Config.Inputs.Audit = "", ""
	e.Config.Inputs.Benchmarks = e.Sample + "/benchmarks"
	l := &life{Env: e, server: server}
	l.gate = e.Gate()
	return l
}

// line leads connections to a server, and can be cut.
type line struct {
	listener net.Listener
	to       string

	mu   sync.Mutex
	cut  bool
	open []net.Conn
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &line{listener: listener, to: to}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { l.lead(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		l.set(true)
		running.Wait()
	})
	return l
}

func (l *line) address() string { return l.listener.Addr().String() }

// lead copies both ways until either end closes or the line is cut.
func (l *line) lead(conn net.Conn) {
	defer conn.Close()
	server, err := net.Dial("tcp", l.to)
	if err != nil {
		return
	}
	defer server.Close()
	l.mu.Lock()
	if l.cut {
		l.mu.Unlock()
		return
	}
	l.open = append(l.open, conn, server)
	l.mu.Unlock()
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(conn, server)
		_ = conn.Close()
	})
	_, _ = io.Copy(server, conn)
	_ = server.Close()
	back.Wait()
}

// set cuts the line, with all its connections, or mends it.
func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	if cut {
		for _, conn := range l.open {
			_ = conn.Close()
		}
		l.open = nil
	}
}

// refusals counts what a controller could not do.
type refusals struct {
	slog.Handler
	mu   sync.Mutex
	said int
}

func (r *refusals) Handle(ctx context.Context, record slog.Record) error {
	if record.Level >= slog.LevelWarn {
		r.mu.Lock()
		r.said++
		r.mu.Unlock()
	}
	return r.Handler.Handle(ctx, record)
}

func (r *refusals) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said
}

// TestStarterOutlivesOutages: while Temporal or the API server is away nothing is lost and nothing is deleted, and what changed
// meanwhile is followed when it is back.
func TestStarterOutlivesOutages(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	config := l.server.Config(t)
	host, err := url.Parse(config.Host)
	require.NoError(t, err)
	toServer, toTemporal := newLine(t, host.Host), newLine(t, l.Address.Temporal)
	config.Host = "https://" + toServer.address()
	c, err := client.Dial(client.Options{
		HostPort: toTemporal.address(), Namespace: l.Address.Namespace, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	defer c.Close()
	said := &refusals{Handler: slog.NewTextHandler(t.Output(), nil)}
	logger := slog.New(said)
	followed, err := kube.Follow(config, logger)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	events, err := kube.NewEvents(ctx, config, "probity-starter")
	require.NoError(t, err)
	defer events.Close()
	ended := make(chan error, 1)
	controller := starter.NewController(starter.ControllerOptions{
		Followed: followed, Events: events, Client: c, Schedules: starter.NewSchedules(c, l.Settings(), logger),
		Runs: starter.NewRuns(c, l.Settings()), Outcomes: catalogue.NewRecent(l.Catalogue), Settings: l.Settings(),
		Limits: report.Limits{MaxPerHour: 2}, Resync: 300 * time.Millisecond, Logger: logger,
	})
	go func() { ended <- controller.Run(ctx) }()
	defer func() {
		cancel()
		require.NoError(t, <-ended)
	}()

	l.server.Apply(t, manifestOf("stays", "0 3 * * *"))
	l.server.Apply(t, manifestOf("goes", "0 3 * * *"))
	l.scheduled(t, "stays", "0 3 * * *")
	l.scheduled(t, "goes", "0 3 * * *")
	created := l.describe(t, "stays").Info.CreatedAt

	// Temporal is away.
	toTemporal.set(true)
	l.server.Apply(t, manifestOf("late", "0 4 * * *"))
	l.server.Apply(t, manifestOf("stays", "0 5 * * *"))
	before := said.count()
	require.Eventually(t, func() bool { return said.count() > before+3 }, time.Minute, 50*time.Millisecond)
	toTemporal.set(false)
	l.scheduled(t, "late", "0 4 * * *")
	l.scheduled(t, "stays", "0 5 * * *")

	// The API server is away: drift is repaired by the definitions as last seen, and nothing is deleted.
	toServer.set(true)
	l.server.Kubectl(t, "delete", "globalreport", "goes")
	l.server.Apply(t, manifestOf("later", "0 6 * * *"))
	require.NoError(t, l.handle(t, "late").Delete(t.Context()))
	l.scheduled(t, "late", "0 4 * * *") // by the copy that it has
	l.scheduled(t, "goes", "0 3 * * *")
	toServer.set(false)
	l.scheduled(t, "later", "0 6 * * *")
	require.Eventually(t, func() bool {
		_, err := l.handle(t, "goes").Describe(t.Context())
		return err != nil
	}, 2*time.Minute, 100*time.Millisecond, "its deletion is noticed")
	require.Equal(t, created, l.describe(t, "stays").Info.CreatedAt, "the same schedule all the time: what it knows is not lost")
}

func (l *life) handle(t *testing.T, name string) client.ScheduleHandle {
	t.Helper()
	return l.Client.ScheduleClient().GetHandle(t.Context(), workflows.ScheduleID(l.Config.Cluster, name))
}

func (l *life) describe(t *testing.T, name string) *client.ScheduleDescription {
	t.Helper()
	described, err := l.handle(t, name).Describe(t.Context())
	require.NoError(t, err)
	return described
}

// scheduled waits until the report's Schedule is the one of a crontab.
func (l *life) scheduled(t *testing.T, name, cron string) {
	t.Helper()
	require.Eventually(t, func() bool {
		described, err := l.handle(t, name).Describe(t.Context())
		return err == nil && slices.ContainsFunc(described.Schedule.Spec.Calendars, func(c client.ScheduleCalendarSpec) bool { return c.Comment == cron })
	}, 2*time.Minute, 100*time.Millisecond, "%s is scheduled %s", name, cron)
}
