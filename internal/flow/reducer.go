package flow

import (
	"fmt"
	"iter"

	"github.com/probity/probity/internal/interval"
)

// DefaultMaxGroups is how many groups a Reducer keeps in memory when Options say nothing. A group takes about 340 bytes with
// what is remembered of its lines (measured with 200,000 groups of pods), so this is some 80 MiB for each reducer.
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
	options  Options
	coverage coverage
	layout   *layout
	keys     interpreter
	groups   memory
	lines    printTable // group numbers by the fingerprints of lines; a cache
	runs     []SpillRun
	err      error

	// What lines need, kept so that a line costs no memory.
	batch   []pending
	draft   draft
	scratch []byte
	reached int64 // of no meaning: the sum of what was read only to have it in the cache
}

// NewReducer returns an empty reducer.
func NewReducer(o Options) *Reducer {
	if o.MaxGroups <= 0 {
		o.MaxGroups = DefaultMaxGroups
	}
	return &Reducer{options: o, coverage: newCoverage(o.Interval), layout: newLayout(), batch: make([]pending, 0, batchSize)}
}

// Options are those that the reducer was made with.
func (r *Reducer) Options() Options { return r.options }

// AddTooLong counts lines that the reader skipped because of their length.
func (r *Reducer) AddTooLong(n int64) { r.coverage.tooLong += n }

// Merge adds everything that o holds, spilled runs included. o must not be used afterwards. Both must have been made for
// the same interval.
func (r *Reducer) Merge(o *Reducer) error {
	if err := r.fits(o.options.Interval); err != nil {
		return err
	}
	r.coverage.merge(&o.coverage)
	if r.err == nil {
		r.err = o.err
	}
	for i := 0; i < o.groups.n && r.err == nil; i++ {
		from, at := o.groups.blocks[i/blockSize], i%blockSize
		r.addSums(from.prints[at], from.keys[at], &from.sums[at])
	}
	r.runs = append(r.runs, o.runs...)
	if r.err == nil && len(r.runs) >= maxRuns {
		r.err = r.compact()
	}
	return r.err
}

func (r *Reducer) fits(iv interval.Interval) error {
	if mine := r.options.Interval; !mine.Start.Equal(iv.Start) || !mine.End.Equal(iv.End) {
		return fmt.Errorf("merge flows of %s into those of %s: the intervals must be the same", iv, mine)
	}
	return nil
}

// addSums adds to the group with the key, which is not looked at when its fingerprint is known.
func (r *Reducer) addSums(print fingerprint, key string, s *sums) {
	number := r.groups.known.find(print)
	if number == none {
		r.scratch = append(r.scratch[:0], key...)
		number = r.groupOf(print, r.scratch)
	}
	r.groups.at(number).add(s)
}

// Groups iterates over the groups, sorted by key. It ends after the first error, which only spilled runs can cause.
func (r *Reducer) Groups() iter.Seq2[Group, error] {
	return groups(r.sorted())
}

// Stats says what the lines held.
func (r *Reducer) Stats() Stats { return r.coverage.stats() }

// Err is the first error of a spill, after which the groups are incomplete; Encode and Groups return it too.
func (r *Reducer) Err() error { return r.err }
