package opensearch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// scan is the reading of all documents that a query finds, in the order of a time and then of what makes the order unique:
// an identity, which two indices may both have, and the index.
type scan struct {
	client  *Client
	indices string // names with commas between
	query   m
	sort    string // field; "" for none
	fields  []string
	give    func(*hit) error
	told    func(bytes int64) // progress; may be nil

	pit      string
	after    json.RawMessage
	size     int
	fresh    bool // whether the point in time is new, so that its total is not known
	deadline time.Time
	attempt  int
	accept   bool // whether what is missing is noted rather than waited for
	found    scanned
}

// scanned says what a scan read.
type scanned struct {
	Rows   int64
	Bytes  int64 // of the documents
	Total  int64 // what the server counted in the point in time that was read last
	Faults []string
}

const (
	// firstPage is how many documents are asked for at first; later pages hold about pageBytes.
	firstPage = 500
	pageBytes = 4 << 20
	// maxPage is what a server gives at a time (index.max_result_window).
	maxPage = 10_000
)

// run reads to the end. The point in time is opened again where it expires or shards move, and the reading goes on behind the
// last document that was given. Shards that do not come back while the client is patient are faults.
func (s *scan) run(ctx context.Context) (scanned, error) {
	defer func() { s.client.closePIT(ctx, s.pit) }()
	s.size = firstPage
	s.deadline = time.Now().Add(s.client.options.Patience)
	for {
		hits, err := s.page(ctx)
		if err == nil {
			s.attempt, s.accept, s.deadline = 0, false, time.Now().Add(s.client.options.Patience)
			if hits < s.size {
				break
			}
			s.fit()
			continue
		}
		if none := noShards(err, s.indices); none != nil {
			s.found.Faults = append(s.found.Faults, none.faults...)
			break
		}
		if err := s.recover(ctx, err); err != nil {
			return s.found, err
		}
	}
	if s.found.Rows != s.found.Total {
		s.found.Faults = append(s.found.Faults, fmt.Sprintf("%d documents were found and %d read", s.found.Total, s.found.Rows))
	}
	slices.Sort(s.found.Faults)
	s.found.Faults = slices.Compact(s.found.Faults)
	return s.found, nil
}

// fit makes the next page as large as its bytes allow.
func (s *scan) fit() {
	if s.found.Rows > 0 {
		s.size = int(min(max(pageBytes/max(s.found.Bytes/s.found.Rows, 1), 1), maxPage))
	}
}

// page reads one page.
func (s *scan) page(ctx context.Context) (int, error) {
	if s.pit == "" {
		id, missing, err := s.client.openPIT(ctx, s.indices)
		if err != nil {
			return 0, err
		}
		s.pit, s.fresh = id, true
		if missing != nil {
			if err := s.miss(missing); err != nil {
				return 0, err
			}
		}
	}
	r := &reading{check: s.check, hit: s.take}
	found, err := s.client.search(ctx, "/_search", s.body(), r)
	if err != nil {
		return 0, err
	}
	if found.PIT != "" {
		s.pit = found.PIT
	}
	if s.fresh {
		s.found.Total, s.fresh = found.Total, false
	}
	if s.told != nil {
		s.told(s.found.Bytes)
	}
	return found.Hits, ctx.Err()
}

func (s *scan) body() m {
	order := []m{{"_id": "asc"}, {"_index": "asc"}}
	if s.sort != "" {
		order = slices.Insert(order, 0, m{s.sort: "asc"})
	}
	body := m{
		"pit": m{"id": s.pit, "keep_alive": keepAlive}, "query": s.query, "sort": order, "size": s.size, "track_total_hits": s.fresh,
	}
	if s.after != nil {
		body["search_after"] = s.after
	}
	if s.fields != nil {
		body["_source"] = s.fields
	}
	return body
}

func (s *scan) check(a *answer) error {
	if missing := a.incomplete(s.indices); missing != nil {
		return s.miss(missing)
	}
	return nil
}

// miss decides about what is missing: it is waited for, and at last noted.
func (s *scan) miss(missing *incompleteError) error {
	if !s.accept || missing.expired {
		return missing
	}
	s.found.Faults = append(s.found.Faults, missing.faults...)
	return nil
}

func (s *scan) take(h *hit) error {
	if err := s.give(h); err != nil {
		return &callerError{err}
	}
	s.after = h.Sort
	s.found.Rows++
	s.found.Bytes += int64(len(h.Source)) + 1
	return nil
}

// recover makes ready for another try of the page, or returns the error when there is none.
func (s *scan) recover(ctx context.Context, err error) error {
	var caller *callerError
	var refused *Error
	var missing *incompleteError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &caller):
		return caller.error
	case errors.Is(err, errTooLarge) && s.size > 1:
		s.size = max(s.size/8, 1)
		return nil
	case errors.As(err, &refused) && refused.Status == http.StatusNotFound && refused.has(missingContext):
	case errors.As(err, &refused) && refused.has("index_not_found_exception"):
		return fmt.Errorf("read %s: %w: %s", s.indices, ErrChanged, refused.Error())
	case errors.As(err, &missing), broken(err):
	default:
		return fmt.Errorf("read %s: %w", s.indices, err)
	}
	// A point in time that lacks shards may find them when it is opened again.
	s.client.closePIT(ctx, s.pit)
	s.pit = ""
	first := s.attempt == 0
	s.attempt++
	switch {
	case first || s.client.rest(ctx, s.attempt-1, 0, s.deadline):
		return nil
	case ctx.Err() == nil && !s.accept:
		s.accept = true // the page is asked for once more, and taken as it is
		return nil
	}
	return firstOf(ctx.Err(), fmt.Errorf("read %s: %w", s.indices, err))
}
