package flow

import (
	"maps"
	"slices"
	"time"

	"github.com/probity/probity/internal/interval"
)

// Reason says why a line could not be used.
type Reason string

// The reasons, in the order in which a line is examined: a line with several faults counts under the first.
const (
	BadUTF8    Reason = "invalid UTF-8"
	BadJSON    Reason = "invalid JSON"
	BadField   Reason = "a field given twice" // two values for a field that is read
	NoTimes    Reason = "no start or end time"
	BadTime    Reason = "unreadable start or end time"
	EndFirst   Reason = "end before start"
	BadCount   Reason = "unreadable counter" // not an integer that fits 64 bits
	Negative   Reason = "negative counter"
	Dropped    Reason = "dropped before it was stored" // see DroppedAction
	BadAction  Reason = "unknown action"
	BadEnd     Reason = "unknown endpoint type"
	BadKey     Reason = "unreadable field" // a name, port, protocol, reporter or policy of the wrong type or out of range
	allReasons        = 12
)

var reasons = [allReasons]Reason{
	BadUTF8, BadJSON, BadField, NoTimes, BadTime, EndFirst, BadCount, Negative, Dropped, BadAction, BadEnd, BadKey,
}

// Stats says what the lines held and how the records cover the interval.
type Stats struct {
	Lines   int64            `json:"lines"`             // lines given
	Used    int64            `json:"used"`              // records that overlap the interval; the groups hold exactly these
	Outside int64            `json:"outside,omitempty"` // records that do not overlap the interval
	Bad     map[Reason]int64 `json:"bad,omitempty"`     // lines that are no flow record
	TooLong int64            `json:"tooLong,omitempty"` // lines over the reader's limit, told by AddTooLong; not in Lines
	First   time.Time        `json:"first,omitzero"`    // earliest start of a used record, UTC
	Last    time.Time        `json:"last,omitzero"`     // latest end of a used record, UTC
	Hours   []Hour           `json:"hours,omitempty"`   // every clock hour (UTC) that the interval touches, in order
}

// Hour counts the used records that overlap one hour; a record that spans several counts in each.
type Hour struct {
	interval.Interval       // the part of the clock hour that lies in the interval
	Records           int64 `json:"records"`
}

// BadLines is the number of lines that are no flow record, whatever the reason.
func (s Stats) BadLines() int64 {
	var sum int64
	for _, n := range s.Bad {
		sum += n
	}
	return sum
}

// Records is the number of readable records, inside and outside the interval.
func (s Stats) Records() int64 { return s.Used + s.Outside }

// Missing lists the spans of the interval, hour by hour, without any flow record; neighbouring hours are joined.
func (s Stats) Missing() []interval.Interval {
	var out []interval.Interval
	for _, h := range s.Hours {
		if h.Records > 0 {
			continue
		}
		if n := len(out); n > 0 && out[n-1].End.Equal(h.Start) {
			out[n-1].End = h.End
			continue
		}
		out = append(out, h.Interval)
	}
	return out
}

// Merge returns the sum of both. The hours of both must be those of the same interval; an empty Stats fits any.
func (s Stats) Merge(o Stats) Stats {
	s.Lines, s.Used, s.Outside, s.TooLong = s.Lines+o.Lines, s.Used+o.Used, s.Outside+o.Outside, s.TooLong+o.TooLong
	if len(o.Bad) > 0 {
		s.Bad = maps.Clone(s.Bad)
		if s.Bad == nil {
			s.Bad = map[Reason]int64{}
		}
		for reason, n := range o.Bad {
			s.Bad[reason] += n
		}
	}
	if s.First.IsZero() || (!o.First.IsZero() && o.First.Before(s.First)) {
		s.First = o.First
	}
	if o.Last.After(s.Last) {
		s.Last = o.Last
	}
	s.Hours = slices.Clone(s.Hours)
	if len(s.Hours) == 0 {
		s.Hours = slices.Clone(o.Hours)
		return s
	}
	for i := range min(len(s.Hours), len(o.Hours)) {
		s.Hours[i].Records += o.Hours[i].Records
	}
	return s
}
