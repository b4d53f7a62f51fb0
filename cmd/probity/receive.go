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
	"github.com/probity/probity/internal/receive"
)

func (a *app) receiveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "receive",
		Short: "Write the flows that Goldmane pushes to log files until stopped",
		Long: "Take the flows that the emitter of open-source Calico's Goldmane pushes (its PUSH_URL is\n" +
			"https://<this host>" + receive.Path + ") and write them to log files. Goldmane itself forgets a flow after an hour.\n" +
			"Workers read the files as inputs.flows. Clients need a certificate (--receive-client-ca-file).\n\n" +
			"A push is acknowledged when it is on disk. While nothing can be stored pushes are refused, and the emitter repeats\n" +
			"them for some five minutes; what it then gives up, and lines that are no flows, are told in the log, and make the\n" +
			"reports about their time partial.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.serveReceive(cmd.Context(), &a.cfg.Receive)
		},
	}
}

// checkReceive names what is missing.
func checkReceive(c *config.Receive) error {
	for _, needed := range []struct{ value, flag, what string }{
		{c.Folder, "--receive-folder", "the folder that flows are written to"},
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
	if err := checkReceive(c); err != nil {
		return err
	}
	tls, err := receive.NewTLS(receive.TLSOptions{
		CertFile: c.CertFile, KeyFile: c.KeyFile, ClientCAFile: c.ClientCaFile, ClientNames: c.ClientNames, Logger: a.logger,
	})
	if err != nil {
		return &exitError{exitUsage, err}
	}
	folder, err := receive.OpenFolder(receive.FolderOptions{
		Dir: c.Folder, FileBytes: int64(c.FileMiB) << 20, FileAge: c.FileAge, Window: c.Window, Logger: a.logger,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
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
	a.logger.Info("receiving flows", "address", listener.Addr().String(), "folder", c.Folder)
	return receive.Run(ctx, receive.RunOptions{
		Server: receive.NewServer(receive.ServerOptions{
			Sink: folder, BodyBytes: int64(c.BodyMiB) << 20, Parallel: c.Parallel, Metrics: registry, Logger: a.logger,
		}),
		Listener: listener, TLS: tls, Status: status, Metrics: metrics, Logger: a.logger,
	})
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
