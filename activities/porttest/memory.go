package porttest

import (
	"bytes"
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
	// Live makes it one that changes, as an API server's: another listing has another moment, and each kind's list has to be
	// made twice, since the first one expires.
	Live bool
	// Gone makes it one that cannot be reached: its name.
	Gone string
}

var _ activities.Cluster = (*Cluster)(nil)

// Describe says that it is in memory.
func (c *Cluster) Describe() string { return "memory" }

// Each gives the objects by kind, namespace and name.
func (c *Cluster) Each(ctx context.Context, to activities.Receiver) (activities.ClusterListing, error) {
	listing := c.Listing
	if c.Gone != "" {
		return listing, fmt.Errorf("list %s: it is not there", c.Gone)
	}
	listing.At, listing.Complete = listing.At.UTC(), listing.Complete.UTC()
	kinds, err := c.sorted()
	if err != nil {
		return listing, err
	}
	listing.NotFollowed = int64(len(kinds[resource.NoKind]))
	if err := to.Start(listing.At, !c.Live); err != nil {
		return listing, err
	}
	for _, kind := range resource.Kinds() {
		name, objects := kind.Collection(), kinds[kind]
		if listing.Forbidden[name] != "" || slices.Contains(listing.Absent, name) {
			continue
		}
		if c.Live {
			if err := give(ctx, to, kind, objects[:len(objects)/2]); err != nil {
				return listing, err
			}
		}
		if err := give(ctx, to, kind, objects); err != nil {
			return listing, err
		}
		if err := to.End(); err != nil {
			return listing, err
		}
	}
	return listing, nil
}

func give(ctx context.Context, to activities.Receiver, kind resource.Kind, objects []memoryObject) error {
	if err := to.Begin(kind); err != nil {
		return err
	}
	for _, object := range objects {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := to.Object(object.line); err != nil {
			return err
		}
	}
	return nil
}

type memoryObject struct {
	name string
	line []byte
}

func (c *Cluster) sorted() (map[resource.Kind][]memoryObject, error) {
	kinds := map[resource.Kind][]memoryObject{}
	for _, raw := range c.Objects {
		var head struct {
			APIVersion, Kind string
			Metadata         struct{ Namespace, Name string }
		}
		if err := json.Unmarshal(raw, &head); err != nil {
			return nil, fmt.Errorf("decode object: %w", err)
		}
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, fmt.Errorf("decode object: %w", err)
		}
		line, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("encode object: %w", err)
		}
		kind := resource.KindOf(head.APIVersion, head.Kind)
		kinds[kind] = append(kinds[kind], memoryObject{head.Metadata.Namespace + "/" + head.Metadata.Name, line})
	}
	for _, objects := range kinds {
		slices.SortFunc(objects, func(a, b memoryObject) int { return strings.Compare(a.name, b.name) })
	}
	return kinds, nil
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
