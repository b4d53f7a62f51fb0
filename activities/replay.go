package activities

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/benchmark"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

// computation is one report being computed.
type computation struct {
	*Compute
	plan     *planned
	def      *report.Definition
	want     gathers
	gathered Gathered
	beat     *beat

	timeline    *timeline.Timeline
	snapshot    *evidence.Snapshot
	facts       []audit.Facts
	differ      *audit.Differ
	merged      audit.Facts
	found       *timeline.Result
	differences []evidence.Difference
	flowStats   flow.Stats
	benchmark   benchmark.Rows
	scans       []benchmark.Scan
	nodes       []string          // of the baseline snapshot
	snapshots   []evidence.Source // that were read
	later       *comparison       // with a later snapshot, nil without one
	bad         []string          // objects that could not be read
	notes       []string
}

// loadState prepares the timeline with the baseline snapshot. Of a report on benchmarks alone it takes the nodes.
func (c *computation) loadState(ctx context.Context) (err error) {
	if !c.want.state() {
		if c.plan.Baseline == nil || !c.plan.Benchmarks {
			return nil
		}
		c.snapshot, err = c.readSnapshot(ctx, c.plan.Baseline, resource.Node, func(_ []byte, obj *resource.Object) error {
			c.nodes = append(c.nodes, obj.ID.Name)
			return nil
		})
		return err
	}
	if err := c.readFacts(ctx); err != nil {
		return err
	}
	scope, err := timeline.NewScope(c.def.Spec.Endpoints)
	if err != nil {
		return fmt.Errorf("spec.endpoints: %w", invalid(err))
	}
	options := timeline.Options{Interval: c.plan.Interval, Scope: scope, PodsNeedNode: c.merged.PodsNeedNode()}
	for _, text := range c.Rules.PrivateNets {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("private network %q is no CIDR: %w", text, invalid(err))
		}
		options.PrivateNets = append(options.PrivateNets, prefix)
	}
	if c.timeline, err = timeline.New(options); err != nil {
		return err
	}
	if c.want.audit {
		c.differ = audit.NewDiffer(c.plan.Interval, c.def.TypeSpec.AuditEventsSelection.Resources)
	}
	if c.plan.Baseline == nil {
		return nil
	}
	c.snapshot, err = c.readSnapshot(ctx, c.plan.Baseline, resource.NoKind, func(raw []byte, obj *resource.Object) error {
		if obj.ID.Kind == resource.Node {
			c.nodes = append(c.nodes, obj.ID.Name)
		}
		if c.differ != nil {
			if err := c.differ.Baseline(raw); err != nil {
				return err
			}
		}
		return c.timeline.Baseline(obj)
	})
	return err
}

func (c *computation) readFacts(ctx context.Context) error {
	for _, part := range c.gathered.Changes {
		var facts audit.Facts
		if err := c.Store.readJSON(ctx, part.Facts, &facts); err != nil {
			return err
		}
		c.facts = append(c.facts, facts)
		c.merged.Add(facts)
	}
	return nil
}

// readSnapshot gives every object of an archived snapshot, or those of one kind, checked against its manifest.
func (c *computation) readSnapshot(
	ctx context.Context, ref *snapshotRef, only resource.Kind, yield func(raw []byte, obj *resource.Object) error,
) (*evidence.Snapshot, error) {
	folder := c.Store.Layout.Snapshot(ref.At)
	encoded, err := c.Store.readAll(ctx, folder+evidence.ManifestName)
	if err != nil {
		return nil, err
	}
	if evidence.Digest(encoded) != ref.SHA256 {
		return nil, fmt.Errorf("snapshot %s: its manifest changed since the run was planned: %w", folder, ErrConflict)
	}
	snapshot, err := evidence.ReadSnapshot(encoded)
	if err != nil {
		return nil, err
	}
	source := snapshotSource(&snapshot)
	for _, object := range snapshot.Objects {
		if only != resource.NoKind && object.Key != kindFile(only) {
			continue
		}
		if object.Rows != nil {
			source.Count.Records += *object.Rows
		}
		at := Ref{Key: folder + object.Key, SHA256: object.SHA256, Bytes: object.Bytes}
		err := c.readKind(ctx, at, func(raw []byte, obj *resource.Object) error {
			source.Count.Used++
			return yield(raw, obj)
		})
		if err != nil {
			return nil, err
		}
	}
	c.snapshots = append(c.snapshots, source)
	return &snapshot, nil
}

