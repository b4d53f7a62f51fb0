package kube

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Lease names the lease that one of several processes holds.
type Lease struct {
	Namespace, Name string
	// Duration is how long a lease lasts that is not renewed; zero means 15 seconds. A leader that cannot renew gives up after two
	// thirds of it, so that two never lead.
	Duration time.Duration
}

// Lead waits until this process holds the lease and then runs lead, whose context ends when the lease is lost; then it waits again.
// It ends when ctx does, or when lead fails.
func Lead(ctx context.Context, config *rest.Config, lease Lease, logger *slog.Logger, lead func(context.Context) error) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client for leases: %w", err)
	}
	if lease.Duration <= 0 {
		lease.Duration = 15 * time.Second
	}
	host, _ := os.Hostname()
	e := &election{client: client, lease: lease, own: host + "_" + uuid.NewString(), logger: logger}
	for ctx.Err() == nil {
		if err := e.term(ctx, lead); err != nil {
			return err
		}
	}
	return nil
}

// election is one process that wants to lead.
type election struct {
	client kubernetes.Interface
	lease  Lease
	own    string
	logger *slog.Logger
}

// term is one time of leading, and the wait for it. It returns when what was led has wound down.
func (e *election) term(ctx context.Context, lead func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began, ended := make(chan struct{}), make(chan error, 1)
	name := e.lease.Namespace + "/" + e.lease.Name
	lock := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: e.lease.Namespace, Name: e.lease.Name},
		Client:     e.client.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: e.own},
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: lock, LeaseDuration: e.lease.Duration, RenewDeadline: e.lease.Duration * 2 / 3, RetryPeriod: e.lease.Duration / 8,
		// ReleaseOnCancel would try to release a lease that cannot be renewed while the leader still leads, and that for so long
		// that the next one begins: client-go v0.36.3. It is released below, when nothing is led any more.
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				close(began)
				e.logger.Info("this process leads now", "lease", name)
				ended <- lead(ctx)
				cancel()
			},
			OnStoppedLeading: func() {},
			OnNewLeader: func(identity string) {
				if identity != e.own {
					e.logger.Info("another process leads", "lease", name, "leader", identity)
				}
			},
		},
	})
	if err != nil {
		return fmt.Errorf("hold lease %s: %w", name, err)
	}
	elector.Run(ctx)
	select {
	case <-began:
		err := <-ended
		e.release(lock)
		e.logger.Info("this process does not lead any more", "lease", name)
		return err
	default:
		return nil
	}
}

// release gives the lease back, if it is still held: the next one need not wait for it to run out.
func (e *election) release(lock resourcelock.Interface) {
	ctx, cancel := context.WithTimeout(context.Background(), e.lease.Duration/3)
	defer cancel()
	held, _, err := lock.Get(ctx)
	if err != nil || held.HolderIdentity != e.own {
		return // it runs out, or another process has it
	}
	now := metav1.Now()
	held.HolderIdentity, held.LeaseDurationSeconds, held.AcquireTime, held.RenewTime = "", 1, now, now
	if err := lock.Update(ctx, *held); err != nil {
		e.logger.Info("the lease was not released; it runs out", "lease", lock.Describe(), "error", err)
	}
}

// namespaceFile is where a pod finds the namespace that it is in.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// OwnNamespace is the given namespace, else the pod's own, else "probity".
func OwnNamespace(given string) string {
	if given != "" {
		return given
	}
	if raw, err := os.ReadFile(namespaceFile); err == nil && strings.TrimSpace(string(raw)) != "" {
		return strings.TrimSpace(string(raw))
	}
	return "probity"
}
