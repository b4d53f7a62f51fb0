package activities

import (
	"context"

	"go.temporal.io/sdk/activity"
)

// beat tells Temporal now and then that a long step is alive, and through the context when it is cancelled.
type beat struct {
	ctx   context.Context
	count int64
}

func newBeat(ctx context.Context) *beat { return &beat{ctx: ctx} }

// beatEvery is the number of steps between two heartbeats; the SDK throttles what is still too many.
const beatEvery = 4096

func (b *beat) tick() {
	if b.count++; b.count%beatEvery == 0 {
		activity.RecordHeartbeat(b.ctx, b.count)
	}
}

// err is set once the step is cancelled or its worker stops.
func (b *beat) err() error { return b.ctx.Err() }
