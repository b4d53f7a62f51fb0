package recording

import (
	"encoding/json"
	"time"
)

// Hint is what an object tells about its own last change. All of it is told by clients, or cut to the second: it is a hint.
type Hint struct {
	Manager string    // the field manager with the newest time
	Time    time.Time // the newest of creation, deletion and managed fields; zero when the object tells none
}

// HintOf reads an object as the API server gives it, with its managed fields. What cannot be read tells nothing.
func HintOf(object []byte) Hint {
	var doc struct {
		Metadata struct {
			CreationTimestamp time.Time  `json:"creationTimestamp"`
			DeletionTimestamp *time.Time `json:"deletionTimestamp"`
			DeletionGrace     int64      `json:"deletionGracePeriodSeconds"`
			ManagedFields     []struct {
				Manager string    `json:"manager"`
				Time    time.Time `json:"time"`
			} `json:"managedFields"`
		} `json:"metadata"`
	}
	if json.Unmarshal(object, &doc) != nil {
		return Hint{}
	}
	hint := Hint{Time: doc.Metadata.CreationTimestamp.UTC()}
	if deletion := doc.Metadata.DeletionTimestamp; deletion != nil {
		// The timestamp is when the grace period ends: the change was made that much earlier.
		hint.Time = later(hint.Time, deletion.UTC().Add(-time.Duration(doc.Metadata.DeletionGrace)*time.Second))
	}
	var newest time.Time
	for _, field := range doc.Metadata.ManagedFields {
		if hint.Manager == "" || field.Time.After(newest) {
			hint.Manager, newest = field.Manager, field.Time
		}
	}
	hint.Time = later(hint.Time, newest.UTC())
	return hint
}
