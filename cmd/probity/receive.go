package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"

	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/opensearch"
	"github.com/probity/probity/internal/receive"
	"github.com/probity/probity/worker"
)

func (a *app) receiveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "receive",
		Short: "Store the flows that Goldmane pushes until stopped",
		Long: "Take the flows that the emitter of open-source Calico's Goldmane pushes (its PUSH_URL is\n" +
			"https://<this host>" + receive.Path + "), and write them to log files in a folder (--receive-folder), which workers\n" +
			"read as inputs.flows, or else to OpenSearch (--opensearch-addresses). Goldmane itself forgets a flow after an hour.\n" +
			"Clients need a certificate (--receive-client-ca-file).\n\n" +
			"A push is acknowledged when it is on disk, or OpenSearch has it. While nothing can be stored pushes are refused, and the emitter repeats\n" +
			"them for some five minutes; what it then gives up, and lines that are no flows, are told in the log, and make the\n" +
			"reports about their time partial.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.serveReceive(cmd.Context(), &a.cfg.Receive)
		},
	}
}

// checkReceive names what is missing.
func checkReceive(c *config.Receive, o *config.OpenSearch) error {
	if c.Folder == "" && len(o.Addresses) == 0 {
		return usage("name the folder that flows are written to with --receive-folder, or OpenSearch with --opensearch-addresses")
	}
	for _, needed := range []struct{ value, flag, what string }{
		{c.CertFile, "--receive-cert-file", "the receiver's certificate"},
		{c.KeyFile, "--receive-key-file", "the certificate's key"},
		{c.ClientCaFile, "--receive-client-ca-file", "the authority of the clients' certificates"},
	} {
		if needed.value == "" {
			return usage("name %s with %s", needed.what, needed.flag)
		}
	}
	return nil
}

func (a *app) serveReceive(ctx context.Context, c *config.Receive) (err error) {
	if err := checkReceive(c, &a.cfg.OpenSearch); err != nil {
		return err
	}
	tls, err := receive.NewTLS(receive.TLSOptions{
		CertFile: c.CertFile, KeyFile: c.KeyFile, ClientCAFile: c.ClientCaFile, ClientNames: c.ClientNames, Logger: a.logger,
	})
	if err != nil {
		return &exitError{exitUsage, err}
	}
	sink, closeSink, err := a.receiveSink(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeSink()) }()
	listener, err := listen(ctx, "receive.address", c.Address)
	if err != nil {
		return err
	}
	defer listener.Close()
	var status net.Listener
	if c.StatusAddress != "" {
		if status, err = listen(ctx, "receive.statusAddress", c.StatusAddress); err != nil {
			return err
		}
		defer status.Close()
		a.logger.Info("serving health and metrics", "address", status.Addr().String())
	}
	registry, metrics := receiveMetrics()
	a.logger.Info("receiving flows", "address", listener.Addr().String())
	return receive.Run(ctx, receive.RunOptions{
		Server: receive.NewServer(receive.ServerOptions{
			Sink: sink, BodyBytes: int64(c.BodyMiB) << 20, Parallel: c.Parallel, Metrics: registry, Logger: a.logger,
		}),
		Listener: listener, TLS: tls, Status: status, Metrics: metrics, Logger: a.logger,
	})
}

// receiveSink opens the folder, or else the indices, that flows are written to.
func (a *app) receiveSink(ctx context.Context, c *config.Receive) (receive.Sink, func() error, error) {
	if c.Folder != "" {
		folder, err := receive.OpenFolder(receive.FolderOptions{
			Dir: c.Folder, FileBytes: int64(c.FileMiB) << 20, FileAge: c.FileAge, Window: c.Window, Logger: a.logger,
		})
		if err != nil {
			return nil, nil, err
		}
		a.logger.Info("flows go to log files", "folder", c.Folder)
		return folder, folder.Close, nil
	}
	store, err := a.store(ctx, &ingestOptions{kind: opensearch.Flows})
	if err != nil {
		return nil, nil, err
	}
	client, err := worker.SearchClient(ctx, &a.cfg.OpenSearch)
	if err != nil {
		return nil, nil, usage("%w", err)
	}
	if err := store.Prepare(ctx); err != nil {
		return nil, nil, err
	}
	a.logger.Info("flows go to OpenSearch", "indices", store.Pattern())
	ping := func(ctx context.Context) error {
		_, err := client.Server(ctx)
		return err
	}
	return receive.NewSearch(receive.SearchOptions{Documents: store, Ping: ping}), func() error { return nil }, nil
}

func listen(ctx context.Context, setting, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s %q: %w", setting, address, err)
	}
	return listener, nil
}

func receiveMetrics() (prometheus.Registerer, http.Handler) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry, promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}