func (c *computation) readKind(ctx context.Context, ref Ref, yield func([]byte, *resource.Object) error) error {
	body, err := c.Store.open(ctx, ref, true)
	if err != nil {
		return err
	}
	defer body.Close()
	lines := bufio.NewReaderSize(body, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", ref.Key, err)
		}
		c.beat.tick()
		obj, err := resource.Read(line)
		if err != nil {
			// One object that cannot be read must not hide all the others; that it is missing is a reason to be partial.
			c.bad = append(c.bad, err.Error())
			continue
		}
		if err := yield(line, obj); err != nil {
			return err
		}
	}
}

// replay applies the changes in order, keeps the selected events with what each changed, and compares the state with the
// later snapshot when its time has come.
func (c *computation) replay(ctx context.Context) error {
	if c.timeline == nil {
		return nil
	}
	if err := c.applyRuns(ctx); err != nil {
		return err
	}
	found, err := c.timeline.Finish()
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	c.found = found
	return nil
}

func (c *computation) applyRuns(ctx context.Context) error {
	var readers []io.Reader
	for _, part := range c.gathered.Changes {
		body, err := c.Store.open(ctx, part.Run, true)
		if err != nil {
			return err
		}
		defer body.Close()
		readers = append(readers, body)
	}
	stream := audit.Merge(c.facts, readers)
	compared := c.plan.Later == nil
	c.later = newComparison(c.plan.Later)
	for {
		entry, ok, err := stream.Next()
		if err != nil {
			return fmt.Errorf("merge audit logs: %w", err)
		}
		if !compared && (!ok || entry.Time.After(c.plan.Later.Holds)) {
			compared = true
			if err := c.compare(ctx); err != nil {
				return err
			}
		}
		if !ok {
			c.merged = stream.Facts()
			return nil
		}
		if err := c.apply(&entry); err != nil {
			return err
		}
	}
}

func (c *computation) apply(entry *audit.Entry) error {
	c.beat.tick()
	if err := c.beat.err(); err != nil {
		return err
	}
	for _, change := range entry.Changes {
		c.later.see(&change)
		if err := c.timeline.Apply(change); err != nil {
			return fmt.Errorf("replay: %w", err)
		}
	}
	if c.differ == nil {
		return nil
	}
	return c.differ.Add(*entry)
}

// readBenchmarks judges the nodes' results by the definition's parameters.
func (c *computation) readBenchmarks(ctx context.Context) error {
	if !c.want.benchmarks || c.gathered.Benchmarks.Results.IsZero() {
		return nil
	}
	body, err := c.Store.open(ctx, c.gathered.Benchmarks.Results, true)
	if err != nil {
		return err
	}
	defer body.Close()
	decoder := json.NewDecoder(body)
	for {
		var line benchmarkLine
		err := decoder.Decode(&line)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read benchmark results: %w", err)
		}
		result, err := benchmark.ReadResult(line.Raw)
		if err != nil {
			c.bad = append(c.bad, fmt.Sprintf("benchmark result of %s: %v", line.Node, err))
			continue
		}
		c.scans = append(c.scans, benchmark.Scan{Node: line.Node, Time: line.At, Result: result})
	}
	c.benchmark = benchmark.Build(c.scans, benchmark.Options{Interval: c.plan.Interval, Params: c.def.Spec.CIS, Nodes: c.nodes})
	return nil
}
