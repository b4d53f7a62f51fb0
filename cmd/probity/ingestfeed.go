package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/probity/probity/internal/logfile"
	"github.com/probity/probity/internal/opensearch"
)

// standardInput is how standard input is named.
const standardInput = "-"

// ingestFiles lists the files, those of folders in the order of their names. Names that begin with a dot are passed over in folders.
func ingestFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		if arg == standardInput {
			files = append(files, arg)
			continue
		}
		info, err := os.Stat(arg)
		if err != nil {
			return nil, fmt.Errorf("find logs: %w", err)
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		inside, err := filesBelow(arg)
		if err != nil {
			return nil, fmt.Errorf("list folder %s: %w", arg, err)
		}
		if len(inside) == 0 {
			return nil, usage("folder %s holds no files", arg)
		}
		files = append(files, inside...)
	}
	return files, nil
}

func filesBelow(dir string) ([]string, error) {
	var files []string
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := path != root && strings.HasPrefix(entry.Name(), ".")
		switch {
		case hidden && entry.IsDir():
			return fs.SkipDir
		case hidden || entry.IsDir():
			return nil
		}
		info, err := os.Stat(path) // of a link's target
		if err == nil && info.Mode().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	slices.Sort(files)
	return files, err
}

// feed stores the files' lines one file after the other. Reading stops with ctx, though standard input may not be told.
func (a *app) feed(ctx context.Context, store *opensearch.Store, files []string, bad *badLines, done *ingested) error {
	feed := opensearch.NewFeed(ctx, store, bad.add)
	r := &ingestReader{feed: feed, bad: bad}
	ended := make(chan error, 1)
	go func() { ended <- r.readAll(ctx, files) }()
	stop := a.showIngest(r)
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = ctx.Err()
	}
	stored, feedErr := feed.End()
	stop()
	done.Stored = stored
	if feedErr != nil {
		return feedErr // what reading met then is only its effect
	}
	if err == nil {
		done.Files, done.Bytes, done.Damaged = len(files), r.stats.Bytes, r.stats.Damaged
		if n := r.stats.TooLong; n > 0 {
			done.Add(&opensearch.Stored{Read: n, Bad: n, Why: map[string]int64{fmt.Sprintf("longer than %d MiB", logfile.MaxLine>>20): n}})
		}
		err = store.Refresh(ctx)
	}
	return err
}

// ingestReader reads files into a feed.
type ingestReader struct {
	feed  *opensearch.Feed
	bad   *badLines
	stats logfile.LineStats // complete when readAll has returned
	name  atomic.Value      // of the file that is read
}

func (r *ingestReader) readAll(ctx context.Context, files []string) error {
	for _, name := range files {
		r.name.Store(name)
		if err := r.read(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (r *ingestReader) read(ctx context.Context, name string) error {
	in := os.Stdin
	if name != standardInput {
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("open log: %w", err)
		}
		defer file.Close()
		in = file
	}
	stats, err := logfile.ReadLinesAside(ctx, in, r.feed.Add, r.bad.long)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if stats.Truncated {
		stats.Damaged = []string{name}
	}
	r.stats.Add(stats)
	return nil
}

// showIngest writes how far it is to a terminal, until the returned function is called.
func (a *app) showIngest(r *ingestReader) (stop func()) {
	if a.err != io.Writer(os.Stderr) || !isTerminal(os.Stderr) {
		return func() {}
	}
	ending, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for began := time.Now(); ; {
			select {
			case <-ending:
				fmt.Fprint(a.err, "\r\x1b[K")
				return
			case now := <-ticker.C:
				s := r.feed.Stored()
				fmt.Fprintf(a.err, "\r\x1b[K%s: %d lines, %.0f a second, %d bad, %d refused",
					r.name.Load(), s.Read, float64(s.Read)/now.Sub(began).Seconds(), s.Bad, s.Refused)
			}
		}
	}()
	return func() {
		close(ending)
		<-ended
	}
}
