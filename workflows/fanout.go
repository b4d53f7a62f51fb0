package workflows

import "go.temporal.io/sdk/workflow"

// fanOut runs steps in parallel, a bounded number at one time. After a failure no further step starts, those that run are
// cancelled, and wait returns the first failure.
type fanOut struct {
	ctx    workflow.Context
	cancel workflow.CancelFunc
	slots  workflow.Semaphore
	group  workflow.WaitGroup
	failed error
}

func newFanOut(ctx workflow.Context, parallel int64) *fanOut {
	inner, cancel := workflow.WithCancel(ctx)
	return &fanOut{ctx: inner, cancel: cancel, slots: workflow.NewSemaphore(inner, parallel), group: workflow.NewWaitGroup(ctx)}
}

// run starts a step once there is room for it; steps start in the order of the calls. It must be called by the coroutine that
// made the fanOut.
func (f *fanOut) run(step func(workflow.Context) error) {
	if f.failed != nil {
		return
	}
	if err := f.slots.Acquire(f.ctx, 1); err != nil {
		f.fail(err)
		return
	}
	if f.failed != nil {
		return
	}
	f.group.Add(1)
	workflow.Go(f.ctx, func(ctx workflow.Context) {
		defer f.group.Done()
		defer f.slots.Release(1)
		if err := step(ctx); err != nil {
			f.fail(err)
		}
	})
}

func (f *fanOut) fail(err error) {
	if f.failed == nil {
		f.failed = err
		f.cancel()
	}
}

func (f *fanOut) wait(ctx workflow.Context) error {
	// Waiting on a context of its own: a cancelled run still waits for its steps to wind down.
	free, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	f.group.Wait(free)
	f.cancel()
	return f.failed
}
