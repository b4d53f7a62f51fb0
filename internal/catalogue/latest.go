package catalogue

import (
	"context"
	"slices"
	"sync"

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
	keys, err := c.outcomeKeys(ctx, c.layout.Outcomes(report))
	if err != nil {
		return nil, err
	}
	slices.Reverse(keys)
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
