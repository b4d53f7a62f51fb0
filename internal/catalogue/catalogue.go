// Package catalogue reads what is in the archive: the outcomes of all runs and the bundles they sealed. The bucket is the only
// source, so the catalogue outlives Temporal's history.
package catalogue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/probity/probity/internal/evidence"
)

// Bucket is what the catalogue needs of one.
type Bucket interface {
	// List calls yield for each object below the prefix in order of keys.
	List(ctx context.Context, prefix string, yield func(key string, modified time.Time) error) error
	// Get opens an object; the error of a missing one is fs.ErrNotExist to errors.Is.
	Get(ctx context.Context, key string) (io.ReadCloser, error)
}

// Catalogue is the archive of one cluster.
type Catalogue struct {
	bucket Bucket
	layout evidence.Layout
}

// New returns the catalogue of the layout's cluster.
func New(bucket Bucket, layout evidence.Layout) *Catalogue {
	return &Catalogue{bucket: bucket, layout: layout}
}

// parallelReads bounds the objects that are read at one time.
const parallelReads = 8

// Outcomes reads the records of one report, or of all with "". The newest intervals come first, then the newest records.
func (c *Catalogue) Outcomes(ctx context.Context, report string) ([]evidence.Outcome, error) {
	prefix := c.layout.AllOutcomes()
	if report != "" {
		prefix = c.layout.Outcomes(report)
	}
	keys, err := c.outcomeKeys(ctx, prefix)
	if err != nil {
		return nil, err
	}
	records := make([]evidence.Outcome, len(keys))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelReads)
	for i, key := range keys {
		group.Go(func() (err error) {
			records[i], err = c.outcome(ctx, key)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	slices.SortFunc(records, func(a, b evidence.Outcome) int {
		return cmp.Or(b.Interval.End.Compare(a.Interval.End), b.Finished.Compare(a.Finished),
			strings.Compare(a.Report, b.Report), strings.Compare(a.Run.RunID, b.Run.RunID))
	})
	return records, nil
}

// outcomeKeys lists the records below a folder, in the order of their keys: those of one report by the ends of the intervals.
func (c *Catalogue) outcomeKeys(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	err := c.bucket.List(ctx, prefix, func(key string, _ time.Time) error {
		if _, ok := c.layout.ParseOutcome(key); ok {
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list outcomes: %w", err)
	}
	return keys, nil
}

func (c *Catalogue) outcome(ctx context.Context, key string) (evidence.Outcome, error) {
	raw, err := c.read(ctx, key)
	if err != nil {
		return evidence.Outcome{}, err
	}
	outcome, err := evidence.ReadOutcome(raw)
	if err != nil {
		return evidence.Outcome{}, fmt.Errorf("%s: %w", key, err)
	}
	return outcome, nil
}

// Bundle is one sealed bundle.
type Bundle struct {
	Manifest evidence.Manifest
	// Folder is the whole key of the bundle's folder, ending in "/".
	Folder string
	// SHA256 is the digest of the manifest's bytes.
	SHA256 string
}

// ErrNoBundle tells that the archive has no such bundle.
var ErrNoBundle = errors.New("no such report in the archive")

// Bundles names the sealed bundles of one report, or of all with "", oldest interval first, then by revision.
func (c *Catalogue) Bundles(ctx context.Context, report string) ([]evidence.BundleID, error) {
	prefix := c.layout.Reports()
	if report != "" {
		prefix = c.layout.Report(report)
	}
	var ids []evidence.BundleID
	err := c.bucket.List(ctx, prefix, func(key string, _ time.Time) error {
		if id, name, ok := c.layout.ParseBundle(key); ok && name == evidence.ManifestName {
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list bundles: %w", err)
	}
	slices.SortFunc(ids, func(a, b evidence.BundleID) int {
		return cmp.Or(strings.Compare(a.Report, b.Report), a.Interval.End.Compare(b.Interval.End),
			a.Interval.Start.Compare(b.Interval.Start), cmp.Compare(a.Revision, b.Revision))
	})
	return ids, nil
}

// Open reads a bundle's manifest.
func (c *Catalogue) Open(ctx context.Context, id evidence.BundleID) (*Bundle, error) {
	folder := c.layout.Bundle(id)
	raw, err := c.read(ctx, folder+evidence.ManifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", id, ErrNoBundle)
	}
	if err != nil {
		return nil, err
	}
	manifest, err := evidence.ReadManifest(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", id, err)
	}
	return &Bundle{Manifest: manifest, Folder: folder, SHA256: evidence.Digest(raw)}, nil
}

// Read reads one object of a bundle and checks it against the manifest.
func (c *Catalogue) Read(ctx context.Context, bundle *Bundle, name string) ([]byte, error) {
	at := slices.IndexFunc(bundle.Manifest.Objects, func(o evidence.Object) bool { return o.Key == name })
	if at < 0 {
		return nil, fmt.Errorf("bundle %s has no object %q", bundle.Manifest.BundleID(), name)
	}
	raw, err := c.read(ctx, bundle.Folder+name)
	if err != nil {
		return nil, err
	}
	if evidence.Digest(raw) != bundle.Manifest.Objects[at].SHA256 {
		return nil, fmt.Errorf("object %q of bundle %s is not what the manifest states: run `probity verify`", name, bundle.Manifest.BundleID())
	}
	return raw, nil
}

// Reader gives the archive to evidence.Verify.
func (c *Catalogue) Reader() evidence.Reader { return c.bucket }

// Key is the whole key of a path that a link or a record has.
func (c *Catalogue) Key(path string) string { return c.layout.Key(path) }

func (c *Catalogue) read(ctx context.Context, key string) ([]byte, error) {
	body, err := c.bucket.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	defer body.Close()
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return raw, nil
}
