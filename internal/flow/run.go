package flow

import (
	"io"
	"iter"

	"github.com/probity/probity/internal/interval"
)

// Runs reads encoded reducers as one: their groups merged while reading, in order, without holding them.
type Runs struct {
	interval interval.Interval
	stats    Stats
}

// MergeRuns opens encoded reducers and reads their headers. All must be for the same interval. The readers stay in use
// until Groups has ended.
func MergeRuns(readers ...io.Reader) (*Runs, error) { return nil, nil }

// Interval is the one that the reducers were made for.
func (m *Runs) Interval() interval.Interval { return m.interval }

// Stats is the sum of the runs' statistics.
func (m *Runs) Stats() Stats { return m.stats }

// Groups iterates over the merged groups, sorted by key, once. It ends after the first error.
func (m *Runs) Groups() iter.Seq2[Group, error] { return nil }

// Encode writes the merged groups as Reducer.Encode would; Groups must not have been used.
func (m *Runs) Encode(w io.Writer) error { return nil }
