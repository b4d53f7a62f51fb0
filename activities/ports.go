package activities

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
)

// Bucket is the S3 bucket with everything Probity writes. Keys are whole keys, without a leading slash. Implementations are
// safe for concurrent use. Their errors satisfy errors.Is with fs.ErrNotExist, fs.ErrExist and fs.ErrPermission.
type Bucket interface {
	// Put writes an object, replacing one that is there.
	Put(ctx context.Context, key string, body io.ReadSeeker) error
	// PutIfAbsent writes an object only where none is: fs.ErrExist otherwise. Of several writers one succeeds.
	PutIfAbsent(ctx context.Context, key string, body io.ReadSeeker) error
	// Stream writes an object of unknown size as it arrives, only where none is when the body ends: fs.ErrExist otherwise. An
	// error of the body is in the returned one's tree, and leaves nothing.
	Stream(ctx context.Context, key string, body io.Reader) error
	// Get opens an object; the caller closes it.
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	// List calls yield for each object below the prefix in order of keys.
	List(ctx context.Context, prefix string, yield func(key string, modified time.Time) error) error
	// Clear removes what is below the folder and was written before the given time, old versions included, and says how many
	// objects that were.
	Clear(ctx context.Context, folder string, before time.Time) (int64, error)
}

// Cluster is where a snapshot's resources come from.
type Cluster interface {
	// Describe says where the resources come from, for the manifest.
	Describe() string
	// Each gives every object of the followed kinds once, one kind after the other. The same objects come in the same order
	// and the same spelling, as far as the source is the same.
	Each(ctx context.Context, to Receiver) (ClusterListing, error)
}

// Receiver takes the objects of a cluster as they arrive.
type Receiver interface {
	// Start is called once, before anything else, with the moment by which the listing is named, UTC. fixed tells whether
	// another listing of the source would have the same one.
	Start(at time.Time, fixed bool) error
	// Begin opens a kind. What was given of a kind that did not End is void: the list is made again, or cannot be made.
	Begin(kind resource.Kind) error
	// Object takes the next object of the kind, one line of JSON with its apiVersion and kind, valid during the call.
	Object(raw json.RawMessage) error
	// End closes the kind: it is whole. A kind without objects may be left out.
	End() error
}

// ClusterListing says what a cluster gave. Kinds are named as resource.Kind.Collection does.
type ClusterListing struct {
	// At is the moment by which the listing is named, UTC: each change before it is in the listing.
	At time.Time `json:"at"`
	// Complete is the moment from which on the listing holds, UTC: nothing in it happened later. Zero means At.
	Complete time.Time `json:"complete,omitzero"`
	// Kinds says more of single kinds.
	Kinds map[string]ListedKind `json:"kinds,omitempty"`
	// Absent lists kinds that the cluster does not have; Forbidden those that could not be read, with the refusal.
	Absent    []string          `json:"absent,omitempty"`
	Forbidden map[string]string `json:"forbidden,omitempty"`
	Notes     []string          `json:"notes,omitempty"`
	// NotFollowed counts objects of other kinds.
	NotFollowed int64 `json:"notFollowed,omitempty"`
}

// ListedKind says how one kind was listed.
type ListedKind struct {
	// Time is a moment before the list: each change of the kind before it is in the list. Zero means the listing's At.
	Time time.Time `json:"time,omitzero"`
	// Version is the list's resourceVersion, where there is one.
	Version string `json:"version,omitempty"`
}

// Partition is a part of a log that one activity reads. What is in it is the source's own business.
type Partition = json.RawMessage

// ReadStats says what a source read: lines, bytes (uncompressed), and what was wrong with it.
type ReadStats struct {
	Lines   int64 `json:"lines"`
	Bytes   int64 `json:"bytes"`
	TooLong int64 `json:"tooLong,omitempty"`
	// Damaged names files that ended early, by base name, sorted.
	Damaged []string `json:"damaged,omitempty"`
	// Faults say, one sentence each, why a server may not have given everything, sorted. They make the source a partial one.
	Faults []string `json:"faults,omitempty"`
	// Notes say what else a reader must know, sorted.
	Notes []string `json:"notes,omitempty"`
	// LeftOut are the audit events that were counted and not given, for a log that is Selective.
	LeftOut *audit.LeftOut `json:"leftOut,omitempty"`
}

// AuditLog gives audit events.
type AuditLog interface {
	// Describe says where the events come from, for the provenance; never how they are split.
	Describe() string
	// Partitions splits what may hold events of [from, to); the split never shows in a report.
	Partitions(ctx context.Context, from, to time.Time) ([]Partition, error)
	// Read gives each event of the partition as one JSON line, valid during the call.
	Read(ctx context.Context, part Partition, line func([]byte) error) (ReadStats, error)
}

// SelectiveAuditLog is an AuditLog that need not give every event.
type SelectiveAuditLog interface {
	AuditLog
	// Wanting is the log without the events that w leaves out; their number and times are in ReadStats.LeftOut.
	Wanting(w audit.Wanted) AuditLog
}

// FlowLog gives flow records to a reducer.
type FlowLog interface {
	// Describe says where the records come from, for the provenance; never how they are split.
	Describe() string
	// Partitions splits what may hold flows of the interval.
	Partitions(ctx context.Context, iv interval.Interval) ([]Partition, error)
	// Reduce adds the partition's records to the reducer; progress is told bytes read so far.
	Reduce(ctx context.Context, part Partition, into *flow.Reducer, progress func(bytes int64)) (ReadStats, error)
}

// Benchmarks gives kube-bench results.
type Benchmarks interface {
	// Describe says where the results come from, for the provenance.
	Describe() string
	// Each gives each node's results as kube-bench printed them; at is zero where the time is unknown.
	Each(ctx context.Context, yield func(node string, at time.Time, raw []byte) error) error
}

// Runs tells whether a workflow run has ended, from Temporal's own record (not from its index).
type Runs interface {
	Closed(ctx context.Context, workflowID, runID string) (bool, error)
	// Paused tells whether the report's schedule is paused; a schedule that is gone is not paused.
	Paused(ctx context.Context, cluster, report string) (bool, error)
}
