package catalogue

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/probity/probity/internal/evidence"
)

// Recent reads the newest outcomes of reports, again and again: records are never changed, so each is read once. It is safe for
// concurrent use.
type Recent struct {
	catalogue *Catalogue

	mu    sync.Mutex
	known map[string]map[string]evidence.Outcome // by report, then by key
}

// NewRecent returns a reader of newest outcomes that has read nothing yet.
func NewRecent(c *Catalogue) *Recent {
	return &Recent{catalogue: c, known: map[string]map[string]evidence.Outcome{}}
}

// batch is how many records are read before it is asked whether they are enough.
const batch = 16

// Outcomes reads a report's records, those of the newest intervals first, until enough says so or there are no more.
func (r *Recent) Outcomes(ctx context.Context, report string, enough func([]evidence.Outcome) bool) ([]evidence.Outcome, error) {
	c := r.catalogue
	var keys []string
	err := c.bucket.List(ctx, c.layout.Outcomes(report), func(key string, _ time.Time) error {
		if _, ok := c.layout.ParseOutcome(key); ok {
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list outcomes of %s: %w", report, err)
	}
	slices.Reverse(keys) // keys are in the order of the intervals' ends
	before := r.of(report)
	read := map[string]evidence.Outcome{}
	var out []evidence.Outcome
	for i, key := range keys {
		if i%batch == 0 && enough(out) {
			break
		}
		outcome, ok := before[key]
		if !ok {
			if outcome, err = c.outcome(ctx, key); err != nil {
				return nil, err
			}
		}
		read[key] = outcome
		out = append(out, outcome)
	}
	r.keep(report, read)
	return out, nil
}

// Forget drops what is remembered of a report that is gone.
func (r *Recent) Forget(report string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, report)
}

func (r *Recent) of(report string) map[string]evidence.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[report]
}

func (r *Recent) keep(report string, read map[string]evidence.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[report] = read
}

func (c *Catalogue) outcome(ctx context.Context, key string) (evidence.Outcome, error) {
	raw, err := c.read(ctx, key)
	if err != nil {
		return evidence.Outcome{}, err
	}
	outcome, err := evidence.ReadOutcome(raw)
	if err != nil {
		return evidence.Outcome{}, fmt.Errorf("%s: %w", key, err)
	}
	return outcome, nil
}
