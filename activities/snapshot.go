package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/resource"
)

// SnapshotName is the activity type of Snapshot.
const SnapshotName = "TakeSnapshot"

// SnapshotParams has nothing to say yet: a worker has one cluster.
type SnapshotParams struct{}

// SnapshotResult names the snapshot that was taken.
type SnapshotResult struct {
	Key     string    `json:"key"` // of its manifest
	At      time.Time `json:"at"`
	Objects int64     `json:"objects"`
	// Partial tells that kinds are missing that the cluster has; Missing says why, by kind.
	Partial bool              `json:"partial,omitempty"`
	Missing map[string]string `json:"missing,omitempty"`
}

// Snapshot lists every followed resource of the cluster into the bucket, one object for each kind, written as the cluster gives
// it: what is held in memory does not grow with the cluster. The manifest comes last.
type Snapshot struct {
	Store   *Store
	Cluster Cluster
}

// Execute takes one snapshot. A snapshot of the same moment that is there already is the result, if it says the same.
func (a *Snapshot) Execute(ctx context.Context, _ SnapshotParams) (SnapshotResult, error) {
	if a.Cluster == nil {
		return SnapshotResult{}, fmt.Errorf("take snapshot: no cluster is configured (set --kube-access or --inputs-cluster): %w", ErrInvalid)
	}
	taking := newTaking(ctx, a.Store)
	defer taking.abandon()
	listing, err := a.Cluster.Each(ctx, taking)
	if err != nil {
		return SnapshotResult{}, fmt.Errorf("list cluster: %w", err)
	}
	manifest, err := taking.manifest(&listing)
	if err != nil {
		return SnapshotResult{}, err
	}
	manifest.Source = a.Cluster.Describe()
	result := SnapshotResult{At: manifest.Time, Missing: manifest.Missing()}
	result.Partial = len(result.Missing) > 0
	for _, kind := range manifest.Kinds {
		result.Objects += kind.Count
	}
	if result.Key, err = taking.seal(manifest); err != nil {
		return SnapshotResult{}, err
	}
	activity.GetLogger(ctx).Info("snapshot taken", "key", result.Key, "objects", result.Objects, "missing", len(result.Missing))
	return result, nil
}

// kindFile is the name of a kind's objects within a snapshot.
func kindFile(kind resource.Kind) string { return kind.Collection() + ".ndjson.zst" }

// taking is one snapshot being taken: the receiver of what a cluster gives.
type taking struct {
	ctx    context.Context //nolint:containedctx // a receiver's methods have none of their own
	store  *Store
	at     time.Time
	fixed  bool
	folder string
	pack   *packer
	kind   resource.Kind
	open   *stream // of the kind that has begun, nil between kinds
	done   map[resource.Kind]Ref
	count  int64
}

var _ Receiver = (*taking)(nil)

func newTaking(ctx context.Context, store *Store) *taking {
	return &taking{ctx: ctx, store: store, pack: &packer{}, done: map[resource.Kind]Ref{}}
}

func (t *taking) Start(at time.Time, fixed bool) error {
	t.at, t.fixed, t.folder = at.UTC(), fixed, t.store.Layout.Snapshot(at)
	return nil
}

func (t *taking) Begin(kind resource.Kind) (err error) {
	t.abandon()
	t.kind = kind
	t.open, err = t.pack.open(t.ctx, t.store.Bucket, t.folder+kindFile(kind))
	return err
}

func (t *taking) Object(raw json.RawMessage) error {
	if t.count++; t.count%1000 == 0 {
		activity.RecordHeartbeat(t.ctx, t.count)
	}
	return t.open.line(raw)
}

// End waits until the kind is in the bucket. One that is there from an earlier attempt has the same bytes, or is another
// snapshot of the same moment.
func (t *taking) End() error {
	ref, err := t.open.close()
	t.open = nil
	if errors.Is(err, fs.ErrExist) {
		err = t.conflict(t.store.same(t.ctx, ref))
	}
	if err != nil {
		return err
	}
	t.done[t.kind] = ref
	return nil
}

// abandon drops the kind that has not ended.
func (t *taking) abandon() {
	if t.open != nil {
		t.open.abandon()
		t.open = nil
	}
}

// conflict makes a conflict worth another attempt where that would have another moment.
func (t *taking) conflict(err error) error {
	if errors.Is(err, ErrConflict) && !t.fixed {
		return fmt.Errorf("another snapshot was begun in the same second: %s", err.Error())
	}
	return err
}

func (t *taking) manifest(listing *ClusterListing) (*evidence.Snapshot, error) {
	t.abandon()
	manifest := &evidence.Snapshot{
		Cluster: t.store.Cluster, Time: t.at, Complete: listing.Complete, Tool: t.store.Tool, Notes: listing.Notes,
	}
	for _, kind := range resource.Kinds() {
		name := kind.Collection()
		listed := listing.Kinds[name]
		entry := evidence.SnapshotKind{Kind: name, Time: listed.Time, Version: listed.Version}
		if entry.Time.IsZero() {
			entry.Time = t.at
		}
		switch {
		case listing.Forbidden[name] != "":
			entry.Missing = listing.Forbidden[name]
		case slices.Contains(listing.Absent, name):
			entry.Absent = true
		default:
			ref, err := t.ref(kind)
			if err != nil {
				return nil, err
			}
			entry.Key, entry.Count = kindFile(kind), ref.Rows
			manifest.Objects = append(manifest.Objects, evidence.Object{
				Key: entry.Key, SHA256: ref.SHA256, Bytes: ref.Bytes, Rows: evidence.Rows(ref.Rows), MediaType: "application/zstd",
			})
		}
		manifest.Kinds = append(manifest.Kinds, entry)
	}
	return manifest, nil
}

// ref is the kind's object; of a kind without objects it is written now.
func (t *taking) ref(kind resource.Kind) (Ref, error) {
	if _, ok := t.done[kind]; !ok {
		if err := t.Begin(kind); err != nil {
			return Ref{}, err
		}
		if err := t.End(); err != nil {
			return Ref{}, err
		}
	}
	return t.done[kind], nil
}

func (t *taking) seal(manifest *evidence.Snapshot) (string, error) {
	key := t.folder + evidence.ManifestName
	encoded, err := manifest.Encode()
	if err != nil {
		return "", err
	}
	err = t.store.Bucket.PutIfAbsent(t.ctx, key, bytes.NewReader(encoded))
	if errors.Is(err, fs.ErrExist) {
		there, err := t.store.readAll(t.ctx, key)
		if err != nil {
			return "", err
		}
		if !bytes.Equal(there, encoded) {
			return "", t.conflict(fmt.Errorf("snapshot %s: %w: it is of the same moment; give another with --inputs-cluster-at", key, ErrConflict))
		}
		return key, nil
	}
	if err != nil {
		return "", fmt.Errorf("write %s: %w", key, err)
	}
	return key, nil
}
