package timeline

import (
	"slices"
	"time"

	"github.com/probity/probity/internal/resource"
)

// tombstoneLife is how long an ended object is remembered. A late change is stamped milliseconds late, and seconds at most where
// clocks of API servers differ (audit-log.md 35 to 38); an hour is far on the safe side and bounds the memory.
const tombstoneLife = int64(time.Hour)

// tombstones remember ended objects, so that a late change does not resurrect one.
type tombstones struct {
	since        int64 // when young began
	young, older map[resource.Key]grave
}

// grave is what is remembered of the lives that ended under one name.
type grave struct {
	version uint64   // the last one known
	uid     string   // of the life that ended last, "" if it had none
	before  []string // of the lives before it
}

func newTombstones() tombstones {
	return tombstones{young: map[resource.Key]grave{}, older: map[resource.Key]grave{}}
}

// bury remembers one life of an object; uid and version may be unknown.
func (t *tombstones) bury(id resource.ID, version uint64, at int64) {
	if at-t.since > tombstoneLife {
		t.older, t.young, t.since = t.young, map[resource.Key]grave{}, at
	}
	g := t.young[id.Key]
	g.version = max(g.version, version)
	if id.UID != "" && id.UID != g.uid {
		if g.uid != "" {
			g.before = append(g.before, g.uid)
		}
		g.uid = id.UID
	}
	t.young[id.Key] = g
}

// ended tells whether the object of this uid is known to have ended.
func (t *tombstones) ended(id resource.ID) bool {
	return id.UID != "" && (holds(t.young, id) || holds(t.older, id))
}

func holds(graves map[resource.Key]grave, id resource.ID) bool {
	if len(graves) == 0 {
		return false
	}
	g, ok := graves[id.Key]
	return ok && (g.uid == id.UID || slices.Contains(g.before, id.UID))
}

// outdates tells whether an object of that name ended at this version or a later one.
func (t *tombstones) outdates(key resource.Key, version uint64) bool {
	return version > 0 && version <= max(t.young[key].version, t.older[key].version)
}
