package opensearch

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/flow"
)

// document is a line that is sent.
type document struct {
	index string
	id    [43]byte // base64url without padding: a server keeps such an identity as the bytes that it stands for
	line  []byte
}

// batch is the storing of some lines. What it needs is kept for the next ones.
type batch struct {
	store *Store
	dater flow.Dater
	days  map[int64]string // by days since 1970
	docs  []document
	body  []byte

	aside    Aside
	done     Stored
	attempt  int
	deadline time.Time
}

func newBatch(s *Store) *batch { return &batch{store: s, days: map[int64]string{}} }

func (b *batch) begin(aside Aside) {
	b.docs, b.done, b.aside = b.docs[:0], Stored{}, aside
	b.patient()
}

// end lets go of the lines.
func (b *batch) end() {
	clear(b.docs)
	b.aside = nil
}

func (b *batch) patient() {
	b.attempt, b.deadline = 0, time.Now().Add(b.store.client.options.Patience)
}

// take makes a document of a line, or puts it aside.
func (b *batch) take(line []byte) error {
	line = oneLine(bytes.TrimSpace(line)) // a document is one line of a request
	if len(line) == 0 {
		return nil
	}
	b.done.Read++
	index, why := b.index(line)
	if len(line) > MaxLine {
		why = fmt.Sprintf("longer than %d MiB", MaxLine>>20)
	}
	if why != "" {
		b.done.Bad++
		return b.putAside(line, why, why)
	}
	sum := sha256.Sum256(line)
	d := document{index: index, line: line}
	base64.RawURLEncoding.Encode(d.id[:], sum[:])
	b.docs = append(b.docs, d)
	return nil
}

// putAside counts a line under a reason, and gives it to the caller with all that is known of it.
func (b *batch) putAside(line []byte, reason, text string) error {
	b.done.because(reason, 1)
	if b.aside == nil {
		return nil
	}
	return b.aside(line, text)
}

// index is the index that the line belongs to; why says why it has none.
func (b *batch) index(line []byte) (index, why string) {
	if b.store.kind == AuditEvents {
		at, why := audit.TimeOf(line)
		return b.named(at, ""), why
	}
	times, reason := b.dater.Times(line)
	switch {
	case reason != "":
		return "", string(reason)
	case times.Seconds:
		return b.named(times.Start, ""), ""
	case !b.store.daily:
		return "", "times that are not in whole seconds need daily indices"
	}
	return b.named(times.Start, textTimes), ""
}

// maxDays bounds the names that are remembered.
const maxDays = 1000

func (b *batch) named(at time.Time, end string) string {
	if !b.store.daily {
		return b.store.prefix
	}
	day := floor(at.Unix(), 24*60*60)
	if end != "" {
		day = -day - 1 // has a name of its own
	}
	name, ok := b.days[day]
	if !ok {
		if len(b.days) >= maxDays {
			clear(b.days)
		}
		name = b.store.prefix + at.UTC().Format("20060102") + end
		b.days[day] = name
	}
	return name
}
