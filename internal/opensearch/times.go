package opensearch

import (
	"fmt"
	"strings"
	"time"
)

// Numbers of 1e11 and more are milliseconds since 1970, smaller ones seconds: 1e11 seconds are the year 5138, 1e11 milliseconds
// are 1973. So it is read in package flow, and so it is for dates, which a server keeps as milliseconds: a mapping with a wrong
// format makes it take seconds for them.
const millisFrom = int64(1e11)

// isDate and isNumber tell how a field's times are kept.
func (f field) isDate() bool { return f.Type == "date" || f.Type == "date_nanos" }

func (f field) isNumber() bool {
	switch f.Type {
	case "long", "integer", "unsigned_long":
		return true
	}
	return false
}

// isTime tells whether the server can find documents by the field's time.
func (f field) isTime() bool { return f.isDate() || f.isNumber() }

// sure tells that a server has read seconds as seconds, and keeps milliseconds.
func (f field) sure() bool { return f.Type == "date" && f.Format == "epoch_second" }

// fine tells whether documents may have times finer than the milliseconds that the server keeps: texts may.
func (f field) fine() bool {
	if f.isNumber() {
		return false
	}
	for format := range strings.SplitSeq(f.Format, "||") {
		if format != "epoch_second" && format != "epoch_millis" {
			return true
		}
	}
	return f.Type == "date_nanos"
}

// span finds documents whose time is in [from, to), both in milliseconds since 1970; with open it is (from, …), and a bound that
// is nil is none.
func (f field) span(from, to *int64, open bool) m {
	millis, seconds := f.spans(from, to, open)
	if seconds == nil {
		return millis
	}
	return either(millis, seconds)
}

// spans are the two halves of span: what is kept in milliseconds, and what is kept in seconds. Which of both it is each document's
// own value tells; seconds are nil where there can be none.
func (f field) spans(from, to *int64, open bool) (inMillis, inSeconds m) {
	lower := "gte"
	if open {
		lower = "gt"
	}
	scale := func(divide int64) m {
		r := m{}
		if from != nil {
			r[lower] = down(*from, divide, open)
		}
		if to != nil {
			r["lt"] = up(*to, divide)
		}
		if f.isDate() {
			r["format"] = "epoch_millis"
		}
		return r
	}
	millis, seconds := scale(1), scale(1000)
	if from == nil && !f.sure() {
		millis["gte"] = millisFrom
	}
	if to == nil {
		seconds["lt"] = millisFrom
	}
	inMillis, inSeconds = m{"range": m{f.Path: millis}}, m{"range": m{f.Path: seconds}}
	if f.sure() {
		inSeconds = nil
	}
	return inMillis, inSeconds
}

// up is the least whole number that is not less than at/divide: a time of whole seconds is before at exactly when it is below it.
func up(at, divide int64) int64 { return -floor(-at, divide) }

// down is the bound for a time of whole seconds to be at or after at; or, when open, after it.
func down(at, divide int64, open bool) int64 {
	if open {
		return floor(at, divide)
	}
	return up(at, divide)
}

func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// everything finds all documents.
var everything = m{"match_all": m{}}

func either(queries ...m) m {
	return m{"bool": m{"should": queries, "minimum_should_match": 1}}
}

func all(queries ...m) m { return m{"bool": m{"filter": queries}} }

func without(query m, not ...m) m {
	return m{"bool": m{"filter": []m{query}, "must_not": not}}
}

// present finds documents that have a value in the field.
func (f field) present() m { return m{"exists": m{"field": f.Path}} }

// when is a value of the field as the server gives it in sums, in milliseconds since 1970.
func when(value float64) int64 {
	n := int64(value)
	if n < millisFrom {
		return n * 1000
	}
	return n
}

func millis(t time.Time) int64 { return t.UnixMilli() }

// needTime is the error for an index whose documents cannot be found by time.
func needTime(index, name string, f field, mapped bool) error {
	kind := "is not mapped"
	if mapped {
		kind = fmt.Sprintf("is mapped as %s", f.Type)
	}
	return fmt.Errorf("index %s: field %s %s: map it as date, or name another field by opensearch.mapping", index, name, kind)
}
