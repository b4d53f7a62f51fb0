package audit

import (
	"encoding/json"
	"fmt"
	"slices"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
)

// Differ tells what each change of a selected resource changed. It remembers the last state of every selected object, from a
// snapshot and from the events themselves. It is not safe for concurrent use.
type Differ struct {
	interval  interval.Interval
	selection selection
	states    map[subject]*state
	waiting   []*step
	outcomes  []outcome
	unended   map[int64]int64 // objects that were given of each recorder's list that is not whole yet
}

// state is the last known state of an object; raw is nil when it is known that there is none.
type state struct {
	uid, version string
	raw          []byte
	list         int64 // the last recorder's list that had it
}

// NewDiffer returns a Differ for the selection with which the log was collected.
func NewDiffer(i interval.Interval, selected []v3.AuditResource) *Differ {
	return &Differ{interval: i, selection: selected, states: make(map[subject]*state), unended: make(map[int64]int64)}
}

// Baseline gives the state of one object in the snapshot, in the API's JSON, before the first Add. Objects that are not
// selected are passed over.
func (d *Differ) Baseline(raw []byte) error {
	obj, err := resource.Read(raw)
	if err != nil {
		return fmt.Errorf("read baseline of policy changes: %w", err)
	}
	kind := obj.ID.Kind
	ref := reference{resource: kind.Plural(), group: kind.Group(), namespace: obj.ID.Namespace, name: obj.ID.Name}
	if d.selection.resourceFamilySelected(&ref) {
		d.states[subject{key: obj.ID.Key}] = &state{uid: obj.ID.UID, version: obj.Version, raw: slices.Clone(raw)}
	}
	return nil
}

// Add takes the next entry of a merged stream; entries that are not selected are passed over. An error means that the entry
// did not come from a Collector.
func (d *Differ) Add(entry Entry) error {
	if entry.Event == nil {
		return nil
	}
	s, err := newStep(entry)
	if err != nil {
		return err
	}
	for len(d.waiting) > 0 && d.waiting[0].entry.Time.Add(sameWithin).Before(entry.Time) {
		d.take(d.nextStep())
	}
	d.waiting = append(d.waiting, s)
	return nil
}

// Finish returns what was found about the objects that keep wants; nil wants all. For a kind that is not followed, the key
// has no Kind. Finish may be called again, with another keep.
func (d *Differ) Finish(keep func(resource.Key) bool) Trail {
	for len(d.waiting) > 0 {
		d.take(d.nextStep())
	}
	// Steps are taken in the order of versions, rows stand in that of times.
	slices.SortStableFunc(d.outcomes, func(a, b outcome) int { return a.time.Compare(b.time) })
	var trail Trail
	for i := range d.outcomes {
		trail.add(&d.outcomes[i], keep)
	}
	return trail
}

// nextStep takes the oldest waiting step, or the one on the same object that really came first: stageTimestamp does not order
// the changes of one object, resourceVersion does (AL 35). A deletion has no version and follows all changes of its uid.
func (d *Differ) nextStep() *step {
	first := 0
	for i := range d.waiting {
		if i > 0 && precedes(d.waiting[i], d.waiting[first]) {
			first = i
		}
	}
	s := d.waiting[first]
	d.waiting = slices.Delete(d.waiting, first, first+1)
	return s
}

func precedes(s, other *step) bool {
	a, b := &s.answer.meta, &other.answer.meta
	if s.subject != other.subject || a.uid == "" || a.uid != b.uid || s.entry.Refused || other.entry.Refused {
		return false
	}
	if s.ended() != other.ended() {
		return other.ended()
	}
	return a.version != "" && b.version != "" && compareVersions(a.version, b.version) < 0
}

func (d *Differ) take(s *step) {
	switch {
	case d.underneath(s):
		return
	case s.entry.Refused:
		row := s.row(s.subject)
		row.What = s.refusal()
		d.report(s, outcome{keys: []resource.Key{s.subject.key}, rows: []Row{row}, refused: true})
	case s.entry.Verb == "deletecollection":
		d.takeCollection(s)
	case s.entry.closesList():
		d.takeWhole(s)
	case s.entry.ofList():
		d.takeFound(s)
	case s.entry.Recorded && d.known(s):
		return
	default:
		d.takeOne(s)
	}
}

// underneath tells whether the step is how Calico's own API server stored what another event tells better: a request for
// projectcalico.org/v3 is one of that server's for crd.projectcalico.org/v1 beneath it, with the same resourceVersion. One
// change is one row, and its author is not the server.
func (d *Differ) underneath(s *step) bool {
	if s.ref.group != resource.GroupCalicoCRD || s.entry.Refused || s.entry.Verb == "deletecollection" {
		return false
	}
	version, deletes := s.answer.meta.version, s.verb() == "delete"
	if before := d.states[s.subject]; before != nil {
		if deletes && before.raw == nil || !deletes && version != "" && before.version == version {
			return true
		}
	}
	return slices.ContainsFunc(d.waiting, func(other *step) bool {
		if other.subject != s.subject || other.ref.group != resource.GroupCalico || other.entry.Refused {
			return false
		}
		return deletes && other.verb() == "delete" || !deletes && version != "" && other.answer.meta.version == version
	})
}

