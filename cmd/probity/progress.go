package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/starter"
	"github.com/probity/probity/workflows"
)

// progressEvery is how often a run is asked how far it is.
const progressEvery = time.Second

// warnUnserved tells on standard error that a run waits for a worker that is not there.
func (a *app) warnUnserved(ctx context.Context, runs *starter.Runs, def *report.Definition) {
	if text, err := runs.Unserved(ctx, def); err == nil && text != "" {
		fmt.Fprintf(a.err, "%s waits: %s\n", def.Name, text)
	}
}

// showProgress writes a line to standard error whenever the run gets further, until the returned function is called.
func (a *app) showProgress(ctx context.Context, runs *starter.Runs, run client.WorkflowRun) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() {
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		var last workflows.Progress
		for {
			// A run that cannot be asked just now is asked again; its result is what counts.
			if now, err := runs.Progress(ctx, run); err == nil && now != last && now.Stage != "" {
				last = now
				fmt.Fprintf(a.err, "%s: %s %d/%d\n", run.GetID(), now.Stage, now.Done, now.Total)
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
	return func() {
		cancel()
		ended.Wait()
	}
}
