package flow

import (
	"bytes"
	"time"
)

// Times are when a record begins and ends, in UTC.
type Times struct {
	Start, End time.Time
	// Seconds tells that both are written as whole seconds since 1970, as all the emitters known do: in digits, perhaps as a string.
	Seconds bool
}

// Dater reads the times of a log's lines, and nothing more of them. It learns the log's layout as a Reducer does, so use one for
// many lines, by one goroutine at a time. The zero value is ready.
type Dater struct {
	layout *layout
	record record
	spans  keySpans
}

// Times reads the times of a line, in either form. Reason is "" when the line is one JSON object and both times can be read; that the
// end is not before the start is not looked at.
func (d *Dater) Times(line []byte) (Times, Reason) {
	if d.layout == nil {
		d.layout = newLayout()
	}
	if !d.layout.split(line, &d.record, &d.spans) {
		if why := d.record.splitGeneral(line); why != "" {
			return Times{}, why
		}
	}
	from, to := d.record.value(fieldStart), d.record.value(fieldEnd)
	start, first := instant(from)
	end, last := instant(to)
	switch {
	case first == NoTimes || last == NoTimes:
		return Times{}, NoTimes
	case first != "" || last != "":
		return Times{}, BadTime
	}
	return Times{time.Unix(0, start).UTC(), time.Unix(0, end).UTC(), wholeSeconds(from) && wholeSeconds(to)}, ""
}

// wholeSeconds tells how a time is written that instant has read.
func wholeSeconds(value []byte) bool {
	n, ok := integer(bytes.Trim(value, `"`))
	return ok && n < millisFrom
}
