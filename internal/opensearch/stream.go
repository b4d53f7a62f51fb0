package opensearch

import (
	"context"
	"errors"
	"io"
	"net/http"
)

// handOver gives the body of an answer to whoever sent the request. The official client would read it whole.
type handOver struct{ under http.RoundTripper }

type bodyKey struct{}

// withBody makes the context of a request whose answer's body is put into body.
func withBody(ctx context.Context, body *io.ReadCloser) context.Context {
	return context.WithValue(ctx, bodyKey{}, body)
}

// RoundTrip sends the request.
func (h handOver) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := h.under.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if body, ok := request.Context().Value(bodyKey{}).(*io.ReadCloser); ok {
		*body, answer.Body = answer.Body, http.NoBody
	}
	return answer, nil
}

// errTooLarge tells that an answer is larger than it may be.
var errTooLarge = errors.New("the answer is too large")

// bounded reads at most left bytes, and tells how many there were so far. What is over that is an error, not an end.
type bounded struct {
	in       io.Reader
	left     int64
	read     int64
	progress func(bytes int64) // may be nil
}

// Read reads on.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	b.read += int64(n)
	if b.progress != nil && n > 0 {
		b.progress(b.read)
	}
	return n, err
}
