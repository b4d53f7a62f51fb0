package logfile

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/probity/probity/internal/interval"
)

// FlowLogOptions configure a FlowLog.
type FlowLogOptions struct {
	// Dir is the folder. Every regular file below it is read, whatever its name, but for names that begin with a dot.
	Dir string
	// Workers is how many cores a partition is reduced on; 0 means all.
	Workers int
	// BatchBytes is the size of a partition on disk; 0 means DefaultFlowBatch.
	BatchBytes int64
	// Progress may be nil. It is called now and then while a partition is read, by one goroutine at a time.
	Progress func(FlowProgress)
}

// DefaultFlowBatch is the size of a partition: some seconds of work, so that little is lost when a worker dies.
const DefaultFlowBatch = 4 << 30

// FlowProgress says how far the reading of a partition is.
type FlowProgress struct {
	Bytes, TotalBytes int64 // on disk
	Lines             int64
}

// FlowLog is a folder of flow logs.
type FlowLog struct{ options FlowLogOptions }

// NewFlowLog returns the flow logs below the folder, which must exist.
func NewFlowLog(o FlowLogOptions) (*FlowLog, error) {
	info, err := os.Stat(o.Dir)
	switch {
	case err != nil:
		return nil, fmt.Errorf("open flow log folder: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("open flow log folder: %s is no folder", o.Dir)
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.BatchBytes <= 0 {
		o.BatchBytes = DefaultFlowBatch
	}
	return &FlowLog{o}, nil
}

// FlowPartition is a part of a folder that is reduced at a time.
type FlowPartition struct {
	Pieces []FlowPiece `json:"pieces"`
}

// FlowPiece is a file or a part of one: the lines that begin in [From, To). Files that are compressed are one piece.
type FlowPiece struct {
	Name   string `json:"name"` // below the folder, with slashes
	From   int64  `json:"from,omitempty"`
	To     int64  `json:"to"`
	Packed bool   `json:"packed,omitempty"`
}

// Bytes is the partition's size on disk.
func (p FlowPartition) Bytes() int64 {
	var sum int64
	for _, piece := range p.Pieces {
		sum += piece.To - piece.From
	}
	return sum
}

// FlowStats says what a partition held.
type FlowStats struct {
	LineStats
	// Damaged names the compressed files that ended early or were damaged; what came before that point was used. Sorted.
	Damaged []string
}

// Partitions divides the folder into parts of about BatchBytes. The same files give the same parts. The interval is part of
// the port; files are not left out by it, since neither their names nor their times say which records they hold.
func (l *FlowLog) Partitions(ctx context.Context, _ interval.Interval) ([]FlowPartition, error) {
	files, err := l.files(ctx)
	if err != nil {
		return nil, err
	}
	var out []FlowPartition
	room := int64(0)
	for _, file := range files {
		for _, piece := range cut(file, l.options.BatchBytes) {
			if size := piece.To - piece.From; size > room {
				out, room = append(out, FlowPartition{}), l.options.BatchBytes
			}
			room -= piece.To - piece.From
			last := &out[len(out)-1]
			last.Pieces = append(last.Pieces, piece)
		}
	}
	return out, nil
}

// cut divides a plain file into pieces of the size.
func cut(file FlowPiece, size int64) []FlowPiece {
	if file.Packed {
		return []FlowPiece{file}
	}
	var out []FlowPiece
	for from := file.From; from < file.To; from += size {
		piece := file
		piece.From, piece.To = from, min(from+size, file.To)
		out = append(out, piece)
	}
	return out
}

// files lists what is to be read, sorted by name, empty files left out.
func (l *FlowLog) files(ctx context.Context) ([]FlowPiece, error) {
	var out []FlowPiece
	err := filepath.WalkDir(l.options.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		hidden := path != l.options.Dir && strings.HasPrefix(entry.Name(), ".")
		switch {
		case hidden && entry.IsDir():
			return fs.SkipDir
		case hidden || entry.IsDir():
			return nil
		}
		piece, err := l.file(path)
		if err == nil && piece.To > 0 {
			out = append(out, piece)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list flow logs: %w", err)
	}
	slices.SortFunc(out, func(a, b FlowPiece) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// file describes one file; its size is 0 when it is none that can be read, such as a socket.
func (l *FlowLog) file(path string) (FlowPiece, error) {
	info, err := os.Stat(path) // of a link's target
	if err != nil || !info.Mode().IsRegular() {
		return FlowPiece{}, err
	}
	name, err := filepath.Rel(l.options.Dir, path)
	if err != nil {
		return FlowPiece{}, err
	}
	packed, err := isPacked(path)
	return FlowPiece{Name: filepath.ToSlash(name), To: info.Size(), Packed: packed}, err
}

func isPacked(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	magic := make([]byte, 4)
	n, _ := file.ReadAt(magic, 0)
	return isCompressed(magic[:n]), nil
}

func isCompressed(magic []byte) bool {
	return bytes.HasPrefix(magic, []byte{0x1f, 0x8b}) || bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd})
}
