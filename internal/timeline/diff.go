package timeline

import "github.com/probity/probity/internal/resource"

// Difference is one object in which the replayed state and a later snapshot disagree.
type Difference struct {
	Object resource.Key `json:"object"`
	// What is "missing" (in the snapshot, but not replayed), "unexpected" (replayed, but not in the snapshot), or the name of
	// the first field that differs, for example "labels" or "uid".
	What string `json:"what"`
}
