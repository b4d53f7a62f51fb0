package evidence

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// SnapshotSchema names the form of [Snapshot].
const SnapshotSchema = "probity.snapshot/v1"

// Snapshot is the manifest of one snapshot: every resource of the followed kinds, listed at one time.
type Snapshot struct {
	Schema  string    `json:"schema"`
	Cluster string    `json:"cluster"`
	Time    time.Time `json:"time"` // each change before it is in the snapshot; the folder's name
	// Complete is the moment from which on the snapshot holds: nothing in it happened later. Zero means Time.
	Complete time.Time `json:"complete,omitzero"`
	// Partial tells that kinds are missing that the cluster has.
	Partial bool           `json:"partial,omitempty"`
	Source  string         `json:"source"`
	Tool    Tool           `json:"tool"`
	Kinds   []SnapshotKind `json:"kinds"` // sorted by kind
	Notes   []string       `json:"notes"` // as where the time comes from, when it was not given
	Objects []Object       `json:"objects"`
}

// SnapshotKind is one kind of a snapshot.
type SnapshotKind struct {
	Kind    string    `json:"kind"`              // "pods", as resource.Kind prints
	Time    time.Time `json:"time"`              // each change of the kind before it is in the list
	Version string    `json:"version,omitempty"` // resourceVersion of the list
	Count   int64     `json:"count"`
	Key     string    `json:"key,omitempty"`     // of its object, relative to the snapshot's folder; empty when it is missing
	Absent  bool      `json:"absent,omitempty"`  // the cluster does not have the kind: nothing is missing
	Missing string    `json:"missing,omitempty"` // why it could not be listed; empty when it was
}

// Encode checks the manifest and gives its one encoding. s is not changed.
func (s Snapshot) Encode() ([]byte, error) {
	s.Schema, s.Time, s.Complete = SnapshotSchema, s.Time.UTC(), s.Complete.UTC()
	s.Notes = append([]string{}, s.Notes...)
	s.Kinds = append([]SnapshotKind{}, s.Kinds...)
	for i := range s.Kinds {
		s.Kinds[i].Time = s.Kinds[i].Time.UTC()
	}
	slices.SortFunc(s.Kinds, func(a, b SnapshotKind) int { return strings.Compare(a.Kind, b.Kind) })
	s.Partial = len(s.Missing()) > 0
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
	switch {
	case s.Time.IsZero():
		return fmt.Errorf("snapshot time is not set")
	case !s.Complete.IsZero() && s.Complete.Before(s.Time):
		return fmt.Errorf("snapshot is complete at %s, before its time %s", at(s.Complete), at(s.Time))
	}
	if _, err := sortedObjects(s.Objects); err != nil {
		return err
	}
	for _, k := range s.Kinds {
		states := 0
		for _, holds := range []bool{k.Missing != "", k.Absent, slices.ContainsFunc(s.Objects, func(o Object) bool { return o.Key == k.Key })} {
			if holds {
				states++
			}
		}
		if states != 1 {
			return fmt.Errorf("kind %q must either name one of the snapshot's objects, be absent, or say why it is missing", shown(k.Kind))
		}
	}
	return nil
}

// Holds is the moment from which on the snapshot shows the cluster as it was, when the changes from Time on are replayed.
func (s *Snapshot) Holds() time.Time {
	if s.Complete.IsZero() {
		return s.Time
	}
	return s.Complete
}

// Missing are the kinds that the cluster may have and that could not be listed, with the reason. Kinds that it does not have
// are none of them.
func (s *Snapshot) Missing() map[string]string {
	missing := map[string]string{}
	for _, k := range s.Kinds {
		if k.Missing != "" {
			missing[k.Kind] = k.Missing
		}
	}
	return missing
}

// MissingKinds are the kinds of Missing, sorted.
func (s *Snapshot) MissingKinds() []string { return slices.Sorted(maps.Keys(s.Missing())) }
