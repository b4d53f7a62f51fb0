package audit

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/probity/probity/internal/recording"
	"github.com/probity/probity/internal/resource"
)

// RecordedBefore is how long before CollectorOptions.From recorded changes are read: they bear the recorder's clock, a snapshot
// bears the API server's. What the snapshot shows already is told by its version.
const RecordedBefore = 30 * time.Second

// RecordedFacts say what was read of a recorder's segments.
type RecordedFacts struct {
	Lines    int64 `json:"lines"`   // bad ones included
	Changes  int64 `json:"changes"` // changes among them, whatever their time
	Found    int64 `json:"found"`   // objects of lists
	Used     int64 `json:"used"`    // changes and objects that became entries
	Late     int64 `json:"late"`    // of these, changes that came late: their times are what the objects tell
	Segments int64 `json:"segments"`
	// Entries is how many of them the merge gave, Duplicates how many it left out, as an audit event or another recorder told
	// the same change.
	Entries    int64 `json:"entries,omitempty"`
	Duplicates int64 `json:"duplicates,omitempty"`
	// Bad counts what could not be read, by reason.
	Bad map[string]int64 `json:"bad,omitempty"`
	// First and Last are the earliest and the latest time of a change.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Coverage is what the segments cover.
	Coverage recording.Coverage `json:"coverage"`
}

// Reasons in RecordedFacts.Bad.
const (
	BadLine   = "unreadable line of a segment"
	BadRecord = "unreadable object in a segment"
)

// AddRecorded reads one line of a recorder's segment, without its line end. What of it cannot be used is counted in
// Facts.Recorded. The line is not kept.
func (c *Collector) AddRecorded(raw []byte) {
	facts := c.facts.recorded()
	facts.Lines++
	line, err := recording.Parse(raw)
	if err != nil {
		facts.Bad[BadLine]++
		return
	}
	switch line.Type {
	case recording.Created, recording.Changed, recording.Deleted:
		facts.Changes++
		facts.see(line.At)
	case recording.Found:
		facts.Found++
	case recording.Closed:
		facts.Segments++
		facts.Coverage.Add(&line)
		return
	case recording.Listed:
	default:
		return
	}
	at := line.At.UTC().Truncate(time.Microsecond)
	if at.Before(c.options.From.Add(-RecordedBefore)) || !at.Before(c.end) {
		return
	}
	c.addRecorded(&line, at)
}

func (f *Facts) recorded() *RecordedFacts {
	if f.Recorded == nil {
		f.Recorded = &RecordedFacts{Bad: map[string]int64{}}
	}
	return f.Recorded
}

func (f *RecordedFacts) see(at time.Time) {
	if f.First.IsZero() || at.Before(f.First) {
		f.First = at.UTC()
	}
	if at.After(f.Last) {
		f.Last = at.UTC()
	}
}

func (f *Facts) addRecorded(other *RecordedFacts) {
	if other == nil {
		return
	}
	sum := f.recorded()
	sum.Lines += other.Lines
	sum.Changes += other.Changes
	sum.Found += other.Found
	sum.Used += other.Used
	sum.Late += other.Late
	sum.Segments += other.Segments
	sum.Entries += other.Entries
	sum.Duplicates += other.Duplicates
	sum.Bad = addCounts(sum.Bad, other.Bad)
	if !other.First.IsZero() {
		sum.see(other.First)
		sum.see(other.Last)
	}
	sum.Coverage.Merge(&other.Coverage)
}

// follows tells whether segments cover any time of the kind.
func (f *RecordedFacts) follows(kind resource.Kind) bool {
	return f != nil && slices.ContainsFunc(f.Coverage.Spans, func(span recording.Span) bool { return span.Kind == kind.Collection() })
}

// addRecorded makes an entry of a change, of an object of a list, or of a list's end.
func (c *Collector) addRecorded(line *recording.Line, at time.Time) {
	facts := c.facts.recorded()
	kind, _ := resource.KindOfCollection(line.Kind)
	change := resource.Change{Time: at, ID: resource.ID{Key: resource.Key{Kind: kind}}, Version: line.Version, List: line.List}
	if line.Type == recording.Listed {
		change.Whole = &resource.WholeList{Count: line.Count}
	} else {
		obj, err := resource.Read(line.Object)
		if err != nil {
			facts.Bad[BadRecord]++
			return
		}
		change.ID, change.Object, kind = obj.ID, obj, obj.ID.Kind
		if change.Version == "" {
			change.Version = obj.Version
		}
		if line.Type == recording.Deleted {
			change.Object = nil
		}
	}
	if kind == resource.NoKind {
		return // a kind that another version follows
	}
	c.facts.seeRecorded(line.Type, &change)
	if !at.Before(c.options.Interval.End) {
		return
	}
	entry := Entry{Time: at, Verb: recordedVerbs[line.Type], Code: 200, Answer: change.ID.UID, Version: change.Version, Recorded: true}
	entry.Changes = []resource.Change{change}
	c.choose(&entry, line, kind)
	facts.Used++
	if !line.Received.IsZero() {
		facts.Late++
	}
	c.keepRecorded(&entry)
}

