package render

import (
	"fmt"
	"slices"
	"time"
)

// utcNames are the names of the one zone that times are printed in; "Local" is among them, since a report has no machine.
var utcNames = []string{"", "UTC", "GMT", "Etc/UTC", "Etc/GMT", "Zulu", "Local"}

// zone returns a time zone by its name: UTC under any of its names. Others are refused. Their rules come from the machine that
// renders, and differ from one to the next, so the same report would print other hours elsewhere. Sprig takes UTC for a zone
// that it does not know, which would print wrong hours and say nothing.
func zone(name string) (*time.Location, error) {
	if slices.Contains(utcNames, name) {
		return time.UTC, nil
	}
	return nil, fmt.Errorf("time zone %q is not available: reports print times in UTC", name)
}
