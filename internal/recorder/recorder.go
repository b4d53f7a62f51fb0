// Package recorder follows a cluster's resources by watches and archives every change as it happens, for clusters whose audit log
// cannot be had. What it writes is described by package recording.
//
// Each followed kind has a watch of its own. Changes are written to a file in the scratch folder as they come; from time to time
// the file is closed and stored in the bucket as a segment. A recorder that is killed, or moved, goes on where the file or the
// bucket ends, if the API server still has the changes since; otherwise it lists the kind anew and the archive names the gap. While
// the bucket is away, closed segments wait in the scratch folder; when that is full, the watches stand still, and what the API server
// forgets meanwhile is a gap.
package recorder

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/resource"
)

// Source is the API server (kube.Changes).
type Source interface {
	Discover(ctx context.Context) ([]kube.Served, error)
	List(ctx context.Context, place schema.GroupVersionResource, kind resource.Kind, begin func() error, object func([]byte) error) (string, error)
	Watch(ctx context.Context, place schema.GroupVersionResource, kind resource.Kind, version string, tell func(*kube.Watched) error) error
	Version(ctx context.Context, place schema.GroupVersionResource) (string, error)
}

// Archive is the bucket.
type Archive interface {
	PutIfAbsent(ctx context.Context, key string, body io.ReadSeeker) error
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	List(ctx context.Context, prefix string, yield func(key string, modified time.Time) error) error
}

// Options are what a recorder is made of.
type Options struct {
	Source  Source
	Archive Archive
	Layout  evidence.Layout
	Cluster string
	Tool    evidence.Tool
	// Scratch is a folder of its own for this cluster's recorder; it should outlive the process.
	Scratch string
	// SegmentAge and SegmentBytes (before compression) are when a segment is closed.
	SegmentAge   time.Duration
	SegmentBytes int64
	// WaitingBytes is how much may wait in the scratch folder for a bucket that is away.
	WaitingBytes int64
	// Poll is how often the recorder asks which kinds the API server has.
	Poll    time.Duration
	Metrics prometheus.Registerer // nil = none
	Logger  *slog.Logger
}

// Recorder records one cluster.
type Recorder struct {
	Options
	id      string // in the names of its segments
	journal *journal
	metrics *metrics
}

// flushEvery bounds what a kill of the machine can lose of what was received; the API server tells it again.
const flushEvery = time.Second

// Run records until ctx ends; then it closes its segment and stores it if the bucket answers soon. It fails when the scratch folder
// cannot be used. Only one recorder of a cluster should run at a time; two do no harm but write everything twice.
func Run(ctx context.Context, o Options) error {
	var id [4]byte
	_, _ = rand.Read(id[:]) // which never fails
	r := &Recorder{Options: o, id: hex.EncodeToString(id[:]), metrics: newMetrics(o.Metrics)}
	positions, err := r.resume(ctx)
	if err != nil || ctx.Err() != nil {
		return err
	}
	if r.journal, err = r.openJournal(positions); err != nil {
		return err
	}
	o.Logger.Info("recording", "cluster", o.Cluster, "recorder", r.id, "resumed", len(positions))
	group, running := errgroup.WithContext(ctx)
	served := newBoard()
	group.Go(func() error { return r.discover(running, served) })
	group.Go(func() error { return r.journal.keep(running) })
	group.Go(func() error { return r.upload(running) })
	for _, kind := range resource.Kinds() {
		f := newFollower(r, kind, positions)
		group.Go(func() error { return f.run(running, served) })
	}
	err = group.Wait()
	if closing := r.finish(); err == nil {
		err = closing
	}
	return err
}

// finishTime is how long a recorder that stops tries to store what it has.
const finishTime = 10 * time.Second

// finish closes the last segment. What cannot be stored now stays in the scratch folder for the next recorder.
func (r *Recorder) finish() error {
	if err := r.journal.rotate(time.Now(), false); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), finishTime)
	defer cancel()
	if err := r.uploadAll(ctx); err != nil {
		r.Logger.Warn("recorded changes wait in the scratch folder for the next recorder", "folder", r.Scratch, "error", err)
	}
	return nil
}

// discover tells all followers which kinds the API server has.
func (r *Recorder) discover(ctx context.Context, served *board) error {
	ticker := time.NewTicker(r.Poll)
	defer ticker.Stop()
	for {
		found, err := r.Source.Discover(ctx)
		if err != nil && ctx.Err() == nil {
			r.Logger.Warn("the API server does not tell which kinds it has", "error", err)
		}
		if err == nil {
			served.post(found)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
