package evidence

import (
	"strings"
	"time"

	"github.com/probity/probity/internal/interval"
)

// changes is the folder of a cluster's recorded changes.
const changes = "changes/"

const segmentSuffix = ".ndjson.zst"

// Changes is the folder of everything that a recorder archived.
func (l Layout) Changes() string { return l.root + changes }

// ChangesDay is the folder of the segments that begin on t's day (UTC): "changes/2026/11/21/".
func (l Layout) ChangesDay(t time.Time) string { return l.Changes() + t.UTC().Format("2006/01/02/") }

// Segment is the key of the recorded changes of a span: "changes/2026/11/21/<start>_<end>.ndjson.zst".
func (l Layout) Segment(iv interval.Interval) string {
	return l.ChangesDay(iv.Start) + intervalName(iv) + segmentSuffix
}

// ParseSegment reads a key below [Layout.Changes]. It is not ok when the key is anything else.
func (l Layout) ParseSegment(key string) (iv interval.Interval, ok bool) {
	rest, ok := strings.CutPrefix(key, l.Changes())
	if !ok {
		return interval.Interval{}, false
	}
	parts := strings.Split(rest, "/")
	name, isSegment := strings.CutSuffix(parts[len(parts)-1], segmentSuffix)
	iv, ok = parseInterval(name)
	return iv, ok && isSegment && l.Segment(iv) == key
}
