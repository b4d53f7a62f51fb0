package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"github.com/probity/probity/internal/config"
)

// version is set when a release is built.
var version = "dev"

// app is what every command shares.
type app struct {
	cfg        config.Config
	configFile string
	output     string
	out, err   io.Writer
	logger     *slog.Logger
}

// execute runs one command line and returns its exit code. Errors go to standard error, one line each.
func execute(ctx context.Context, args []string) int {
	a := &app{out: os.Stdout, err: os.Stderr}
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(a.err, "probity: "+err.Error())
	}
	return exitCode(ctx, err)
}

func (a *app) root() *cobra.Command {
	root := group(&cobra.Command{
		Use:   "probity",
		Short: "Durable compliance reports for Kubernetes",
		Long: "Probity proves what a cluster's network controls did over an interval of time.\n\n" +
			"Every setting below can also be given in a YAML file (--config) or as an environment\n" +
			"variable: --bucket-name is bucket.name in the file and PROBITY_BUCKET_NAME outside.\n\n" + exitHelp,
		Version:           version,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.prepare(cmd) },
	})
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{exitUsage, err} })
	flags := root.PersistentFlags()
	flags.StringVar(&a.configFile, "config", "", "configuration file, YAML")
	flags.StringVarP(&a.output, "output", "o", "table", "table, json or yaml")
	a.cfg.Register(flags)
	root.AddCommand(
		a.runCommand(), a.backfillCommand(), a.reportsCommand(), a.snapshotCommand(), a.scheduleCommand(), a.verifyCommand(),
		a.workerCommand(), a.starterCommand(), a.recorderCommand(), a.receiveCommand(), a.ingestCommand(), a.doctorCommand(),
		a.devCommand(), a.sampleCommand(), a.demoCommand(),
	)
	return root
}

// prepare completes the configuration once the flags are known.
func (a *app) prepare(cmd *cobra.Command) error {
	notices, err := config.Load(cmd.Flags(), a.configFile, os.Environ())
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if err := a.cfg.Validate(); err != nil {
		return &exitError{exitUsage, err}
	}
	if a.output != "table" && a.output != "json" && a.output != "yaml" {
		return usage("--output is %q: use table, json or yaml", a.output)
	}
	a.logger, err = a.cfg.Log.Logger(os.Stderr)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	klog.SetSlogLogger(a.logger) // client-go's own lines, such as those about leases
	for _, notice := range notices {
		a.logger.Info("old setting", "notice", notice)
	}
	return nil
}
