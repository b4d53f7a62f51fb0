package activities

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/probity/probity/internal/evidence"
)

// SealName is the activity type of Seal.
const SealName = "Seal"

// SealParams names everything that goes into the bundle.
type SealParams struct {
	Plan     Ref           `json:"plan"`
	Computed ComputeResult `json:"computed"`
	Rendered RenderResult  `json:"rendered"`
}

// Sealed names a bundle and what it is worth.
type Sealed struct {
	Path     string            `json:"path"`    // of the manifest, relative to the cluster's folder
	Key      string            `json:"key"`     // of the manifest, whole
	SHA256   string            `json:"sha256"`  // of the manifest
	Content  string            `json:"content"` // digest over all objects
	Revision int               `json:"revision"`
	Verdict  evidence.Verdict  `json:"verdict"`
	Reasons  []evidence.Reason `json:"reasons,omitempty"`
}

// maxReasons bounds the reasons that pass through Temporal; all are in the bundle.
const maxReasons = 50

// Seal writes a bundle's objects, then its manifest, each with a conditional put: nothing that exists is overwritten.
type Seal struct {
	Store *Store
}

// Execute seals one bundle. Where the newest revision has the same contents it is the result, so a run that is repeated
// finds what it did before. Other contents make a new revision, which names the one it supersedes.
func (a *Seal) Execute(ctx context.Context, params SealParams) (Sealed, error) {
	manifest, err := a.manifest(ctx, params)
	if err != nil {
		return Sealed{}, err
	}
	newest, there, err := a.newest(ctx, manifest)
	if err != nil {
		return Sealed{}, err
	}
	manifest.Revision = 1
	if there != nil {
		if same, err := sameBundle(there, manifest); err != nil || same {
			return sealedFrom(a.Store.Layout, there, newest), err
		}
		manifest.Revision = there.Revision + 1
		manifest.Supersedes = &evidence.Link{Key: there.BundleID().Path() + evidence.ManifestName, SHA256: evidence.Digest(newest)}
	}
	if manifest.Previous, err = a.previous(ctx, manifest); err != nil {
		return Sealed{}, err
	}
	return a.writeFree(ctx, manifest, params)
}

// maxLeftovers bounds the revision numbers that are passed over because an attempt that was never sealed left objects there.
const maxLeftovers = 10

// writeFree writes the bundle under the first number whose folder holds no other objects. What an attempt left that never
// reached its manifest is no bundle, but it may be locked, so it is passed over and not overwritten.
func (a *Seal) writeFree(ctx context.Context, manifest *evidence.Manifest, params SealParams) (Sealed, error) {
	for first := manifest.Revision; ; manifest.Revision++ {
		sealed, err := a.write(ctx, manifest, params)
		if !errors.Is(err, errLeftover) || manifest.Revision-first >= maxLeftovers {
			return sealed, err
		}
		activity.GetLogger(ctx).Warn("passing over a revision that was never sealed", "bundle", manifest.BundleID().String())
	}
}

// errLeftover tells that the folder of a revision holds an object with other contents.
var errLeftover = fmt.Errorf("an attempt that was never sealed left other contents: %w", ErrConflict)

func (a *Seal) manifest(ctx context.Context, params SealParams) (*evidence.Manifest, error) {
	plan, err := a.Store.readPlan(ctx, params.Plan)
	if err != nil {
		return nil, err
	}
	encoded, err := a.Store.readAll(ctx, params.Computed.Provenance.Key)
	if err != nil {
		return nil, err
	}
	provenance, err := evidence.ReadProvenance(encoded)
	if err != nil {
		return nil, err
	}
	manifest := &evidence.Manifest{
		Report: plan.Report, Type: plan.Type, Cluster: a.Store.Cluster, Interval: plan.Interval, Trigger: plan.Trigger,
		Tool: a.Store.Tool, Definition: plan.Definition, TypeAsWas: plan.TypeAsWas, Provenance: provenance,
	}
	for _, file := range params.Rendered.Files {
		object := evidence.Object{Key: file.Name, SHA256: file.SHA256, Bytes: file.Bytes, MediaType: evidence.MediaType(file.Name)}
		if file.Rows > 0 {
			object.Rows = evidence.Rows(file.Rows)
		}
		manifest.Objects = append(manifest.Objects, object)
	}
	return manifest, nil
}

