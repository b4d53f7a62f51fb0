package catalogue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/probity/probity/internal/evidence"
)

// errFound ends a listing early.
var errFound = errors.New("found")

// HasSnapshot tells whether the archive has a whole snapshot of the cluster, of whatever time.
func (c *Catalogue) HasSnapshot(ctx context.Context) (bool, error) {
	err := c.bucket.List(ctx, c.layout.Snapshots(), func(key string, _ time.Time) error {
		if _, name, ok := c.layout.ParseSnapshot(key); ok && name == evidence.ManifestName {
			return errFound
		}
		return nil
	})
	switch {
	case errors.Is(err, errFound):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("list snapshots: %w", err)
	}
	return false, nil
}
