package flow

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"github.com/probity/probity/internal/interval"
)

// Schema names the form of an encoded reducer. A newer Probity reads all older ones.
const Schema = "probity.flow.groups/v1"

// header is the first line of an encoded reducer.
type header struct {
	Schema   string            `json:"schema"`
	Interval interval.Interval `json:"interval"`
	Stats    Stats             `json:"stats"`
}

// trailer is the last line. It tells a complete document from one that was cut.
type trailer struct {
	Groups *int64 `json:"groups,omitempty"`
}

// Encode writes the reducer for a later Decode or MergeRuns: one JSON document a line, a header with the schema, the
// interval and the statistics, then the groups sorted by key, then a trailer with their number. The same records give the
// same bytes, however they were split, ordered and merged.
func (r *Reducer) Encode(w io.Writer) error {
	if r.err != nil {
		return r.err
	}
	return encode(w, header{Schema, r.options.Interval, r.Stats()}, r.sorted())
}

func encode(w io.Writer, head header, entries iter.Seq2[entry, error]) error {
	buffered := bufio.NewWriterSize(w, 1<<16)
	out := json.NewEncoder(buffered)
	out.SetEscapeHTML(false)
	if err := out.Encode(head); err != nil {
		return fmt.Errorf("encode flow groups: %w", err)
	}
	var n int64
	for e, err := range entries {
		if err != nil {
			return err
		}
		if err := out.Encode(e.group(keyOf(e.key))); err != nil {
			return fmt.Errorf("encode flow groups: %w", err)
		}
		n++
	}
	if err := out.Encode(trailer{&n}); err != nil {
		return fmt.Errorf("encode flow groups: %w", err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("encode flow groups: %w", err)
	}
	return nil
}

// Decode adds an encoded reducer. Both must be for the same interval. On an error r may hold a part of the groups and must
// be thrown away.
func (r *Reducer) Decode(rd io.Reader) error {
	in, err := openRun(rd)
	if err != nil {
		return err
	}
	if err := r.fits(in.head.Interval); err != nil {
		return err
	}
	r.coverage.add(in.head.Stats)
	for {
		e, err := in.next()
		if err != nil || e == nil {
			return err
		}
		r.addSums(printOf([]byte(e.key)), e.key, &e.sums)
		if r.err != nil {
			return r.err
		}
	}
}
