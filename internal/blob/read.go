package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"github.com/probity/probity/internal/evidence"
)

// Getter opens objects.
type Getter interface {
	Get(ctx context.Context, key string) (io.ReadCloser, error)
}

// Read opens the object under want.Key. The reader gives at most want.Bytes bytes; at the end it fails with [ErrDiffers] in
// place of io.EOF when the size or the SHA-256 is not as wanted, so a caller must not use what it read before it saw io.EOF.
func Read(ctx context.Context, g Getter, want evidence.Object) (io.ReadCloser, error) {
	body, err := g.Get(ctx, want.Key)
	if err != nil {
		return nil, err
	}
	return &checked{body: body, in: io.LimitReader(body, want.Bytes+1), want: want, hash: sha256.New()}, nil
}

type checked struct {
	body io.ReadCloser
	in   io.Reader
	want evidence.Object
	hash hash.Hash
	n    int64
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	if excess := c.n + int64(n) - c.want.Bytes; excess > 0 {
		n -= int(excess)
		c.n = c.want.Bytes
		return n, c.differs(fmt.Errorf("more than the expected %d bytes", c.want.Bytes))
	}
	c.n += int64(n)
	c.hash.Write(p[:n])
	if err != io.EOF {
		return n, err
	}
	if c.n != c.want.Bytes {
		return n, c.differs(fmt.Errorf("%d bytes, expected %d", c.n, c.want.Bytes))
	}
	if sum := hex.EncodeToString(c.hash.Sum(nil)); sum != c.want.SHA256 {
		return n, c.differs(fmt.Errorf("sha256 %s, expected %s", sum, c.want.SHA256))
	}
	return n, io.EOF
}

func (c *checked) differs(cause error) error {
	return &Error{Op: "read", Where: c.want.Key, Kind: ErrDiffers, Cause: cause}
}

func (c *checked) Close() error { return c.body.Close() }
