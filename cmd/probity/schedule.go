package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/starter"
)

func (a *app) scheduleCommand() *cobra.Command {
	cmd := group(&cobra.Command{Use: "schedule", Short: "List and show report schedules"})
	show := &cobra.Command{
		Use:   "show REPORT",
		Short: "Show a report's schedule, its next due times and its last outcomes",
		Args:  oneArg("the name of a report"),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.scheduleShow(cmd.Context(), args[0]) },
	}
	list := &cobra.Command{
		Use:   "list",
		Short: "List the reports that are defined, with their next due times; invalid ones with what is wrong",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.scheduleList(cmd.Context()) },
	}
	cmd.AddCommand(list, show)
	return cmd
}

// scheduled is one report as schedule list prints it.
type scheduled struct {
	Cluster   string      `json:"cluster"`
	Report    string      `json:"report"`
	Type      string      `json:"type,omitempty"`
	Schedule  string      `json:"schedule,omitempty"`
	Suspended bool        `json:"suspended,omitempty"`
	Next      []time.Time `json:"next,omitempty"`
	Problem   string      `json:"problem,omitempty"`
	// Unserved says that no worker serves the report's task queue, and what to do; only schedule show has it.
	Unserved string `json:"unserved,omitempty"`
	// Status is the GlobalReport's status in its published form; only schedule show has it.
	Status *v3.ReportStatus `json:"status,omitempty"`
	// Outcomes are of the newest intervals; only schedule show has them.
	Outcomes []evidence.Outcome `json:"outcomes,omitempty"`
}

func (a *app) describe(def *definitions.Entry, next int) scheduled {
	s := scheduled{Cluster: a.cfg.Cluster, Report: def.Name, Type: def.TypeName, Suspended: def.Suspended()}
	if def.Schedule == nil {
		return s
	}
	s.Schedule = def.Schedule.String()
	for at, ok := def.Schedule.Next(time.Now()); ok && len(s.Next) < next; at, ok = def.Schedule.Next(at) {
		s.Next = append(s.Next, at)
	}
	return s
}

func (a *app) scheduleList(ctx context.Context) error {
	set, err := a.load(ctx)
	if err != nil {
		return err
	}
	list := []scheduled{}
	for i := range set.Reports {
		list = append(list, a.describe(&set.Reports[i], 1))
	}
	for name, problem := range set.Invalid {
		list = append(list, scheduled{Cluster: a.cfg.Cluster, Report: name, Problem: problem.Error()})
	}
	slices.SortFunc(list, func(a, b scheduled) int { return strings.Compare(a.Report, b.Report) })
	err = a.print(list, func() table {
		t := table{heading: []string{"CLUSTER", "REPORT", "TYPE", "SCHEDULE", "SUSPENDED", "NEXT DUE", "PROBLEM"}}
		for _, s := range list {
			t.rows = append(t.rows, []string{s.Cluster, s.Report, s.Type, s.Schedule, fmt.Sprint(s.Suspended), nextDue(&s), s.Problem})
		}
		return t
	})
	if err == nil && len(set.Faults) > 0 {
		return usage("definitions may be missing: %w", errors.Join(set.Faults...))
	}
	if err == nil && len(set.Invalid) > 0 {
		return usage("%d of %d definitions cannot be used", len(set.Invalid), len(list))
	}
	return err
}

func nextDue(s *scheduled) string {
	switch {
	case s.Problem != "":
		return "-"
	case s.Suspended:
		return "suspended"
	case len(s.Next) == 0:
		return "on demand"
	}
	return minute(s.Next[0])
}

func (a *app) scheduleShow(ctx context.Context, name string) error {
	def, err := a.definition(ctx, name)
	if err != nil {
		return err
	}
	const coming, past = 5, 5
	s := a.describe(def, coming)
	c, err := a.catalogue(ctx)
	if err != nil {
		return err
	}
	outcomes, err := c.Outcomes(ctx, def.Name)
	if err != nil {
		return err
	}
	s.Outcomes = outcomes[:min(len(outcomes), past)]
	if err := a.addStatus(ctx, &s, def.Definition, outcomes); err != nil {
		return err
	}
	return a.print(s, func() table {
		t := table{rows: [][]string{
			{"report", s.Report + " (" + s.Type + ")"}, {"cluster", s.Cluster}, {"schedule", s.Schedule}, {"suspended", fmt.Sprint(s.Suspended)},
			{"active", fmt.Sprint(len(s.Status.ActiveReportJobs))},
		}}
		if s.Unserved != "" {
			t.rows = append(t.rows, []string{"problem", s.Unserved})
		}
		for _, at := range s.Next {
			ready := report.ReadyAt(interval.Interval{End: at}, a.cfg.Schedule.StartDelay)
			t.rows = append(t.rows, []string{"next", minute(at) + ", runs at " + minute(ready)})
		}
		for _, o := range s.Outcomes {
			t.rows = append(t.rows, []string{"outcome", fmt.Sprintf("%s %s (%s) %s", o.Interval, o.State, o.Trigger, why(&o))})
		}
		return t
	})
}

func (a *app) addStatus(ctx context.Context, s *scheduled, def *report.Definition, outcomes []evidence.Outcome) error {
	c, err := a.temporal()
	if err != nil {
		return err
	}
	defer c.Close()
	runs := starter.NewRuns(c, a.settings())
	status, err := runs.Status(ctx, def, outcomes)
	if err != nil {
		return err
	}
	s.Status = &status
	s.Unserved, err = runs.Unserved(ctx, def)
	return err
}
