package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/pflag"
)

// options are the flags of serve.
type options struct {
	dir          string
	port         int
	auditPolicy  string
	auditMaxSize int
	controllers  bool
	kwok         int
	second       bool
	users        []string
	json         bool
	withParent   bool
}

func parse(args []string) (*options, error) {
	o := &options{}
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	flags.StringVar(&o.dir, "dir", ".kubestack", "folder that keeps objects, keys and logs")
	flags.IntVar(&o.port, "port", 6443, "port of the API server; 0 picks a free one")
	flags.StringVar(&o.auditPolicy, "audit-policy", "", "audit policy file (default: the one that Probity recommends)")
	flags.IntVar(&o.auditMaxSize, "audit-max-size", 100, "MiB at which an audit log is rotated")
	flags.BoolVar(&o.controllers, "controllers", false, "run the controller manager and the scheduler too")
	flags.IntVar(&o.kwok, "kwok", 0, "nodes whose pods run without containers; needs --controllers")
	flags.BoolVar(&o.second, "second", false, "run a second API server on the same store")
	flags.StringArrayVar(&o.users, "user", nil, `user with a kubeconfig: "name:group,group" by certificate, "token:name:group,group" by token`)
	flags.BoolVar(&o.json, "json", false, "print the addresses as one line of JSON when ready")
	flags.BoolVar(&o.withParent, "exit-with-parent", false, "stop when standard input closes")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if o.kwok > 0 && !o.controllers {
		return nil, fmt.Errorf("--kwok is %d without --controllers: its nodes need the scheduler", o.kwok)
	}
	var err error
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return nil, fmt.Errorf("find folder: %w", err)
	}
	return o, nil
}

func serve(args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if o.withParent {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	s, err := start(ctx, o)
	if err != nil {
		return err
	}
	if err := s.report(os.Stdout, o.json); err != nil {
		s.stop()
		return err
	}
	select {
	case <-ctx.Done():
		s.stop()
		return nil
	case failed := <-s.failed:
		s.stop()
		return failed
	}
}

func (s *stack) report(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(s.address)
	}
	a := &s.address
	_, err := fmt.Fprintf(out, "API server  %s\nkubeconfig  %s\naudit log   %v\nlogs        %s\n", a.Server, a.Kubeconfig, a.AuditLogs, a.Logs)
	return err
}
