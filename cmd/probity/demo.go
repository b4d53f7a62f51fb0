package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/sample"
	"github.com/probity/probity/starter"
)

type demoOptions struct {
	dir   string
	stack stackOptions
	stay  bool
	times bool
	seed  uint64
	scale int
}

func (a *app) demoCommand() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Four reports about an invented cluster's last day, computed here",
		Long: "Write an invented cluster and yesterday's logs, start the local servers, a worker and the starter, run four reports\n" +
			"over yesterday, and print what they found about each scripted event of that day. On a terminal the servers stay up\n" +
			"until Ctrl-C, so that every step can be looked at in the Temporal UI.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), &o) },
	}
	o.stack.register(cmd)
	cmd.Flags().Lookup("dir").Usage = "folder for the sample, the settings, and what the servers keep"
	cmd.Flags().Lookup("dir").DefValue = "demo"
	cmd.Flags().BoolVar(&o.stay, "stay", isTerminal(os.Stdin), "keep the servers up at the end (default: on a terminal)")
	cmd.Flags().BoolVar(&o.times, "timings", false, "print how long each step of each report took")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "what the invention starts from")
	cmd.Flags().IntVar(&o.scale, "scale", 1, "multiplies pods, nodes and flow records")
	return cmd
}

func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && file.Name() != os.DevNull && !isNull(info)
}

// isNull tells the null device, which is a character device too.
func isNull(info os.FileInfo) bool {
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(info, null)
}

func (a *app) demo(ctx context.Context, o *demoOptions) error {
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
	story, err := a.prepareDemo(o, day)
	if err != nil {
		return err
	}
	began := time.Now()
	stack, err := a.startStack(ctx, &o.stack)
	if err != nil {
		return err
	}
	defer stack.Stop()
	if err := a.writeConfig(filepath.Join(o.dir, "probity.yaml")); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "servers ready after %.1f s: Temporal %s, UI %s, S3 %s\n\n",
		time.Since(began).Seconds(), stack.Address.Temporal, stack.Address.UI, stack.Address.S3.Endpoint)
	logFile, err := os.Create(filepath.Join(o.dir, "probity.log"))
	if err != nil {
		return fmt.Errorf("create log: %w", err)
	}
	defer logFile.Close()
	a.logger = slog.New(slog.NewTextHandler(logFile, nil))
	return a.playDemo(ctx, o, stack, interval.Interval{Start: day, End: day.AddDate(0, 0, 1)}, story)
}

// prepareDemo writes the sample and sets the configuration to it.
func (a *app) prepareDemo(o *demoOptions, day time.Time) ([]sample.Event, error) {
	o.dir = o.stack.dir
	if o.dir == ".probity" {
		o.dir = "demo"
	}
	var err error
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return nil, fmt.Errorf("find folder: %w", err)
	}
	o.stack.dir = filepath.Join(o.dir, "state")
	folder := filepath.Join(o.dir, "sample-"+day.Format(time.DateOnly))
	if err := os.RemoveAll(folder); err != nil {
		return nil, fmt.Errorf("remove the old sample: %w", err)
	}
	began := time.Now()
	summary, err := writeSample(folder, sample.Options{Seed: o.seed, Day: day, Scale: o.scale})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(a.out, "wrote %s in %.1f s: %d pods, %d audit events, %d flow records, %.0f MB\n",
		folder, time.Since(began).Seconds(), summary.Pods, summary.AuditEvents, summary.FlowRecords, float64(summary.Bytes)/1e6)
	in := &a.cfg.Inputs
	in.Cluster, in.ClusterAt = filepath.Join(folder, "cluster"), ""
	in.Audit, in.Flows = filepath.Join(folder, "audit"), filepath.Join(folder, "flows")
	in.Benchmarks, in.Reports = filepath.Join(folder, "benchmarks"), filepath.Join(folder, "reports")
	a.cfg.Cluster = "demo"
	a.cfg.Temporal.TaskQueue = config.DefaultTaskQueue
	for _, port := range []*int{&o.stack.temporalPort, &o.stack.uiPort, &o.stack.s3Port} {
		*port = freePort(*port)
	}
	return summary.Story, nil
}

// freePort is the port, or 0 where another process has it: a demo must not fail because something else runs.
func freePort(port int) int {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return 0
	}
	listener.Close()
	return port
}

// playDemo runs the reports while a worker and the starter serve, and tells what they found.
func (a *app) playDemo(ctx context.Context, o *demoOptions, stack *devstack.Child, iv interval.Interval, story []sample.Event) error {
	serving, stop := context.WithCancel(ctx)
	group, serving := errgroup.WithContext(serving)
	group.Go(func() error { return a.serveWith(serving, stack) })
	group.Go(func() error {
		defer stop()
		if err := a.runDemo(serving, o, iv); err != nil {
			return err
		}
		if err := a.tellDemo(serving, story); err != nil {
			return err
		}
		a.tellMore(o, stack, iv)
		if o.stay {
			fmt.Fprintln(a.out, "\nThe servers stay up; Ctrl-C stops them. `make dev` starts them again on what is kept.")
			<-serving.Done()
		}
		return nil
	})
	return group.Wait()
}

