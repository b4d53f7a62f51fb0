package logfile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/probity/probity/internal/resource"
)

// ClusterOptions say how a folder is taken for a cluster.
type ClusterOptions struct {
	// At is when the state in the folder was taken. Zero: the newest creationTimestamp or managedFields time in it.
	At time.Time
}

// Cluster is a cluster's state as files in a folder: manifests, Lists as "kubectl get -o yaml|json" prints them, JSON and
// NDJSON, plain, gzip or zstd, in any mix and at any depth. Files with other endings are not read.
//
// What it gives depends only on the objects: the same objects spread over other files, in another order or another form, give
// the same bytes in the same order. An object found twice is given once; of two resourceVersions the newer counts.
type Cluster struct {
	dir  string
	opts ClusterOptions
}

// NewCluster returns the cluster in dir. Nothing is read before Each or List.
func NewCluster(dir string, opts ClusterOptions) *Cluster {
	return &Cluster{dir: dir, opts: opts}
}

// ClusterStats says what a folder held. Files and Bytes depend on how the objects are spread over files; the rest does not.
type ClusterStats struct {
	Files int   // read
	Bytes int64 // of the given objects, in JSON
	// Objects counts the given objects for each kind, by resource.Kind.Collection.
	Objects map[string]int64
	// Other counts objects of kinds that are not followed, by "apiVersion kind". Nothing else of them is kept.
	Other map[string]int64
	// At is when the state was taken, UTC.
	At time.Time
	// Notes are sentences for the provenance: where At comes from, and what was found twice. Sorted.
	Notes []string
}

// Listing says what List gave.
type Listing struct {
	Objects int64
	At      time.Time // when the state was taken, UTC
	Notes   []string  // as in ClusterStats, for this kind; sorted
}

// ErrNoTime is returned for a folder in which nothing tells when its state was taken.
var ErrNoTime = errors.New("no object tells when the state was taken: give its time (--at)")

// Each gives every followed object in JSON, once, ordered by kind, namespace and name. Every file is read once; the objects
// are held in memory, compressed, until all are known. It stops at yield's first error and returns it, and at the end of ctx.
//
// It fails, before it gives anything, on a document that cannot be read (the error names file, document and line), on two
// documents that contradict each other about one object (the error names both), on a folder that holds no object, and with
// ErrNoTime.
func (c *Cluster) Each(ctx context.Context, yield func(kind resource.Kind, raw json.RawMessage) error) (ClusterStats, error) {
	return c.EachFrom(ctx, func(time.Time) error { return nil }, yield)
}

// EachFrom is Each, and calls start first with the time of the state.
func (c *Cluster) EachFrom(
	ctx context.Context, start func(at time.Time) error, yield func(kind resource.Kind, raw json.RawMessage) error,
) (ClusterStats, error) {
	found, err := c.gather(ctx, resource.NoKind)
	if err != nil {
		return ClusterStats{}, err
	}
	if err := start(found.at); err != nil {
		return ClusterStats{}, err
	}
	stats := ClusterStats{Files: found.files, Objects: map[string]int64{}, Other: found.other, At: found.at, Notes: found.notes}
	for _, entry := range found.sorted() {
		if err := ctx.Err(); err != nil {
			return stats, err
		}
		raw, err := entry.unpack()
		if err != nil {
			return stats, err
		}
		if err := yield(entry.id.Kind, raw); err != nil {
			return stats, err
		}
		stats.Objects[entry.id.Kind.Collection()]++
		stats.Bytes += int64(len(raw))
	}
	return stats, nil
}

// List is Each for one kind. It reads the whole folder: use Each where more than one kind is wanted.
func (c *Cluster) List(ctx context.Context, kind resource.Kind, yield func(raw json.RawMessage) error) (Listing, error) {
	found, err := c.gather(ctx, kind)
	if err != nil {
		return Listing{}, err
	}
	listing := Listing{At: found.at, Notes: found.notes}
	for _, entry := range found.sorted() {
		if err := ctx.Err(); err != nil {
			return listing, err
		}
		raw, err := entry.unpack()
		if err != nil {
			return listing, err
		}
		if err := yield(raw); err != nil {
			return listing, err
		}
		listing.Objects++
	}
	return listing, nil
}

// gather reads the folder and keeps the objects of one kind, or of all with NoKind.
func (c *Cluster) gather(ctx context.Context, only resource.Kind) (*gathered, error) {
	folder, err := openFolder(c.dir)
	if err != nil {
		return nil, err
	}
	found := &gathered{only: only, entries: map[resource.Key]*entry{}, other: map[string]int64{}, files: len(folder.files)}
	for _, name := range folder.files {
		if err := folder.readDocuments(ctx, name, found.add); err != nil {
			return nil, err
		}
	}
	if found.followed == 0 {
		return nil, fmt.Errorf("cluster folder %s holds no object of a followed kind in a file that ends in .yaml, .yml, .json, "+
			".ndjson or .jsonl (.gz, .zst)", c.dir)
	}
	if err := found.settle(c.opts.At); err != nil {
		return nil, fmt.Errorf("cluster folder %s: %w", c.dir, err)
	}
	return found, nil
}

// settle reports contradictions and fixes the time and the notes.
func (g *gathered) settle(at time.Time) error {
	for _, e := range g.sorted() {
		if e.conflict != nil {
			return fmt.Errorf("%s: %s and %s contradict each other: keep one", e.id.Key, e.place, e.conflict)
		}
		if e.replaced {
			g.notes = append(g.notes, fmt.Sprintf("%s was found with different resourceVersions: the newest, %s, counts", e.id.Key, e.version))
		}
	}
	g.at = at.UTC()
	switch {
	case at.IsZero() && g.newest.IsZero():
		return ErrNoTime
	case at.IsZero():
		g.at = g.newest
		g.notes = append(g.notes, fmt.Sprintf("the snapshot's time, %s, is the newest creationTimestamp or managedFields time in it",
			g.at.Format(time.RFC3339)))
	case g.newest.After(at):
		g.notes = append(g.notes, fmt.Sprintf("an object in the snapshot was changed at %s, after the time that was given for it, %s",
			g.newest.Format(time.RFC3339), g.at.Format(time.RFC3339)))
	}
	slices.Sort(g.notes)
	return nil
}
