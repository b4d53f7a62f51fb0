package logfile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// DefaultPartitionBytes is the size, as stored, of the files that one partition of a log holds together: some seconds of work,
// so that a lost one is cheap to repeat.
const DefaultPartitionBytes = 256 << 20

// AuditLog is a folder, with the folders in it, of audit log files as API servers write and rotate them: of one server or of
// all, plain or compressed, under any names. Every file is read, whatever it is called.
type AuditLog struct {
	Dir string
	// PartitionBytes is what a partition may hold; a larger file is one of its own. Zero means DefaultPartitionBytes.
	PartitionBytes int64
}

// Partition is files that are read together.
type Partition struct {
	Files []LogFile `json:"files"`
}

// LogFile names a file of a partition and says what it was when the folder was listed.
type LogFile struct {
	Name string `json:"name"` // relative to the folder, with slashes
	// Bytes is its size as stored, and Head the SHA-256 of its first bytes, at most headBytes: an audit log that was rotated
	// since then has another beginning.
	Bytes int64  `json:"bytes"`
	Head  string `json:"head"`
}

const headBytes = 1024

// ErrChanged tells that files are not what they were when the partitions were made, as after a rotation: make them anew.
var ErrChanged = errors.New("the log was rotated")

// Partitions lists the folder and shares its files out, in the order of their names; the same folder gives the same
// partitions. Of the time asked for, from is used: a rotated file is left out when its name says that it was closed long before
// (see closedBefore). What is neither a file, a folder nor a link to a file is an error that names it, as is a file that cannot
// be read.
func (a *AuditLog) Partitions(ctx context.Context, from, to time.Time) ([]Partition, error) {
	if !to.After(from) {
		return nil, fmt.Errorf("list audit log %s: end %s is not after start %s", a.Dir, to.Format(time.RFC3339), from.Format(time.RFC3339))
	}
	names, err := a.names(ctx)
	if err != nil {
		return nil, fmt.Errorf("list audit log: %w", err)
	}
	bound := a.PartitionBytes
	if bound <= 0 {
		bound = DefaultPartitionBytes
	}
	var all []Partition
	var size int64
	for _, name := range names {
		if closedBefore(name, from) {
			continue
		}
		file, err := a.look(name)
		if err != nil {
			return nil, fmt.Errorf("list audit log: %w", err)
		}
		if len(all) == 0 || size+file.Bytes > bound {
			all = append(all, Partition{})
			size = 0
		}
		last := &all[len(all)-1]
		last.Files = append(last.Files, file)
		size += file.Bytes
	}
	return all, nil
}

// names lists the files, sorted. Names that begin with two dots are the doubles that a mounted ConfigMap keeps.
func (a *AuditLog) names(ctx context.Context) ([]string, error) {
	var names []string
	root, err := filepath.EvalSymlinks(a.Dir)
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err := firstError(err, ctx.Err()); err != nil {
			return err
		}
		double := strings.HasPrefix(entry.Name(), "..") && path != root
		if entry.IsDir() {
			if double {
				return fs.SkipDir
			}
			return nil
		}
		if double {
			return nil
		}
		info, err := os.Stat(path) // of a link's target
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no file: give a folder that holds nothing but audit logs", path)
		}
		name, err := filepath.Rel(root, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	slices.Sort(names)
	return names, err
}

func firstError(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

func (a *AuditLog) path(name string) string { return filepath.Join(a.Dir, filepath.FromSlash(name)) }

func (a *AuditLog) look(name string) (LogFile, error) {
	file, err := os.Open(a.path(name))
	if err != nil {
		return LogFile{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return LogFile{}, err
	}
	head, err := readHead(file, min(info.Size(), headBytes))
	return LogFile{Name: name, Bytes: info.Size(), Head: head}, err
}

func readHead(file *os.File, size int64) (string, error) {
	head := make([]byte, size)
	if _, err := io.ReadFull(file, head); err != nil {
		return "", fmt.Errorf("read beginning of %s: %w", file.Name(), err)
	}
	sum := sha256.Sum256(head)
	return hex.EncodeToString(sum[:]), nil
}

// Read calls fn with every line of the partition, without its line end; the slice is valid only during the call. A damaged
// compressed file is told in the statistics: its lines up to the damage were given. A file that is missing, or that is not the
// one that was listed, is an error: the folder must be listed again.
func (a *AuditLog) Read(ctx context.Context, p Partition, fn func(line []byte)) (LineStats, error) {
	var all LineStats
	for _, file := range p.Files {
		stats, err := a.readFile(ctx, file, fn)
		all.Add(stats)
		if err != nil {
			return all, fmt.Errorf("read audit log: %w", err)
		}
	}
	return all, nil
}

func (a *AuditLog) readFile(ctx context.Context, listed LogFile, fn func(line []byte)) (LineStats, error) {
	file, err := os.Open(a.path(listed.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return LineStats{}, fmt.Errorf("%s is gone since the folder was listed: %w", listed.Name, ErrChanged)
	}
	if err != nil {
		return LineStats{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return LineStats{}, err
	}
	if info.Size() < listed.Bytes {
		return LineStats{}, fmt.Errorf("%s is shorter than when the folder was listed: %w", listed.Name, ErrChanged)
	}
	head, err := readHead(file, min(listed.Bytes, headBytes))
	if err != nil {
		return LineStats{}, err
	}
	if head != listed.Head {
		return LineStats{}, fmt.Errorf("%s is another file than when the folder was listed: %w", listed.Name, ErrChanged)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return LineStats{}, err
	}
	return ReadLines(ctx, file, func(line []byte) error {
		fn(bytes.TrimSpace(line))
		return nil
	})
}

// rotated finds the time of rotation in the name that an API server gives a full file: "audit-2026-11-21T00-00-00.123.log",
// with ".gz" when it compresses them.
var rotated = regexp.MustCompile(`-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3})(\.[^./]*)?(\.gz|\.zst)?$`)

const (
	// westmost is how far the local clock of the name may lie behind UTC.
	westmost = 12 * time.Hour
	// afterRotation is how long a stopping API server goes on writing to the file that its successor has rotated away; 25 s
	// and 60 s were measured (AL 37).
	afterRotation = time.Hour
)

// closedBefore tells whether the file's name alone shows that nothing in it is as late as from. Other names, and the file's
// modification time, which copying changes, show nothing.
func closedBefore(name string, from time.Time) bool {
	match := rotated.FindStringSubmatch(name)
	if match == nil {
		return false
	}
	at, err := time.Parse("2006-01-02T15-04-05.000", match[1])
	return err == nil && at.Add(westmost+afterRotation).Before(from)
}
