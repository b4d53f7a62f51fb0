package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/worker"
)

func (a *app) recorderCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "recorder",
		Short: "Archive every change of the cluster's resources until stopped",
		Long: "Watch the resources that reports are made of and archive every change in the bucket as it happens: for clusters whose\n" +
			"audit log cannot be had. Reports take its segments, audit logs, or both. A watch does not tell who made a change:\n" +
			"policy-audit says \"unknown\", with the field manager as a hint.\n\n" +
			"Of several recorders of a cluster one leads. Give it a scratch folder that outlives it (--recorder-scratch): what it\n" +
			"received last is there, and waits there while the bucket is away.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.cfg.Kube.Access == "" {
				return usage("name the API server with --kube-access in-cluster or kubeconfig: there is nothing to record without one")
			}
			return a.serveRecorder(cmd.Context())
		},
	}
}

func (a *app) serveRecorder(ctx context.Context) error {
	config, err := kube.Connect(worker.KubeAccess(&a.cfg.Kube, a.tool(), "recorder"))
	if err != nil {
		return usage("%w", err)
	}
	bucket, err := a.bucket(ctx)
	if err != nil {
		return err
	}
	if err := bucket.Check(ctx); err != nil {
		return fmt.Errorf("reach the bucket: %w", err)
	}
	var metrics *worker.Metrics
	if address := a.cfg.Worker.MetricsAddress; address != "" {
		metrics = worker.NewMetrics()
		if err := metrics.Serve(ctx, address, a.logger); err != nil {
			return err
		}
	}
	lease := kube.Lease{Namespace: kube.OwnNamespace(a.cfg.Kube.Namespace), Name: "probity-recorder-" + a.cfg.Cluster}
	return kube.Lead(ctx, config, lease, a.logger, func(ctx context.Context) error {
		return worker.Record(ctx, worker.RecorderOptions{
			Config: &a.cfg, Kube: config, Archive: bucket, Tool: a.tool(), Metrics: metrics, Logger: a.logger,
		})
	})
}