var recordedVerbs = map[recording.Type]string{
	recording.Created: "create", recording.Changed: "update", recording.Deleted: "delete", recording.Found: "get", recording.Listed: "list",
}

// seeRecorded notes what tells when namespaces began and ended.
func (f *Facts) seeRecorded(of recording.Type, change *resource.Change) {
	id := change.ID
	switch {
	case id.Kind == resource.Namespace && of == recording.Deleted:
		facts := f.namespace(id.Name)
		facts.Finalized = addMark(facts.Finalized, Mark{Time: change.Time, UID: id.UID})
	case id.Kind == resource.Namespace && of == recording.Created:
		facts := f.namespace(id.Name)
		facts.Created = addMark(facts.Created, Mark{Time: change.Time, UID: id.UID})
	case id.Namespace != "" && of == recording.Deleted && !change.Time.Before(f.From):
		f.namespace(id.Namespace).seeEnd(f.slice(change.Time), change.Time)
	}
}

// choose keeps the change as an event if it is selected: reports show events.
func (c *Collector) choose(entry *Entry, line *recording.Line, kind resource.Kind) {
	ref := referenceOf(kind, line, &entry.Changes[0].ID)
	selected := entry.Changes[0].Whole != nil && c.selection.resourceFamilySelected(&ref) ||
		entry.Changes[0].Whole == nil && c.selection.selects(&ref, []string{ref.name})
	if !selected {
		return
	}
	entry.Who = &Who{User: unknownUser(line.Manager)}
	entry.Event = recordedEvent(entry, line, &ref)
	entry.Prior = entry.Time.Before(c.options.Interval.Start)
}

// unknownUser is who did what a watch told. The field manager is what the client calls itself.
func unknownUser(manager string) string {
	if manager == "" {
		return "unknown"
	}
	return "unknown (field manager " + shorten(manager) + ")"
}

// referenceOf is the objectRef that an audit event of the change would have.
func referenceOf(kind resource.Kind, line *recording.Line, id *resource.ID) reference {
	ref := reference{resource: kind.Plural(), group: kind.Group(), namespace: id.Namespace, name: id.Name, uid: id.UID}
	ref.version = kind.APIVersion()
	var doc struct {
		APIVersion string `json:"apiVersion"`
		Metadata   struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	if len(line.Object) > 0 && json.Unmarshal(line.Object, &doc) == nil && doc.APIVersion != "" {
		ref.version, ref.name = doc.APIVersion, doc.Metadata.Name
	}
	if group, version, ok := strings.Cut(ref.version, "/"); ok {
		ref.group, ref.version = group, version
	}
	return ref
}

// recordedEvent writes a change in the form of an audit event, for those who read a report's events: it says of itself that no API
// server wrote it.
func recordedEvent(entry *Entry, line *recording.Line, ref *reference) json.RawMessage {
	event := map[string]any{
		"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "stage": stageComplete, "verb": entry.Verb,
		"user": map[string]any{"username": entry.Who.User},
		"objectRef": map[string]any{
			"resource": ref.resource, "namespace": ref.namespace, "name": ref.name, "uid": ref.uid,
			"apiGroup": ref.group, "apiVersion": ref.version, "resourceVersion": entry.Version,
		},
		"responseStatus":           map[string]any{"code": entry.Code},
		"requestReceivedTimestamp": entry.Time.Format(stampMicro), "stageTimestamp": entry.Time.Format(stampMicro),
		"annotations": map[string]any{"probity/recorded": "told by a watch, not by an audit log: who did it is unknown"},
	}
	if len(line.Object) > 0 {
		event["responseObject"] = line.Object
	}
	raw, err := json.Marshal(event)
	if err != nil { // of strings and of JSON that was read before
		return nil
	}
	return raw
}

// stampMicro is how audit events write times.
const stampMicro = "2006-01-02T15:04:05.000000Z"

func (c *Collector) keepRecorded(entry *Entry) {
	encoded, err := entry.encode()
	if err != nil {
		c.facts.recorded().Bad[BadRecord]++
		return
	}
	c.chunks.add(record{at: entry.Time.UnixMicro(), order: entry.order(), line: encoded})
}
