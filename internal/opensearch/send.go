package opensearch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// call is one request.
type call struct {
	method string
	path   string // begins with a slash, escaped
	query  url.Values
	body   []byte // JSON; nil for none
}

const (
	maxPause      = 10 * time.Second
	maxRetryAfter = time.Minute
	// grace is how long after a request's time-out its connection is cut, which ends it on the server at the latest.
	grace = 5 * time.Second
)

// send sends the request until it is answered, and gives the answer's body to read. It repeats what the server was too busy
// for (429, 503 and their like) or did not hear, for as long as the client is patient, and waits at least as long as a
// Retry-After says. What read returns is returned; a body that breaks off is a *brokenError.
func (c *Client) send(ctx context.Context, r *call, read func(io.Reader) error) error {
	deadline := time.Now().Add(c.options.Patience)
	for attempt := 0; ; attempt++ {
		after, err := c.once(ctx, r, read)
		if err == nil || ctx.Err() != nil {
			return firstOf(ctx.Err(), err)
		}
		if after < 0 || !c.rest(ctx, attempt, after, deadline) {
			return firstOf(ctx.Err(), err)
		}
	}
}

func firstOf(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// rest waits before a repetition; it is false when there is no time for one.
func (c *Client) rest(ctx context.Context, attempt int, after time.Duration, deadline time.Time) bool {
	pause := min(c.pause<<min(attempt, 10), maxPause)
	pause = max(pause/2+rand.N(pause/2+1), after)
	if time.Now().Add(pause).After(deadline) {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// once sends the request once. When it may be repeated, after is the time that the server asks for, else it is negative.
func (c *Client) once(ctx context.Context, r *call, read func(io.Reader) error) (after time.Duration, err error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return -1, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout+grace)
	defer cancel()
	var body io.ReadCloser
	request, err := http.NewRequestWithContext(withBody(ctx, &body), r.method, r.path, requestBody(r.body))
	if err != nil {
		return -1, fmt.Errorf("make request: %w", err)
	}
	request.URL.RawQuery = r.query.Encode()
	if r.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.low.Perform(request) //nolint:bodyclose // the body was handed over, and is closed below
	if body != nil {
		defer body.Close()
	}
	if err != nil {
		return 0, fmt.Errorf("reach opensearch at %s: %w", c, err)
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		refused := readError(answer.StatusCode, body)
		if repeatable(answer.StatusCode) && !refused.has(tooManyBuckets) {
			return retryAfter(answer.Header.Get("Retry-After"), time.Now()), refused
		}
		return -1, refused
	}
	return -1, read(body)
}

func requestBody(body []byte) io.Reader {
	if body == nil {
		return nil
	}
	return bytes.NewReader(body)
}

// tooManyBuckets is the type of the error for groups that are more than search.max_buckets. It has the status of a busy server.
const tooManyBuckets = "too_many_buckets_exception"

// repeatable tells whether the same request may be answered later.
func repeatable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// retryAfter reads the header's value, seconds or a date (RFC 9110, section 10.2.3); 0 when it says nothing.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil && seconds >= 0 {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// brokenError is a failure while an answer was read: what came before it was good, so that the reading can go on from there.
type brokenError struct{ error }

func (b *brokenError) Unwrap() error { return b.error }

// broken tells whether the reading can go on after the error.
func broken(err error) bool {
	var b *brokenError
	return errors.As(err, &b)
}