func (d *Differ) report(s *step, o outcome) {
	if s.entry.Prior || !d.interval.Contains(s.entry.Time) {
		return
	}
	o.time, o.event = s.entry.Time, s.entry.Event
	if !s.entry.ofList() {
		o.count = s.counted()
	}
	d.outcomes = append(d.outcomes, o)
}

func (d *Differ) takeOne(s *step) {
	before := d.states[s.subject]
	meta := &s.answer.meta
	ended := s.ended()
	told := s.answer.form == formObject || s.answer.form == formPartial
	if told && !ended && s.verb() != "create" && before != nil && before.raw != nil &&
		before.uid == meta.uid && before.version == meta.version && meta.version != "" {
		return // changed nothing (AL 18)
	}
	row := s.row(s.subject)
	row.What = what(s, before, ended)
	d.report(s, outcome{keys: []resource.Key{s.subject.key}, rows: []Row{row}})
	switch {
	case ended:
		if before == nil || before.uid == meta.uid || meta.uid == "" {
			d.states[s.subject] = &state{}
		}
	case s.answer.form == formObject && !stale(before, meta):
		d.states[s.subject] = &state{uid: meta.uid, version: meta.version, raw: s.answer.raw}
	}
}

// stale tells whether a later state of the object is known already.
func stale(before *state, meta *metadata) bool {
	return before != nil && before.raw != nil && before.uid == meta.uid && compareVersions(meta.version, before.version) < 0
}

// takeCollection makes one row for each object of the answer. An answer without objects changed nothing; without an answer
// there is one row for whatever it was.
func (d *Differ) takeCollection(s *step) {
	var o outcome
	if s.answer.form != formList {
		row := s.row(s.subject)
		row.What = whatNoBody
		d.report(s, outcome{keys: []resource.Key{s.subject.key}, rows: []Row{row}})
		return
	}
	gone := make(map[resource.Key]bool, len(s.entry.Changes))
	for i := range s.entry.Changes {
		gone[s.entry.Changes[i].ID.Key] = true
	}
	_ = s.answer.eachItem(func(item []byte) error { // the Collector counted a list that cannot be read
		meta, err := itemMetadata(item)
		if err != nil {
			return err
		}
		namespace := meta.namespace
		if namespace == "" {
			namespace = s.ref.namespace
		}
		if !d.selection.selects(&s.ref, []string{meta.name}) {
			return nil
		}
		sub := s.subjectOf(meta.name, namespace)
		row := s.row(sub)
		row.What = listed(item)
		o.rows = append(o.rows, row)
		o.keys = append(o.keys, sub.key)
		if gone[sub.key] || s.kind == resource.NoKind && !meta.finalizers {
			d.states[sub] = &state{}
		}
		return nil
	})
	if len(o.rows) > 0 {
		d.report(s, o)
	}
}

const (
	whatNoBody    = "not known: the event has no body"
	whatNoBefore  = "not known: the state before is neither in the snapshot nor in the log"
	whatInvisible = "nothing but status, managed fields or other bookkeeping"
	whatGone      = "last finalizer removed: the object is gone"
)

// what says what a request on one object changed.
func what(s *step, before *state, ended bool) string {
	known := before != nil && before.raw != nil
	switch {
	case s.ref.subresource != "":
		return "sub-resource " + s.ref.subresource
	case s.verb() == "delete" && !ended:
		return whatMarked(s)
	case s.verb() == "delete" && known:
		return listed(before.raw)
	case s.verb() == "delete" && s.answer.form == formObject:
		return listed(s.answer.raw)
	case s.verb() == "delete":
		return whatNoBefore
	case ended:
		return whatGone
	case s.answer.form != formObject:
		return whatNoBody
	case s.verb() == "create":
		return listed(s.answer.raw)
	case !known || before.uid != s.answer.meta.uid:
		return whatNoBefore
	}
	return compare(before.raw, s.answer.raw)
}

func whatMarked(s *step) string {
	var doc struct {
		Metadata struct {
			Finalizers []string `json:"finalizers"`
		} `json:"metadata"`
	}
	if s.answer.form == formNone || json.Unmarshal(s.answer.raw, &doc) != nil || len(doc.Metadata.Finalizers) == 0 {
		return "marked for deletion"
	}
	list := make([]any, len(doc.Metadata.Finalizers))
	for i, finalizer := range doc.Metadata.Finalizers {
		list[i] = finalizer
	}
	return "marked for deletion; it stays until its finalizers are removed: " + enumerate("", list)
}

func listed(raw []byte) string {
	doc, err := document(raw)
	if err != nil {
		return whatNoBody
	}
	return contents(doc)
}

func compare(before, after []byte) string {
	old, err := document(before)
	if err != nil {
		return whatNoBefore
	}
	now, err := document(after)
	if err != nil {
		return whatNoBody
	}
	if text := differences(old, now); text != "" {
		return text
	}
	return whatInvisible
}
