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
	young, older graves
}

// graves are the lives that ended, by name.
type graves struct {
	last   map[resource.Key]grave
	before map[resource.Key][]string // the uids of all but the last
}

type grave struct {
	version uint64 // the last one known
	uid     string // of the life that ended last, "" if it had none
}

func newTombstones() tombstones { return tombstones{young: newGraves(), older: newGraves()} }

func newGraves() graves {
	return graves{map[resource.Key]grave{}, map[resource.Key][]string{}}
}

// bury remembers one life of an object; uid and version may be unknown.
func (t *tombstones) bury(id resource.ID, version uint64, at int64) {
	if at-t.since > tombstoneLife {
		t.older, t.young, t.since = t.young, newGraves(), at
	}
	last := t.young.last[id.Key]
	if id.UID != "" && id.UID != last.uid {
		if last.uid != "" {
			t.young.before[id.Key] = append(t.young.before[id.Key], last.uid)
		}
		last.uid = id.UID
	}
	last.version = max(last.version, version)
	t.young.last[id.Key] = last
}

// ended tells whether the object of this uid is known to have ended.
func (t *tombstones) ended(id resource.ID) bool {
	return id.UID != "" && (t.young.hold(id) || t.older.hold(id))
}

func (g *graves) hold(id resource.ID) bool {
	last, ok := g.last[id.Key]
	return ok && (last.uid == id.UID || slices.Contains(g.before[id.Key], id.UID))
}

// outdates tells whether an object of that name ended at this version or a later one.
func (t *tombstones) outdates(key resource.Key, version uint64) bool {
	return version > 0 && version <= max(t.young.last[key].version, t.older.last[key].version)
}
