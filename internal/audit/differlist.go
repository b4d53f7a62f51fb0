package audit

import (
	"fmt"
	"slices"
	"time"

	"github.com/probity/probity/internal/resource"
)

// known tells whether what a recorder told of an object was told before, or something newer: then it is no row of its own.
func (d *Differ) known(s *step) bool {
	before, meta := d.states[s.subject], &s.answer.meta
	switch {
	case before == nil:
		return false
	case before.raw == nil:
		return s.ended()
	}
	return !s.ended() && before.uid == meta.uid && meta.version != "" && compareVersions(meta.version, before.version) <= 0
}

const (
	whatUnseen  = "changed while no recorder followed it, at a time that is not known: "
	whatAppears = "created while no recorder followed it, by its creation time at %s: "
	whatGoneBy  = "deleted while no recorder followed it, at a time that is not known: "
)

// takeFound compares an object of a recorder's list with what is known of it: it may have changed while nobody looked. An object that is
// older than the interval and of which nothing is known is a state to start from.
func (d *Differ) takeFound(s *step) {
	number := s.entry.Changes[0].List
	d.unended[number]++
	before, meta := d.states[s.subject], &s.answer.meta
	now := &state{uid: meta.uid, version: meta.version, raw: s.answer.raw, list: number}
	if before != nil && before.raw != nil && before.uid == meta.uid && compareVersions(meta.version, before.version) <= 0 {
		before.list = number
		return
	}
	d.states[s.subject] = now
	row := s.row(s.subject)
	created := s.entry.Changes[0].Object.Created
	switch {
	case before != nil && before.raw != nil && before.uid == meta.uid:
		row.Verb, row.What = "update", whatUnseen+compare(before.raw, s.answer.raw)
		d.report(s, outcome{keys: []resource.Key{s.subject.key}, rows: []Row{row}, count: countModify})
	case before != nil || !created.Before(d.interval.Start):
		row.Verb = "create"
		row.What = fmt.Sprintf(whatAppears, created.UTC().Format(time.RFC3339)) + listed(s.answer.raw)
		d.report(s, outcome{keys: []resource.Key{s.subject.key}, rows: []Row{row}, count: countCreate})
	}
}

// takeWhole makes a row for each object that a whole list does not have. A list of which objects are missing here tells nothing.
func (d *Differ) takeWhole(s *step) {
	whole := &s.entry.Changes[0]
	given := d.unended[whole.List]
	delete(d.unended, whole.List)
	if given != whole.Whole.Count {
		return
	}
	var gone []subject
	for sub, known := range d.states {
		newer := whole.Version != "" && compareVersions(known.version, whole.Version) > 0
		if sub.key.Kind == s.kind && known.raw != nil && known.list != whole.List && !newer {
			gone = append(gone, sub)
		}
	}
	slices.SortFunc(gone, func(a, b subject) int { return a.key.Compare(b.key) })
	for _, sub := range gone {
		row := s.row(sub)
		row.Verb, row.What = "delete", whatGoneBy+listed(d.states[sub].raw)
		d.states[sub] = &state{}
		d.report(s, outcome{keys: []resource.Key{sub.key}, rows: []Row{row}, count: countDelete})
	}
}
