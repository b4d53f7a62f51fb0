package opensearch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// object forms of the query language.
type m = map[string]any

// maxAnswer bounds one answer, which is read as it arrives and never held.
const maxAnswer = 1 << 30

// search sends one search. path is "/_search" for a point in time, else that of indices. What the server did not look at is an
// *incompleteError, before any hit is given.
func (c *Client) search(ctx context.Context, path string, body m, r *reading) (*answer, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("make search: %w", err)
	}
	query := url.Values{"cancel_after_time_interval": {strconv.FormatInt(c.options.Timeout.Milliseconds(), 10) + "ms"}}
	if _, pit := body["pit"]; !pit {
		query.Set("ignore_unavailable", "true")
		query.Set("allow_no_indices", "true")
		query.Set("expand_wildcards", "open,hidden")
	}
	var found *answer
	err = c.send(ctx, &call{http.MethodPost, path, query, raw}, func(in io.Reader) error {
		var err error
		found, err = r.read(&bounded{in: in, left: maxAnswer, progress: r.told})
		return err
	})
	return found, err
}

// ask sends a search without hits until every shard has answered it, or the client's patience ends. Then what there is counts, and
// the faults say what is missing.
func (c *Client) ask(ctx context.Context, indices string, body m, r *reading) (total int64, faults []string, err error) {
	deadline := time.Now().Add(c.options.Patience)
	body["size"] = 0
	if _, ok := body["track_total_hits"]; !ok {
		body["track_total_hits"] = true
	}
	accept := false
	r.check = func(a *answer) error {
		missing := a.incomplete(indices)
		if missing == nil {
			return nil
		}
		if faults = missing.faults; accept {
			return nil
		}
		return missing
	}
	for attempt := 0; ; attempt++ {
		faults = nil
		found, err := c.search(ctx, "/"+indices+"/_search", body, r)
		if err == nil {
			return found.Total, faults, nil
		}
		if none := noShards(err, indices); none != nil {
			return 0, none.faults, nil //nolint:nilerr // it was asked for as long as the client is patient: what is missing is told
		}
		var missing *incompleteError
		if !errors.As(err, &missing) && !broken(err) || accept {
			return 0, nil, fmt.Errorf("search %s: %w", indices, err)
		}
		if !c.rest(ctx, attempt, 0, deadline) {
			if ctx.Err() != nil || missing == nil {
				return 0, nil, fmt.Errorf("search %s: %w", indices, firstOf(ctx.Err(), err))
			}
			accept = true // the answer is asked for once more, and taken as it is
		}
	}
}
