package timeline

import (
	"cmp"
	"slices"

	"github.com/probity/probity/internal/resource"
)

// listed notes which list had an object. A list that showed an object says nothing about it that is newer than the object's
// version, but that it was there.
func (t *Timeline) listed(c *resource.Change) {
	if c.List == 0 {
		return
	}
	if t.unended == nil {
		t.unended = map[int64]int64{}
	}
	t.unended[c.List]++
	if known := t.find(c.ID.Key); known != nil {
		known.list = c.List
	}
}

// endUnlisted ends the objects of a kind that a list does not have. A list of which objects are missing here, because a part
// of the archive cannot be read, ends nothing: it would end what is there.
func (t *Timeline) endUnlisted(c *resource.Change, at int64) {
	t.counts.Applied++
	given := t.unended[c.List]
	delete(t.unended, c.List)
	if given != c.Whole.Count {
		t.counts.BrokenLists++
		return
	}
	version := parseVersion(c.Version)
	var gone []*object
	for in := range t.everySpace() {
		for _, o := range in.objects {
			newer := version > 0 && o.version > version
			if o.kind == c.ID.Kind && o.list != c.List && !newer {
				gone = append(gone, o)
			}
		}
	}
	slices.SortFunc(gone, func(a, b *object) int { return cmp.Or(a.key().Compare(b.key()), cmp.Compare(a.uid, b.uid)) })
	for _, o := range gone {
		if t.find(o.key()) != o {
			continue // it went with something else
		}
		t.counts.Unlisted++
		t.end(o, version, at)
	}
}
