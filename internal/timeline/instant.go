package timeline

import (
	"cmp"
	"slices"

	"github.com/probity/probity/internal/resource"
)

// step applies the gathered changes of one instant, then evaluates the state that they leave.
func (t *Timeline) step() {
	t.enter(t.at)
	sortInstant(t.pending)
	var wholes []*resource.Change // which speak about all the others
	for i := range t.pending {
		c := &t.pending[i]
		switch {
		case c.Whole != nil:
			wholes = append(wholes, c)
		case c.Object != nil:
			t.set(c, t.at)
			t.listed(c)
		case c.Node != "":
			t.bind(c)
		default:
			t.remove(c, t.at)
		}
	}
	for _, c := range wholes {
		t.endUnlisted(c, t.at)
	}
	clear(t.pending) // the objects are not kept longer than needed
	t.pending = t.pending[:0]
	if t.phase == within && t.at < t.until {
		t.evaluate(t.at)
	}
}

// enter moves to the phase of an instant, before its changes are applied.
func (t *Timeline) enter(at int64) {
	if t.phase == before && at >= t.from {
		t.phase = within
		t.markAll()
		// The state before a change at the start itself has no duration.
		if at > t.from {
			t.evaluate(t.from)
		}
	}
	if t.phase == within && at >= t.until {
		t.settle(t.until)
		t.phase = after
	}
}

// sortInstant orders the changes of one instant so that the order in which they were given does not matter: by object, new states
// by version, then bindings, then ends. Namespaces come first, as their end takes along what is in them.
func sortInstant(changes []resource.Change) {
	if len(changes) < 2 {
		return
	}
	slices.SortStableFunc(changes, func(a, b resource.Change) int {
		return cmp.Or(a.ID.Key.Compare(b.ID.Key), cmp.Compare(rank(&a), rank(&b)),
			cmp.Compare(versionOf(&a), versionOf(&b)), cmp.Compare(a.ID.UID, b.ID.UID))
	})
}

func rank(c *resource.Change) int {
	switch {
	case c.Object != nil:
		return 0
	case c.Node != "":
		return 1
	}
	return 2
}
