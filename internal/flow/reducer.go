package flow

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/probity/probity/internal/interval"
)

// DefaultMaxGroups is how many groups a Reducer keeps in memory when Options say nothing. A group with its caches takes
// about 1.2 KiB, so this is 300 MiB for each reducer.
const DefaultMaxGroups = 250_000

// Options configure a Reducer.
type Options struct {
	// Interval selects the records: those whose [start, end) overlaps it.
	Interval interval.Interval
	// MaxGroups bounds the groups in memory; 0 means DefaultMaxGroups. More go to Spill.
	MaxGroups int
	// Spill may be nil; then more than MaxGroups groups are an error.
	Spill Spill
}

// Reducer groups flow records. It is not safe for use by several goroutines: give each its own and Merge them.
type Reducer struct {
	options Options
	err     error
}

// NewReducer returns an empty reducer.
func NewReducer(o Options) *Reducer { return &Reducer{options: o} }

// AddLine adds one line of a flow log, in either form. A line that is no flow record is counted with its reason in Stats.
// The line is not kept.
func (r *Reducer) AddLine(line []byte) {}

// AddTooLong counts lines that the reader skipped because of their length.
func (r *Reducer) AddTooLong(n int64) {}

// Merge adds everything that o holds, spilled runs included. o must not be used afterwards. Both must have been made for
// the same interval.
func (r *Reducer) Merge(o *Reducer) error { return errors.New("") }

// Encode writes the reducer for a later Decode, MergeRuns or OpenRun: one JSON document a line, a header with the schema,
// the interval and the statistics, then the groups sorted by key, then a trailer with their number. The same records give
// the same bytes, however they were split, ordered and merged.
func (r *Reducer) Encode(w io.Writer) error { return r.err }

// Decode adds an encoded reducer. Both must be for the same interval. On an error r may hold a part of the groups and must
// be thrown away.
func (r *Reducer) Decode(rd io.Reader) error { return fmt.Errorf("") }

// Groups iterates over the groups, sorted by key. It ends after the first error, which only spilled runs can cause.
func (r *Reducer) Groups() iter.Seq2[Group, error] { return nil }

// Stats says what the lines held.
func (r *Reducer) Stats() Stats { return Stats{} }

// Err is the first error of a spill, after which the groups are incomplete; Encode and Groups return it too.
func (r *Reducer) Err() error { return r.err }
