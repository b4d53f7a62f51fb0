package render

import (
	"fmt"
	"slices"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/evidence"
)

// tableView is a table of which the first rows are shown.
type tableView struct {
	Caption  string
	Headings []heading
	Rows     [][]cell
	Rest     string // says how many rows there are and where the rest is; empty when all are shown
}

type heading struct{ Text, Class string }

// cell is one cell: a text with smaller lines below it, or a sign with its meaning.
type cell struct {
	Text  string
	Lines []string
	Class string
}

// signs for truth values; the class colours them, the text says what they mean to those who do not see them.
const (
	goodClass = "good"
	badClass  = "bad"
	noteClass = "note"
	timeClass = "time"
)

func text(s string) cell { return cell{Text: s} }

func moment(t time.Time) cell { return cell{Text: clock(t), Class: timeClass} }

func number(n int64) cell { return cell{Text: thousands(n), Class: "number"} }

func code(s string) cell { return cell{Text: s, Class: "code"} }

// good is yes when a thing is as it should be.
func good(ok bool) cell {
	if ok {
		return cell{Text: "yes", Class: goodClass}
	}
	return cell{Text: "no", Class: badClass}
}

// bad is yes when a thing is as it should not be.
func bad(is bool) cell {
	if is {
		return cell{Text: "yes", Class: badClass}
	}
	return cell{Text: "no", Class: goodClass}
}

// plain is yes or no without a judgement.
func plain(is bool) cell {
	if is {
		return cell{Text: "yes"}
	}
	return cell{Text: "no", Class: noteClass}
}

// headings makes the head of a table; a heading that begins with "#" is one of numbers.
func headings(texts ...string) []heading {
	heads := make([]heading, len(texts))
	for i, t := range texts {
		heads[i] = heading{Text: t}
		if t[0] == '#' {
			heads[i] = heading{t[1:], "number"}
		}
	}
	return heads
}

// listing is a list of which a table shows the first rows.
type listing[T any] struct {
	caption string
	columns []heading
	list    []T
	total   int64  // how many there are, where the list has not all of them
	rest    string // the file that has all
	row     func(*T) []cell
}

// count adds an element and keeps it while there are fewer than limit.
func (l *listing[T]) count(element *T, limit int) {
	l.total++
	if len(l.list) < limit {
		l.list = append(l.list, *element)
	}
}

// table makes a table of at most limit rows.
func (l listing[T]) table(limit int) tableView {
	t := tableView{Caption: l.caption, Headings: l.columns}
	for i := range l.list[:min(limit, len(l.list))] {
		t.Rows = append(t.Rows, l.row(&l.list[i]))
	}
	shown, total := int64(len(t.Rows)), max(l.total, int64(len(l.list)))
	if total > shown {
		t.Rest = fmt.Sprintf("Showing %s of %s. All are in %s.", thousands(shown), thousands(total), l.rest)
	}
	return t
}

// fileWith returns the download that holds all rows, if the type has it, and the report's data otherwise.
func fileWith(spec *v3.ReportTypeSpec, name string) string {
	if slices.ContainsFunc(spec.DownloadTemplates, func(t v3.ReportTemplate) bool { return t.Name == name }) {
		return name
	}
	return evidence.DataName
}
