package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/blob"
	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/cron"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/starter"
	"github.com/probity/probity/worker"
)

func (a *app) workerCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "worker",
		Short: "Run workflows and activities until stopped",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.serving(cmd.Context(), a.serveWorker)
		},
	}
}

func (a *app) starterCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "starter",
		Short: "Keep one Temporal Schedule for each report definition until stopped",
		Long: "Keep one Temporal Schedule for each GlobalReport of the API server (--kube-access), or of a folder of definitions\n" +
			"(--inputs-reports): edits, suspend and removal are followed. With an API server the reports' status and events tell\n" +
			"how they stand, and of several starters one leads. With a folder, run one starter for each cluster: schedules of\n" +
			"reports that the folder lacks are deleted.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.cfg.Inputs.Reports == "" && a.cfg.Kube.Access == "" {
				return usage("name the folder of definitions with --inputs-reports, or an API server with --kube-access: " +
					"schedules of reports that are not there are deleted")
			}
			return a.serving(cmd.Context(), a.serveStarter)
		},
	}
}

// serving connects a process that serves: its metrics are those of the Temporal SDK too.
func (a *app) serving(ctx context.Context, serve func(context.Context, client.Client) error) error {
	var metrics *worker.Metrics
	if address := a.cfg.Worker.MetricsAddress; address != "" {
		metrics = worker.NewMetrics()
		if err := metrics.Serve(ctx, address, a.logger); err != nil {
			return err
		}
	}
	c, err := worker.Dial(&a.cfg.Temporal, a.logger, metrics)
	if err != nil {
		return err
	}
	defer c.Close()
	return serve(ctx, c)
}

func (a *app) serveWorker(ctx context.Context, c client.Client) error {
	bucket, err := a.bucket(ctx)
	if err != nil {
		return err
	}
	if err := bucket.Check(ctx); err != nil {
		return fmt.Errorf("reach the bucket: %w", err)
	}
	a.expireStaging(ctx, bucket)
	w, err := worker.New(worker.Options{Config: &a.cfg, Client: c, Bucket: bucket, Tool: a.tool(), Logger: a.logger})
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return w.Run(ctx)
}

// expireStaging lets the server expire the staging area where it can; where it has no lifecycle rules, each run's sweep does.
func (a *app) expireStaging(ctx context.Context, bucket *blob.S3) {
	layout, err := a.layout()
	if err == nil {
		days := int(activities.StagingAge / (24 * time.Hour))
		err = errors.Join(bucket.SetLifecycle(ctx, layout.StagingRoot(), days), bucket.ExpireUploads(ctx, layout.Snapshots(), days))
	}
	switch {
	case err == nil:
		a.logger.Info("staging expires by a lifecycle rule", "age", activities.StagingAge)
	case errors.Is(err, blob.ErrUnsupported), errors.Is(err, blob.ErrDenied):
		a.logger.Info("staging is swept by the runs", "why", err)
	default:
		a.logger.Warn("no lifecycle rule for staging; the runs sweep it", "error", err)
	}
}

func (a *app) serveStarter(ctx context.Context, c client.Client) error {
	every, err := cron.Validate(a.cfg.Snapshot.Schedule, 60)
	if err != nil {
		return usage("snapshot.schedule: %w", err)
	}
	schedules := starter.NewSchedules(c, a.settings(), a.logger)
	led := a.cfg.Inputs.Reports == "" && a.cfg.Kube.Access != ""
	if !led && (a.cfg.Inputs.Cluster != "" || a.cfg.Kube.Access != "") {
		if err := schedules.EnsureSnapshots(ctx, a.cfg.Cluster, every); err != nil {
			return err
		}
		if err := a.firstSnapshot(ctx, c); err != nil {
			return err
		}
	}
	switch {
	case a.cfg.Inputs.Reports != "":
		source, err := a.source()
		if err != nil {
			return err
		}
		return starter.New(source, schedules, a.cfg.Schedule.SyncInterval, a.logger).Run(ctx)
	case led:
		return a.serveController(ctx, c, schedules, every)
	}
	// Without definitions no report is defined, and every schedule would be taken for one whose report was removed.
	a.logger.Warn("no schedules are kept: name the folder of definitions with --inputs-reports, or an API server with --kube-access")
	<-ctx.Done()
	return nil
}

// serveController follows the definitions of the API server while this process leads.
func (a *app) serveController(ctx context.Context, c client.Client, schedules *starter.Schedules, snapshots cron.Schedule) error {
	config, err := kube.Connect(worker.KubeAccess(&a.cfg.Kube, a.tool(), "starter"))
	if err != nil {
		return usage("%w", err)
	}
	archive, err := a.catalogue(ctx)
	if err != nil {
		return err
	}
	keep := func(ctx context.Context) error { return schedules.EnsureSnapshots(ctx, a.cfg.Cluster, snapshots) }
	lease := kube.Lease{Namespace: kube.OwnNamespace(a.cfg.Kube.Namespace), Name: "probity-starter-" + a.cfg.Cluster}
	return kube.Lead(ctx, config, lease, a.logger, func(ctx context.Context) error {
		followed, err := kube.Follow(config, a.logger)
		if err != nil {
			return err
		}
		events, err := kube.NewEvents(ctx, config, "probity-starter")
		if err != nil {
			return err
		}
		defer events.Close()
		// Snapshots need no definitions: they are kept too while those cannot be followed yet.
		if err := keep(ctx); err != nil {
			a.logger.Warn("the schedule of snapshots is not kept yet", "error", err)
		}
		if err := a.firstSnapshot(ctx, c); err != nil {
			return err
		}
		return starter.NewController(starter.ControllerOptions{
			Followed: followed, Events: events, Client: c, Schedules: schedules, Runs: starter.NewRuns(c, a.settings()),
			Outcomes: catalogue.NewRecent(archive), Settings: a.settings(), Limits: a.limits(),
			Snapshots: keep, Resync: a.cfg.Schedule.SyncInterval, Logger: a.logger,
		}).Run(ctx)
	})
}

// firstSnapshot lets the first snapshot be taken at once. An archive that does not answer now is no reason not to start: the
// schedule, or the first report, will ask for a snapshot.
func (a *app) firstSnapshot(ctx context.Context, c client.Client) error {
	archive, err := a.catalogue(ctx)
	if err != nil {
		return err
	}
	run, err := starter.NewRuns(c, a.settings()).FirstSnapshot(ctx, a.cfg.Cluster, archive)
	switch {
	case err != nil:
		a.logger.Warn("the first snapshot was not asked for", "cluster", a.cfg.Cluster, "error", err)
	case run != nil:
		a.logger.Info("the first snapshot is taken now", "cluster", a.cfg.Cluster, "workflow", run.GetID())
	}
	return nil
}

// serveBoth runs a worker and a starter in one process; when one of them ends, the other does.
func (a *app) serveBoth(ctx context.Context, c client.Client) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.serveWorker(ctx, c) })
	group.Go(func() error { return a.serveStarter(ctx, c) })
	return group.Wait()
}
