package cron

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// fieldKind is one of the five fields.
type fieldKind struct {
	name     string
	min, max int
	// last is where * and an open step such as 5/20 end. It differs from max for days of the week, where 7 is a second
	// name for 0.
	last  int
	names []string // of the values from min on, lower case
}

// fieldKinds are the fields in the order in which they are written.
var fieldKinds = [5]fieldKind{
	{name: "minute", min: 0, max: 59, last: 59},
	{name: "hour", min: 0, max: 23, last: 23},
	{name: "day of month", min: 1, max: 31, last: 31},
	{name: "month", min: 1, max: 12, last: 12, names: strings.Fields("jan feb mar apr may jun jul aug sep oct nov dec")},
	{name: "day of week", min: 0, max: 7, last: 6, names: strings.Fields("sun mon tue wed thu fri sat")},
}

// parse returns the values that a field allows as bits, and whether the field is unrestricted: it has a * without a step.
func (k fieldKind) parse(field string) (values uint64, star bool, err error) {
	for _, item := range strings.Split(field, ",") {
		first, last, step, err := k.parseItem(item)
		if err != nil {
			return 0, false, fmt.Errorf("%s field %q: %w", k.name, field, err)
		}
		for value := first; value <= last; value += step {
			values |= 1 << value
		}
		star = star || (strings.HasPrefix(item, "*") && step == 1)
	}
	return values, star, nil
}

func (k fieldKind) parseItem(item string) (first, last, step int, err error) {
	span, stepText, hasStep := strings.Cut(item, "/")
	from, to, isRange := strings.Cut(span, "-")
	if span == "*" {
		first, last = k.min, k.last
	} else {
		if first, err = k.parseValue(from); err != nil {
			return 0, 0, 0, err
		}
		last = first
		switch {
		case isRange:
			last, err = k.parseValue(to)
		case hasStep:
			last = max(first, k.last)
		}
		if err != nil {
			return 0, 0, 0, err
		}
	}
	if first > last {
		return 0, 0, 0, fmt.Errorf("range %q runs backwards: write two ranges, %s", span, k.twoRanges(from, to))
	}
	step = 1
	if hasStep {
		step, err = k.parseStep(stepText)
	}
	return first, last, step, err
}

func (k fieldKind) twoRanges(from, to string) string {
	return fmt.Sprintf("%s-%d,%d-%s", from, k.last, k.min, to)
}

func (k fieldKind) parseStep(text string) (int, error) {
	step, ok := parseNumber(text)
	if size := k.last - k.min; !ok || step < 1 || step > size {
		return 0, fmt.Errorf("step %q: write a number from 1 to %d", text, size)
	}
	return step, nil
}

func (k fieldKind) parseValue(text string) (int, error) {
	if i := slices.Index(k.names, strings.ToLower(text)); i >= 0 {
		return k.min + i, nil
	}
	value, ok := parseNumber(text)
	if !ok {
		return 0, k.explain(text)
	}
	if value < k.min || value > k.max {
		return 0, fmt.Errorf("value %d is out of range: write %s", value, k.allowed())
	}
	return value, nil
}

// explain says why a value is none, with the reason for what other cron dialects allow.
func (k fieldKind) explain(text string) error {
	upper := strings.ToUpper(text)
	switch {
	case text == "":
		return fmt.Errorf("a value is missing: write %s", k.allowed())
	case text == "?":
		return fmt.Errorf("? is not supported: write * for no restriction")
	case strings.Contains(text, "#"):
		return fmt.Errorf("%q: # (the n-th weekday of a month) is not supported: write %s", text, k.allowed())
	case upper == "L" || strings.HasPrefix(upper, "L-") || strings.HasSuffix(upper, "L") && k.isNumberOrName(upper[:len(upper)-1]):
		return fmt.Errorf("%q: L (the last day or weekday of a month) is not supported: write %s; the first day of the next month, 1, has the whole month before it", text, k.allowed())
	case upper == "W" || upper == "LW" || strings.HasSuffix(upper, "W") && k.isNumberOrName(upper[:len(upper)-1]):
		return fmt.Errorf("%q: W (the nearest weekday) is not supported: write %s", text, k.allowed())
	case strings.Contains(text, "*"):
		return fmt.Errorf("%q: * stands alone or before a step, such as */2", text)
	}
	return fmt.Errorf("unknown value %q: write %s", text, k.allowed())
}

func (k fieldKind) isNumberOrName(text string) bool {
	_, ok := parseNumber(text)
	return ok || slices.Contains(k.names, strings.ToLower(text))
}

func (k fieldKind) allowed() string {
	numbers := fmt.Sprintf("a number from %d to %d", k.min, k.max)
	if len(k.names) == 0 {
		return numbers
	}
	return fmt.Sprintf("%s or a name from %s to %s", numbers, strings.ToUpper(k.names[0]), strings.ToUpper(k.names[len(k.names)-1]))
}

// parseNumber takes plain digits only: Atoi alone would accept a sign.
func parseNumber(text string) (int, bool) {
	if text == "" || len(text) > 3 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	number, err := strconv.Atoi(text)
	return number, err == nil
}
