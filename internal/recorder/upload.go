package recorder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// upload stores closed segments, the oldest first, until ctx ends.
func (r *Recorder) upload(ctx context.Context) error {
	pause := shortestPause
	for ctx.Err() == nil {
		if err := r.uploadAll(ctx); err != nil && ctx.Err() == nil {
			r.Logger.Warn("recorded changes were not stored; trying again", "error", err, "again", pause)
			wait(ctx, pause)
			pause = min(2*pause, longestPause)
			continue
		}
		pause = shortestPause
		select {
		case <-ctx.Done():
		case <-r.journal.closed:
		}
	}
	return nil
}

func (r *Recorder) uploadAll(ctx context.Context) error {
	names, err := closedFiles(r.Scratch)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := r.store(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// closedFiles are the segments that wait, the oldest first.
func closedFiles(folder string) ([]string, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*"+closedSuffix))
	if err != nil {
		return nil, fmt.Errorf("look for closed segments: %w", err)
	}
	slices.Sort(names)
	return names, nil
}

// storeTime bounds one attempt to store a segment.
const storeTime = 2 * time.Minute

// store packs a closed segment and puts it into the bucket, where its name is its own: what is there already is this segment.
func (r *Recorder) store(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	key, err := r.keyOf(name)
	if err != nil {
		return err
	}
	packed, size, err := pack(name)
	if err != nil {
		return err
	}
	defer os.Remove(packed.Name())
	defer packed.Close()
	if err := r.Archive.PutIfAbsent(ctx, key, packed); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("store %s: %w", key, err)
	}
	if err := os.Remove(name); err != nil {
		return fmt.Errorf("remove a stored segment: %w", err)
	}
	r.metrics.segments.WithLabelValues("stored").Inc()
	if r.journal != nil {
		r.journal.stored(size)
	}
	r.Logger.Debug("segment stored", "key", key, "bytes", size)
	return nil
}

func (r *Recorder) keyOf(name string) (string, error) {
	base := strings.TrimSuffix(filepath.Base(name), closedSuffix)
	start, err := time.Parse(segmentStart, strings.SplitN(base, "_", 2)[0])
	key := r.Layout.ChangesDay(start) + base
	if _, ok := r.Layout.ParseSegment(key); err != nil || !ok {
		return "", fmt.Errorf("%s is no segment of a recorder: move it out of the folder", name)
	}
	return key, nil
}

// packedPattern names the files in which segments are packed.
const packedPattern = "pack-*"

// segmentStart is how a segment's name begins.
const segmentStart = "20060102T150405.999999999Z"

func pack(name string) (packed *os.File, size int64, err error) {
	plain, err := os.Open(name)
	if err != nil {
		return nil, 0, fmt.Errorf("open closed segment: %w", err)
	}
	defer plain.Close()
	packed, err = os.CreateTemp(filepath.Dir(name), packedPattern)
	if err != nil {
		return nil, 0, fmt.Errorf("create temporary file: %w", err)
	}
	encoder, err := zstd.NewWriter(packed, zstd.WithEncoderConcurrency(1))
	if err == nil {
		if size, err = io.Copy(encoder, plain); err == nil {
			err = encoder.Close()
		}
	}
	if err == nil {
		_, err = packed.Seek(0, io.SeekStart)
	}
	if err != nil {
		packed.Close()
		os.Remove(packed.Name())
		return nil, 0, fmt.Errorf("pack %s: %w", filepath.Base(name), err)
	}
	return packed, size, nil
}
