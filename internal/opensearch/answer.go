package opensearch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// answer is what a search says beside its hits.
type answer struct {
	PIT      string // the identity of the point in time, which may have changed
	TimedOut bool
	Shards   shards
	Total    int64
	Hits     int
}

// shards tells how many copies of the data answered.
type shards struct {
	Total int64 `json:"total"`
	// Successful counts those that answered, and those that were passed over because nothing in them can match. A shard that no
	// node has is neither among them nor among the failed ones (seen with 2.19.6).
	Successful int64          `json:"successful"`
	Failed     int64          `json:"failed"`
	Failures   []shardFailure `json:"failures"`
}

type shardFailure struct {
	Index  string    `json:"index"`
	Shard  int64     `json:"shard"`
	Reason errorBody `json:"reason"`
}

// hit is one document.
type hit struct {
	Index  string          `json:"_index"`
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
	Sort   json.RawMessage `json:"sort"`
}

// incompleteError tells that a search did not look at everything.
type incompleteError struct {
	faults []string
	// expired tells that a point in time is gone, in whole or in part.
	expired bool
}

// Error names the first fault.
func (e *incompleteError) Error() string {
	return "search is incomplete: " + strings.Join(e.faults, "; ")
}

const maxFailures = 16

// incomplete says what of a search in the indices is missing; nil when nothing is. The texts name no node, so that they do not change
// from one attempt to the next.
func (a *answer) incomplete(indices string) *incompleteError {
	silent := a.Shards.Total - a.Shards.Successful
	if !a.TimedOut && a.Shards.Failed == 0 && silent <= 0 {
		return nil
	}
	e := &incompleteError{}
	for _, f := range a.Shards.Failures[:min(len(a.Shards.Failures), maxFailures)] {
		e.expired = e.expired || f.Reason.Type == missingContext
		e.faults = append(e.faults, fmt.Sprintf("shard %d of index %s failed: %s", f.Shard, f.Index, f.Reason.Type))
	}
	if len(e.faults) == 0 && max(silent, a.Shards.Failed) > 0 {
		e.faults = append(e.faults, fmt.Sprintf("%d of %d shards did not answer: %s", max(silent, a.Shards.Failed), a.Shards.Total, short(indices)))
	}
	if a.TimedOut {
		e.faults = append(e.faults, "the search ran out of time: "+short(indices))
	}
	slices.Sort(e.faults)
	e.faults = slices.Compact(e.faults)
	return e
}

// noShards is what is missing when no shard at all answered; nil for any other error.
func noShards(err error, indices string) *incompleteError {
	var refused *Error
	if !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable || refused.Type != "search_phase_execution_exception" ||
		refused.has(tooManyBuckets) {
		return nil
	}
	return &incompleteError{faults: []string{"no shard answered: " + short(indices)}}
}

// missingContext is the type of the error for a point in time that has expired.
const missingContext = "search_context_missing_exception"

// reading is how an answer is read. The server writes what it says of its shards before the hits, so check sees it before the
// first of them is given.
type reading struct {
	check func(*answer) error // may be nil
	hit   func(*hit) error    // may be nil: then there are no hits
	aggs  map[string]func(*json.Decoder) error
	told  func(bytes int64) // progress; may be nil
}

// read reads the answer to a search.
func (r *reading) read(in io.Reader) (*answer, error) {
	a := &answer{}
	d := json.NewDecoder(in)
	checked := false
	check := func() error {
		if checked || r.check == nil {
			return nil
		}
		checked = true
		return r.check(a)
	}
	err := object(d, func(name string) error {
		switch name {
		case "pit_id":
			return d.Decode(&a.PIT)
		case "timed_out":
			return d.Decode(&a.TimedOut)
		case "_shards":
			return d.Decode(&a.Shards)
		case "hits":
			if err := check(); err != nil {
				return err
			}
			return r.hits(d, a)
		case "aggregations":
			if err := check(); err != nil {
				return err
			}
			return r.aggregations(d)
		}
		return skip(d)
	})
	if err == nil {
		err = check()
	}
	return a, err
}

func (r *reading) hits(d *json.Decoder, a *answer) error {
	return object(d, func(name string) error {
		switch name {
		case "total":
			var total struct {
				Value int64 `json:"value"`
			}
			err := d.Decode(&total)
			a.Total = total.Value
			return err
		case "hits":
			return array(d, func() error {
				var h hit
				if err := d.Decode(&h); err != nil {
					return transferred(err)
				}
				a.Hits++
				if r.hit == nil {
					return nil
				}
				return r.hit(&h)
			})
		}
		return skip(d)
	})
}

func (r *reading) aggregations(d *json.Decoder) error {
	return object(d, func(name string) error {
		if read := r.aggs[name]; read != nil {
			return read(d)
		}
		return skip(d)
	})
}

// into reads a value into to.
func into(to any) func(*json.Decoder) error {
	return func(d *json.Decoder) error { return transferred(d.Decode(to)) }
}

// object calls member for each member of the object that comes next; member must read the value.
func object(d *json.Decoder, member func(name string) error) error {
	if err := delim(d, '{'); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return transferred(err)
		}
		if err := member(name.(string)); err != nil {
			return transferred(err)
		}
	}
	return delim(d, '}')
}

// array calls element for each element of the array that comes next; element must read it.
func array(d *json.Decoder, element func() error) error {
	if err := delim(d, '['); err != nil {
		return err
	}
	for d.More() {
		if err := element(); err != nil {
			return err
		}
	}
	return delim(d, ']')
}

func delim(d *json.Decoder, want json.Delim) error {
	token, err := d.Token()
	if err != nil {
		return transferred(err)
	}
	if token != want {
		return fmt.Errorf("read answer: %v where %v was expected", token, want)
	}
	return nil
}

func skip(d *json.Decoder) error {
	var nothing json.RawMessage
	return transferred(d.Decode(&nothing))
}

// transferred marks an error of the connection as one after which the reading can go on.
func transferred(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var mine *callerError
	var incomplete *incompleteError
	switch {
	case err == nil, broken(err), errors.As(err, &mine), errors.As(err, &incomplete), errors.Is(err, errTooLarge),
		errors.As(err, &kind), errors.As(err, &syntax):
		return err
	}
	return &brokenError{fmt.Errorf("read answer: %w", err)}
}

// callerError is a failure of what hits are given to.
type callerError struct{ error }

func (c *callerError) Unwrap() error { return c.error }
