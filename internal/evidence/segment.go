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

// Segment is the key of what one recorder recorded in a span: "changes/2026/11/21/<start>_<end>_<recorder>.ndjson.zst". The recorder
// is a word of small letters and digits; two recorders never write the same key.
func (l Layout) Segment(iv interval.Interval, recorder string) string {
	return l.ChangesDay(iv.Start) + intervalName(iv) + "_" + recorder + segmentSuffix
}

// ParseSegment reads a key below [Layout.Changes]. It is not ok when the key is anything else.
func (l Layout) ParseSegment(key string) (iv interval.Interval, ok bool) {
	rest, ok := strings.CutPrefix(key, l.Changes())
	if !ok {
		return interval.Interval{}, false
	}
	parts := strings.Split(rest, "/")
	name, ok := strings.CutSuffix(parts[len(parts)-1], segmentSuffix)
	at := strings.LastIndexByte(name, '_')
	if !ok || at < 0 {
		return interval.Interval{}, false
	}
	iv, ok = parseInterval(name[:at])
	return iv, ok && isWord(name[at+1:]) && l.Segment(iv, name[at+1:]) == key
}

func isWord(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
