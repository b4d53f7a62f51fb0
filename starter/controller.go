package starter

import (
	"context"
	"log/slog"
	"sync"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"go.temporal.io/sdk/client"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"

	"github.com/probity/probity/deploy"
	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/report"
)

// ControllerOptions are what a controller is made of.
type ControllerOptions struct {
	Followed  *kube.Followed
	Events    Events
	Client    client.Client
	Schedules *Schedules
	Runs      *Runs
	Outcomes  *catalogue.Recent
	Settings  Settings
	Limits    report.Limits
	// Snapshots keeps the schedule of the cluster's snapshots; nil = nothing to keep.
	Snapshots func(context.Context) error
	// Resync is how often the status of reports with active runs follows them. Every third time everything is compared, whether or
	// not it changed, and schedules that were edited or deleted in Temporal are repaired. Zero means 10 seconds.
	Resync time.Duration
	Logger *slog.Logger
}

// Controller keeps, for the GlobalReports of an API server, their Temporal Schedules, and tells in status and events how they
// stand. Only one may run for a cluster at a time: see kube.Lead.
type Controller struct {
	ControllerOptions
	queue workqueue.TypedRateLimitingInterface[string]
	types typeSet
	told  told
	view  view

	mu  sync.Mutex
	own bool // the definition of GlobalReport is Probity's own: its status has our fields
}

// NewController returns a controller that has not begun.
func NewController(o ControllerOptions) *Controller {
	if o.Resync <= 0 {
		o.Resync = 10 * time.Second
	}
	c := &Controller{ControllerOptions: o}
	c.types.followed, c.view.controller = o.Followed, c
	c.told = told{events: o.Events, namespace: o.Settings.Namespace, last: map[string]string{}}
	return c
}

// The pauses between attempts on one report: Temporal, the archive or the API server may be away for an hour.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 30 * time.Second
)

// Run works until ctx ends.
func (c *Controller) Run(ctx context.Context) error {
	c.queue = workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[string](firstPause, lastPause))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	synced := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		<-ctx.Done()
		c.queue.ShutDown()
	})
	running.Go(func() {
		select {
		case <-synced:
			c.resync(ctx)
		case <-ctx.Done():
		}
	})
	running.Go(func() {
		select {
		case <-synced: // before that, every schedule would be taken for one whose report is gone
			c.work(ctx)
		case <-ctx.Done():
		}
	})
	err := c.Followed.Run(ctx, func() { close(synced) }, c.changed)
	cancel()
	running.Wait()
	return err
}

// changed is told of each change of a definition.
func (c *Controller) changed(name string) {
	if name != "" {
		c.queue.Add(name)
		return
	}
	c.types.forget()
	for _, name := range c.Followed.ReportNames() {
		c.queue.Add(name)
	}
}

// wholeEvery is at how many resyncs one compares everything: each report costs a description of its schedule and a list of its
// outcomes then.
const wholeEvery = 3

// resync puts reports into the queue now and then.
func (c *Controller) resync(ctx context.Context) {
	ticker := time.NewTicker(c.Resync)
	defer ticker.Stop()
	for n := 0; ; n++ {
		if n%wholeEvery == 0 {
			c.compareAll(ctx)
		} else {
			c.compareActive(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// compareAll has everything compared: the reports that are, and the schedules of those that are no more.
func (c *Controller) compareAll(ctx context.Context) {
	labels, err := c.Followed.DefinitionLabels(ctx)
	switch {
	case err == nil:
		c.mu.Lock()
		c.own = deploy.Own(labels)
		c.mu.Unlock()
	case ctx.Err() == nil:
		c.Logger.Warn("the API server does not answer; schedules are kept by the definitions as last seen", "error", err)
	}
	for _, name := range c.Followed.ReportNames() {
		c.queue.Add(name)
	}
	names, err := c.Schedules.Names(ctx)
	if err != nil && ctx.Err() == nil {
		c.Logger.Error("schedules cannot be listed; trying again", "error", err)
	}
	for _, name := range names {
		c.queue.Add(name)
	}
	if c.Snapshots == nil {
		return
	}
	if err := c.Snapshots(ctx); err != nil && ctx.Err() == nil {
		c.Logger.Error("the schedule of snapshots was not brought in line; trying again", "error", err)
	}
}

// compareActive has the reports compared that have active runs by Temporal's index, or by their status, as such a run may have ended;
// and those for selected nodes, whose workers may have come or gone.
func (c *Controller) compareActive(ctx context.Context) {
	active, err := c.Runs.Active(ctx)
	if err != nil && ctx.Err() == nil {
		c.Logger.Error("active runs cannot be listed; trying again", "error", err)
	}
	for _, name := range c.Followed.ReportNames() {
		object := c.Followed.Report(name)
		if object == nil {
			continue
		}
		var known v3.GlobalReport
		_ = fromObject(object, &known) // one that cannot be read has no runs
		_, runs := active[name]
		if runs || len(known.Status.ActiveReportJobs) > 0 || len(known.Spec.JobNodeSelector) > 0 {
			c.queue.Add(name)
		}
	}
}

func (c *Controller) ownStatus() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.own
}

// work takes one report at a time: a schedule must have one writer (temporal-practice.md 3.5).
func (c *Controller) work(ctx context.Context) {
	for {
		name, shutdown := c.queue.Get()
		if shutdown {
			return
		}
		err := c.reconcile(ctx, name)
		switch {
		case err == nil:
			c.queue.Forget(name)
		case ctx.Err() != nil:
		case apierrors.IsConflict(err):
			c.queue.AddAfter(name, firstPause) // the copy is older than what is stored: it catches up at once
		default:
			c.Logger.Error("report was not brought in line; trying again", "report", name, "error", err)
			c.queue.AddRateLimited(name)
		}
		c.queue.Done(name)
	}
}

// reconcile brings one report's schedule in line with its definition, and its status in line with both.
func (c *Controller) reconcile(ctx context.Context, name string) error {
	object := c.Followed.Report(name)
	if object == nil {
		return c.removed(ctx, name)
	}
	s := standing{name: name, object: object}
	set, err := c.types.validate(object, c.Limits)
	if err != nil {
		return err
	}
	s.def, s.problem = set.Find(name)
	if s.problem == nil {
		if err := c.schedule(ctx, &s); err != nil {
			return err
		}
	}
	return c.view.show(ctx, &s)
}

// removed deletes the schedule of a report that is no more. The copy may be behind, as after another process led: what a schedule
// knows is lost with it, so the API server is asked before.
func (c *Controller) removed(ctx context.Context, name string) error {
	gone, err := c.Followed.Gone(ctx, name)
	if err != nil || !gone {
		return err
	}
	c.told.forget(name)
	c.Outcomes.Forget(name)
	return c.Schedules.Remove(ctx, name)
}

// schedule keeps the report's schedule. That of a definition which cannot be used stays as it was.
func (c *Controller) schedule(ctx context.Context, s *standing) error {
	if s.def.Schedule == nil {
		return c.Schedules.Remove(ctx, s.name) // on demand only
	}
	change, err := c.Schedules.Ensure(ctx, s.def.Definition, s.def.Raw)
	if err != nil {
		return err
	}
	c.told.change(s, change)
	return nil
}
