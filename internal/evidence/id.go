package evidence

import (
	"time"

	"github.com/google/uuid"

	"github.com/probity/probity/internal/interval"
)

// ReportID is the id of a report over an interval as the removed product made it: the UUIDv5 in the URL namespace of
// "<report>::<start>::<end>", times in RFC 3339 and UTC. The report type and the revision are no part of it.
func ReportID(report string, iv interval.Interval) string {
	name := report + "::" + iv.Start.UTC().Format(time.RFC3339Nano) + "::" + iv.End.UTC().Format(time.RFC3339Nano)
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String()
}