// newest reads the newest sealed revision of the bundle, nil when there is none.
func (a *Seal) newest(ctx context.Context, manifest *evidence.Manifest) ([]byte, *evidence.Manifest, error) {
	key, found := "", 0
	err := a.Store.Bucket.List(ctx, a.Store.Layout.Revisions(manifest.Report, manifest.Interval), func(at string, _ time.Time) error {
		if id, name, ok := a.Store.Layout.ParseBundle(at); ok && name == evidence.ManifestName && id.Revision > found {
			key, found = at, id.Revision
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list revisions: %w", err)
	}
	if found == 0 {
		return nil, nil, nil
	}
	encoded, err := a.Store.readAll(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	there, err := evidence.ReadManifest(encoded)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", key, err)
	}
	return encoded, &there, nil
}

// previous finds the newest revision of the bundle whose interval ends where this one starts: the chain.
func (a *Seal) previous(ctx context.Context, manifest *evidence.Manifest) (*evidence.Link, error) {
	var best evidence.BundleID
	err := a.Store.Bucket.List(ctx, a.Store.Layout.Report(manifest.Report), func(at string, _ time.Time) error {
		id, name, ok := a.Store.Layout.ParseBundle(at)
		if !ok || name != evidence.ManifestName || !id.Interval.End.Equal(manifest.Interval.Start) {
			return nil
		}
		// Of several that end there the longest one, then the newest revision.
		if best.Revision == 0 || id.Interval.Start.Before(best.Interval.Start) ||
			id.Interval.Start.Equal(best.Interval.Start) && id.Revision > best.Revision {
			best = id
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list earlier bundles: %w", err)
	}
	if best.Revision == 0 {
		return nil, nil
	}
	key := best.Path() + evidence.ManifestName
	encoded, err := a.Store.readAll(ctx, a.Store.Layout.Key(key))
	if err != nil {
		return nil, err
	}
	return &evidence.Link{Key: key, SHA256: evidence.Digest(encoded)}, nil
}

// sameBundle tells whether two manifests describe the same evidence: the same objects, definition, type and provenance. What
// started the run and what stood before it in the chain are not part of that.
func sameBundle(there, now *evidence.Manifest) (bool, error) {
	again := *now
	again.Revision, again.Supersedes, again.Previous, again.Trigger = there.Revision, there.Supersedes, there.Previous, there.Trigger
	a, err := there.Encode()
	if err != nil {
		return false, err
	}
	b, err := again.Encode()
	return bytes.Equal(a, b), err
}

func sealedFrom(layout evidence.Layout, manifest *evidence.Manifest, encoded []byte) Sealed {
	at := manifest.BundleID().Path() + evidence.ManifestName
	reasons := manifest.Provenance.Reasons
	return Sealed{
		Path: at, Key: layout.Key(at), SHA256: evidence.Digest(encoded), Content: manifest.Content, Revision: manifest.Revision,
		Verdict: manifest.Provenance.Verdict, Reasons: reasons[:min(len(reasons), maxReasons)],
	}
}

func (a *Seal) write(ctx context.Context, manifest *evidence.Manifest, params SealParams) (Sealed, error) {
	folder := a.Store.Layout.Bundle(manifest.BundleID())
	foreign, err := a.leftover(ctx, folder, params.Rendered.Files)
	if err != nil {
		return Sealed{}, err
	}
	if foreign && !a.sealed(ctx, folder) {
		return Sealed{}, fmt.Errorf("bundle %s: %w", manifest.BundleID(), errLeftover)
	}
	for _, file := range params.Rendered.Files {
		activity.RecordHeartbeat(ctx, file.Name)
		err := a.copyObject(ctx, file, folder+file.Name)
		if errors.Is(err, ErrConflict) && !a.sealed(ctx, folder) {
			return Sealed{}, fmt.Errorf("bundle %s: %w", manifest.BundleID(), errLeftover)
		}
		if err != nil {
			return Sealed{}, err
		}
	}
	encoded, err := manifest.Encode()
	if err != nil {
		return Sealed{}, err
	}
	err = a.Store.Bucket.PutIfAbsent(ctx, folder+evidence.ManifestName, bytes.NewReader(encoded))
	if errors.Is(err, fs.ErrExist) {
		there, err := a.Store.readAll(ctx, folder+evidence.ManifestName)
		if err != nil {
			return Sealed{}, err
		}
		return a.found(manifest, there)
	} else if err != nil {
		return Sealed{}, fmt.Errorf("write manifest of %s: %w", manifest.BundleID(), err)
	}
	sealed, err := evidence.ReadManifest(encoded)
	if err != nil {
		return Sealed{}, err
	}
	activity.GetLogger(ctx).Info("bundle sealed", "bundle", manifest.BundleID().String(), "verdict", manifest.Provenance.Verdict,
		"objects", len(manifest.Objects), "sha256", evidence.Digest(encoded))
	return sealedFrom(a.Store.Layout, &sealed, encoded), nil
}

// found is the result when another run wrote the manifest meanwhile: that bundle, if it is the same evidence.
func (a *Seal) found(manifest *evidence.Manifest, encoded []byte) (Sealed, error) {
	there, err := evidence.ReadManifest(encoded)
	if err != nil {
		return Sealed{}, fmt.Errorf("bundle %s: %w", manifest.BundleID(), err)
	}
	same, err := sameBundle(&there, manifest)
	if err != nil {
		return Sealed{}, err
	}
	if !same {
		return Sealed{}, fmt.Errorf("bundle %s: %w", manifest.BundleID(), ErrConflict)
	}
	return sealedFrom(a.Store.Layout, &there, encoded), nil
}

// leftover tells whether the folder holds an object that is none of the bundle's: what an attempt that was never sealed left
// there would be in the bundle's folder for ever.
func (a *Seal) leftover(ctx context.Context, folder string, files []RenderedFile) (bool, error) {
	found := false
	err := a.Store.Bucket.List(ctx, folder, func(key string, _ time.Time) error {
		name := strings.TrimPrefix(key, folder)
		found = found || name != evidence.ManifestName && !slices.ContainsFunc(files, func(f RenderedFile) bool { return f.Name == name })
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("list %s: %w", folder, err)
	}
	return found, nil
}

// sealed tells whether the folder has a manifest; where that cannot be told it has.
func (a *Seal) sealed(ctx context.Context, folder string) bool {
	body, err := a.Store.Bucket.Get(ctx, folder+evidence.ManifestName)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	body.Close()
	return true
}

// copyObject carries one staged file into the bundle through a temporary file, so that its digest is checked before the
// bundle sees it.
func (a *Seal) copyObject(ctx context.Context, file RenderedFile, key string) error {
	body, err := a.Store.open(ctx, file.Ref, false)
	if err != nil {
		return err
	}
	defer body.Close()
	sp, err := a.Store.newSpool(false)
	if err != nil {
		return err
	}
	defer sp.discard()
	if _, err := io.Copy(sp, body); err != nil {
		return fmt.Errorf("read %s: %w", file.Key, err)
	}
	if err := sp.close(); err != nil {
		return err
	}
	_, err = a.Store.writeOnce(ctx, key, sp.file, file.Rows)
	return err
}

// writeOnce writes an object that must never change. One that is there already must have the same bytes.
func (s *Store) writeOnce(ctx context.Context, key string, file *os.File, rows int64) (Ref, error) {
	ref, err := refOf(key, file, rows)
	if err != nil {
		return Ref{}, err
	}
	err = s.Bucket.PutIfAbsent(ctx, key, file)
	if err == nil {
		return ref, nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return Ref{}, fmt.Errorf("write %s: %w", key, err)
	}
	return ref, s.same(ctx, ref)
}
