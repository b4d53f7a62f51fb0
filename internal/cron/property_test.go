package cron

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// oracle is a schedule as the obvious sets, built beside the text and never by reading it.
type oracle struct {
	text   string
	values [5][60]bool // minute, hour, day of month, month, day of week (0-6)
	stars  [5]bool
}

func (o oracle) fires(t time.Time) bool {
	date, weekday := o.values[2][t.Day()], o.values[4][int(t.Weekday())]
	day := date && weekday
	if !o.stars[2] && !o.stars[4] {
		day = date || weekday
	}
	return o.values[0][t.Minute()] && o.values[1][t.Hour()] && o.values[3][int(t.Month())] && day
}

var bounds = [5][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}}

// oracles draws schedules of every form, also ones that fire rarely or never.
var oracles = rapid.Custom(func(t *rapid.T) oracle {
	var o oracle
	var fields []string
	for i, bound := range bounds {
		var items []string
		for range rapid.IntRange(1, 3).Draw(t, "items") {
			items = append(items, o.drawItem(t, i, bound[0], bound[1]))
		}
		fields = append(fields, strings.Join(items, ","))
	}
	o.text = strings.Join(fields, " ")
	return o
})

func (o *oracle) drawItem(t *rapid.T, field, low, high int) string {
	first := rapid.IntRange(low, high).Draw(t, "first")
	last := rapid.IntRange(first, high).Draw(t, "last")
	step := rapid.IntRange(1, high-low-1).Draw(t, "step")
	var text string
	switch rapid.IntRange(0, 4).Draw(t, "form") {
	case 0:
		first, last, step, text = low, high, 1, "*"
		o.stars[field] = true
	case 1:
		first, last, text = low, high, fmt.Sprintf("*/%d", step)
		o.stars[field] = o.stars[field] || step == 1
		if field == 4 {
			last = 6 // a * means each day once
		}
	case 2:
		last, step, text = first, 1, fmt.Sprint(first)
	case 3:
		step, text = 1, fmt.Sprintf("%d-%d", first, last)
	case 4:
		text = fmt.Sprintf("%d-%d/%d", first, last, step)
	}
	for value := first; value <= last; value += step {
		if field == 4 {
			o.values[field][value%7] = true
		} else {
			o.values[field][value] = true
		}
	}
	return text
}

var instants = rapid.Custom(func(t *rapid.T) time.Time {
	const start, end = 1_577_836_800, 2_208_988_800 // 2020 to 2040
	return time.Unix(rapid.Int64Range(start, end).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanosecond")).UTC()
})

// stepDays is how far the brute-force stepper walks, minute by minute.
const stepDays = 45

func TestNextAndPreviousAgreeWithAStepper(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := oracles.Draw(t, "schedule")
		now := instants.Draw(t, "now")
		s, err := Parse(o.text)
		require.NoError(t, err)

		limit := now.AddDate(0, 0, stepDays)
		step := now.Truncate(time.Minute).Add(time.Minute)
		for !o.fires(step) && step.Before(limit) {
			step = step.Add(time.Minute)
		}
		next, ok := s.Next(now)
		if step.Before(limit) {
			require.True(t, ok)
			require.Equal(t, step, next, "%s after %s", o.text, now)
		} else {
			require.True(t, !ok || !next.Before(limit), "%s after %s fires at %s", o.text, now, next)
		}

		limit = now.AddDate(0, 0, -stepDays)
		step = now.Add(-1).Truncate(time.Minute)
		for !o.fires(step) && step.After(limit) {
			step = step.Add(-time.Minute)
		}
		previous, ok := s.Previous(now)
		if step.After(limit) {
			require.True(t, ok)
			require.Equal(t, step, previous, "%s before %s", o.text, now)
		} else {
			require.True(t, !ok || !previous.After(limit), "%s before %s fires at %s", o.text, now, previous)
		}
	})
}

// matches is how Temporal reads a calendar.
func (c Calendar) matches(t time.Time) bool {
	in := func(ranges []Range, value int) bool {
		for _, r := range ranges {
			if value >= r.Start && value <= r.End && (value-r.Start)%r.Step == 0 {
				return true
			}
		}
		return false
	}
	return in(c.Minute, t.Minute()) && in(c.Hour, t.Hour()) && in(c.DayOfMonth, t.Day()) &&
		in(c.Month, int(t.Month())) && in(c.DayOfWeek, int(t.Weekday()))
}

func TestCalendarsFireAtTheSameMinutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := oracles.Draw(t, "schedule")
		s, err := Parse(o.text)
		require.NoError(t, err)
		calendars := s.Calendars()
		minute := instants.Draw(t, "from").Truncate(time.Minute)
		for range stepDays * minutesPerDay / 7 { // steps of seven minutes meet every minute, hour and day
			fires := false
			for _, calendar := range calendars {
				fires = fires || calendar.matches(minute)
			}
			if o.fires(minute) != fires { // require would cost most of the test's time
				t.Fatalf("%s at %s, calendars %v: fires is %t", o.text, minute, calendars, fires)
			}
			minute = minute.Add(7 * time.Minute)
		}
	})
}

func TestNextAndPreviousAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := Parse(oracles.Draw(t, "schedule").text)
		require.NoError(t, err)
		next, ok := s.Next(instants.Draw(t, "now"))
		if !ok {
			return
		}
		after, ok := s.Next(next)
		require.True(t, ok)
		back, ok := s.Previous(after)
		require.True(t, ok)
		require.Equal(t, next, back)
	})
}
