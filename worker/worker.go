package worker

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/workflows"
)

// stopTimeout is how long a stopping worker lets its activities finish; the SDK's default is none at all.
const stopTimeout = 30 * time.Second

// heartbeatThrottle bounds how long a cancellation takes to reach an activity: 0.7 s instead of 22.7 s was measured with it
// (temporal-practice.md 4.5).
const heartbeatThrottle = 2 * time.Second

// Options are what a worker is made of.
type Options struct {
	Config *config.Config
	Client client.Client
	Bucket activities.Bucket
	Tool   evidence.Tool
	Logger *slog.Logger
	// Wrap may replace the bucket or a source by one that wraps it; nil means none. Tests put their faults in here.
	Wrap func(*Ports)
}

// Ports are what the activities work with.
type Ports struct {
	Bucket     activities.Bucket
	Cluster    activities.Cluster
	Audit      activities.AuditLog
	Flows      activities.FlowLog
	Benchmarks activities.Benchmarks
	Types      activities.Types
}

// Worker runs workflows and activities of one task queue.
type Worker struct {
	worker sdkworker.Worker
	queue  string
	fatal  chan error
	logger *slog.Logger
}

// New assembles a worker. It reads nothing from the sources yet.
func New(o Options) (*Worker, error) {
	store, ports, err := assemble(&o)
	if err != nil {
		return nil, err
	}
	w := &Worker{fatal: make(chan error, 1), logger: o.Logger}
	queue, selected, err := queueOf(o.Config)
	if err != nil {
		return nil, err
	}
	w.queue = queue
	host, _ := os.Hostname()
	w.worker = sdkworker.New(o.Client, queue, sdkworker.Options{
		// On a selected node only activities run: the workflows are the cluster's own workers' business.
		DisableWorkflowWorker:              selected,
		Identity:                           fmt.Sprintf("probity@%s/%d", host, os.Getpid()),
		MaxConcurrentActivityExecutionSize: o.Config.Worker.Parallel,
		MaxHeartbeatThrottleInterval:       heartbeatThrottle,
		WorkerStopTimeout:                  stopTimeout,
		DisableRegistrationAliasing:        true,
		Interceptors:                       []interceptor.WorkerInterceptor{&activities.FailureInterceptor{}, &lifeSigns{}},
		OnFatalError:                       func(err error) { w.fatal <- err },
	})
	if !selected {
		registerWorkflows(w.worker)
	}
	registerActivities(w.worker, &o, store, ports)
	return w, nil
}

// Run works until ctx ends, then lets activities finish for a while. It fails when the worker cannot go on.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.worker.Start(); err != nil {
		return fmt.Errorf("start worker: %w", err)
	}
	defer w.worker.Stop()
	w.logger.Info("worker started", "queue", w.queue)
	select {
	case <-ctx.Done():
		w.logger.Info("worker stops")
		return nil
	case err := <-w.fatal:
		return fmt.Errorf("worker gave up: %w", err)
	}
}

// queueOf is the task queue that the worker serves, and whether it is one of a node selector.
func queueOf(c *config.Config) (queue string, selected bool, err error) {
	selector, err := report.ParseNodeSelector(c.Worker.NodeSelector)
	if err != nil {
		return "", false, fmt.Errorf("worker.nodeSelector: %w", err)
	}
	queue = workflows.SelectorQueue(workflows.TaskQueue(c.Temporal.TaskQueue, c.Cluster), selector)
	return queue, len(selector) > 0, nil
}

func assemble(o *Options) (*activities.Store, *Ports, error) {
	layout, err := evidence.NewLayout(o.Config.Bucket.Prefix, o.Config.Cluster)
	if err != nil {
		return nil, nil, err
	}
	ports, err := FilePorts(&o.Config.Inputs, 0)
	if err != nil {
		return nil, nil, err
	}
	if err := connectKube(o, ports); err != nil {
		return nil, nil, err
	}
	if err := SearchPorts(context.Background(), o.Config, ports, 0); err != nil {
		return nil, nil, err
	}
	if ports.Types, err = Definitions(o.Config, o.Tool, limitsOf(o.Config)); err != nil {
		return nil, nil, err
	}
	ports.Bucket = o.Bucket
	if o.Wrap != nil {
		o.Wrap(ports)
	}
	store := &activities.Store{
		Bucket: ports.Bucket, Layout: layout, Cluster: o.Config.Cluster, Scratch: o.Config.Worker.Scratch, Tool: o.Tool,
	}
	return store, ports, nil
}

// registry is what registration needs of a worker; the replayer is one too.
type registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
}

func registerWorkflows(r registry) {
	for name, fn := range map[string]any{
		workflows.TickName:     workflows.Tick,
		workflows.ReportName:   workflows.Report,
		workflows.SnapshotName: workflows.Snapshot,
		workflows.BackfillName: workflows.Backfill,
	} {
		r.RegisterWorkflowWithOptions(fn, workflow.RegisterOptions{Name: name})
	}
}

func limitsOf(c *config.Config) report.Limits {
	return report.Limits{MaxPerHour: c.Schedule.MaxPerHour}
}

// bytesPerGroup is what one flow group takes in memory (measured; see flow.DefaultMaxGroups).
const bytesPerGroup = 400

func registerActivities(w sdkworker.Worker, o *Options, store *activities.Store, ports *Ports) {
	cfg := o.Config
	limits := limitsOf(cfg)
	memory := cfg.Worker.MemoryMiB << 20
	rules := activities.Rules{StartDelay: cfg.Schedule.StartDelay, AuditQuiet: cfg.Inputs.AuditQuiet, PrivateNets: cfg.Inputs.PrivateNets}
	for name, fn := range map[string]any{
		activities.PlanName: (&activities.Plan{
			Store: store, Types: ports.Types, Cluster: ports.Cluster,
			Audit: ports.Audit, Flows: ports.Flows, Benchmarks: ports.Benchmarks, Limits: limits,
		}).Execute,
		activities.SnapshotName:   (&activities.Snapshot{Store: store, Cluster: ports.Cluster}).Execute,
		activities.ChangesName:    (&activities.Changes{Store: store, Audit: ports.Audit, MaxMemory: memory}).Execute,
		activities.FlowsName:      (&activities.Flows{Store: store, Flows: ports.Flows, MaxGroups: memory / bytesPerGroup}).Execute,
		activities.BenchmarksName: (&activities.GatherBenchmarks{Store: store, Benchmarks: ports.Benchmarks}).Execute,
		activities.ComputeName: (&activities.Compute{
			Store: store, Rules: rules, Audit: described(ports.Audit), Flows: described(ports.Flows), Benchmarks: described(ports.Benchmarks),
		}).Execute,
		activities.RenderName:  (&activities.Render{Store: store}).Execute,
		activities.SealName:    (&activities.Seal{Store: store}).Execute,
		activities.OutcomeName: (&activities.Outcome{Store: store}).Execute,
		activities.SweepName:   (&activities.Sweep{Store: store, Now: time.Now}).Execute,
		activities.SlotName:    (&activities.Slot{Runs: temporalRuns{o.Client}, Poll: cfg.Schedule.SlotPoll}).Execute,
	} {
		w.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
}
