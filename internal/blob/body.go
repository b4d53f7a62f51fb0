package blob

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
)

// maxObject is what S3 takes in one request: 5 GiB.
const maxObject = 5 << 30

// putNew names the conditional write in errors.
const putNew = "put new"

// body is what is known of a body before it is sent.
type body struct {
	size int64
	sum  []byte // SHA-256
}

// measure reads a body from where it stands to its end, and puts it back. Bodies must be seekable: the SDK sends them again
// when it retries, and refuses others unless the connection is TLS and the server takes trailing checksums, which not all do.
func measure(ctx context.Context, in io.ReadSeeker) (body, error) {
	start, err := in.Seek(0, io.SeekCurrent)
	if err != nil {
		return body{}, fmt.Errorf("find the body's start: %w", err)
	}
	hash := sha256.New()
	size, err := io.Copy(hash, &ctxReader{ctx, in})
	if err != nil {
		return body{}, fmt.Errorf("read body: %w", err)
	}
	if size > maxObject {
		return body{}, fmt.Errorf("body of %d bytes is too large: S3 takes %d in one request", size, int64(maxObject))
	}
	if _, err := in.Seek(start, io.SeekStart); err != nil {
		return body{}, fmt.Errorf("rewind body: %w", err)
	}
	return body{size, hash.Sum(nil)}, nil
}

// ctxReader ends a long read when the context ends.
type ctxReader struct {
	ctx  context.Context
	from io.Reader
}

func (r *ctxReader) Read(p []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	return r.from.Read(p)
}
