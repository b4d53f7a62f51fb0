package receive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// sweep removes spools that a process before left.
func (w *writer) sweep() error {
	if w.window != nil {
		return nil // they are of this process
	}
	names, err := filepath.Glob(filepath.Join(w.Dir, spoolPattern))
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// repair publishes the files that were left open, as far as the journal says that they are stored. Without a journal, which
// only somebody can have removed, all their whole lines are kept.
func (w *writer) repair(known *window) error {
	ends := known.ends()
	names, err := filepath.Glob(filepath.Join(w.Dir, openPrefix+"*"))
	if err != nil {
		return err
	}
	for _, path := range names {
		name := filepath.Base(path)
		end := ends[name]
		if known.lost {
			w.Logger.Error("the journal of received flows is gone: keeping all whole lines", "file", path)
			if end, err = wholeLines(path); err != nil {
				return fmt.Errorf("repair %s: %w", name, err)
			}
		}
		if err := w.settle(path, end); err != nil {
			return fmt.Errorf("repair %s: %w", name, err)
		}
	}
	return nil
}

// settle publishes what is stored of a file that was left open.
func (w *writer) settle(path string, end int64) error {
	if err := w.cut(path, end); err != nil {
		return err
	}
	if end == 0 {
		return os.Remove(path)
	}
	return w.rename(filepath.Base(path))
}

// wholeLines is where the last line feed of a file ends.
func wholeLines(path string) (end int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	buffer := make([]byte, 256<<10)
	for at := int64(0); ; {
		n, err := file.ReadAt(buffer, at)
		if i := bytes.LastIndexByte(buffer[:n], '\n'); i >= 0 {
			end = at + int64(i) + 1
		}
		at += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			return end, nil
		case err != nil:
			return 0, err
		}
	}
}

// cut leaves the stored part of a file.
func (w *writer) cut(path string, end int64) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	switch {
	case info.Size() < end:
		w.Logger.Error("a file of received flows is shorter than what was stored in it: the disk lost data",
			"file", path, "bytes", info.Size(), "stored", end)
		return nil
	case info.Size() == end:
		return nil
	}
	w.Logger.Warn("cutting off what was not acknowledged", "file", path, "bytes", info.Size()-end)
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Truncate(end); err != nil {
		return err
	}
	return file.Sync()
}
