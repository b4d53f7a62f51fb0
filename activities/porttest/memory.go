package porttest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
)

// Cluster is a cluster in memory. Unlike a folder it may hold what no reader can read, as an API server may.
type Cluster struct {
	Objects []json.RawMessage
	// Listing is what it says of itself; kinds that are Absent or Forbidden are not given.
	Listing activities.ClusterListing
	// Gone makes it one that cannot be reached: its name.
	Gone string
}

var _ activities.Cluster = (*Cluster)(nil)

// Each gives the objects in their order.
func (c *Cluster) Each(
	ctx context.Context, yield func(resource.Kind, json.RawMessage) error,
) (activities.ClusterListing, error) {
	listing := c.Listing
	if c.Gone != "" {
		return listing, fmt.Errorf("list %s: it is not there", c.Gone)
	}
	listing.At = listing.At.UTC()
	for _, raw := range c.Objects {
		if err := ctx.Err(); err != nil {
			return listing, err
		}
		var head struct{ APIVersion, Kind string }
		if err := json.Unmarshal(raw, &head); err != nil {
			return listing, fmt.Errorf("decode object: %w", err)
		}
		kind := resource.KindOf(head.APIVersion, head.Kind)
		if kind == resource.NoKind {
			listing.NotFollowed++
			continue
		}
		name := kind.Collection()
		if listing.Forbidden[name] != "" || slices.Contains(listing.Absent, name) {
			continue
		}
		if err := yield(kind, raw); err != nil {
			return listing, err
		}
	}
	return listing, nil
}

// AuditLog is an audit log in memory.
type AuditLog struct{ Folder }

var _ activities.AuditLog = (*AuditLog)(nil)

// Describe says that it is in memory.
func (a *AuditLog) Describe() string { return a.describe() }

// Partitions shares the files out.
func (a *AuditLog) Partitions(ctx context.Context, _, _ time.Time) ([]activities.Partition, error) {
	return a.partitions(ctx)
}

// Read gives the partition's lines.
func (a *AuditLog) Read(ctx context.Context, part activities.Partition, line func([]byte) error) (activities.ReadStats, error) {
	return a.read(ctx, part, line)
}

// FlowLog is a flow log in memory.
type FlowLog struct{ Folder }

var _ activities.FlowLog = (*FlowLog)(nil)

// Describe says that it is in memory.
func (f *FlowLog) Describe() string { return f.describe() }

// Partitions shares the files out.
func (f *FlowLog) Partitions(ctx context.Context, _ interval.Interval) ([]activities.Partition, error) {
	return f.partitions(ctx)
}

// Reduce adds the partition's lines, and tells the progress after each.
func (f *FlowLog) Reduce(
	ctx context.Context, part activities.Partition, into *flow.Reducer, progress func(int64),
) (activities.ReadStats, error) {
	read := int64(0)
	stats, err := f.read(ctx, part, func(line []byte) error {
		into.AddLine(line)
		read += int64(len(line)) + 1
		progress(read)
		return into.Err()
	})
	into.AddTooLong(stats.TooLong)
	return stats, err
}

// Result is what kube-bench found on a node; At is zero where the time is not known.
type Result struct {
	Node string
	At   time.Time
	Raw  []byte
}

// Benchmarks are kube-bench results in memory, in any order.
type Benchmarks struct {
	Results []Result
	// Gone makes it a source that is not there: its name.
	Gone string
}

var _ activities.Benchmarks = (*Benchmarks)(nil)

// Describe says that they are in memory.
func (b *Benchmarks) Describe() string { return "memory" }

// Each gives the results by node and time.
func (b *Benchmarks) Each(ctx context.Context, yield func(node string, at time.Time, raw []byte) error) error {
	if b.Gone != "" {
		return fmt.Errorf("list %s: it is not there", b.Gone)
	}
	results := slices.SortedStableFunc(slices.Values(b.Results), func(x, y Result) int {
		if c := strings.Compare(x.Node, y.Node); c != 0 {
			return c
		}
		return x.At.Compare(y.At)
	})
	for _, result := range results {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := yield(result.Node, result.At, result.Raw); err != nil {
			return err
		}
	}
	return nil
}
