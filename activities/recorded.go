package activities

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/recording"
)

// LongestSegment bounds how long before its time a segment of interest can begin: recorders close theirs much sooner.
const LongestSegment = 24 * time.Hour

// segmentsPerPart is how many segments one activity reads at least; a day has some hundreds.
const (
	segmentsPerPart  = 32
	mostSegmentParts = 64
)

// findSegments splits the recorder's segments that may hold changes of [from, to), in order of time.
func (s *Store) findSegments(ctx context.Context, from, to time.Time) ([][]string, error) {
	from, to = from.Add(-audit.RecordedBefore), to.Add(audit.DefaultLookAhead)
	var keys []string
	for day := from.Add(-LongestSegment).UTC().Truncate(24 * time.Hour); day.Before(to); day = day.AddDate(0, 0, 1) {
		err := s.Bucket.List(ctx, s.Layout.ChangesDay(day), func(key string, _ time.Time) error {
			span, ok := s.Layout.ParseSegment(key)
			if ok && span.Start.Before(to) && !span.End.Before(from) {
				keys = append(keys, key)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("list recorded changes: %w", err)
		}
	}
	size := max(segmentsPerPart, (len(keys)+mostSegmentParts-1)/mostSegmentParts)
	return slices.Collect(slices.Chunk(keys, size)), nil
}

// readSegments gives the lines of segments to the collector. A segment that is damaged is named in the statistics; what it covers is
// then not known.
func (s *Store) readSegments(ctx context.Context, keys []string, collector *audit.Collector, beat func()) (ReadStats, error) {
	var stats ReadStats
	for _, key := range keys {
		body, err := s.Bucket.Get(ctx, key)
		if err != nil {
			return stats, fmt.Errorf("read %s: %w", key, err)
		}
		err = readSegment(body, &stats, func(line []byte) error {
			beat()
			collector.AddRecorded(line)
			return collector.Err()
		})
		body.Close()
		switch {
		case errors.Is(err, errDamaged):
			stats.Damaged = append(stats.Damaged, path.Base(key))
		case err != nil:
			return stats, fmt.Errorf("read %s: %w", key, err)
		}
	}
	return stats, nil
}

// errDamaged marks a segment whose bytes are not what was written.
var errDamaged = errors.New("the segment is damaged")

// sourceReader keeps the failures of a source apart from what its bytes are.
type sourceReader struct {
	io.Reader
	err error
}

func (r *sourceReader) Read(data []byte) (int, error) {
	n, err := r.Reader.Read(data)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

func readSegment(body io.Reader, stats *ReadStats, line func([]byte) error) error {
	source := &sourceReader{Reader: body}
	unpack, err := zstd.NewReader(source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return fmt.Errorf("open zstd reader: %w", err)
	}
	defer unpack.Close()
	var own error
	_, err = recording.Read(unpack, func(raw []byte) error {
		stats.Lines++
		stats.Bytes += int64(len(raw)) + 1
		own = line(raw)
		return own
	})
	switch {
	case err == nil:
		return nil
	case own != nil:
		return own
	case source.err != nil:
		return source.err
	}
	return fmt.Errorf("%w: %s", errDamaged, err.Error())
}
