package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/starter"
	"github.com/probity/probity/workflows"
)

func (a *app) backfillCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "backfill REPORT",
		Short: "Run a report for every interval of a range",
		Long: "Run a report for every interval of its schedule that lies within a range, oldest first, five at a time\n" +
			"(--schedule-max-active). A failed interval does not stop the others.\n\n" + exitHelp,
		Example: "  probity backfill daily-inventory --start 2026-11-01T00:00:00Z --end 2026-12-01T00:00:00Z --wait",
		Args:    oneArg("the name of a report or a manifest file"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.backfill(cmd.Context(), &o, args[0]) },
	}
	cmd.Flags().StringVar(&o.start, "start", "", "start of the range, RFC 3339")
	cmd.Flags().StringVar(&o.end, "end", "", "end of the range, RFC 3339")
	cmd.Flags().BoolVar(&o.wait, "wait", false, "wait for all intervals and show the progress")
	return cmd
}

// ranBackfill is what backfill prints.
type ranBackfill struct {
	Cluster    string                    `json:"cluster"`
	Report     string                    `json:"report"`
	Range      interval.Interval         `json:"range"`
	Intervals  int                       `json:"intervals"`
	WorkflowID string                    `json:"workflowId"`
	RunID      string                    `json:"runId"`
	Result     *workflows.BackfillResult `json:"result,omitempty"`
}

func (a *app) backfill(ctx context.Context, o *runOptions, name string) error {
	def, err := a.definition(ctx, name)
	if err != nil {
		return err
	}
	span, err := o.span()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	c, err := a.temporal()
	if err != nil {
		return err
	}
	defer c.Close()
	runs := starter.NewRuns(c, a.settings())
	run, err := runs.Backfill(ctx, def.Definition, def.Raw, span)
	if err != nil {
		return err
	}
	a.warnUnserved(ctx, runs, def.Definition)
	out := &ranBackfill{
		Cluster: a.cfg.Cluster, Report: def.Name, Range: span, Intervals: len(report.Within(*def.Schedule, span.Start, span.End)),
		WorkflowID: run.GetID(), RunID: run.GetRunID(),
	}
	if !o.wait {
		return a.printBackfill(out)
	}
	stop := a.showProgress(ctx, runs, run)
	out.Result = &workflows.BackfillResult{}
	err = run.Get(ctx, out.Result)
	stop()
	if err != nil {
		return &exitError{exitFailed, fmt.Errorf("backfill of %s: %w", def.Name, cause(err))}
	}
	if err := a.printBackfill(out); err != nil {
		return err
	}
	return out.verdict()
}

func (o *runOptions) span() (interval.Interval, error) {
	start, err := parseTime("start", o.start)
	if err != nil {
		return interval.Interval{}, err
	}
	end, err := parseTime("end", o.end)
	if err != nil {
		return interval.Interval{}, err
	}
	return report.Window{Start: start, End: end}.Check(report.WindowLimits{Now: time.Now()})
}

func (r *ranBackfill) verdict() error {
	switch {
	case r.Result.Failed > 0:
		return &exitError{exitFailed, fmt.Errorf("%d intervals of %s failed", r.Result.Failed, r.Report)}
	case r.Result.Partial+r.Result.Insufficient > 0:
		return &exitError{exitIncomplete, fmt.Errorf("%d intervals of %s are partial, %d insufficient",
			r.Result.Partial, r.Report, r.Result.Insufficient)}
	}
	return nil
}

func (a *app) printBackfill(r *ranBackfill) error {
	return a.print(r, func() table {
		rows := [][]string{
			{"report", r.Report}, {"cluster", r.Cluster}, {"range", r.Range.String()}, {"intervals", fmt.Sprint(r.Intervals)}, {"workflow", r.WorkflowID},
		}
		if r.Result != nil {
			rows = append(rows, []string{"complete", fmt.Sprint(r.Result.Complete)}, []string{"partial", fmt.Sprint(r.Result.Partial)},
				[]string{"insufficient", fmt.Sprint(r.Result.Insufficient)}, []string{"failed", fmt.Sprint(r.Result.Failed)})
		}
		return table{rows: rows}
	})
}
