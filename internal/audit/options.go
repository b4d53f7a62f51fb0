package audit

import (
	"io"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/interval"
)

const (
	// DefaultLookAhead is how long after the interval's end a Collector still looks for the end of namespaces. Deleting a
	// namespace was measured to take ten seconds (AL 12); finalizers of its contents and long grace periods stretch that to
	// minutes.
	DefaultLookAhead = 10 * time.Minute

	// DefaultMaxBytes is how many bytes of entries a Collector with a Spill holds in memory.
	DefaultMaxBytes = 64 << 20
)

// CollectorOptions says what a Collector looks for. All partitions of one log must be read with the same options.
type CollectorOptions struct {
	// From is the time of the snapshot that the changes build on; earlier events are left out. Zero means Interval.Start.
	From time.Time
	// Interval is what the report speaks about. Entries are kept from From to Interval.End, which is not part of it.
	Interval interval.Interval
	// LookAhead is how long after Interval.End events are still read. They never become entries: they only tell whether a
	// namespace that was deleted before the end was gone by then (NamespaceFacts). Zero means DefaultLookAhead.
	LookAhead time.Duration
	// Selection lists the resources whose events are kept whole, as in GlobalReportType.auditEventsSelection; a blank field
	// is a wildcard. Nil keeps no event whole.
	Selection []v3.AuditResource
	// MaxBytes bounds the memory for entries when Spill is set. Zero means DefaultMaxBytes.
	MaxBytes int
	// Spill makes a place outside memory for one sorted chunk of entries. Nil keeps everything in memory.
	Spill func() (SpillFile, error)
}

// SpillFile holds one chunk of entries outside memory. It is written from its start to its end, then Rewind is called once,
// and it is read from its start. Close frees what it holds.
type SpillFile interface {
	io.ReadWriteCloser
	// Rewind ends the writing and makes the next Read start at the first byte.
	Rewind() error
}

func (o CollectorOptions) withDefaults() CollectorOptions {
	if o.From.IsZero() {
		o.From = o.Interval.Start
	}
	if o.LookAhead <= 0 {
		o.LookAhead = DefaultLookAhead
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	return o
}
