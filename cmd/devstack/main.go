// Command devstack is a real Temporal server with its UI and a real S3 server in one process, for laptops and tests. What it
// keeps is in one folder: start it again on that folder, and history and objects are there.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/probity/probity/cmd/devstack/stack"
	"github.com/probity/probity/internal/devstack"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "devstack: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	o := stack.Options{}
	flags := pflag.NewFlagSet("devstack", pflag.ContinueOnError)
	flags.StringVar(&o.Folder, "dir", ".probity", "folder that keeps history, objects, credentials and the log")
	flags.IntVar(&o.TemporalPort, "temporal-port", 7233, "port of the Temporal server; 0 picks a free one")
	flags.IntVar(&o.UIPort, "ui-port", 8233, "port of the Temporal UI; 0 picks a free one")
	flags.IntVar(&o.S3Port, "s3-port", 9000, "port of the S3 server; 0 picks a free one")
	asJSON := flags.Bool("json", false, "print the addresses as one line of JSON when ready")
	withParent := flags.Bool("exit-with-parent", false, "stop when standard input closes")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *withParent {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	out, err := quiet()
	if err != nil {
		return err
	}
	s, err := stack.Start(ctx, o)
	if err != nil {
		return err
	}
	if err := report(out, s.Address(), *asJSON); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-s.Failed():
	}
	return s.Stop()
}

// quiet keeps standard output for the addresses: the servers print to it as they please.
func quiet() (out io.Writer, err error) {
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	out, os.Stdout = os.Stdout, nowhere
	return out, nil
}

func report(out io.Writer, a devstack.Address, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(a)
	}
	_, err := fmt.Fprintf(out, "Temporal     %s (namespace %s)\nTemporal UI  %s\nS3           %s (bucket %s, keys in %s)\nlog          %s\n",
		a.Temporal, a.Namespace, a.UI, a.S3.Endpoint, a.S3.Bucket, a.S3.CredentialsFile, a.Log)
	return err
}
