package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/probity/probity/internal/devstack"
)

// stackOptions say how the local servers are started.
type stackOptions struct {
	dir, program         string
	temporalPort, uiPort int
	s3Port               int
	kube                 kubeOptions
	opensearch           opensearchOptions
}

func (o *stackOptions) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.dir, "dir", ".probity", "folder that keeps history and objects")
	cmd.Flags().StringVar(&o.program, "devstack", "", "the devstack program (default: beside probity, else on the PATH)")
	cmd.Flags().IntVar(&o.temporalPort, "temporal-port", 7233, "port of Temporal; 0 picks a free one")
	cmd.Flags().IntVar(&o.uiPort, "ui-port", 8233, "port of the Temporal UI; 0 picks a free one")
	cmd.Flags().IntVar(&o.s3Port, "s3-port", 9000, "port of the S3 server; 0 picks a free one")
}

func (a *app) devCommand() *cobra.Command {
	var o stackOptions
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run everything on this machine: Temporal with its UI, an S3 server, a worker and the starter",
		Long: "Run a real Temporal server with its UI, a real S3 server, a worker and the starter until stopped. What they keep is\n" +
			"in one folder: starting again with the same folder goes on with the same history and objects.",
		Example: "  probity dev --inputs-reports reports/ --inputs-cluster cluster/ --inputs-audit audit/ --inputs-flows flows/\n" +
			"  probity dev --kube\n  probity dev --opensearch",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.dev(cmd.Context(), &o) },
	}
	o.register(cmd)
	o.kube.register(cmd)
	o.opensearch.register(cmd)
	return cmd
}

func (a *app) dev(ctx context.Context, o *stackOptions) error {
	stack, err := a.startStack(ctx, o)
	if err != nil {
		return err
	}
	defer stack.Stop()
	if o.kube.on {
		server, err := a.startKube(ctx, o)
		if err != nil {
			return err
		}
		defer server.Stop()
		whole, cancel := endingWith(ctx, server.Done(), server.Address.Logs)
		defer cancel()
		ctx = whole
	}
	if o.opensearch.on {
		server, err := a.startOpenSearch(ctx, o)
		if err != nil {
			return err
		}
		defer server.Stop()
		whole, cancel := endingWith(ctx, server.Done(), server.Address.Log)
		defer cancel()
		ctx = whole
	}
	file := filepath.Join(o.dir, "probity.yaml")
	if err := a.writeConfig(file); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "Temporal    %s\nTemporal UI %s\nS3          %s, bucket %s\nsettings    %s (use them with --config)\n",
		stack.Address.Temporal, stack.Address.UI, stack.Address.S3.Endpoint, stack.Address.S3.Bucket, file)
	return a.serveWith(ctx, stack)
}

// serveWith runs worker and starter until ctx or the stack ends.
func (a *app) serveWith(ctx context.Context, stack *devstack.Child) error {
	ctx, cancel := endingWith(ctx, stack.Done(), stack.Address.Log)
	defer cancel()
	err := a.serving(ctx, a.serveBoth)
	if cause := context.Cause(ctx); err == nil && errors.Is(cause, errStackEnded) {
		return cause
	}
	return err
}

var errStackEnded = errors.New("the local servers ended by themselves")

// endingWith is ctx until servers end; then its cause tells where their log is.
func endingWith(ctx context.Context, ended <-chan struct{}, log string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-ended:
			cancel(fmt.Errorf("%w: see %s", errStackEnded, log))
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// startStack starts the servers and points the configuration at them.
func (a *app) startStack(ctx context.Context, o *stackOptions) (*devstack.Child, error) {
	program, err := findDevstack(o.program)
	if err != nil {
		return nil, err
	}
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return nil, fmt.Errorf("find folder: %w", err)
	}
	stack, err := devstack.Start(ctx, devstack.Options{
		Program: program, Folder: o.dir, TemporalPort: o.temporalPort, UIPort: o.uiPort, S3Port: o.s3Port,
	})
	if err != nil {
		return nil, err
	}
	at := &stack.Address
	a.cfg.Temporal.Address, a.cfg.Temporal.Namespace = at.Temporal, at.Namespace
	b := &a.cfg.Bucket
	b.Endpoint, b.Region, b.Name, b.PathStyle = at.S3.Endpoint, at.S3.Region, at.S3.Bucket, true
	b.CredentialsFile = at.S3.CredentialsFile
	return stack, nil
}

// findDevstack finds the program that runs the servers: it is a module of its own, since it is heavy.
func findDevstack(given string) (string, error) { return findProgram("devstack", "build", given) }

// findProgram finds a program that is a module of its own: as given, else beside this one, else on the PATH.
func findProgram(name, target, given string) (string, error) {
	if given != "" {
		path, err := exec.LookPath(given)
		if err != nil {
			return "", usage("--%s is %q: no such program; `make %s` builds it as bin/%s", name, given, target, name)
		}
		return path, nil
	}
	if own, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(own), name)
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", usage("the program %s is not beside probity and not on the PATH: build it with `make %s`, or name it with --%s", name, target, name)
	}
	return path, nil
}
