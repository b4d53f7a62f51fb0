package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/starter"
)

func (a *app) snapshotCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "snapshot",
		Short: "List the cluster's resources into the archive now",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.snapshot(cmd.Context()) },
	}
}

// tookSnapshot is what snapshot prints.
type tookSnapshot struct {
	Cluster string `json:"cluster"`
	activities.SnapshotResult
}

func (a *app) snapshot(ctx context.Context) error {
	c, err := a.temporal()
	if err != nil {
		return err
	}
	defer c.Close()
	run, err := starter.NewRuns(c, a.settings()).Snapshot(ctx, a.cfg.Cluster)
	if err != nil {
		return err
	}
	var taken activities.SnapshotResult
	if err := run.Get(ctx, &taken); err != nil {
		return &exitError{exitFailed, fmt.Errorf("snapshot of %s failed: %w", a.cfg.Cluster, cause(err))}
	}
	err = a.print(tookSnapshot{a.cfg.Cluster, taken}, func() table {
		return table{rows: [][]string{
			{"cluster", a.cfg.Cluster}, {"snapshot", taken.Key}, {"at", minute(taken.At)}, {"objects", fmt.Sprint(taken.Objects)}, {"workflow", run.GetID()},
		}}
	})
	if err == nil && taken.Partial {
		return &exitError{exitIncomplete, fmt.Errorf("the snapshot is partial: it lacks %s", missing(taken.Missing))}
	}
	return err
}

// missing names the kinds that a snapshot lacks, each with the reason on a line of its own.
func missing(kinds map[string]string) string {
	var text strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(&text, "\n  %s: %s", kind, kinds[kind])
	}
	return text.String()
}
