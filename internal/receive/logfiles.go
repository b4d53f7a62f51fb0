package receive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// openPrefix is what the open file's name begins with; dayLayout and stampLayout are the parts of a published one.
const (
	openPrefix  = ".open-"
	dayLayout   = "2006-01-02"
	stampLayout = "20060102T150405.000000Z"
)

// published is the name below the folder of a file that was opened under the name.
func published(open string) (string, error) {
	at, err := time.Parse(stampLayout, open[len(openPrefix):])
	if err != nil {
		return "", fmt.Errorf("read the time in the name %s: %w", open, err)
	}
	return filepath.Join(at.Format(dayLayout), "flows-"+open[len(openPrefix):]+".ndjson"), nil
}

// open begins a file whose name no other has.
func (w *writer) open(now time.Time) error {
	for at := now.UTC(); ; at = at.Add(time.Microsecond) {
		name := openPrefix + at.Format(stampLayout)
		to, err := published(name)
		if err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(w.Dir, to)); !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return err
			}
			continue
		}
		file, err := os.OpenFile(filepath.Join(w.Dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		w.file, w.name, w.size = file, name, 0
		w.due = now.Add(w.FileAge)
		if hour := now.Truncate(time.Hour).Add(time.Hour); hour.Before(w.due) {
			w.due = hour
		}
		return syncFolder(w.Dir)
	}
}

// rename publishes the file of that open name.
func (w *writer) rename(name string) error {
	to, err := published(name)
	if err != nil {
		return err
	}
	day := filepath.Join(w.Dir, filepath.Dir(to))
	if err := os.Mkdir(day, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.Rename(filepath.Join(w.Dir, name), filepath.Join(w.Dir, to)); err != nil {
		return err
	}
	return errors.Join(syncFolder(day), syncFolder(w.Dir))
}

// publish closes the open file and gives it the name under which it is read. The journal begins anew.
func (w *writer) publish() error {
	if w.file == nil {
		return nil
	}
	file, name := w.file, w.name
	w.file, w.size = nil, 0
	err := file.Close()
	if err == nil {
		err = w.rename(name)
	}
	if err == nil {
		err = w.journal.Close()
		w.journal = nil
	}
	if err == nil {
		w.window.prune(time.Now())
		w.journal, err = w.window.writeJournal(w.Dir)
	}
	if err != nil {
		w.abandon()
	}
	return err
}

// end publishes the open file.
func (w *writer) end() error {
	err := w.publish()
	w.abandon()
	return err
}
