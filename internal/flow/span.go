package flow

import (
	"time"

	"github.com/probity/probity/internal/interval"
)

// DroppedAction is the action of a line that stands for one that was dropped on its way into the log: it has times and this
// action, and no other member that is read. A Reducer counts it under Dropped where it overlaps the interval.
const DroppedAction = "dropped"

// SpanOf reads the times of one line of a flow log, in either form, in UTC. The reason is the one under which a Reducer would
// count the line as bad whatever its interval; it is "" for a line that only its key can still spoil.
func SpanOf(line []byte) (interval.Interval, Reason) {
	var r record
	if why := r.splitGeneral(line); why != "" {
		return interval.Interval{}, why
	}
	var s sums
	if why := r.sums(&s); why != "" {
		return interval.Interval{}, why
	}
	return interval.Interval{Start: time.Unix(0, s.first).UTC(), End: time.Unix(0, s.last).UTC()}, ""
}
