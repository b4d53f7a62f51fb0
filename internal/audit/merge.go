package audit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// sameWithin is how far the stageTimestamps of two copies of one event may lie apart. Copies from overlapping files agree to
// the microsecond; those of an aggregating and an aggregated API server differ by the time that the answer took to pass on,
// some milliseconds, and by their clocks. Copies further apart count as two requests.
const sameWithin = 5 * time.Second

// maxEntry bounds one line of a run: twice the longest line of a log (an event and what was made of it), and some more for
// escaping.
const maxEntry = 64 << 20

// Merged is the stream of entries of a whole log. It is not safe for concurrent use.
type Merged struct {
	facts  Facts
	sorted *sorted
	runs   []io.Reader
	copies copies
	err    error
	ended  bool
}

// Merge joins the runs that Encode wrote, and the facts that it returned, into one stream in which each request appears once.
// Which lines were in which partition does not show in it. The runs are read as the stream is; only the entries of the last
// few seconds are held.
func Merge(facts []Facts, runs []io.Reader) *Merged {
	m := &Merged{runs: runs, copies: newCopies()}
	for _, f := range facts {
		m.facts.Add(f)
	}
	m.copies.recorded = m.facts.Recorded != nil
	m.facts.NamespaceEnds = m.facts.namespaceEnds()
	return m
}

// Next returns the next entry; false after the last. An error names the run; the stream ends with it.
func (m *Merged) Next() (Entry, bool, error) {
	if m.err != nil {
		return Entry{}, false, m.err
	}
	entry, ok, err := m.next()
	if err != nil {
		m.err = err
		return Entry{}, false, err
	}
	switch {
	case !ok:
	case entry.Recorded:
		m.facts.recorded().Entries++
	default:
		m.facts.Entries++
	}
	return entry, ok, nil
}

// Facts are the sum of the partitions' facts. The counts of the merge itself are complete when Next has returned false.
func (m *Merged) Facts() Facts { return m.facts }

func (m *Merged) next() (Entry, bool, error) {
	if m.sorted == nil {
		if err := m.open(); err != nil {
			return Entry{}, false, err
		}
	}
	for {
		if entry, ok := m.copies.pop(m.ended); ok {
			return entry, true, nil
		}
		if m.ended {
			m.facts.Duplicates = m.copies.dropped
			if m.facts.Recorded != nil {
				m.facts.Recorded.Duplicates = m.copies.droppedRecorded
			}
			return Entry{}, false, nil
		}
		r, err := m.sorted.next()
		if errors.Is(err, io.EOF) {
			m.ended = true
			continue
		}
		if err != nil {
			return Entry{}, false, err
		}
		m.copies.push(*r.entry, r.line)
	}
}

func (m *Merged) open() error {
	inferred, err := m.facts.inferredEnds()
	if err != nil {
		return err
	}
	sources := []source{&heldSource{inferred}}
	for i, run := range m.runs {
		lines := bufio.NewScanner(run)
		lines.Buffer(make([]byte, 0, 64<<10), maxEntry)
		sources = append(sources, &runSource{number: i, lines: lines})
	}
	m.sorted, err = newSorted(sources)
	return err
}

func decodeEntry(line []byte) (Entry, error) {
	var entry Entry
	if err := json.Unmarshal(line, &entry); err != nil {
		return Entry{}, fmt.Errorf("decode audit entry: %w", err)
	}
	return entry, nil
}

// runSource reads a run and holds its writer to its promise: sorted, one entry a line.
type runSource struct {
	number int
	lines  *bufio.Scanner
	last   record
}

func (s *runSource) next() (record, error) {
	if !s.lines.Scan() {
		if err := s.lines.Err(); err != nil {
			return record{}, fmt.Errorf("read run %d of audit entries: %w", s.number, err)
		}
		return record{}, io.EOF
	}
	line := append([]byte(nil), s.lines.Bytes()...)
	entry, err := decodeEntry(line)
	if err != nil {
		return record{}, fmt.Errorf("run %d: %w", s.number, err)
	}
	r := record{at: entry.Time.UnixMicro(), order: entry.order(), line: line, entry: &entry}
	if s.last.line != nil && s.last.compare(&r) > 0 {
		return record{}, fmt.Errorf("run %d of audit entries is not sorted: %s stands after a later entry", s.number, entry.Time.Format(time.RFC3339Nano))
	}
	s.last = r
	return r, nil
}
