package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/evidence"
)

func (a *app) reportsCommand() *cobra.Command {
	cmd := group(&cobra.Command{Use: "reports", Short: "List, show and download what is in the archive"})
	cmd.AddCommand(a.reportsListCommand(), a.reportsShowCommand(), a.reportsGetCommand())
	return cmd
}

func (a *app) reportsListCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the outcome of every run, newest interval first, failures included",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.reportsList(cmd.Context(), name) },
	}
	cmd.Flags().StringVar(&name, "report", "", "one report only")
	return cmd
}

func (a *app) reportsList(ctx context.Context, name string) error {
	c, err := a.catalogue(ctx)
	if err != nil {
		return err
	}
	outcomes, err := c.Outcomes(ctx, name)
	if err != nil {
		return err
	}
	return a.print(outcomes, func() table { return outcomeTable(outcomes) })
}

func outcomeTable(outcomes []evidence.Outcome) table {
	t := table{heading: []string{"CLUSTER", "REPORT", "TYPE", "START", "END", "OUTCOME", "REV", "TRIGGER", "FINISHED", "WHY"}}
	for _, o := range outcomes {
		revision := "-"
		if o.Bundle != nil {
			revision = strconv.Itoa(o.Bundle.Revision)
		}
		t.rows = append(t.rows, []string{
			o.Cluster, o.Report, o.Type, minute(o.Interval.Start), minute(o.Interval.End), string(o.State), revision, string(o.Trigger),
			minute(o.Finished), why(&o),
		})
	}
	return t
}

// why is the first reason of an outcome that is not complete.
func why(o *evidence.Outcome) string {
	switch {
	case o.Cause != nil:
		return shorten(o.Cause.Message)
	case len(o.Reasons) > 1:
		return shorten(o.Reasons[0].Text) + fmt.Sprintf(" (and %d more)", len(o.Reasons)-1)
	case len(o.Reasons) == 1:
		return shorten(o.Reasons[0].Text)
	}
	return ""
}

// shorten bounds a text for a column of a table; --output json has all of it.
func shorten(text string) string {
	const most = 100
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}

// which picks one bundle of a report.
type which struct {
	start, end string
	revision   int
}

func (w *which) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&w.end, "end", "", "end of the interval, RFC 3339 (default: the newest)")
	cmd.Flags().StringVar(&w.start, "start", "", "start of the interval, where several end at that time")
	cmd.Flags().IntVar(&w.revision, "revision", 0, "revision (default: the newest)")
}

// find opens the bundle that was asked for: the newest one that fits.
func (w *which) find(ctx context.Context, c *catalogue.Catalogue, name string) (*catalogue.Bundle, error) {
	ids, err := c.Bundles(ctx, name)
	if err != nil {
		return nil, err
	}
	var found *evidence.BundleID
	for i := range ids {
		fits, err := w.fits(&ids[i])
		if err != nil {
			return nil, &exitError{exitUsage, err}
		}
		if fits {
			found = &ids[i]
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%s: %w; `probity reports list` shows what there is", name, catalogue.ErrNoBundle)
	}
	return c.Open(ctx, *found)
}

func (w *which) fits(id *evidence.BundleID) (bool, error) {
	if w.revision != 0 && id.Revision != w.revision {
		return false, nil
	}
	if w.end != "" {
		end, err := parseTime("end", w.end)
		if err != nil || !id.Interval.End.Equal(end) {
			return false, err
		}
	}
	if w.start != "" {
		start, err := parseTime("start", w.start)
		if err != nil || !id.Interval.Start.Equal(start) {
			return false, err
		}
	}
	return true, nil
}

func (a *app) reportsShowCommand() *cobra.Command {
	var w which
	cmd := &cobra.Command{
		Use:   "show REPORT",
		Short: "Show a bundle: verdict, reasons, sources and files",
		Args:  oneArg("the name of a report"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.catalogue(cmd.Context())
			if err != nil {
				return err
			}
			bundle, err := w.find(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			return a.print(bundle.Manifest, func() table { return bundleTable(bundle) })
		},
	}
	w.register(cmd)
	return cmd
}

func bundleTable(b *catalogue.Bundle) table {
	m := &b.Manifest
	t := table{rows: [][]string{
		{"report", m.Report + " (" + m.Type + ")"},
		{"cluster", m.Cluster},
		{"interval", m.Interval.String()},
		{"revision", strconv.Itoa(m.Revision)},
		{"verdict", string(m.Provenance.Verdict)},
		{"manifest", b.Folder + evidence.ManifestName},
		{"sha256", b.SHA256},
	}}
	for _, reason := range m.Provenance.Reasons {
		t.rows = append(t.rows, []string{"reason", reason.Text})
	}
	if s := m.Provenance.Snapshot; s != nil {
		t.rows = append(t.rows, []string{"snapshot", minute(s.Time)})
	}
	for _, s := range m.Provenance.Sources {
		t.rows = append(t.rows, []string{"source", fmt.Sprintf("%s: %d lines, %d records, %d used, %d bad",
			s.Name, s.Count.Lines, s.Count.Records, s.Count.Used, s.Count.Bad)})
	}
	for _, o := range m.Objects {
		t.rows = append(t.rows, []string{"file", fmt.Sprintf("%s  %d bytes  %s", o.Key, o.Bytes, o.SHA256[:12])})
	}
	return t
}
