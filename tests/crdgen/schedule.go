package main

import (
	"fmt"
	"strings"
)

// column is one of the five fields of a schedule, as internal/cron reads it.
type column struct {
	name    string
	value   string // regular expression of one value; numbers have at most three digits
	step    string // of what may follow a slash
	allowed string
}

// columns are in the order in which they are written.
var columns = []column{
	{"minute", `0?[0-5]?[0-9]`, `0{0,2}[1-9]|0?[1-5][0-9]`, "a number from 0 to 59"},
	{"hour", `0?(?:[01]?[0-9]|2[0-3])`, `0{0,2}[1-9]|0?(?:1[0-9]|2[0-3])`, "a number from 0 to 23"},
	{"day of month", `0{0,2}[1-9]|0?(?:[12][0-9]|3[01])`, `0{0,2}[1-9]|0?(?:[12][0-9]|30)`, "a number from 1 to 31"},
	{"month", `0{0,2}[1-9]|0?1[0-2]|` + strings.Join(months, "|"), `0{0,2}[1-9]|0?1[01]`, "a number from 1 to 12 or a name from JAN to DEC"},
	{"day of week", `0{0,2}[0-7]|` + strings.Join(weekdays, "|"), `0{0,2}[1-6]`, "a number from 0 to 7 or a name from SUN to SAT"},
}

var (
	months   = strings.Fields("jan feb mar apr may jun jul aug sep oct nov dec")
	weekdays = strings.Fields("sun mon tue wed thu fri sat")
)

// pattern is the expression of a whole field: a list of values, ranges and steps.
func (c column) pattern() string {
	item := fmt.Sprintf(`(?:\*|(?:%[1]s)(?:-(?:%[1]s))?)(?:/(?:%[2]s))?`, c.value, c.step)
	return fmt.Sprintf(`%[1]s(?:,%[1]s)*`, item)
}

const (
	maxSchedule = 1024 // internal/cron's
	shortForm   = `^\s*@(?:hourly|daily|midnight|weekly|monthly|yearly|annually)\s*$`
	// fiveFields fits what the rules of the single fields have something to say about.
	fiveFields = `^\s*[^@=\s][^=\s]*(?:\s+\S+){4}\s*$`
)

// scheduleRules refuse what internal/cron refuses, but for ranges between a name and a number, and for schedules that never fire
// in an unusual way. How often a schedule may fire in an hour is configuration: the starter says it. The rules take the text as a
// whole, since the cost of an expression on a part of it has no bound for the API server.
func scheduleRules() []addition {
	all := []addition{atMost(maxSchedule), scheduleForm()}
	for i, c := range columns {
		all = append(all, rule(
			fmt.Sprintf(`!self.matches(%s) || self.matches(%s)`, raw(fiveFields), raw(fmt.Sprintf(`(?i)^\s*(?:\S+\s+){%d}%s(?:\s+\S+)*\s*$`, i, c.pattern()))),
			fmt.Sprintf("%s field: write *, %s, a range such as 1-5, a step such as */2, or a list of them", c.name, c.allowed)))
	}
	return append(all,
		rule(`!self.matches(`+raw(backwards())+`)`, "a range runs backwards: write two ranges, such as 22-23,0-4 for 22-4"),
		rule(`!self.matches(`+raw(never(`2|feb`, `3[01]`))+`) && !self.matches(`+raw(never(`2|4|6|9|11|feb|apr|jun|sep|nov`, `31`))+`)`,
			"it never fires: none of its months has such a day, choose a day of month that exists"))
}

// never fits schedules whose days none of the months has. A day of week would make them fire.
func never(months, days string) string {
	list := func(item string) string { return fmt.Sprintf(`0{0,2}(?:%[1]s)(?:,0{0,2}(?:%[1]s))*`, item) }
	return `(?i)^\s*\S+\s+\S+\s+` + list(days) + `\s+` + list(months) + `\s+\*\s*$`
}

// backwards fits ranges whose first value is greater than the last, when both are numbers or both are names.
func backwards() string {
	var pairs []string
	for n := range 9 {
		pairs = append(pairs, fmt.Sprintf("%d-[0-%d]", n+1, n)) // 3-[0-2]
	}
	oneDigit := strings.Join(pairs, "|")
	pairs = append(pairs, `[1-9][0-9]-0{0,2}[0-9]`)
	for tens := 1; tens <= 9; tens++ {
		if tens > 1 {
			pairs = append(pairs, fmt.Sprintf(`%d[0-9]-0?[1-%d][0-9]`, tens, tens-1)) // 3[0-9]-0?[1-2][0-9]
		}
	}
	for tens := 1; tens <= 5; tens++ {
		// 1(?:1-0?1[0-0]|2-0?1[0-1]|…): the same tens on both sides.
		pairs = append(pairs, fmt.Sprintf("%d(?:%s)", tens, strings.ReplaceAll(oneDigit, "-[", fmt.Sprintf("-0?%d[", tens))))
	}
	numbers := `0{0,2}(?:` + strings.ReplaceAll(strings.Join(pairs, "|"), "-[0-", "-0{0,2}[0-") + `)`
	return `(?i)\b(?:` + numbers + `|` + later(months) + `|` + later(weekdays) + `)\b`
}

// later fits "feb-jan": names after those that should follow them.
func later(names []string) string {
	var pairs []string
	for i := 1; i < len(names); i++ {
		pairs = append(pairs, names[i]+"-(?:"+strings.Join(names[:i], "|")+")")
	}
	return strings.Join(pairs, "|")
}

func scheduleForm() addition {
	const example = `minute, hour, day of month, month and day of week, such as "0 0 * * *" for every midnight in UTC`
	starts := func(with string) string { return `self.matches(` + raw(`^\s*`+with) + `) ? ` }
	return ruleSaying(
		`self.matches(`+raw(`^\s*$`)+`) || self.matches(`+raw(fiveFields)+`) || self.matches(`+raw(shortForm)+`)`,
		starts(`(?:CRON_)?TZ=`)+`'a time zone is not supported, since every schedule is in UTC: leave it out and give the hours in UTC' : `+
			starts(`@\S+\s*$`)+`'unknown short form: use @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually, or write five fields, `+example+`' : `+
			starts(`@`)+`'a short form stands alone: leave out what follows it' : `+
			starts(`(?:\S+\s+){5}\S`)+`'fields for seconds or years are not supported: write five fields, `+example+`' : `+
			`'write five fields, `+example+`'`,
		`write five fields, `+example)
}
