package receive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// journalName is the file that names the pushes that are stored: one JSON line for each.
const journalName = ".pushes"

// entry is a line of the journal: the push is in the file, up to the byte at end.
type entry struct {
	SHA256 string    `json:"sha256"`
	At     time.Time `json:"at"` // when it was stored
	File   string    `json:"file"`
	End    int64     `json:"end"`
}

// window knows the pushes that were stored lately.
type window struct {
	length  time.Duration
	entries []entry // by time
	known   map[string]bool
	lost    bool // there was no journal
}

func newWindow(length time.Duration) *window {
	return &window{length: length, known: map[string]bool{}}
}

func keyOf(digest [sha256.Size]byte) string { return hex.EncodeToString(digest[:]) }

func (w *window) add(e entry) {
	w.entries = append(w.entries, e)
	w.known[e.SHA256] = true
}

// prune forgets what is older than the window, and more than maxWindow.
func (w *window) prune(now time.Time) {
	n := max(0, len(w.entries)-maxWindow)
	for n < len(w.entries) && now.Sub(w.entries[n].At) > w.length {
		n++
	}
	if n == 0 {
		return
	}
	for _, e := range w.entries[:n] {
		delete(w.known, e.SHA256)
	}
	w.entries = append([]entry(nil), w.entries[n:]...)
}

// has tells whether the push was stored within the window.
func (w *window) has(digest [sha256.Size]byte, now time.Time) bool {
	w.prune(now)
	return w.known[keyOf(digest)]
}

// ends is how far each file is stored.
func (w *window) ends() map[string]int64 {
	ends := map[string]int64{}
	for _, e := range w.entries {
		ends[e.File] = max(ends[e.File], e.End)
	}
	return ends
}

// readWindow reads the journal. A line that was cut by a crash is left out: its push was not acknowledged.
func readWindow(folder string, length time.Duration) (*window, error) {
	w := newWindow(length)
	raw, err := os.ReadFile(filepath.Join(folder, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		w.lost = true
		return w, nil
	}
	if err != nil {
		return nil, err
	}
	for line := range bytes.SplitSeq(raw, []byte("\n")) {
		var e entry
		if json.Unmarshal(line, &e) == nil && len(e.SHA256) == 2*sha256.Size {
			w.add(e)
		}
	}
	return w, nil
}

// writeJournal writes the journal anew and opens it for more.
func (w *window) writeJournal(folder string) (*os.File, error) {
	var text bytes.Buffer
	for _, e := range w.entries {
		if err := e.appendTo(&text); err != nil {
			return nil, err
		}
	}
	file, err := os.OpenFile(filepath.Join(folder, journalName+".new"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = file.Write(text.Bytes())
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(folder, journalName))
	}
	if err == nil {
		err = syncFolder(folder)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func (e entry) appendTo(text *bytes.Buffer) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode journal entry: %w", err)
	}
	text.Write(line)
	return text.WriteByte('\n')
}

// syncFolder makes the names in the folder durable.
func syncFolder(folder string) error {
	file, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Sync()
}
