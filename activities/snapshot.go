package activities

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
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
	// Partial tells that kinds are missing for want of rights.
	Partial bool `json:"partial,omitempty"`
}

// Snapshot lists every followed resource of the cluster into the bucket, one object for each kind, sorted; the manifest last.
type Snapshot struct {
	Store   *Store
	Cluster Cluster
	Source  string // what the manifest calls the cluster's source
}

// Execute takes one snapshot. A snapshot of the same moment that is there already is the result, if it says the same.
func (a *Snapshot) Execute(ctx context.Context, _ SnapshotParams) (SnapshotResult, error) {
	if a.Cluster == nil {
		return SnapshotResult{}, fmt.Errorf("take snapshot: no cluster is configured (set --inputs-cluster): %w", ErrInvalid)
	}
	kinds := newKindSpools(a.Store.Scratch)
	defer kinds.discard()
	count := int64(0)
	listing, err := a.Cluster.Each(ctx, func(kind resource.Kind, raw json.RawMessage) error {
		if count++; count%1000 == 0 {
			activity.RecordHeartbeat(ctx, count)
		}
		return kinds.add(kind, raw)
	})
	if err != nil {
		return SnapshotResult{}, fmt.Errorf("list cluster: %w", err)
	}
	manifest, err := a.store(ctx, kinds, listing)
	if err != nil {
		return SnapshotResult{}, err
	}
	result := SnapshotResult{At: listing.At, Partial: len(listing.Forbidden) > 0}
	for _, kind := range manifest.Kinds {
		result.Objects += kind.Count
	}
	if result.Key, err = a.seal(ctx, manifest); err != nil {
		return SnapshotResult{}, err
	}
	activity.GetLogger(ctx).Info("snapshot taken", "key", result.Key, "objects", result.Objects)
	return result, nil
}

func (a *Snapshot) store(ctx context.Context, kinds *kindSpools, listing ClusterListing) (*evidence.Snapshot, error) {
	manifest := &evidence.Snapshot{
		Cluster: a.Store.Cluster, Time: listing.At, Source: a.Source, Tool: a.Store.Tool, Notes: listing.Notes,
	}
	folder := a.Store.Layout.Snapshot(listing.At)
	for _, kind := range resource.Kinds() {
		name := kind.Collection()
		entry := evidence.SnapshotKind{Kind: name, Time: listing.At}
		switch {
		case listing.Forbidden[name] != "":
			entry.Missing = listing.Forbidden[name]
		case slices.Contains(listing.Absent, name):
			entry.Missing = "the cluster does not have this kind"
		default:
			entry.Key = kindFile(kind)
			ref, err := a.storeKind(ctx, kinds, kind, folder+entry.Key)
			if err != nil {
				return nil, err
			}
			entry.Count = ref.Rows
			manifest.Objects = append(manifest.Objects, evidence.Object{
				Key: entry.Key, SHA256: ref.SHA256, Bytes: ref.Bytes, Rows: evidence.Rows(ref.Rows), MediaType: "application/zstd",
			})
		}
		manifest.Kinds = append(manifest.Kinds, entry)
	}
	return manifest, nil
}

// kindFile is the name of a kind's objects within a snapshot.
func kindFile(kind resource.Kind) string { return kind.Collection() + ".ndjson.zst" }

// storeKind writes one kind's objects in a fixed order; an object that is there from an earlier attempt has the same bytes or
// is another snapshot of the same moment, which seal finds out.
func (a *Snapshot) storeKind(ctx context.Context, kinds *kindSpools, kind resource.Kind, key string) (Ref, error) {
	sp, err := a.Store.newSpool(true)
	if err != nil {
		return Ref{}, err
	}
	defer sp.discard()
	rows, err := kinds.write(kind, sp)
	if err != nil {
		return Ref{}, err
	}
	if err := sp.close(); err != nil {
		return Ref{}, err
	}
	return a.Store.writeOnce(ctx, key, sp.file, rows)
}

func (a *Snapshot) seal(ctx context.Context, manifest *evidence.Snapshot) (string, error) {
	key := a.Store.Layout.Snapshot(manifest.Time) + evidence.ManifestName
	encoded, err := manifest.Encode()
	if err != nil {
		return "", err
	}
	err = a.Store.Bucket.PutIfAbsent(ctx, key, bytes.NewReader(encoded))
	if errors.Is(err, fs.ErrExist) {
		there, err := a.Store.readAll(ctx, key)
		if err != nil {
			return "", err
		}
		if !bytes.Equal(there, encoded) {
			return "", fmt.Errorf("snapshot %s: %w: it is of the same moment; give another with --inputs-cluster-at", key, ErrConflict)
		}
		return key, nil
	}
	if err != nil {
		return "", fmt.Errorf("write %s: %w", key, err)
	}
	return key, nil
}

// kindSpools keeps each kind's objects in a temporary file, and in memory only where each one lies.
type kindSpools struct {
	scratch string
	kinds   map[resource.Kind]*kindSpool
}

type kindSpool struct {
	file   *os.File
	buffer *bufio.Writer
	size   int64
	index  []spooled
}

type spooled struct {
	namespace, name string
	offset, length  int64
}

func newKindSpools(scratch string) *kindSpools {
	return &kindSpools{scratch: scratch, kinds: map[resource.Kind]*kindSpool{}}
}

func (k *kindSpools) add(kind resource.Kind, raw json.RawMessage) error {
	sp := k.kinds[kind]
	if sp == nil {
		file, err := os.CreateTemp(k.scratch, "probity-*")
		if err != nil {
			return fmt.Errorf("create temporary file: %w", err)
		}
		sp = &kindSpool{file: file, buffer: bufio.NewWriter(file)}
		k.kinds[kind] = sp
	}
	var head struct {
		Metadata struct{ Namespace, Name string }
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return fmt.Errorf("decode %s: %w", kind.Plural(), err)
	}
	// One line and one spelling: what kubectl indented and what an API server sent must give the same bytes.
	line, err := canonicalJSON(raw)
	if err != nil {
		return fmt.Errorf("decode %s %s/%s: %w", kind.Plural(), head.Metadata.Namespace, head.Metadata.Name, err)
	}
	sp.index = append(sp.index, spooled{head.Metadata.Namespace, head.Metadata.Name, sp.size, int64(len(line))})
	sp.size += int64(len(line))
	_, err = sp.buffer.Write(line)
	return err
}

// canonicalJSON rewrites an object with sorted keys on one line; numbers keep their digits.
func canonicalJSON(raw []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

func (k *kindSpools) write(kind resource.Kind, w io.Writer) (int64, error) {
	sp := k.kinds[kind]
	if sp == nil {
		return 0, nil
	}
	if err := sp.buffer.Flush(); err != nil {
		return 0, fmt.Errorf("write temporary file: %w", err)
	}
	slices.SortFunc(sp.index, func(a, b spooled) int {
		if c := strings.Compare(a.namespace, b.namespace); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	for _, at := range sp.index {
		line := make([]byte, at.length, at.length+1)
		if _, err := sp.file.ReadAt(line, at.offset); err != nil {
			return 0, fmt.Errorf("read temporary file: %w", err)
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return 0, err
		}
	}
	return int64(len(sp.index)), nil
}

func (k *kindSpools) discard() {
	for _, sp := range k.kinds {
		sp.file.Close()
		os.Remove(sp.file.Name())
	}
}
