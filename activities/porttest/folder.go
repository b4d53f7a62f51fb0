package porttest

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"

	"github.com/probity/probity/activities"
)

// MaxLine is the longest line that a log in memory gives, in bytes; a longer one is counted.
const MaxLine = 8 << 20

// Folder is what a log is made of.
type Folder struct {
	// Files are its files by name, with slashes; one that begins as gzip does is unpacked.
	Files map[string][]byte
	// PartitionBytes is what a partition may hold; a larger file is one of its own. Zero puts everything into one.
	PartitionBytes int
	// Gone makes the folder one that is not there: its name.
	Gone string
}

// partition is what is in a partition of a log in memory.
type partition struct {
	Files []string `json:"files"`
}

// partitions shares the files out in the order of their names.
func (f *Folder) partitions(ctx context.Context) ([]activities.Partition, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.Gone != "" {
		return nil, fmt.Errorf("list folder %s: it is not there", f.Gone)
	}
	var parts []partition
	size := 0
	for _, name := range slices.Sorted(maps.Keys(f.Files)) {
		bytes := len(f.Files[name])
		if len(parts) == 0 || f.PartitionBytes > 0 && size+bytes > f.PartitionBytes {
			parts, size = append(parts, partition{}), 0
		}
		parts[len(parts)-1].Files = append(parts[len(parts)-1].Files, name)
		size += bytes
	}
	out := make([]activities.Partition, len(parts))
	for i := range parts {
		var err error
		if out[i], err = json.Marshal(parts[i]); err != nil {
			return nil, fmt.Errorf("encode partition: %w", err)
		}
	}
	return out, nil
}

// read gives every line of the partition that is not empty.
func (f *Folder) read(ctx context.Context, part activities.Partition, line func([]byte) error) (activities.ReadStats, error) {
	var stats activities.ReadStats
	var own partition
	if err := json.Unmarshal(part, &own); err != nil {
		return stats, fmt.Errorf("decode partition: %w", err)
	}
	for _, name := range own.Files {
		damaged, err := readLines(ctx, f.Files[name], &stats, line)
		if err != nil {
			return stats, fmt.Errorf("read %s: %w", name, err)
		}
		if damaged {
			stats.Damaged = append(stats.Damaged, path.Base(name))
		}
	}
	slices.Sort(stats.Damaged)
	return stats, nil
}

// readLines tells whether the file ended in the middle; the line that this cut is not given.
func readLines(ctx context.Context, data []byte, stats *activities.ReadStats, line func([]byte) error) (damaged bool, err error) {
	var in io.Reader = bytes.NewReader(data)
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		if in, err = gzip.NewReader(in); err != nil {
			return true, nil //nolint:nilerr // a file without a whole header is a damaged one
		}
	}
	reader := bufio.NewReader(in)
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		text, err := reader.ReadBytes('\n')
		stats.Bytes += int64(len(text))
		if err != nil && !errors.Is(err, io.EOF) {
			return true, nil // a file that is cut short is a fact about the input
		}
		text = bytes.TrimRight(text, "\r\n")
		switch {
		case len(text) > MaxLine:
			stats.TooLong++
		case len(text) > 0:
			stats.Lines++
			if failure := line(text); failure != nil {
				return false, failure
			}
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
	}
}

// describe is what all sources in memory say of where their records come from.
func (f *Folder) describe() string { return cmp.Or(f.Gone, "memory") }
