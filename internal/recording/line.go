package recording

import (
	"encoding/json"
	"time"
)

// Schema names the form of segments.
const Schema = "probity.changes/v1"

// Type tells the lines of a segment apart.
type Type string

// The types of lines.
const (
	Opened   Type = "opened"   // the first line: where the coverage of each kind begins
	Created  Type = "created"  // the object was created
	Changed  Type = "changed"  // the object was changed
	Deleted  Type = "deleted"  // the object ceased to exist; Object is its last state, Version that of its end
	Found    Type = "found"    // the object was there when the kind was listed
	Listed   Type = "listed"   // a list is whole: objects of the kind that are not in it are gone
	Followed Type = "followed" // all changes of the kind until At, and up to Version, are in the segments
	Absent   Type = "absent"   // the cluster does not have the kind
	Refused  Type = "refused"  // the kind could not be followed, for the reason in Why
	Closed   Type = "closed"   // the last line: what the segment covers
)

// isChange tells whether a line of the type is about one object that changed.
func (t Type) isChange() bool { return t == Created || t == Changed || t == Deleted }

// Line is one line of a segment. Which members a line has depends on its type.
type Line struct {
	Type Type      `json:"type"`
	At   time.Time `json:"at"` // when it happened, as far as that is known; see the package's comment

	// Schema is that of the first and the last line; the following are of the first.

	Schema   string `json:"schema,omitempty"`
	Cluster  string `json:"cluster,omitempty"`
	Tool     string `json:"tool,omitempty"`     // name and version of what wrote it
	Recorder string `json:"recorder,omitempty"` // the process

	// Kind is what a line between the first and the last is about, as resource.Kind.Collection names it; Version is the
	// resourceVersion of the object or of the list.

	Kind    string `json:"kind,omitempty"`
	Version string `json:"version,omitempty"`
	// Received is set for a change that came late: then At is what the object tells.
	Received time.Time `json:"received,omitzero"`
	// Manager is the field manager that wrote last; "" where the object does not tell.
	Manager string `json:"manager,omitempty"`
	// List names the list that a Found or Listed line belongs to: no other list of the cluster has that number.
	List int64 `json:"list,omitempty"`
	// Count is how many objects a Listed line's list has.
	Count int64 `json:"count,omitempty"`
	// Since is the last moment until which the kind was followed before a Listed or Refused line; zero when it never was.
	Since time.Time `json:"since,omitzero"`
	// Why says why the kind was not followed between Since and At.
	Why string `json:"why,omitempty"`

	// Spans is where the coverage begins, in the first line, and what is covered, in the last; sorted by kind and time.
	Spans []Span `json:"spans,omitempty"`
	// Gaps are told by the last line; sorted by kind and time. Lines is how many stand between the first and the last line.
	Gaps  []Gap `json:"gaps,omitempty"`
	Lines int64 `json:"lines,omitempty"`

	// Object is the object in the API's JSON with kind and apiVersion, without managed fields.
	Object json.RawMessage `json:"object,omitempty"`
}

// Span is a time in which a kind was followed.
type Span struct {
	Kind string    `json:"kind"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Every change after FromVersion and up to ToVersion is in the segment. Both are empty when the cluster does not have the kind.
	FromVersion string `json:"fromVersion,omitempty"`
	ToVersion   string `json:"toVersion,omitempty"`
	// Absent tells that the cluster did not have the kind: there was nothing to record.
	Absent bool `json:"absent,omitempty"`
}

// Gap is a span in which a kind was not followed, or in which it is not known whether it was.
type Gap struct {
	Kind string    `json:"kind"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Why  string    `json:"why"`
}
