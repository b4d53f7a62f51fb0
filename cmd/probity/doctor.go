package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/probity/probity/internal/opensearch"
	"github.com/probity/probity/worker"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Look at the logs in OpenSearch as reports will, and say what is wrong",
		Long: "Look at the logs in OpenSearch as reports will: the indices, what their fields are, how times are written, where in a\n" +
			"document a record lies. For what would make reports partial it names the setting to change.\n\n" + exitHelp,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context()) },
	}
}

// doctorPatience bounds how long a server that is away or lacks shards is asked again: that it does is what is to be found out.
const doctorPatience = 10 * time.Second

// examined is what doctor prints.
type examined struct {
	Address string                  `json:"address"`
	Server  *opensearch.Server      `json:"server"`
	Sources []*opensearch.Diagnosis `json:"sources"`
	// Elsewhere are the logs that come from folders, by the setting that names them.
	Elsewhere map[string]string `json:"elsewhere,omitempty"`
}

func (a *app) doctor(ctx context.Context) error {
	c := &a.cfg.OpenSearch
	if len(c.Addresses) == 0 {
		return usage("opensearch.addresses is empty: name the server with --opensearch-addresses")
	}
	flows, events, err := opensearch.Mappings(c.Preset, c.Mapping)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	c.Patience = min(c.Patience, doctorPatience)
	client, err := worker.SearchClient(ctx, c)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	found := &examined{Address: client.String()}
	if found.Server, err = client.Server(ctx); err != nil {
		return err
	}
	if folder := a.cfg.Inputs.Flows; folder != "" {
		found.elsewhere("inputs.flows", folder)
	} else if err := found.look(ctx, client, a.logSource("opensearch.flows", c.Flows, flows)); err != nil {
		return err
	}
	if folder := a.cfg.Inputs.Audit; folder != "" {
		found.elsewhere("inputs.audit", folder)
	} else {
		kube, calico := a.logSource("opensearch.auditKube", c.AuditKube, events), a.logSource("opensearch.auditEE", c.AuditEE, events)
		// Where Calico's resources are served by the Kubernetes API server, its audit log has their events too.
		calico.Optional = c.AuditKube != ""
		if err := found.look(ctx, client, kube, calico); err != nil {
			return err
		}
	}
	if err := a.print(found, found.table); err != nil {
		return err
	}
	return found.partial()
}

// logSource is the log behind a setting.
func (a *app) logSource(setting, pattern string, mapping opensearch.Mapping) *opensearch.Source {
	kind := opensearch.AuditEvents
	if setting == "opensearch.flows" {
		kind = opensearch.Flows
	}
	s := &opensearch.Source{Kind: kind, Setting: setting, Log: opensearch.LogOptions{Cluster: a.cfg.Cluster, Mapping: mapping}}
	if pattern != "" {
		s.Log.Indices = []string{pattern}
	}
	return s
}

func (e *examined) elsewhere(setting, folder string) {
	if e.Elsewhere == nil {
		e.Elsewhere = map[string]string{}
	}
	e.Elsewhere[setting] = folder
}

// look examines the sources that are configured.
func (e *examined) look(ctx context.Context, client *opensearch.Client, sources ...*opensearch.Source) error {
	for _, source := range sources {
		if len(source.Log.Indices) == 0 {
			continue
		}
		found, err := client.Diagnose(ctx, source)
		if err != nil {
			return err
		}
		e.Sources = append(e.Sources, found)
	}
	return nil
}

func (e *examined) table() table {
	t := table{heading: []string{"SOURCE", "WHAT", "FOUND"}, rows: [][]string{
		{"server", "address", e.Address}, {"", "version", strings.TrimSpace(e.Server.Distribution + " " + e.Server.Version)}, {"", "cluster", e.Server.Name},
	}}
	for _, setting := range slices.Sorted(maps.Keys(e.Elsewhere)) {
		t.rows = append(t.rows, []string{setting, "folder", e.Elsewhere[setting] + " (OpenSearch is not asked)"})
	}
	for _, d := range e.Sources {
		t.rows = append(t.rows, sourceRows(d)...)
	}
	return t
}

func sourceRows(d *opensearch.Diagnosis) [][]string {
	rows := [][]string{{d.Setting, "pattern", d.Pattern}, {"", "indices", indexRange(d)}}
	add := func(what, found string) { rows = append(rows, []string{"", what, found}) }
	if len(d.Open) > 0 {
		add("documents", fmt.Sprint(d.Documents))
		add("first, last", minute(d.First)+", "+minute(d.Last))
		for _, text := range d.Times {
			add("time", text)
		}
		if d.Record != "" {
			add("records", "in "+d.Record)
		}
		for _, how := range slices.Sorted(maps.Keys(d.Fields)) {
			add("fields", how+": "+strings.Join(d.Fields[how], " "))
		}
	}
	for _, p := range d.Problems {
		what := "note"
		if p.Partial {
			what = "WRONG"
		}
		add(what, p.Text)
		if p.Change != "" {
			add("  change", p.Change)
		}
	}
	return rows
}

func indexRange(d *opensearch.Diagnosis) string {
	text := fmt.Sprintf("%d open", len(d.Open))
	if n := len(d.Closed); n > 0 {
		text += fmt.Sprintf(", %d closed", n)
	}
	switch n := len(d.Open); {
	case n == 1:
		text += ": " + d.Open[0]
	case n > 1:
		text += ": " + d.Open[0] + " to " + d.Open[n-1]
	}
	return text
}

// partial is the error for what would make reports partial.
func (e *examined) partial() error {
	var wrong []string
	for _, d := range e.Sources {
		if d.Partial() {
			wrong = append(wrong, d.Setting)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return &exitError{exitIncomplete, fmt.Errorf("reports would be partial: see what is wrong with %s", strings.Join(wrong, ", "))}
}
