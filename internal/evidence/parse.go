package evidence

import (
	"strconv"
	"strings"
	"time"

	"github.com/probity/probity/internal/interval"
)

// ParseSnapshot reads a key below [Layout.Snapshots]: the snapshot's time, and the object's name within its folder. It is not
// ok when the key is anything else.
func (l Layout) ParseSnapshot(key string) (at time.Time, name string, ok bool) {
	rest, ok := strings.CutPrefix(key, l.Snapshots())
	if !ok {
		return time.Time{}, "", false
	}
	parts := strings.SplitN(rest, "/", 5)
	if len(parts) != 5 {
		return time.Time{}, "", false
	}
	at, ok = parseStamp(parts[3])
	if !ok || l.Snapshot(at)+parts[4] != key {
		return time.Time{}, "", false
	}
	return at, parts[4], true
}

// ParseBundle reads a key below [Layout.Reports]: the bundle, and the object's name within its folder. It is not ok when the
// key is anything else.
func (l Layout) ParseBundle(key string) (id BundleID, name string, ok bool) {
	path, ok := strings.CutPrefix(key, l.root)
	if !ok {
		return BundleID{}, "", false
	}
	return parseBundlePath(path)
}

func parseBundlePath(path string) (id BundleID, name string, ok bool) {
	rest, ok := strings.CutPrefix(path, reports)
	if !ok {
		return BundleID{}, "", false
	}
	parts := strings.SplitN(rest, "/", 4)
	if len(parts) != 4 || ValidateReport(parts[0]) != nil {
		return BundleID{}, "", false
	}
	iv, ok := parseInterval(parts[1])
	if !ok {
		return BundleID{}, "", false
	}
	number, ok := strings.CutPrefix(parts[2], "r")
	revision, err := strconv.Atoi(number)
	id = BundleID{Report: parts[0], Interval: iv, Revision: revision}
	if !ok || err != nil || revision < 1 || id.Path()+parts[3] != path {
		return BundleID{}, "", false
	}
	return id, parts[3], true
}

// ParseOutcome reads a key below [Layout.AllOutcomes]. It is not ok when the key is anything else.
func (l Layout) ParseOutcome(key string) (id OutcomeID, ok bool) {
	rest, ok := strings.CutPrefix(key, l.AllOutcomes())
	if !ok {
		return OutcomeID{}, false
	}
	parts := strings.Split(rest, "/")
	if len(parts) != 3 || ValidateReport(parts[0]) != nil {
		return OutcomeID{}, false
	}
	end, ok := parseStamp(parts[1])
	if !ok {
		return OutcomeID{}, false
	}
	trigger, file, ok := strings.Cut(parts[2], ".")
	run, isJSON := strings.CutSuffix(file, ".json")
	id = OutcomeID{Report: parts[0], End: end, Trigger: Trigger(trigger), Run: run}
	if !ok || !isJSON || run == "" || l.Outcome(id) != key {
		return OutcomeID{}, false
	}
	return id, true
}

func parseInterval(name string) (interval.Interval, bool) {
	first, second, ok := strings.Cut(name, "_")
	if !ok {
		return interval.Interval{}, false
	}
	start, startOK := parseStamp(first)
	end, endOK := parseStamp(second)
	if !startOK || !endOK {
		return interval.Interval{}, false
	}
	iv, err := interval.New(start, end)
	return iv, err == nil
}

func parseStamp(text string) (time.Time, bool) {
	t, err := time.Parse(stampLayout, text)
	if err != nil || stamp(t) != text {
		return time.Time{}, false
	}
	return t.UTC(), true
}
