package activities

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

// comparison is what has to be known of the changes while a later snapshot was taken: whether it shows them or not cannot be
// told from their times.
type comparison struct {
	from, to time.Time // while it was taken
	changed  map[resource.Key]bool
	spaces   map[string]bool // namespaces that changed: one that ends takes with it what is in it
}

func newComparison(later *snapshotRef) *comparison {
	if later == nil || !later.Holds.After(later.At) {
		return nil
	}
	return &comparison{from: later.At, to: later.Holds, changed: map[resource.Key]bool{}, spaces: map[string]bool{}}
}

// see notes what a change is about. A nil comparison takes no notice.
func (c *comparison) see(change *resource.Change) {
	if c == nil || change.Time.Before(c.from) || change.Time.After(c.to) {
		return
	}
	c.changed[change.ID.Key] = true
	if change.ID.Kind == resource.Namespace {
		c.spaces[change.ID.Name] = true
	}
}

// explains tells whether an object changed while the snapshot was taken.
func (c *comparison) explains(key resource.Key) bool {
	return c != nil && (c.changed[key] || key.Namespace != "" && c.spaces[key.Namespace])
}

// compare lists where the replayed state and the later snapshot disagree, and goes on from what the snapshot says
// (decisions.md, "Snapshot and log disagree"). Kinds that the snapshot lacks are not compared.
func (c *computation) compare(ctx context.Context) error {
	var objects []*resource.Object
	snapshot, err := c.readSnapshot(ctx, c.plan.Later, resource.NoKind, func(_ []byte, obj *resource.Object) error {
		objects = append(objects, obj)
		return nil
	})
	if err != nil {
		return err
	}
	missing := snapshot.Missing()
	differences := slices.DeleteFunc(c.timeline.Diff(slices.Values(objects)), func(d timeline.Difference) bool {
		return missing[d.Object.Kind.Collection()] != "" || c.later.explains(d.Object)
	})
	at := c.plan.Later.Holds
	c.differences = report.Differences(differences, at)
	there := make(map[resource.Key]*resource.Object, len(objects))
	for _, obj := range objects {
		there[obj.ID.Key] = obj
	}
	for _, difference := range differences {
		change := resource.Change{Time: at, ID: resource.ID{Key: difference.Object}}
		if obj := there[difference.Object]; obj != nil {
			change.ID, change.Version, change.Object = obj.ID, obj.Version, obj
		}
		if err := c.timeline.Apply(change); err != nil {
			return fmt.Errorf("correct the state by snapshot: %w", err)
		}
	}
	return nil
}
