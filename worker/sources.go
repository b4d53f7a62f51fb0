package worker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/logfile"
	"github.com/probity/probity/internal/resource"
)

// fromFiles is what a provenance calls inputs on disk. Which folder that is, and how its files are cut, is no part of it: the
// same records must give the same report wherever they lie.
const fromFiles = "files"

// clusterFiles is a cluster as files behind the activities' port.
type clusterFiles struct{ *logfile.Cluster }

func (c clusterFiles) Describe() string { return fromFiles }

func (c clusterFiles) Each(ctx context.Context, to activities.Receiver) (activities.ClusterListing, error) {
	start := func(at time.Time) error { return to.Start(at, true) }
	last := resource.NoKind
	stats, err := c.Cluster.EachFrom(ctx, start, func(kind resource.Kind, raw json.RawMessage) error {
		if kind != last {
			if err := endAndBegin(to, last, kind); err != nil {
				return err
			}
			last = kind
		}
		return to.Object(raw)
	})
	if err == nil && last != resource.NoKind {
		err = to.End()
	}
	if err != nil {
		return activities.ClusterListing{}, err
	}
	listing := activities.ClusterListing{At: stats.At, Notes: stats.Notes}
	for _, kind := range slices.Sorted(maps.Keys(stats.Other)) {
		listing.NotFollowed += stats.Other[kind]
	}
	return listing, nil
}

func endAndBegin(to activities.Receiver, last, next resource.Kind) error {
	if last != resource.NoKind {
		if err := to.End(); err != nil {
			return err
		}
	}
	return to.Begin(next)
}

// auditFiles is a folder of audit logs behind the activities' port.
type auditFiles struct{ *logfile.AuditLog }

func (a auditFiles) Describe() string { return fromFiles }

func (a auditFiles) Partitions(ctx context.Context, from, to time.Time) ([]activities.Partition, error) {
	parts, err := a.AuditLog.Partitions(ctx, from, to)
	return encodeParts(parts, err)
}

func (a auditFiles) Read(ctx context.Context, part activities.Partition, line func([]byte) error) (activities.ReadStats, error) {
	var own logfile.Partition
	if err := json.Unmarshal(part, &own); err != nil {
		return activities.ReadStats{}, fmt.Errorf("decode partition: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var failure error // of the caller
	stats, err := a.AuditLog.Read(ctx, own, func(l []byte) {
		if failure != nil {
			return
		}
		if failure = line(l); failure != nil {
			stop() // the reader looks at the context now and then: what is left of a large file is not worth reading
		}
	})
	if failure != nil {
		err = failure
	}
	return readStats(stats), outdated(err)
}

// outdated tells the activities that the files were changed since they were listed.
func outdated(err error) error {
	if errors.Is(err, logfile.ErrChanged) {
		return fmt.Errorf("%w: %s", activities.ErrOutdated, err.Error())
	}
	return err
}

// flowFiles is a folder of flow logs behind the activities' port.
type flowFiles struct{ options logfile.FlowLogOptions }

func (f flowFiles) Describe() string { return fromFiles }

func (f flowFiles) Partitions(ctx context.Context, iv interval.Interval) ([]activities.Partition, error) {
	log, err := logfile.NewFlowLog(f.options)
	if err != nil {
		return nil, err
	}
	parts, err := log.Partitions(ctx, iv)
	return encodeParts(parts, err)
}

func (f flowFiles) Reduce(
	ctx context.Context, part activities.Partition, into *flow.Reducer, progress func(int64),
) (activities.ReadStats, error) {
	var own logfile.FlowPartition
	if err := json.Unmarshal(part, &own); err != nil {
		return activities.ReadStats{}, fmt.Errorf("decode partition: %w", err)
	}
	options := f.options
	options.Progress = func(at logfile.FlowProgress) { progress(at.Bytes) }
	log, err := logfile.NewFlowLog(options)
	if err != nil {
		return activities.ReadStats{}, err
	}
	stats, err := log.Reduce(ctx, own, into)
	return readStats(stats.LineStats), outdated(err)
}

// benchmarkFiles is a folder of kube-bench results behind the activities' port.
type benchmarkFiles struct{ *logfile.Benchmarks }

func (b benchmarkFiles) Describe() string { return fromFiles }

// described is what a provenance calls a source; "" without one.
func described(source interface{ Describe() string }) string {
	if source == nil {
		return ""
	}
	return source.Describe()
}

// flowBatch is the size of a partition on disk: some seconds of work, and small enough that a day of a busy cluster is read in
// parallel.
const flowBatch = 512 << 20

func encodeParts[P any](parts []P, err error) ([]activities.Partition, error) {
	if err != nil {
		return nil, err
	}
	out := make([]activities.Partition, len(parts))
	for i := range parts {
		if out[i], err = json.Marshal(parts[i]); err != nil {
			return nil, fmt.Errorf("encode partition: %w", err)
		}
	}
	return out, nil
}

func readStats(stats logfile.LineStats) activities.ReadStats {
	return activities.ReadStats{
		Lines: stats.Lines, Bytes: stats.Bytes, TooLong: stats.TooLong, Damaged: slices.Sorted(slices.Values(stats.Damaged)),
	}
}

// FilePorts opens the folders that the configuration names; a source without a folder is nil. A partition of a log holds about
// partitionBytes on disk; zero means each log's own default.
func FilePorts(in *config.Inputs, partitionBytes int64) (*Ports, error) {
	ports := &Ports{}
	if in.Cluster != "" {
		options := logfile.ClusterOptions{}
		if in.ClusterAt != "" {
			at, err := time.Parse(time.RFC3339, in.ClusterAt)
			if err != nil {
				return nil, fmt.Errorf("inputs.clusterAt is %q: give a time like 2026-11-21T00:00:00Z", in.ClusterAt)
			}
			options.At = at
		}
		ports.Cluster = clusterFiles{logfile.NewCluster(in.Cluster, options)}
	}
	if in.Audit != "" {
		ports.Audit = auditFiles{&logfile.AuditLog{Dir: in.Audit, PartitionBytes: partitionBytes}}
	}
	if in.Flows != "" {
		options := logfile.FlowLogOptions{Dir: in.Flows, BatchBytes: cmp.Or(partitionBytes, flowBatch)}
		if _, err := logfile.NewFlowLog(options); err != nil {
			return nil, err
		}
		ports.Flows = flowFiles{options}
	}
	if in.Benchmarks != "" {
		ports.Benchmarks = benchmarkFiles{&logfile.Benchmarks{Dir: in.Benchmarks}}
	}
	return ports, nil
}
