package recording

import (
	"encoding/json"
	"fmt"
	"time"
)

// Schema names the form of segments.
const Schema = "probity.changes/v1"

// Type tells the lines of a segment apart.
type Type string

// The types of lines.
const (
	Opened  Type = "opened"  // a Header
	Created Type = "created" // the object was created
	Changed Type = "changed" // the object was changed
	Deleted Type = "deleted" // the object ceased to exist; Object is its last state, with the resourceVersion of its end
	Found   Type = "found"   // the object was there when the kind was listed
	Listed  Type = "listed"  // a list is whole: objects of the kind that it did not find are gone
	Closed  Type = "closed"  // a Footer
)

// Header is a segment's first line.
type Header struct {
	Type    Type      `json:"type"` // Opened
	Schema  string    `json:"schema"`
	Cluster string    `json:"cluster"`
	Tool    string    `json:"tool,omitempty"`     // name and version of what wrote it
	By      string    `json:"recorder,omitempty"` // the process
	Opened  time.Time `json:"opened"`
}

// Record is one change, or one object or the end of a list.
type Record struct {
	Type Type      `json:"type"`
	At   time.Time `json:"at"` // when it happened, as far as that is known; see the package's comment
	// Received is set for a change that came late: then At is what the object tells.
	Received time.Time `json:"received,omitzero"`
	// Manager is the field manager that wrote last; "" where the object does not tell.
	Manager string `json:"manager,omitempty"`
	// List numbers the list that a Found or Listed record belongs to. Numbers are not used twice in a cluster.
	List int64 `json:"list,omitempty"`
	// Object is the object in the API's JSON with kind and apiVersion, without managed fields. A Listed record has none.
	Object json.RawMessage `json:"object,omitempty"`

	// The following are of a Listed record.

	Kind    string    `json:"kind,omitempty"`    // as resource.Kind.Collection names it
	Version string    `json:"version,omitempty"` // resourceVersion of the list
	Count   int64     `json:"count,omitempty"`   // of the objects that it found
	Since   time.Time `json:"since,omitzero"`    // the last moment at which the kind was followed before; zero when it never was
}

// Covered is what a segment says of one kind.
type Covered struct {
	Kind string    `json:"kind"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// FromVersion and ToVersion are resourceVersions: every change after the former and up to the latter is in the segment. They are
	// empty when the cluster does not have the kind.
	FromVersion string `json:"fromVersion,omitempty"`
	ToVersion   string `json:"toVersion,omitempty"`
	// Absent tells that the cluster did not have the kind: there was nothing to record.
	Absent bool `json:"absent,omitempty"`
}

// Gap is a span in which a kind was not followed.
type Gap struct {
	Kind string    `json:"kind"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Why  string    `json:"why"`
}

// Footer is a segment's last line.
type Footer struct {
	Type    Type      `json:"type"` // Closed
	Schema  string    `json:"schema"`
	Closed  time.Time `json:"closed"`
	Records int64     `json:"records"` // lines between header and footer
	Kinds   []Covered `json:"kinds"`   // sorted by kind
	Gaps    []Gap     `json:"gaps"`    // sorted by kind, then time
}

// Line is one line of a segment; one of the three is set.
type Line struct {
	Header *Header
	Record *Record
	Footer *Footer
}

// Parse reads one line. Members that this version does not know are tolerated; an unknown type or another schema is an error.
func Parse(raw []byte) (Line, error) {
	var head struct {
		Type   Type   `json:"type"`
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return Line{}, fmt.Errorf("decode line of a segment: %w", err)
	}
	switch head.Type {
	case Opened, Closed:
		if head.Schema != Schema {
			return Line{}, fmt.Errorf("segment has schema %.80q: this version reads %q", head.Schema, Schema)
		}
		return parseEnds(raw, head.Type)
	case Created, Changed, Deleted, Found, Listed:
		record := &Record{}
		if err := json.Unmarshal(raw, record); err != nil {
			return Line{}, fmt.Errorf("decode %s record: %w", head.Type, err)
		}
		if err := record.validate(); err != nil {
			return Line{}, err
		}
		return Line{Record: record}, nil
	}
	return Line{}, fmt.Errorf("line of a segment has type %.80q: this version knows none of that name", head.Type)
}

func parseEnds(raw []byte, kind Type) (Line, error) {
	if kind == Opened {
		header := &Header{}
		if err := json.Unmarshal(raw, header); err != nil {
			return Line{}, fmt.Errorf("decode header of a segment: %w", err)
		}
		return Line{Header: header}, nil
	}
	footer := &Footer{}
	if err := json.Unmarshal(raw, footer); err != nil {
		return Line{}, fmt.Errorf("decode footer of a segment: %w", err)
	}
	for _, kind := range footer.Kinds {
		if kind.Kind == "" || kind.To.Before(kind.From) {
			return Line{}, fmt.Errorf("footer covers %.80q from %s to %s: a kind needs a name, and ends after it begins", kind.Kind, kind.From, kind.To)
		}
	}
	return Line{Footer: footer}, nil
}

func (r *Record) validate() error {
	switch {
	case r.At.IsZero():
		return fmt.Errorf("%s record has no time", r.Type)
	case r.Type == Listed && r.Kind == "":
		return fmt.Errorf("listed record names no kind")
	case r.Type != Listed && len(r.Object) == 0:
		return fmt.Errorf("%s record has no object", r.Type)
	}
	return nil
}

// CompareVersions orders two resourceVersions: decimal numbers of any length. A missing one is the lowest.
func CompareVersions(a, b string) int {
	switch {
	case a == b:
		return 0
	case len(a) < len(b), len(a) == len(b) && a < b:
		return -1
	}
	return 1
}
