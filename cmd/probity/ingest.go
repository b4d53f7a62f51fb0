package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/probity/probity/internal/opensearch"
	"github.com/probity/probity/worker"
)

const ingestHelp = `Each line becomes one document, whole and as it stands, in the index of its day. A document is identified by its line, so that
sending a line twice stores it once, and a run that was stopped is completed by running it again. FILE may be plain, gzip or zstd,
a folder, or - for standard input. Lines that are no JSON object, are longer than 8 MiB or have no time, and those that the server
does not take, are counted, and kept with --bad.

`

func (a *app) ingestCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "ingest",
		Short: "Store log files in OpenSearch",
		Long:  "Store log files in the OpenSearch that reports read from. " + ingestHelp + exitHelp,
	})
	cmd.AddCommand(a.ingestFlowsCommand(), a.ingestAuditCommand())
	return cmd
}

// ingestOptions say what is stored where.
type ingestOptions struct {
	kind      opensearch.Kind
	bad       string
	templates bool
	calico    bool // audit events of Calico's API server
}

func (o *ingestOptions) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.bad, "bad", "", "new file for the lines that could not be stored, and with .long behind its name for those over 8 MiB (default: only count)")
	cmd.Flags().BoolVar(&o.templates, "templates", true, "put the index templates first, so that what is stored can be searched")
}

func (a *app) ingestFlowsCommand() *cobra.Command {
	o := ingestOptions{kind: opensearch.Flows}
	cmd := &cobra.Command{
		Use:   "flows FILE...",
		Short: "Store flow logs, as Calico Enterprise or Goldmane's emitter writes them",
		Long: "Store flow logs, one record a line, as Calico Enterprise or Goldmane's emitter writes them.\n\n" + ingestHelp +
			"Two records that are the same to the byte count as one.\n\n" + exitHelp,
		Example: "  probity ingest flows /var/log/calico/flowlogs\n  zcat flows-*.gz | probity ingest flows -",
		Args:    someArgs("a file, a folder, or -"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.ingest(cmd.Context(), &o, args) },
	}
	o.register(cmd)
	return cmd
}

func (a *app) ingestAuditCommand() *cobra.Command {
	o := ingestOptions{kind: opensearch.AuditEvents}
	cmd := &cobra.Command{
		Use:     "audit FILE...",
		Short:   "Store audit logs of API servers (audit.k8s.io/v1)",
		Long:    "Store audit logs of API servers, one event of audit.k8s.io/v1 a line.\n\n" + ingestHelp + exitHelp,
		Example: "  probity ingest audit /var/log/kubernetes/audit\n  probity ingest audit --calico tsee-audit.log",
		Args:    someArgs("a file, a folder, or -"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.ingest(cmd.Context(), &o, args) },
	}
	o.register(cmd)
	cmd.Flags().BoolVar(&o.calico, "calico", false, "they are of Calico's own API server: store them as opensearch.auditEE names")
	return cmd
}

// ingested is what ingest prints.
type ingested struct {
	Indices string `json:"indices"`
	Files   int    `json:"files"`
	Bytes   int64  `json:"bytes"` // uncompressed
	opensearch.Stored
	Damaged []string `json:"damaged,omitempty"` // compressed files that end early
	Seconds float64  `json:"seconds"`
}

func (a *app) ingest(ctx context.Context, o *ingestOptions, args []string) error {
	store, err := a.store(ctx, o)
	if err != nil {
		return err
	}
	files, err := ingestFiles(args)
	if err != nil {
		return err
	}
	bad, err := newBadLines(o.bad, a.err)
	if err != nil {
		return err
	}
	if o.templates {
		if err := store.Prepare(ctx); err != nil {
			return fmt.Errorf("%w (--templates=false leaves that out)", err)
		}
	}
	began := time.Now()
	done := &ingested{Indices: store.Pattern()}
	err = a.feed(ctx, store, files, bad, done)
	done.Seconds = time.Since(began).Seconds()
	if closeErr := bad.Close(); err == nil {
		err = closeErr
	}
	if err == nil || done.Read > 0 {
		if printErr := a.print(done, done.table); err == nil {
			err = printErr
		}
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("stopped: the same command goes on, nothing is stored twice: %w", ctx.Err())
	case err != nil:
		return err
	}
	return done.incomplete()
}

// store is where the lines go.
func (a *app) store(ctx context.Context, o *ingestOptions) (*opensearch.Store, error) {
	c := &a.cfg.OpenSearch
	if len(c.Addresses) == 0 {
		return nil, usage("opensearch.addresses is empty: name the server with --opensearch-addresses")
	}
	flows, events, err := opensearch.Mappings(c.Preset, c.Mapping)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	mapping, pattern := flows, c.Flows
	switch {
	case o.kind == opensearch.AuditEvents && o.calico:
		mapping, pattern = events, c.AuditEE
	case o.kind == opensearch.AuditEvents:
		mapping, pattern = events, c.AuditKube
	}
	if mapping.Event != "" || mapping.Time != "" || len(mapping.Fields) > 0 {
		return nil, usage("opensearch.preset is %q, mapping %q: they are not how ingest stores %s; leave them out",
			c.Preset, strings.Join(c.Mapping, ","), o.kind)
	}
	client, err := worker.SearchClient(ctx, c)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	store, err := opensearch.NewStore(client, o.kind, pattern, a.cfg.Cluster)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return store, nil
}

func (i *ingested) table() table {
	count := func(n int64) string { return fmt.Sprint(n) }
	t := table{rows: [][]string{
		{"indices", i.Indices}, {"files", fmt.Sprint(i.Files)}, {"bytes", count(i.Bytes)}, {"lines read", count(i.Read)},
		{"stored", count(i.Stored.Stored)}, {"already there", count(i.Present)}, {"bad", count(i.Bad)}, {"refused", count(i.Refused)},
	}}
	for _, why := range slices.Sorted(maps.Keys(i.Why)) {
		t.rows = append(t.rows, []string{"  " + why, count(i.Why[why])})
	}
	for _, name := range i.Damaged {
		t.rows = append(t.rows, []string{"damaged", name})
	}
	t.rows = append(t.rows, []string{"seconds", fmt.Sprintf("%.1f", i.Seconds)})
	if i.Seconds > 0 {
		t.rows = append(t.rows, []string{"lines a second", fmt.Sprintf("%.0f", float64(i.Read)/i.Seconds)})
	}
	return t
}

// incomplete is the error for lines that are not stored.
func (i *ingested) incomplete() error {
	var lacks []string
	if n := i.Bad + i.Refused; n > 0 {
		lacks = append(lacks, fmt.Sprintf("%d of %d lines are not stored", n, i.Read))
	}
	if len(i.Damaged) > 0 {
		lacks = append(lacks, "these files end early: "+strings.Join(i.Damaged, ", "))
	}
	if len(lacks) == 0 {
		return nil
	}
	return &exitError{exitIncomplete, errors.New(strings.Join(lacks, "; "))}
}
