package receive

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// RunOptions are what Run serves with.
type RunOptions struct {
	Server *Server
	// Listener takes pushes, over TLS.
	Listener net.Listener
	TLS      *tls.Config
	// Status takes requests for /healthz and /metrics, without TLS; nil is none.
	Status  net.Listener
	Metrics http.Handler
	Logger  *slog.Logger
}

// Times of the HTTP servers.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 5 * time.Minute  // of a whole push
	idleTimeout   = 15 * time.Minute // the emitter pushes every five minutes
	stopTimeout   = 30 * time.Second
	sweepEvery    = time.Minute
)

// Run serves until ctx ends. Then pushes that are on their way are still taken, for stopTimeout at most.
func Run(ctx context.Context, o RunOptions) error {
	lines := slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn)
	pushes := &http.Server{
		Handler: o.Server.Handler(), ErrorLog: lines, MaxHeaderBytes: 64 << 10,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, IdleTimeout: idleTimeout,
	}
	group, ctx := errgroup.WithContext(ctx)
	serve(ctx, group, pushes, tls.NewListener(o.Listener, o.TLS))
	if o.Status != nil {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /healthz", o.Server.health)
		mux.Handle("GET /metrics", o.Metrics)
		serve(ctx, group, &http.Server{Handler: mux, ErrorLog: lines, ReadHeaderTimeout: headerTimeout}, o.Status)
	}
	group.Go(func() error {
		ticker := time.NewTicker(sweepEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case now := <-ticker.C:
				if err := o.Server.Sweep(ctx, now); err != nil {
					o.Logger.Warn("sweep", "error", err)
				}
			}
		}
	})
	return group.Wait()
}

// serve runs a server in the group; it stops gracefully with ctx.
func serve(ctx context.Context, group *errgroup.Group, server *http.Server, listener net.Listener) {
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if err := server.Shutdown(stopping); err != nil {
			return errors.Join(fmt.Errorf("finish the requests on %s: %w", listener.Addr(), err), server.Close())
		}
		return nil
	})
}
