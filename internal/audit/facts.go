package audit

import (
	"time"

	"github.com/probity/probity/internal/interval"
)

// Facts say what was read and what is in it. The facts of partitions add up with Add in any order. All counts are of what
// was read, copies of an event included; only Entries and Duplicates are known after the merge.
type Facts struct {
	From     time.Time         `json:"from"`
	Interval interval.Interval `json:"interval"`
	// LookUntil is the end of the time in which the ends of namespaces were looked for.
	LookUntil time.Time `json:"lookUntil"`

	Lines  int64 `json:"lines"`  // lines given, bad ones included
	Events int64 `json:"events"` // audit events among them
	Used   int64 `json:"used"`   // events that became entries
	// Selected and Refused count, among those used, the events kept whole.
	Selected int64 `json:"selected"`
	Refused  int64 `json:"refused"`
	// Repaired counts events with invalid UTF-8, which was replaced by U+FFFD.
	Repaired int64 `json:"repaired,omitempty"`
	// Bad counts what could not be read, by reason (the Bad… constants): something may be missing.
	Bad map[string]int64 `json:"bad,omitempty"`
	// Skipped counts events that say nothing about the followed resources, by reason (the Skipped… constants).
	Skipped map[string]int64 `json:"skipped,omitempty"`
	// Stages counts events by stage.
	Stages map[string]int64 `json:"stages,omitempty"`
	// First and Last are the earliest and latest stageTimestamp of all events; zero without any.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Hours counts all events between From and Interval.End, by the hour's start in UTC ("2026-11-21T05").
	Hours map[string]int64 `json:"hours,omitempty"`
	// Seen counts the successful writes of followed kinds, by verb and resource ("create core.pods/binding"), look-ahead
	// included; Bodiless counts those among them whose answer was not logged.
	Seen     map[string]int64 `json:"seen,omitempty"`
	Bodiless map[string]int64 `json:"bodiless,omitempty"`
	// Unsettled names writes of followed resources of which the log does not tell whether they were done, the earliest first;
	// MoreUnsettled tells that there were more than are named.
	Unsettled     []string `json:"unsettled,omitempty"`
	MoreUnsettled bool     `json:"moreUnsettled,omitempty"`
	// Namespaces has what is known about ends in each namespace.
	Namespaces map[string]*NamespaceFacts `json:"namespaces,omitempty"`

	// Entries is how many entries the merge gave, inferred ends included; Duplicates how many copies it left out.
	Entries    int64 `json:"entries,omitempty"`
	Duplicates int64 `json:"duplicates,omitempty"`
	// Recorded is what a recorder's segments had; nil when none was read. All other counts are of audit logs alone.
	Recorded *RecordedFacts `json:"recorded,omitempty"`
	// NamespaceEnds tells for each deleted namespace how its end is known, by name and time; filled in by Merge.
	NamespaceEnds []NamespaceEnd `json:"namespaceEnds,omitempty"`
}

// Reasons in Facts.Bad.
const (
	BadJSON      = "not JSON"
	BadEvent     = "not an audit event"
	BadStage     = "no stage"
	BadTime      = "no valid stageTimestamp"
	BadReference = "unreadable objectRef or responseStatus"
	BadObject    = "unreadable object in the answer"
	BadList      = "unreadable list in the answer"
)

// Reasons in Facts.Skipped.
const (
	SkippedBefore      = "before the snapshot"
	SkippedAfter       = "after the interval"
	SkippedNoObject    = "no objectRef"
	SkippedStage       = "not a complete response"
	SkippedVerb        = "not a write"
	SkippedNotFollowed = "not a followed or selected resource"
	SkippedDryRun      = "dry run"
	SkippedCode        = "not successful"
	SkippedNoChange    = "no change to a followed resource"
)

// NamespaceFacts are the marks that a log has of one namespace's name, which several namespaces may have had in turn.
type NamespaceFacts struct {
	Created   []Mark `json:"created,omitempty"`
	Deleted   []Mark `json:"deleted,omitempty"`   // the request that began the end
	Finalized []Mark `json:"finalized,omitempty"` // namespaces/finalize that removed the last finalizer
	// Ends has the last end of a followed resource in the namespace in each slice of time; slices are numbered from From and
	// are 1/64 of the time read, at least a minute, so that the facts stay small.
	Ends map[int64]time.Time `json:"ends,omitempty"`
}

// Mark is one event in the life of the namespace with this uid; UID is "" where the log has no body.
type Mark struct {
	Time time.Time `json:"time"`
	UID  string    `json:"uid,omitempty"`
}

// NamespaceEnd tells when a deleted namespace was gone, and how that is known.
type NamespaceEnd struct {
	Name string    `json:"name"`
	UID  string    `json:"uid,omitempty"`
	Time time.Time `json:"time,omitzero"` // zero for EndPending
	How  string    `json:"how"`           // one of the End… constants
}

// How the end of a namespace is known (decisions.md, "Contents of a deleted namespace without events of their own").
const (
	// EndFinalized: namespaces/finalize is in the log.
	EndFinalized = "finalize"
	// EndLastSeen: together with the last thing that was seen to end in it, or with its own deletion when nothing was.
	EndLastSeen = "last end in the namespace"
	// EndPending: the log has namespaces/finalize, but not for this one: it was still terminating.
	EndPending = "still terminating"
)
