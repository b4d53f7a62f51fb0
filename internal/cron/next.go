package cron

import (
	"math/bits"
	"time"
)

// horizonYears is how far Next and Previous look. The longest gap of any schedule that fires at all is the eight years
// between two 29th of February around a century year that is no leap year.
const horizonYears = 9

const minutesPerDay = 24 * 60

// Next returns the first firing strictly after a time, in UTC. False says that the schedule never fires.
func (s Schedule) Next(after time.Time) (time.Time, bool) {
	t := after.UTC().Truncate(time.Minute).Add(time.Minute)
	for limit := t.AddDate(horizonYears, 0, 0); t.Before(limit); {
		day := startOfDay(t)
		switch {
		case !has(s.months, int(t.Month())):
			t = day.AddDate(0, 1, 1-t.Day())
			continue
		case s.firesOn(day):
			if minute, ok := s.firstFrom(minuteOfDay(t)); ok {
				return day.Add(time.Duration(minute) * time.Minute), true
			}
		}
		t = day.AddDate(0, 0, 1)
	}
	return time.Time{}, false
}

// Previous returns the last firing strictly before a time, in UTC. False says that the schedule never fires.
func (s Schedule) Previous(before time.Time) (time.Time, bool) {
	t := before.UTC().Add(-1).Truncate(time.Minute)
	for limit := t.AddDate(-horizonYears, 0, 0); t.After(limit); {
		day := startOfDay(t)
		switch {
		case !has(s.months, int(t.Month())):
			t = day.AddDate(0, 0, 1-t.Day()).Add(-time.Minute)
			continue
		case s.firesOn(day):
			if minute, ok := s.lastUpTo(minuteOfDay(t)); ok {
				return day.Add(time.Duration(minute) * time.Minute), true
			}
		}
		t = day.Add(-time.Minute)
	}
	return time.Time{}, false
}

// MostPerHour is the most firings in any clock hour: a schedule fires at the same minutes of every hour in which it fires.
func (s Schedule) MostPerHour() int { return bits.OnesCount64(s.minutes) }

// firesOn tells whether the schedule fires on a day at all, the month apart.
func (s Schedule) firesOn(day time.Time) bool {
	date, weekday := has(s.days, day.Day()), has(s.weekdays, int(day.Weekday()))
	if s.restrictsDays && s.restrictsWeekdays {
		return date || weekday
	}
	return date && weekday
}

// firstFrom returns the first minute of a day's firings at or after a minute of the day.
func (s Schedule) firstFrom(minute int) (int, bool) {
	for ; minute < minutesPerDay; minute = (minute/60 + 1) * 60 {
		if rest := s.minutes >> (minute % 60); rest != 0 && has(s.hours, minute/60) {
			return minute + bits.TrailingZeros64(rest), true
		}
	}
	return 0, false
}

// lastUpTo returns the last minute of a day's firings at or before a minute of the day.
func (s Schedule) lastUpTo(minute int) (int, bool) {
	for ; minute >= 0; minute = minute/60*60 - 1 {
		upTo := s.minutes << (63 - minute%60)
		if upTo != 0 && has(s.hours, minute/60) {
			return minute - bits.LeadingZeros64(upTo), true
		}
	}
	return 0, false
}

func has(set uint64, value int) bool { return set>>value&1 != 0 }

func minuteOfDay(t time.Time) int { return t.Hour()*60 + t.Minute() }

func startOfDay(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}
