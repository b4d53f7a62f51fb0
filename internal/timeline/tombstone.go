package timeline

import (
	"time"

	"github.com/probity/probity/internal/resource"
)

// tombstoneLife is how long an ended object is remembered. A late change is stamped milliseconds late, and seconds at most where
// clocks of API servers differ (audit-log.md 35 to 38); an hour is far on the safe side and bounds the memory.
const tombstoneLife = int64(time.Hour)

// tombstones remember ended objects, so that a late change does not resurrect one: by uid, and by name with the last version.
type tombstones struct {
	since        int64 // when young began
	young, older grave
}

type grave struct {
	uids     map[string]struct{}
	versions map[resource.Key]uint64
}

func newTombstones() tombstones { return tombstones{young: newGrave(), older: newGrave()} }

func newGrave() grave {
	return grave{map[string]struct{}{}, map[resource.Key]uint64{}}
}

// bury remembers one life of an object; uid and version may be unknown.
func (t *tombstones) bury(id resource.ID, version uint64, at int64) {
	if at-t.since > tombstoneLife {
		t.older, t.young, t.since = t.young, newGrave(), at
	}
	if id.UID != "" {
		t.young.uids[id.UID] = struct{}{}
	}
	if version > 0 {
		t.young.versions[id.Key] = max(version, t.young.versions[id.Key])
	}
}

// ended tells whether the object of this uid is known to have ended.
func (t *tombstones) ended(uid string) bool {
	_, young := t.young.uids[uid]
	_, older := t.older.uids[uid]
	return uid != "" && (young || older)
}

// outdates tells whether an object of that name ended at this version or a later one.
func (t *tombstones) outdates(key resource.Key, version uint64) bool {
	return version > 0 && version <= max(t.young.versions[key], t.older.versions[key])
}
