package report

import (
	"time"

	"github.com/probity/probity/internal/cron"
	"github.com/probity/probity/internal/interval"
)

// MaxDue bounds the intervals that one call lists. Half-hourly reports reach it after three weeks without a run; the caller
// asks again from the last interval's End.
const MaxDue = 1000

// Due lists the intervals that became due in (after, upTo], one for each due time, oldest first, at most MaxDue.
//
// after is the end of the last interval that was accepted. The first interval starts there, even where the schedule was
// edited and after is none of its due times, so that consecutive reports leave no gap. A zero after means that no interval
// was ever accepted: then there is one interval, which ends at the newest due time at or before upTo and starts at the due
// time before that one, so that the first daily report covers a whole day (temporal-practice.md section 12).
func Due(s cron.Schedule, after, upTo time.Time) []interval.Interval {
	if after.IsZero() {
		return newest(s, upTo)
	}
	var due []interval.Interval
	start := after.UTC()
	for len(due) < MaxDue {
		end, ok := s.Next(start)
		if !ok || end.After(upTo) {
			break
		}
		due = append(due, interval.Interval{Start: start, End: end})
		start = end
	}
	return due
}

func newest(s cron.Schedule, upTo time.Time) []interval.Interval {
	// Previous is strict, and due times have whole minutes: the next nanosecond lets upTo itself be one.
	end, ok := s.Previous(upTo.Add(1))
	if !ok {
		return nil
	}
	start, ok := s.Previous(end)
	if !ok {
		return nil
	}
	return []interval.Interval{{Start: start, End: end}}
}

// Within lists the whole intervals of the schedule that lie in [start, end], oldest first, at most MaxDue. A backfill runs
// exactly these, so that its reports cover the same intervals as scheduled ones would have.
func Within(s cron.Schedule, start, end time.Time) []interval.Interval {
	// Next is strict, so the instant before start lets start itself be a due time.
	first, ok := s.Next(start.Add(-1))
	if !ok {
		return nil
	}
	return Due(s, first, end)
}

// ReadyAt is when the report about iv may start: its inputs need the settle delay after the interval's end to arrive in
// their archives. The delay moves the run, never the interval.
func ReadyAt(iv interval.Interval, delay time.Duration) time.Time { return iv.End.Add(delay).UTC() }
