package receive

import (
	"fmt"
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

func (w *writer) repair(ends map[string]int64) error {
	names, err := filepath.Glob(filepath.Join(w.Dir, openPrefix+"*"))
	if err != nil {
		return err
	}
	for _, path := range names {
		name := filepath.Base(path)
		if err := w.cut(path, ends[name]); err != nil {
			return fmt.Errorf("repair %s: %w", name, err)
		}
		if ends[name] == 0 {
			err = os.Remove(path)
		} else {
			err = w.rename(name)
		}
		if err != nil {
			return fmt.Errorf("repair %s: %w", name, err)
		}
	}
	return nil
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
