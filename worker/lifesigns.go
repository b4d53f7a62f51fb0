package worker

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
)

// signEvery is how often a running activity tells that it is alive, or four times within its heartbeat timeout where that is
// more often; the SDK sends fewer where that is enough.
const signEvery = time.Second

// lifeSigns sends heartbeats for every activity while it runs, whatever it is busy with: rendering a large page or waiting for
// a slow bucket must not be taken for a dead worker, and a cancellation reaches an activity with the answer to a heartbeat
// alone. A step that hangs ends by its start-to-close timeout.
type lifeSigns struct {
	interceptor.WorkerInterceptorBase
}

func (*lifeSigns) InterceptActivity(
	_ context.Context, next interceptor.ActivityInboundInterceptor,
) interceptor.ActivityInboundInterceptor {
	return &signedActivity{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type signedActivity struct {
	interceptor.ActivityInboundInterceptorBase
	outbound signedOutbound
}

// Init puts the memory of what the activity said itself in the way of its own heartbeats.
func (s *signedActivity) Init(outbound interceptor.ActivityOutboundInterceptor) error {
	s.outbound.Next = outbound
	return s.Next.Init(&s.outbound)
}

func (s *signedActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	patience := activity.GetInfo(ctx).HeartbeatTimeout
	if patience <= 0 {
		return s.Next.ExecuteActivity(ctx, in)
	}
	running, stop := context.WithCancel(ctx)
	var signs sync.WaitGroup
	signs.Go(func() {
		ticker := time.NewTicker(min(signEvery, patience/4))
		defer ticker.Stop()
		for {
			select {
			case <-running.Done():
				return
			case <-ticker.C:
				s.outbound.repeat(ctx)
			}
		}
	})
	defer signs.Wait()
	defer stop()
	return s.Next.ExecuteActivity(ctx, in)
}

// signedOutbound remembers what the activity said last, so that the signs in between repeat it.
type signedOutbound struct {
	interceptor.ActivityOutboundInterceptorBase
	mu   sync.Mutex
	last []any
}

// RecordHeartbeat passes on what the activity says.
func (s *signedOutbound) RecordHeartbeat(ctx context.Context, details ...any) {
	s.mu.Lock()
	s.last = details
	s.mu.Unlock()
	s.Next.RecordHeartbeat(ctx, details...)
}

func (s *signedOutbound) repeat(ctx context.Context) {
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	s.Next.RecordHeartbeat(ctx, last...)
}
