package cron

// Range is the values Start, Start+Step, … up to and including End.
type Range struct{ Start, End, Step int }

// Calendar matches a minute, in UTC, when every field matches it, a field matching when any of its ranges does. No field
// is empty. Days of the week run from 0, Sunday, to 6.
type Calendar struct {
	Minute, Hour, DayOfMonth, Month, DayOfWeek []Range
}

// Calendars returns calendars that together match exactly the minutes at which the schedule fires. There are two when day
// of month and day of week are both restricted, since Temporal joins the fields of a calendar by "and".
func (s Schedule) Calendars() []Calendar {
	calendar := Calendar{
		Minute:     ranges(s.minutes),
		Hour:       ranges(s.hours),
		DayOfMonth: ranges(s.days),
		Month:      ranges(s.months),
		DayOfWeek:  ranges(s.weekdays),
	}
	if !s.restrictsDays || !s.restrictsWeekdays {
		return []Calendar{calendar}
	}
	byDate, byWeekday := calendar, calendar
	byDate.DayOfWeek = []Range{{Start: 0, End: 6, Step: 1}}
	byWeekday.DayOfMonth = []Range{{Start: 1, End: 31, Step: 1}}
	return []Calendar{byDate, byWeekday}
}

// ranges writes a set of values as few ranges, in order of their starts.
func ranges(set uint64) []Range {
	var out []Range
	for value := 0; set>>value != 0; value++ {
		if !has(set, value) {
			continue
		}
		r := longestRange(set, value)
		for v := r.Start; v <= r.End; v += r.Step {
			set &^= 1 << v
		}
		out = append(out, r)
	}
	return out
}

// longestRange takes the smallest step from a value on; two values alone are a range only when they are neighbours.
func longestRange(set uint64, start int) Range {
	step := 1
	for set>>(start+step) != 0 && !has(set, start+step) {
		step++
	}
	end := start
	for has(set, end+step) {
		end += step
	}
	if end == start || end == start+step && step > 1 {
		return Range{Start: start, End: start, Step: 1}
	}
	return Range{Start: start, End: end, Step: step}
}
