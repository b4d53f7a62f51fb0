package logfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/probity/probity/internal/flow"
)

// Reduce adds the partition's lines to r, on several cores. On an error r holds a part of them and must be thrown away; a
// file that cannot be read, or that became shorter than when the partition was made, is an error that names it.
func (l *FlowLog) Reduce(ctx context.Context, p FlowPartition, r *flow.Reducer) (FlowStats, error) {
	job := &flowJob{log: l, total: p.Bytes(), chunks: chunksOf(p)}
	reducers := []*flow.Reducer{r}
	for len(reducers) < min(l.options.Workers, len(job.chunks)) {
		reducers = append(reducers, flow.NewReducer(r.Options()))
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, reducer := range reducers {
		group.Go(func() error { return job.work(ctx, reducer) })
	}
	err := group.Wait()
	for _, other := range reducers[1:] {
		if mergeErr := r.Merge(other); err == nil {
			err = mergeErr
		}
	}
	slices.Sort(job.stats.Damaged)
	return job.stats, err
}

// chunkBytes is what one worker reads at a time of a plain file: small enough that all workers end at the same time.
const chunkBytes = 8 << 20

func chunksOf(p FlowPartition) []FlowPiece {
	var out []FlowPiece
	for _, piece := range p.Pieces {
		out = append(out, cut(piece, chunkBytes)...)
	}
	// A compressed file is read by one worker only, so the large ones begin first.
	slices.SortStableFunc(out, func(a, b FlowPiece) int {
		if a.Packed && b.Packed {
			return int(min(max(b.To-a.To, -1), 1))
		}
		return packedFirst(a) - packedFirst(b)
	})
	return out
}

func packedFirst(p FlowPiece) int {
	if p.Packed {
		return 0
	}
	return 1
}

// flowJob is the reading of one partition.
type flowJob struct {
	log   *FlowLog
	total int64

	mu     sync.Mutex
	chunks []FlowPiece // not yet begun
	done   int64
	stats  FlowStats
}

// work reads chunks until none is left.
func (j *flowJob) work(ctx context.Context, r *flow.Reducer) error {
	reader := newRangeReader()
	for {
		chunk, ok := j.take()
		if !ok {
			return nil
		}
		stats, err := j.read(ctx, reader, chunk, r)
		if err != nil {
			return fmt.Errorf("read flow log %s: %w", chunk.Name, err)
		}
		if err := r.Err(); err != nil {
			return err
		}
		r.AddTooLong(stats.TooLong)
		j.finish(chunk, stats)
	}
}

func (j *flowJob) take() (FlowPiece, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.chunks) == 0 {
		return FlowPiece{}, false
	}
	first := j.chunks[0]
	j.chunks = j.chunks[1:]
	return first, true
}

func (j *flowJob) finish(chunk FlowPiece, stats LineStats) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stats.Add(stats)
	if stats.Truncated {
		j.stats.Damaged = append(j.stats.Damaged, chunk.Name)
	}
	j.done += chunk.To - chunk.From
	j.report(j.stats.Lines)
}

func (j *flowJob) report(lines int64) {
	if j.log.options.Progress != nil {
		j.log.options.Progress(FlowProgress{Bytes: j.done, TotalBytes: j.total, Lines: lines})
	}
}

// reportEvery is how many lines of a compressed file are read between two reports: about a second.
const reportEvery = 1 << 18

func (j *flowJob) read(ctx context.Context, reader *rangeReader, chunk FlowPiece, r *flow.Reducer) (LineStats, error) {
	file, err := os.Open(filepath.Join(j.log.options.Dir, filepath.FromSlash(chunk.Name)))
	if errors.Is(err, fs.ErrNotExist) {
		return LineStats{}, fmt.Errorf("it is gone since the folder was listed: %w", ErrChanged)
	}
	if err != nil {
		return LineStats{}, errors.Unwrap(err) // the caller names the file
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return LineStats{}, err
	}
	if info.Size() < chunk.To {
		return LineStats{}, fmt.Errorf("it has %d bytes, and had at least %d when the folder was listed: %w", info.Size(), chunk.To, ErrChanged)
	}
	if !chunk.Packed {
		return reader.read(ctx, file, chunk.From, chunk.To, r.AddLines)
	}
	lines := int64(0)
	return ReadLines(ctx, file, func(line []byte) error {
		r.AddLine(line)
		if lines++; lines%reportEvery == 0 {
			j.mu.Lock()
			defer j.mu.Unlock()
			j.report(j.stats.Lines + lines)
		}
		return nil
	})
}
