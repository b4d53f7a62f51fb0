package receive

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// writer writes the files of a folder. After a fault it begins again with the next request.
type writer struct {
	FolderOptions
	begun   bool
	window  *window
	journal *os.File

	file *os.File // the open file; nil when there is none
	name string   // what it will be called, below Dir
	size int64    // of what is stored in it
	due  time.Time
}

// begin repairs what is there: of a file that was left open what is no whole stored push is cut off, and it is published.
func (w *writer) begin(now time.Time) error {
	if w.begun {
		return nil
	}
	if err := w.sweep(); err != nil {
		return err
	}
	known, err := readWindow(w.Dir, w.Window)
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	if err := w.repair(known); err != nil {
		return err
	}
	known.prune(now)
	if w.journal, err = known.writeJournal(w.Dir); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	w.window, w.begun = known, true
	return nil
}

// commit stores the pushes of the group and answers each request.
func (w *writer) commit(group []*request) {
	now := time.Now().UTC()
	err := w.begin(now)
	if err == nil {
		err = w.store(group, now)
	}
	if err != nil {
		w.abandon()
		err = &SinkError{fmt.Errorf("store pushed flows: %w", err)}
	}
	for _, r := range group {
		if r.duplicate && r.push != nil && w.window != nil && w.window.known[keyOf(r.push.Digest)] {
			r.answer <- nil // it was stored before
			continue
		}
		r.answer <- err
	}
	if w.file != nil && w.size >= w.FileBytes {
		if err := w.publish(); err != nil {
			w.Logger.Error("a file of received flows could not be closed; it is tried again", "folder", w.Dir, "error", err)
		}
	}
}

// store writes the pushes that are new, syncs once, and then names them in the journal.
func (w *writer) store(group []*request, now time.Time) error {
	if err := w.present(); err != nil {
		return err
	}
	var entries []entry
	within := map[string]bool{}
	size := w.size
	for _, r := range group {
		if r.push == nil {
			continue
		}
		key := keyOf(r.push.Digest)
		if r.duplicate = within[key] || w.window.has(r.push.Digest, now); r.duplicate {
			continue
		}
		n, err := w.append(r.push, now)
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		size += n
		within[key] = true
		entries = append(entries, entry{SHA256: key, At: now, File: filepath.Base(w.file.Name()), End: size})
	}
	if len(entries) == 0 {
		return nil
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	return w.note(entries, size)
}

// present tells whether the files are still in the folder: one that was removed can be written to, and synced, in vain.
func (w *writer) present() error {
	for _, file := range []*os.File{w.journal, w.file} {
		if file == nil {
			continue
		}
		name := file.Name()
		if file == w.journal {
			name = filepath.Join(w.Dir, journalName)
		}
		there, err := os.Stat(name)
		if err != nil {
			return err
		}
		held, err := file.Stat()
		if err != nil {
			return err
		}
		if !os.SameFile(there, held) {
			return fmt.Errorf("write to %s: another file has taken its place", name)
		}
	}
	return nil
}

// append writes one push to the open file. It gives the bytes written.
func (w *writer) append(p *Push, now time.Time) (int64, error) {
	dropped, err := p.droppedLines()
	if err != nil {
		return 0, err
	}
	total := p.spool.size + int64(len(dropped))
	if total == 0 {
		return 0, nil
	}
	if w.file == nil {
		if err := w.open(now); err != nil {
			return 0, err
		}
	}
	counted := &countingWriter{out: w.file}
	if err := p.spool.copyTo(counted); err != nil {
		return 0, err
	}
	if _, err := counted.Write(dropped); err != nil {
		return 0, err
	}
	if counted.n != total {
		return 0, fmt.Errorf("write %d bytes of a push, not %d", counted.n, total)
	}
	return total, nil
}

type countingWriter struct {
	out io.Writer
	n   int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.out.Write(p)
	c.n += int64(n)
	return n, err
}

// note names the pushes in the journal: from then on they are stored.
func (w *writer) note(entries []entry, size int64) error {
	var text bytes.Buffer
	for _, e := range entries {
		if err := e.appendTo(&text); err != nil {
			return err
		}
	}
	if _, err := w.journal.Write(text.Bytes()); err != nil {
		return err
	}
	if err := w.journal.Sync(); err != nil {
		return err
	}
	for _, e := range entries {
		w.window.add(e)
	}
	w.size = size
	return nil
}

// abandon lets go of the files after a fault; begin repairs them, since what the kernel holds of them is not known.
func (w *writer) abandon() {
	if w.file != nil {
		w.file.Close()
	}
	if w.journal != nil {
		w.journal.Close()
	}
	w.file, w.journal, w.size, w.begun = nil, nil, 0, false
}
