package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
)

// shownBad is how many of the lines that could not be stored are shown, and shownBytes how much of each.
const (
	shownBad   = 3
	shownBytes = 160
)

// badLines keeps the lines that could not be stored, byte for byte, so that they can be mended and sent again. Those that are too
// long to be read whole come in parts while others come whole, and so they have a file of their own.
type badLines struct {
	lines, long *lateFile
	show        io.Writer
	shown       int
}

func newBadLines(path string, show io.Writer) (*badLines, error) {
	b := &badLines{lines: &lateFile{}, long: &lateFile{}, show: show}
	if path == "" {
		return b, nil
	}
	b.lines.path, b.long.path = path, path+".long"
	for _, name := range []string{b.lines.path, b.long.path} {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return nil, usage("--bad is %q: there is a file %s; name another, or remove it", path, name)
		}
	}
	return b, nil
}

// add keeps a line, and shows the first few. It is called by one goroutine at a time.
func (b *badLines) add(line []byte, why string) error {
	if b.shown++; b.shown <= shownBad {
		fmt.Fprintf(b.show, "not stored, %s: %s\n", why, beginning(line))
	}
	if _, err := b.lines.Write(line); err != nil {
		return err
	}
	_, err := b.lines.Write([]byte("\n"))
	return err
}

// beginning is what is shown of a line; a control character in it could do things to a terminal.
func beginning(line []byte) string {
	text := fmt.Sprintf("%q", line[:min(len(line), shownBytes)])
	if text = text[1 : len(text)-1]; len(line) > shownBytes {
		text += "…"
	}
	return text
}

// Close writes what is left to the files.
func (b *badLines) Close() error {
	if err := errors.Join(b.lines.Close(), b.long.Close()); err != nil {
		return fmt.Errorf("keep bad lines: %w", err)
	}
	return nil
}

// lateFile is a file that is made with its first byte; without a path there is none. Nothing is written after Close.
type lateFile struct {
	path string

	mu     sync.Mutex
	file   *os.File
	out    *bufio.Writer
	closed bool
}

// Write adds to the file.
func (l *lateFile) Write(part []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.path == "" || l.closed || len(part) == 0 {
		return len(part), nil
	}
	if l.file == nil {
		file, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return 0, fmt.Errorf("keep bad lines: %w", err)
		}
		l.file, l.out = file, bufio.NewWriter(file)
	}
	n, err := l.out.Write(part)
	if err != nil {
		return n, fmt.Errorf("keep bad lines: %w", err)
	}
	return n, nil
}

// Close ends the file.
func (l *lateFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed = true; l.file == nil {
		return nil
	}
	return errors.Join(l.out.Flush(), l.file.Close())
}
