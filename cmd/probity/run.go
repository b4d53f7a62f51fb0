package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/starter"
	"github.com/probity/probity/workflows"
)

type runOptions struct {
	start, end string
	wait       bool
}

func (a *app) runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run REPORT",
		Short: "Run a report over any interval",
		Long: "Run one report over an interval, by name from the folder of definitions or from a manifest file.\n" +
			"Without --start and --end the interval is the newest one of the report's own schedule.\n" +
			"Manual runs are kept in the archive and listed; they never enter a report's status.\n\n" + exitHelp,
		Example: "  probity run daily-inventory --start 2026-11-21T00:00:00Z --end 2026-11-22T00:00:00Z --wait",
		Args:    oneArg("the name of a report or a manifest file"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.run(cmd.Context(), &o, args[0]) },
	}
	cmd.Flags().StringVar(&o.start, "start", "", "start of the interval, RFC 3339")
	cmd.Flags().StringVar(&o.end, "end", "", "end of the interval, RFC 3339; it is not part of it")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "wait for the report and show its progress")
	return cmd
}

// ranReport is what run prints.
type ranReport struct {
	Cluster    string            `json:"cluster"`
	Report     string            `json:"report"`
	Type       string            `json:"type"`
	Interval   interval.Interval `json:"interval"`
	WorkflowID string            `json:"workflowId"`
	RunID      string            `json:"runId"`
	Verdict    evidence.Verdict  `json:"verdict,omitempty"`
	Reasons    []evidence.Reason `json:"reasons,omitempty"`
	Bundle     string            `json:"bundle,omitempty"`
	Revision   int               `json:"revision,omitempty"`
	SHA256     string            `json:"sha256,omitempty"`
}

func (a *app) run(ctx context.Context, o *runOptions, name string) error {
	def, err := a.definition(ctx, name)
	if err != nil {
		return err
	}
	iv, err := o.interval(def)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	c, err := a.temporal()
	if err != nil {
		return err
	}
	defer c.Close()
	runs := starter.NewRuns(c, a.settings())
	run, err := runs.Report(ctx, def.Definition, def.Raw, iv, caller())
	if err != nil {
		return err
	}
	a.warnUnserved(ctx, runs, def.Definition)
	result := &ranReport{
		Cluster: a.cfg.Cluster, Report: def.Name, Type: def.TypeName, Interval: iv, WorkflowID: run.GetID(), RunID: run.GetRunID(),
	}
	if !o.wait {
		return a.printRun(result)
	}
	if err := a.await(ctx, runs, run, result); err != nil {
		return err
	}
	if err := a.printRun(result); err != nil {
		return err
	}
	if result.Verdict != evidence.Complete {
		return &exitError{exitIncomplete, fmt.Errorf("report %s over %s is %s", def.Name, iv, result.Verdict)}
	}
	return nil
}

// interval is the one that was asked for, else the newest of the report's schedule.
func (o *runOptions) interval(def *definitions.Entry) (interval.Interval, error) {
	now := time.Now()
	if o.start == "" && o.end == "" {
		if def.Schedule == nil {
			return interval.Interval{}, fmt.Errorf("report %s has no schedule: give --start and --end", def.Name)
		}
		due := report.Due(*def.Schedule, time.Time{}, now)
		if len(due) == 0 {
			return interval.Interval{}, fmt.Errorf("schedule %q had no interval yet: give --start and --end", def.Schedule)
		}
		return due[0], nil
	}
	start, err := parseTime("start", o.start)
	if err != nil {
		return interval.Interval{}, err
	}
	end, err := parseTime("end", o.end)
	if err != nil {
		return interval.Interval{}, err
	}
	return report.Window{Start: start, End: end}.Check(report.WindowLimits{Now: now, Longest: longestInterval})
}

// longestInterval is the longest that one report may speak about: a leap year.
const longestInterval = 366 * 24 * time.Hour

func parseTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, fmt.Errorf("--%s is missing: give both --start and --end", flag)
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--%s is %q: give a time like 2026-11-21T00:00:00Z", flag, text)
	}
	return t, nil
}

// await follows a run to its end. A run that failed gives an error with its cause.
func (a *app) await(ctx context.Context, runs *starter.Runs, run client.WorkflowRun, result *ranReport) error {
	stop := a.showProgress(ctx, runs, run)
	var ended workflows.ReportResult
	err := run.Get(ctx, &ended)
	stop()
	if err != nil && ctx.Err() != nil {
		return &exitError{exitInterrupted, fmt.Errorf("no longer waiting; run %s goes on", run.GetID())}
	}
	if err != nil {
		return &exitError{exitFailed, fmt.Errorf("report %s over %s failed: %w", result.Report, result.Interval, cause(err))}
	}
	result.Verdict, result.Reasons = ended.Verdict, ended.Reasons
	result.Bundle, result.SHA256, result.Revision = ended.Key, ended.SHA256, ended.Revision
	return nil
}

// cause is the failure itself, without the layers that Temporal wraps around it.
func cause(err error) error {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return fmt.Errorf("%s (%s)", app.Message(), app.Type())
	}
	return err
}

func (a *app) printRun(r *ranReport) error {
	return a.print(r, func() table {
		rows := [][]string{
			{"report", r.Report + " (" + r.Type + ")"},
			{"cluster", r.Cluster},
			{"interval", r.Interval.String()},
			{"workflow", r.WorkflowID},
		}
		if r.Verdict != "" {
			rows = append(rows, []string{"verdict", string(r.Verdict)}, []string{"bundle", r.Bundle}, []string{"sha256", r.SHA256})
		}
		for _, reason := range r.Reasons {
			rows = append(rows, []string{"", reason.Text})
		}
		return table{rows: rows}
	})
}
