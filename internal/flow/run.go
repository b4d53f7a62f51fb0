package flow

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/probity/probity/internal/interval"
)

// Runs reads encoded reducers as one: their groups merged while reading, in order, without holding them.
type Runs struct {
	interval interval.Interval
	stats    Stats
	sources  []source
	used     bool
}

// MergeRuns opens encoded reducers and reads their headers. There must be at least one, all for the same interval. The
// readers stay in use until Groups or Encode has ended.
func MergeRuns(readers ...io.Reader) (*Runs, error) {
	if len(readers) == 0 {
		return nil, errors.New("merge flow groups: no encoded reducer given")
	}
	sum := &Reducer{}
	out := &Runs{}
	for i, rd := range readers {
		in, err := openRun(rd)
		if err != nil {
			return nil, fmt.Errorf("reducer %d of %d: %w", i+1, len(readers), err)
		}
		if i == 0 {
			sum.options.Interval, sum.coverage = in.head.Interval, newCoverage(in.head.Interval)
		}
		if err := sum.fits(in.head.Interval); err != nil {
			return nil, err
		}
		sum.coverage.add(in.head.Stats)
		out.sources = append(out.sources, in)
	}
	out.interval, out.stats = sum.options.Interval, sum.coverage.stats()
	return out, nil
}

// Interval is the one that the reducers were made for.
func (m *Runs) Interval() interval.Interval { return m.interval }

// Stats is the sum of the runs' statistics.
func (m *Runs) Stats() Stats { return m.stats }

// Groups iterates over the merged groups, sorted by key. It ends after the first error; it can be used once.
func (m *Runs) Groups() iter.Seq2[Group, error] {
	return groups(m.entries())
}

// Encode writes the merged groups as Reducer.Encode does. It can be used once, instead of Groups.
func (m *Runs) Encode(w io.Writer) error {
	return encode(w, header{Schema, m.interval, m.stats}, m.entries())
}

func (m *Runs) entries() iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		if m.used {
			yield(entry{}, errors.New("merge flow groups: the runs were read already"))
			return
		}
		m.used = true
		merge(m.sources)(yield)
	}
}

func groups(entries iter.Seq2[entry, error]) iter.Seq2[Group, error] {
	return func(yield func(Group, error) bool) {
		for e, err := range entries {
			if err != nil {
				yield(Group{}, err)
				return
			}
			if !yield(e.group(keyOf(e.key)), nil) {
				return
			}
		}
	}
}
