package audit

import (
	"time"

	"github.com/probity/probity/internal/resource"
)

func newFacts(o CollectorOptions, end time.Time) Facts {
	return Facts{
		From: o.From.UTC(), Interval: o.Interval, LookUntil: end.UTC(),
		Bad: map[string]int64{}, Skipped: map[string]int64{}, Stages: map[string]int64{}, Hours: map[string]int64{},
		Seen: map[string]int64{}, Bodiless: map[string]int64{}, Namespaces: map[string]*NamespaceFacts{},
	}
}

func (f *Facts) seeEvent(stage string, at time.Time) {
	f.Events++
	f.Stages[stage]++
	f.seeTimes(at, at)
}

func (f *Facts) seeTimes(first, last time.Time) {
	if !first.IsZero() && (f.First.IsZero() || first.Before(f.First)) {
		f.First = first
	}
	if last.After(f.Last) {
		f.Last = last
	}
}

// hourLayout is the key of an hour in Facts.Hours.
const hourLayout = "2006-01-02T15"

func (f *Facts) setHours(hours map[int64]int64) {
	for hour, count := range hours {
		f.Hours[time.Unix(hour*3600, 0).UTC().Format(hourLayout)] = count
	}
}

// subresources are those that say something about followed kinds; all others are counted as one, which bounds the map.
var subresources = map[string]bool{
	"": true, "binding": true, "status": true, "finalize": true, "eviction": true, "ephemeralcontainers": true,
	"resize": true, "token": true, "scale": true,
}

// seeWrite counts a successful write of a followed kind.
func (f *Facts) seeWrite(r *request) {
	sub := r.ref.subresource
	if !subresources[sub] {
		sub = "other"
	}
	key := r.verb + " " + r.kind.Collection()
	if sub != "" {
		key += "/" + sub
	}
	f.Seen[key]++
	body := r.event.response
	if sub == "binding" {
		body = r.event.request // what it tells is in the request
	}
	if !present(body) {
		f.Bodiless[key]++
	}
}

// seeChanges notes what tells when namespaces began and ended.
func (f *Facts) seeChanges(r *request, changes []resource.Change) {
	if r.kind == resource.Namespace {
		f.seeNamespace(r, changes)
		return
	}
	for i := range changes {
		if namespace := changes[i].ID.Namespace; namespace != "" && changes[i].Ends() {
			f.namespace(namespace).seeEnd(f.slice(r.time), r.time)
		}
	}
}

func (f *Facts) seeNamespace(r *request, changes []resource.Change) {
	name := r.answered().Name
	mark := Mark{Time: r.time, UID: r.answer.meta.uid}
	switch {
	case name == "":
	case len(changes) == 1 && changes[0].Ends():
		facts := f.namespace(name)
		facts.Finalized = addMark(facts.Finalized, mark)
	case r.verb == "delete" && r.ref.subresource == "":
		facts := f.namespace(name)
		facts.Deleted = addMark(facts.Deleted, mark)
	case r.verb == "create" && r.ref.subresource == "":
		facts := f.namespace(name)
		facts.Created = addMark(facts.Created, mark)
	}
}

func (f *Facts) namespace(name string) *NamespaceFacts {
	facts := f.Namespaces[name]
	if facts == nil {
		facts = &NamespaceFacts{Ends: map[int64]time.Time{}}
		f.Namespaces[name] = facts
	}
	return facts
}

// slice numbers the slice of time in NamespaceFacts.Ends.
func (f *Facts) slice(at time.Time) int64 {
	width := max(f.LookUntil.Sub(f.From)/64, time.Minute)
	return int64(at.Sub(f.From) / width)
}

func (n *NamespaceFacts) seeEnd(slice int64, at time.Time) {
	if at.After(n.Ends[slice]) {
		n.Ends[slice] = at
	}
}
