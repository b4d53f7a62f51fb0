package recorder

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/recording"
)

// Names in the scratch folder.
const (
	openName     = "open.ndjson"
	closedSuffix = ".closed.ndjson"
)

// journalError says that nothing can be recorded any more.
type journalError struct{ error }

func (e *journalError) Unwrap() error { return e.error }

// journal is the segment that is being written, a file in the scratch folder. It is safe for concurrent use.
type journal struct {
	*Recorder
	mu       sync.Mutex
	file     *os.File
	buffer   *bufio.Writer
	writer   *recording.Writer
	start    time.Time // in the segment's name
	lastList int64
	err      error

	room    *sync.Cond // signalled when something was stored
	waiting int64      // bytes of closed segments
	stopped bool
	closed  chan struct{} // a segment was closed
}

// openJournal begins the first segment.
func (r *Recorder) openJournal(positions map[string]recording.Span) (*journal, error) {
	j := &journal{Recorder: r, closed: make(chan struct{}, 1)}
	j.room = sync.NewCond(&j.mu)
	names, err := closedFiles(r.Scratch)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			j.waiting += info.Size()
		}
	}
	var tracker recording.Tracker
	spans := make([]recording.Span, 0, len(positions))
	for _, span := range positions {
		span.From, span.FromVersion = span.To, span.ToVersion
		spans = append(spans, span)
	}
	if err := tracker.Add(&recording.Line{Type: recording.Opened, Spans: spans}); err != nil {
		return nil, err
	}
	return j, j.open(time.Now(), tracker.Current())
}

// open begins a segment. Its name begins where its coverage does, so that who looks for a time finds it.
func (j *journal) open(at time.Time, spans []recording.Span) error {
	at = at.UTC().Truncate(time.Microsecond)
	file, err := os.OpenFile(filepath.Join(j.Scratch, openName), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	j.file, j.buffer = file, bufio.NewWriterSize(file, 256<<10)
	j.writer, err = recording.NewWriter(j.buffer, recording.Line{
		At: at, Cluster: j.Cluster, Tool: j.Tool.Name + "/" + j.Tool.Version, Recorder: j.id, Spans: spans,
	})
	j.start = startOf(at, spans)
	return err
}

// longestReach bounds how far a segment's coverage reaches back from its first line; see activities.LongestSegment.
const longestReach = 23 * time.Hour

func startOf(at time.Time, spans []recording.Span) time.Time {
	start := at
	for _, span := range spans {
		if span.From.Before(start) && at.Sub(span.From) < longestReach {
			start = span.From
		}
	}
	return start
}

// add writes a line. While too much waits for the bucket it waits too.
func (j *journal) add(line *recording.Line) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.waiting > j.WaitingBytes && !j.stopped && j.err == nil {
		j.room.Wait()
	}
	if j.err != nil {
		return &journalError{j.err}
	}
	if err := j.writer.Add(line); err != nil {
		return j.fail(err)
	}
	if j.writer.Size() > j.SegmentBytes {
		return j.fail(j.close(time.Now()))
	}
	return nil
}

func (j *journal) fail(err error) error {
	if err == nil {
		return nil
	}
	j.err = fmt.Errorf("write to the scratch folder %s: %w", j.Scratch, err)
	j.room.Broadcast()
	return &journalError{j.err}
}

// keep flushes and closes segments by age until ctx ends.
func (j *journal) keep(ctx context.Context) error {
	ticker := time.NewTicker(min(flushEvery, j.SegmentAge))
	defer ticker.Stop()
	stop := context.AfterFunc(ctx, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.stopped = true
		j.room.Broadcast()
	})
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			if err := j.rotate(now, true); err != nil {
				return err
			}
		}
	}
}

// rotate closes the segment if it has something, or with byAge if it is old enough; otherwise what was received is flushed.
func (j *journal) rotate(now time.Time, byAge bool) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return &journalError{j.err}
	}
	if j.writer.Tracker().Lines() == 0 || byAge && now.Sub(j.writer.Opened()) < j.SegmentAge {
		return j.fail(j.buffer.Flush())
	}
	return j.fail(j.close(now))
}

// close closes the segment, which waits for the bucket then, and begins the next one.
func (j *journal) close(now time.Time) error {
	now = now.UTC().Truncate(time.Microsecond)
	if !now.After(j.start) {
		now = j.start.Add(time.Microsecond)
	}
	if err := j.writer.Close(now); err != nil {
		return err
	}
	if err := j.buffer.Flush(); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	if err := j.file.Close(); err != nil {
		return err
	}
	if err := j.hand(interval.Interval{Start: j.start, End: now}, j.id); err != nil {
		return err
	}
	j.waiting += j.writer.Size()
	j.metrics.waiting.Set(float64(j.waiting))
	j.metrics.segments.WithLabelValues("closed").Inc()
	select {
	case j.closed <- struct{}{}:
	default:
	}
	if j.waiting > j.WaitingBytes {
		j.Logger.Error("the scratch folder is full of segments that wait for the bucket: recording stands still", "bytes", j.waiting)
	}
	return j.open(now, j.writer.Tracker().Current())
}

// hand names a closed segment by its place in the bucket.
func (r *Recorder) hand(span interval.Interval, recorder string) error {
	name := filepath.Base(r.Layout.Segment(span, recorder)) + closedSuffix
	return os.Rename(filepath.Join(r.Scratch, openName), filepath.Join(r.Scratch, name))
}

// stored frees the room of a segment.
func (j *journal) stored(bytes int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waiting = max(0, j.waiting-bytes)
	j.metrics.waiting.Set(float64(j.waiting))
	j.room.Broadcast()
}

// nextList is a number that no other list has.
func (j *journal) nextList() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lastList = max(j.lastList+1, time.Now().UnixMicro())
	return j.lastList
}
