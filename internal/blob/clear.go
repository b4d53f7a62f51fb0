package blob

import (
	"context"
	"time"
)

// Clear is Sweep for a caller that only wants to know how many objects, versions included, were removed.
func (b *S3) Clear(ctx context.Context, folder string, before time.Time) (int64, error) {
	swept, err := b.Sweep(ctx, folder, before)
	return swept.Objects, err
}

// Clear is Sweep for a caller that only wants to know how many objects were removed.
func (m *Memory) Clear(ctx context.Context, folder string, before time.Time) (int64, error) {
	swept, err := m.Sweep(ctx, folder, before)
	return swept.Objects, err
}