func (a *app) runDemo(ctx context.Context, o *demoOptions, iv interval.Interval) error {
	set, err := a.load(ctx)
	if err != nil {
		return err
	}
	c, err := a.temporal()
	if err != nil {
		return err
	}
	defer c.Close()
	runs := starter.NewRuns(c, a.settings())
	snapshot, err := runs.Snapshot(ctx, a.cfg.Cluster)
	if err != nil {
		return err
	}
	if err := snapshot.Get(ctx, nil); err != nil {
		return &exitError{exitFailed, fmt.Errorf("snapshot failed: %w", cause(err))}
	}
	started := map[string]client.WorkflowRun{}
	for i := range set.Reports {
		def := &set.Reports[i]
		if started[def.Name], err = runs.Report(ctx, def.Definition, def.Raw, iv, "demo"); err != nil {
			return err
		}
	}
	for i := range set.Reports {
		if err := a.await(ctx, runs, started[set.Reports[i].Name], &ranReport{Report: set.Reports[i].Name, Interval: iv}); err != nil {
			return err
		}
	}
	return a.tellOutcomes(ctx, o, c, started)
}

// tellOutcomes prints what became of each run, from the records in the bucket.
func (a *app) tellOutcomes(ctx context.Context, o *demoOptions, c client.Client, started map[string]client.WorkflowRun) error {
	archive, err := a.catalogue(ctx)
	if err != nil {
		return err
	}
	t := table{heading: []string{"REPORT", "TYPE", "OUTCOME", "REV", "TOOK", "MANIFEST SHA-256"}}
	times := table{heading: []string{"REPORT", "STEP", "TIMES", "TOOK"}}
	for _, name := range slices.Sorted(maps.Keys(started)) {
		outcomes, err := archive.Outcomes(ctx, name)
		if err != nil {
			return err
		}
		record := outcomes[0] // the newest: that of the run that was waited for
		t.rows = append(t.rows, []string{name, record.Type, string(record.State), strconv.Itoa(record.Bundle.Revision),
			milliseconds(record.Finished.Sub(record.Started)), record.Bundle.SHA256[:16] + "…"})
		for _, reason := range record.Reasons {
			t.rows = append(t.rows, []string{"", "", reason.Text})
		}
		if o.times {
			steps, whole, err := timings(ctx, c, started[name])
			if err != nil {
				return err
			}
			times.rows = append(times.rows, timingRows(name, steps, whole)...)
		}
	}
	fmt.Fprintln(a.out)
	if err := a.print(t.rows, func() table { return t }); err != nil || !o.times {
		return err
	}
	fmt.Fprintln(a.out, "\nWhere the time went:")
	return a.print(times.rows, func() table { return times })
}

// tellDemo checks what the reports say about each scripted event against the archive.
func (a *app) tellDemo(ctx context.Context, story []sample.Event) error {
	c, err := a.catalogue(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out, "\nWhat the reports found about the day's events:")
	missed := 0
	for _, event := range story {
		mark, problem := "found  ", ""
		for _, check := range event.Checks {
			if err := a.checkDemo(ctx, c, check); err != nil {
				missed++
				mark, problem = "MISSED ", problem+"\n            "+check.Report+": "+err.Error()
			}
		}
		fmt.Fprintf(a.out, "  %s %s%s\n", mark, event.Sentence, problem)
	}
	if missed > 0 {
		return &exitError{exitIncomplete, fmt.Errorf("%d of the day's findings are missing from the reports", missed)}
	}
	return nil
}

func (a *app) tellMore(o *demoOptions, stack *devstack.Child, iv interval.Interval) {
	at := "--config " + relative(filepath.Join(o.dir, "probity.yaml"))
	program := relative(os.Args[0])
	fmt.Fprintf(a.out, "\nTo look further (while the servers are up):\n")
	for _, line := range []string{
		"reports list " + at,
		"reports show daily-shop-network-access " + at,
		"reports get daily-inventory --file endpoints.csv --to - " + at,
		"reports get daily-policy-audit --zip " + at,
		"verify daily-inventory --chain " + at,
		"schedule show daily-inventory " + at,
		fmt.Sprintf("run daily-inventory --start %s --end %s --wait %s",
			iv.Start.Add(9*time.Hour).Format(time.RFC3339), iv.Start.Add(10*time.Hour).Format(time.RFC3339), at),
	} {
		fmt.Fprintf(a.out, "  %s %s\n", program, line)
	}
	fmt.Fprintf(a.out, "Temporal UI: %s (every run, step, attempt and failure)\nworker log:  %s\n",
		stack.Address.UI, relative(filepath.Join(o.dir, "probity.log")))
}

// relative is a path as short as it can be said from here.
func relative(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	short, err := filepath.Rel(here, absolute)
	if err != nil || len(short) > len(path) {
		return path
	}
	return short
}
