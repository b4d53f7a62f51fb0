package cron

import (
	"fmt"
	"time"
)

// DefaultMaxPerHour is how many reports an hour one schedule may ask for unless the setting schedule.maxPerHour says
// otherwise: the two that the how-to of the old product promises. Its released clusters ran up to twelve.
const DefaultMaxPerHour = 2

// Validate parses a schedule and refuses one that never fires, or that fires more than maxPerHour times in a clock hour.
// The error names the schedule, what is wrong and what would be right.
func Validate(expr string, maxPerHour int) (Schedule, error) {
	s, err := Parse(expr)
	if err != nil {
		return Schedule{}, err
	}
	// Any start will do: a gap between two firings is shorter than what Next looks through.
	if _, fires := s.Next(time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)); !fires {
		return Schedule{}, fmt.Errorf("schedule %q never fires: none of its months has such a day, choose a day of month that exists", expr)
	}
	if most := s.MostPerHour(); most > maxPerHour {
		return Schedule{}, fmt.Errorf("schedule %q fires %d times an hour, but schedule.maxPerHour is %d: "+
			"name at most %d minutes in its first field, or raise the setting schedule.maxPerHour", expr, most, maxPerHour, maxPerHour)
	}
	return s, nil
}
