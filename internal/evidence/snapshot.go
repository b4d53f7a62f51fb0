package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// SnapshotSchema names the form of [Snapshot].
const SnapshotSchema = "probity.snapshot/v1"

// Snapshot is the manifest of one snapshot: every resource of the followed kinds, listed at one time.
type Snapshot struct {
	Schema  string         `json:"schema"`
	Cluster string         `json:"cluster"`
	Time    time.Time      `json:"time"` // of the earliest list; the folder's name
	Source  string         `json:"source"`
	Tool    Tool           `json:"tool"`
	Kinds   []SnapshotKind `json:"kinds"` // sorted by kind
	Notes   []string       `json:"notes"` // as where the time comes from, when it was not given
	Objects []Object       `json:"objects"`
}

// SnapshotKind is one kind of a snapshot.
type SnapshotKind struct {
	Kind    string    `json:"kind"`              // "pods", as resource.Kind prints
	Time    time.Time `json:"time"`              // when it was listed
	Version string    `json:"version,omitempty"` // resourceVersion of the list
	Count   int64     `json:"count"`
	Key     string    `json:"key,omitempty"`     // of its object, relative to the snapshot's folder; empty when it is missing
	Missing string    `json:"missing,omitempty"` // why it could not be listed; empty when it was
}

// Encode checks the manifest and gives its one encoding. s is not changed.
func (s Snapshot) Encode() ([]byte, error) {
	s.Schema, s.Time = SnapshotSchema, s.Time.UTC()
	s.Notes = append([]string{}, s.Notes...)
	s.Kinds = append([]SnapshotKind{}, s.Kinds...)
	for i := range s.Kinds {
		s.Kinds[i].Time = s.Kinds[i].Time.UTC()
	}
	slices.SortFunc(s.Kinds, func(a, b SnapshotKind) int { return strings.Compare(a.Kind, b.Kind) })
	objects, err := sortedObjects(s.Objects)
	if err != nil {
		return nil, fmt.Errorf("encode snapshot manifest: %w", err)
	}
	s.Objects = append([]Object{}, objects...)
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("encode snapshot manifest: %w", err)
	}
	return encode(s)
}

// ReadSnapshot reads and checks an encoded snapshot manifest.
func ReadSnapshot(raw []byte) (Snapshot, error) {
	var s Snapshot
	if err := decode(raw, SnapshotSchema, &s); err != nil {
		return Snapshot{}, fmt.Errorf("read snapshot manifest: %w", err)
	}
	if err := s.validate(); err != nil {
		return Snapshot{}, fmt.Errorf("read snapshot manifest: %w", err)
	}
	return s, nil
}

func (s *Snapshot) validate() error {
	if err := ValidateCluster(s.Cluster); err != nil {
		return err
	}
	if s.Time.IsZero() {
		return fmt.Errorf("snapshot time is not set")
	}
	if _, err := sortedObjects(s.Objects); err != nil {
		return err
	}
	for _, k := range s.Kinds {
		listed := slices.ContainsFunc(s.Objects, func(o Object) bool { return o.Key == k.Key })
		if (k.Missing == "") != listed {
			return fmt.Errorf("kind %q must either name one of the snapshot's objects or say why it is missing", shown(k.Kind))
		}
	}
	return nil
}

// MissingKinds are the kinds that could not be listed, sorted.
func (s *Snapshot) MissingKinds() []string {
	missing := []string{}
	for _, k := range s.Kinds {
		if k.Missing != "" {
			missing = append(missing, k.Kind)
		}
	}
	slices.Sort(missing)
	return missing
}
