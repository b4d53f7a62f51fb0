package recorder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/recording"
)

// resume tells where the archive ends, by kind: in the scratch folder or in the bucket. It waits for the bucket, as the API
// server keeps changes for some minutes: to begin without it would be a gap for sure.
func (r *Recorder) resume(ctx context.Context) (map[string]recording.Span, error) {
	if err := os.MkdirAll(r.Scratch, 0o700); err != nil {
		return nil, fmt.Errorf("make the scratch folder: %w", err)
	}
	positions := map[string]recording.Span{}
	if err := r.recover(positions); err != nil {
		return nil, err
	}
	for pause := shortestPause; ctx.Err() == nil; pause = min(2*pause, longestPause) {
		err := r.lastStored(ctx, positions)
		if err == nil {
			break
		}
		if len(positions) > 0 {
			r.Logger.Warn("the bucket does not answer: recording goes on from the scratch folder", "error", err)
			break
		}
		if ctx.Err() == nil {
			r.Logger.Warn("where the archive ends is not known yet; trying again", "error", err, "again", pause)
			wait(ctx, pause)
		}
	}
	return positions, nil
}

// advance takes over the spans that reach further.
func advance(positions map[string]recording.Span, spans []recording.Span) {
	for _, span := range spans {
		if known, ok := positions[span.Kind]; !ok || span.To.After(known.To) {
			positions[span.Kind] = span
		}
	}
}

// recover closes what a killed recorder left open in the scratch folder, and looks at the segments that wait there.
func (r *Recorder) recover(positions map[string]recording.Span) error {
	if err := r.closeLeft(); err != nil {
		return err
	}
	packed, _ := filepath.Glob(filepath.Join(r.Scratch, packedPattern)) // of a constant pattern
	for _, name := range packed {
		_ = os.Remove(name) // half-packed copies; what cannot be removed takes room, no more
	}
	names, err := closedFiles(r.Scratch)
	if err != nil {
		return err
	}
	for _, name := range names {
		found, err := recoverFile(name)
		if err != nil {
			r.Logger.Error("a segment that waits cannot be read", "file", name, "error", err)
			continue
		}
		advance(positions, found.Tracker.Current())
	}
	return nil
}

func recoverFile(name string) (*recording.Recovered, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open left segment: %w", err)
	}
	defer file.Close()
	return recording.Recover(file)
}

func (r *Recorder) closeLeft() error {
	name := filepath.Join(r.Scratch, openName)
	found, err := recoverFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, recording.ErrIncomplete): // nothing was recorded in it
		return nil
	case err != nil:
		return err
	case found.Tracker.Lines() == 0:
		return nil
	}
	end := found.Last.At
	for _, span := range found.Tracker.Current() {
		if span.To.After(end) {
			end = span.To
		}
	}
	start := startOf(found.First.At, found.First.Spans)
	if !end.After(start) {
		end = start.Add(time.Microsecond)
	}
	if found.Last.Type != recording.Closed {
		if err := closeFile(name, found, end); err != nil {
			return err
		}
	}
	r.Logger.Info("a segment that was left open was closed", "lines", found.Tracker.Lines(), "until", end)
	return r.hand(interval.Interval{Start: start, End: end}, found.First.Recorder)
}

// closeFile cuts off what is not whole and writes the last line.
func closeFile(name string, found *recording.Recovered, end time.Time) error {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("open left segment: %w", err)
	}
	defer file.Close()
	if err := file.Truncate(found.Bytes); err != nil {
		return fmt.Errorf("cut left segment: %w", err)
	}
	if _, err := file.Seek(found.Bytes, 0); err != nil {
		return fmt.Errorf("close left segment: %w", err)
	}
	if err := found.Tracker.WriteFooter(file, end); err != nil {
		return err
	}
	return file.Sync()
}

// lookBack is in how many days before today the end of the archive is looked for; no API server keeps changes for that long.
const lookBack = 2

// lastSegments is how many of the newest segments are read: two recorders may have overlapped.
const lastSegments = 4

func (r *Recorder) lastStored(ctx context.Context, positions map[string]recording.Span) error {
	type stored struct {
		key string
		end time.Time
	}
	var all []stored
	for back := lookBack; back >= 0; back-- {
		day := time.Now().UTC().AddDate(0, 0, -back)
		err := r.Archive.List(ctx, r.Layout.ChangesDay(day), func(key string, _ time.Time) error {
			if span, ok := r.Layout.ParseSegment(key); ok {
				all = append(all, stored{key, span.End})
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("list recorded changes: %w", err)
		}
	}
	slices.SortFunc(all, func(a, b stored) int { return b.end.Compare(a.end) })
	for _, segment := range all[:min(lastSegments, len(all))] {
		footer, err := r.footer(ctx, segment.key)
		if err != nil {
			return err
		}
		advance(positions, footer.Spans)
	}
	return nil
}

// footer reads a segment's last line. A damaged segment tells nothing.
func (r *Recorder) footer(ctx context.Context, key string) (recording.Line, error) {
	body, err := r.Archive.Get(ctx, key)
	if err != nil {
		return recording.Line{}, fmt.Errorf("read %s: %w", key, err)
	}
	defer body.Close()
	unpack, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return recording.Line{}, fmt.Errorf("open zstd reader: %w", err)
	}
	defer unpack.Close()
	footer, err := recording.Read(unpack, func([]byte) error { return nil })
	if err != nil && ctx.Err() == nil {
		r.Logger.Error("a stored segment cannot be read", "key", key, "error", err)
		return recording.Line{}, nil
	}
	return footer, err
}
