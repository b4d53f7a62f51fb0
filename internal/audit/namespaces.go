package audit

import (
	"maps"
	"slices"
	"time"

	"github.com/probity/probity/internal/resource"
)

// namespaceEnds tells for each namespace that the log has a delete of when it was gone: at its finalization, else, where the
// log has no finalizations at all, together with the last thing that was seen to end in it after the delete (decisions.md,
// "Contents of a deleted namespace without events of their own"). Sorted by name and the deletion's time.
func (f *Facts) namespaceEnds() []NamespaceEnd {
	var all []NamespaceEnd
	for _, name := range slices.Sorted(maps.Keys(f.Namespaces)) {
		facts := f.Namespaces[name]
		seen := map[string]bool{}
		for _, deleted := range facts.Deleted {
			if deleted.UID != "" && seen[deleted.UID] {
				continue // asked for twice
			}
			seen[deleted.UID] = true
			all = append(all, f.namespaceEnd(name, deleted))
		}
	}
	return all
}

func (f *Facts) namespaceEnd(name string, deleted Mark) NamespaceEnd {
	facts := f.Namespaces[name]
	end := NamespaceEnd{Name: name, UID: deleted.UID}
	// The next namespace of that name can only be created when this one is gone.
	next, recreated := facts.createdAfter(deleted.Time)
	for _, mark := range facts.Finalized {
		same := mark.UID == deleted.UID || mark.UID == "" || deleted.UID == ""
		if same && !mark.Time.Before(deleted.Time) && (!recreated || mark.Time.Before(next)) {
			end.Time, end.How = mark.Time, EndFinalized
			return end
		}
	}
	if !recreated && f.finalizeLogged() {
		end.How = EndPending
		return end
	}
	end.Time, end.How = deleted.Time, EndLastSeen
	for slice, last := range facts.Ends {
		if recreated && slice == f.slice(next) && !last.Before(next) {
			last = next.Add(-time.Microsecond) // the slice's last end is the next namespace's: this is the latest it can be
		}
		if last.After(end.Time) && (!recreated || last.Before(next)) {
			end.Time = last
		}
	}
	return end
}

func (n *NamespaceFacts) createdAfter(at time.Time) (time.Time, bool) {
	for _, mark := range n.Created {
		if mark.Time.After(at) {
			return mark.Time, true
		}
	}
	return time.Time{}, false
}

// finalizeLogged tells whether the audit policy logs the sub-resources of namespaces, so that a missing finalization means
// that it did not happen.
func (f *Facts) finalizeLogged() bool {
	for key, count := range f.Seen {
		switch key {
		case "update core.namespaces/finalize", "update core.namespaces/status", "patch core.namespaces/status":
			if count > 0 {
				return true
			}
		}
	}
	return false
}

// inferredEnds are the ends of namespaces that no event shows and that lie within the time of entries, as sorted records.
func (f *Facts) inferredEnds() ([]record, error) {
	var all []record
	for _, end := range f.NamespaceEnds {
		if end.How != EndLastSeen || !end.Time.Before(f.Interval.End) {
			continue
		}
		id := resource.ID{Key: resource.Key{Kind: resource.Namespace, Name: end.Name}, UID: end.UID}
		entry := Entry{Time: end.Time, Verb: "delete", Inferred: true, Changes: []resource.Change{{Time: end.Time, ID: id}}}
		line, err := entry.encode()
		if err != nil {
			return nil, err
		}
		all = append(all, record{at: end.Time.UnixMicro(), order: entry.order(), line: line, entry: &entry})
	}
	slices.SortFunc(all, func(a, b record) int { return a.compare(&b) })
	return all, nil
}
