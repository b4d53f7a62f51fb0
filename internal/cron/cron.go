// Package cron reads crontab schedules, tells when they fire, and turns them into calendars for Temporal.
//
// A schedule has the five standard fields: minute (0-59), hour (0-23), day of month (1-31), month (1-12 or JAN-DEC) and
// day of week (0-7 or SUN-SAT, where 0 and 7 are Sunday). A field is a list of values, ranges (1-5) and steps (*/15,
// 10-50/20, and 5/20 for 5-59/20). The short forms @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually
// stand for their five fields. Names are read in either case. Every schedule is in UTC.
//
// When day of month and day of week are both restricted, a day that satisfies either fires, as in Vixie cron and in
// Kubernetes. What counts as unrestricted follows robfig/cron v3, which Kubernetes uses for CronJobs: a field with * or
// */1 in it. Vixie cron differs for steps: there */2 counts as unrestricted too. A range such as 1-31 is a restriction in
// both.
package cron

import (
	"fmt"
	"strings"
)

// maxLength bounds a schedule's text, in bytes. Sixty listed minutes take 170.
const maxLength = 1024

// Schedule is a parsed crontab schedule. Two schedules with the same text are equal with ==.
type Schedule struct {
	text                             string
	minutes, hours, days, months     uint64 // bit n: value n fires
	weekdays                         uint64 // bit 0: Sunday
	restrictsDays, restrictsWeekdays bool
}

// short maps the short forms to their fields.
var short = map[string]string{
	"@hourly":   "0 * * * *",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@weekly":   "0 0 * * 0",
	"@monthly":  "0 0 1 * *",
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
}

const example = `minute, hour, day of month, month and day of week, such as "0 0 * * *" for every midnight in UTC`

// Parse reads a schedule's syntax. An error names the field, the value and what would be right. Use Validate for what a
// user gives: it also refuses schedules that never fire or fire too often.
func Parse(expr string) (Schedule, error) {
	if len(expr) > maxLength {
		return Schedule{}, fmt.Errorf("parse schedule of %d bytes: a schedule has at most %d", len(expr), maxLength)
	}
	schedule, err := parse(expr)
	if err != nil {
		return Schedule{}, fmt.Errorf("parse schedule %q: %w", expr, err)
	}
	return schedule, nil
}

func parse(expr string) (Schedule, error) {
	fields := strings.Fields(expr)
	if len(fields) > 0 && strings.HasPrefix(fields[0], "@") {
		expanded, err := expand(fields)
		if err != nil {
			return Schedule{}, err
		}
		fields = strings.Fields(expanded)
	}
	if err := checkFields(fields); err != nil {
		return Schedule{}, err
	}
	s := Schedule{text: expr}
	into := []*uint64{&s.minutes, &s.hours, &s.days, &s.months, &s.weekdays}
	restricted := make([]bool, len(into))
	for i, kind := range fieldKinds {
		bits, star, err := kind.parse(fields[i])
		if err != nil {
			return Schedule{}, err
		}
		*into[i], restricted[i] = bits, !star
	}
	s.restrictsDays, s.restrictsWeekdays = restricted[2], restricted[4]
	const sunday, otherSunday = 1 << 0, 1 << 7
	if s.weekdays&otherSunday != 0 {
		s.weekdays = s.weekdays&^otherSunday | sunday
	}
	return s, nil
}

func expand(fields []string) (string, error) {
	expanded, ok := short[fields[0]]
	switch {
	case ok && len(fields) == 1:
		return expanded, nil
	case ok:
		return "", fmt.Errorf("%s stands alone: leave %q out", fields[0], strings.Join(fields[1:], " "))
	case fields[0] == "@every":
		return "", fmt.Errorf("@every is not supported, since it has no fixed times: write the times as five fields, %s", example)
	case fields[0] == "@reboot":
		return "", fmt.Errorf("@reboot is not supported, since reports have nothing to do with the start of a machine: write five fields, %s", example)
	}
	return "", fmt.Errorf("unknown short form %s: use @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually", fields[0])
}

func checkFields(fields []string) error {
	if len(fields) == 0 {
		return fmt.Errorf("it is empty: write five fields, %s", example)
	}
	for _, zone := range []string{"CRON_TZ=", "TZ="} {
		if strings.HasPrefix(fields[0], zone) {
			return fmt.Errorf("a time zone is not supported, since every schedule is in UTC: leave %q out and give the hours in UTC", fields[0])
		}
	}
	switch {
	case len(fields) == 6 || len(fields) == 7:
		return fmt.Errorf("it has %d fields: fields for seconds or years are not supported, write five fields, %s", len(fields), example)
	case len(fields) != 5:
		return fmt.Errorf("it has %d fields: write five fields, %s", len(fields), example)
	}
	return nil
}

// String is the schedule's text as it was given.
func (s Schedule) String() string { return s.text }
