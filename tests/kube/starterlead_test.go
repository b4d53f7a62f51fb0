package kube

import (
	"context"
	"log/slog"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"

	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/tests/kube/cluster"
)

// leads notes who leads, and whether two ever did at one time.
type leads struct {
	mu   sync.Mutex
	now  map[string]bool
	both bool
}

func (l *leads) set(who string, leading bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if leading {
		l.now[who] = true
	} else {
		delete(l.now, who)
	}
	l.both = l.both || len(l.now) > 1
}

func (l *leads) is(who string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now[who]
}

// TestLeaderWithoutServerStepsDown: who cannot renew the lease stops before another begins, and may lead again.
func TestLeaderWithoutServerStepsDown(t *testing.T) {
	server := cluster.Shared(t)
	config := server.Config(t)
	host, err := url.Parse(config.Host)
	require.NoError(t, err)
	toServer := newLine(t, host.Host)
	cutOff := rest.CopyConfig(config)
	cutOff.Host = "https://" + toServer.address()
	state := &leads{now: map[string]bool{}}
	var running sync.WaitGroup
	start := func(who string, config *rest.Config) (stop context.CancelFunc) {
		ctx, cancel := context.WithCancel(t.Context())
		running.Go(func() {
			lease := kube.Lease{Namespace: "default", Name: "steps-down", Duration: 3 * time.Second}
			err := kube.Lead(ctx, config, lease, slog.New(slog.DiscardHandler), func(ctx context.Context) error {
				state.set(who, true)
				<-ctx.Done()
				state.set(who, false)
				return nil
			})
			if err != nil {
				t.Errorf("%s: %s", who, err)
			}
		})
		return cancel
	}
	leading := func(who string) {
		require.Eventually(t, func() bool { return state.is(who) }, time.Minute, 20*time.Millisecond, "%s leads", who)
	}
	stopFirst := start("first", cutOff)
	leading("first")
	stopSecond := start("second", config)

	toServer.set(true)
	leading("second")
	toServer.set(false)
	stopSecond()
	leading("first")
	stopFirst()
	running.Wait()
	require.False(t, state.both, "two led at one time")
}
