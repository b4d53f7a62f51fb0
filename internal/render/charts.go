package render

import (
	"fmt"
	"math"
	"time"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
)

// ring shows a part of a whole. Dash is the part of the circle that is filled, as SVG's stroke-dasharray.
type ring struct {
	Heading, Text, Percent, Dash string
}

// ringRadius is the radius of the circle in the template.
const ringRadius = 40

func newRing(heading string, part, total int, what string) ring {
	r := ring{Heading: heading, Text: fmt.Sprintf("%s of %s %s", thousands(int64(part)), thousands(int64(total)), what), Percent: "–"}
	around := 2 * math.Pi * ringRadius
	if total <= 0 {
		r.Text, r.Dash = "none in scope", fmt.Sprintf("0 %.2f", around)
		return r
	}
	filled := min(max(float64(part)/float64(total), 0), 1)
	r.Percent = percent(part, total)
	r.Dash = fmt.Sprintf("%.2f %.2f", filled*around, around)
	return r
}

// percent rounds, but never to 0 or 100 what is not.
func percent(part, total int) string {
	value := math.Round(100 * float64(part) / float64(total))
	switch {
	case value == 100 && part < total:
		value = 99
	case value == 0 && part > 0:
		value = 1
	}
	return fmt.Sprintf("%.0f%%", value)
}

// bar is a line of parts on a scale of 100.
type bar struct {
	Label, Text string
	Parts       []barPart
}

type barPart struct{ Class, X, Width string }

// mark explains a colour.
type mark struct{ Class, Text string }

// share is a part of a bar before it is laid out.
type share struct {
	class string
	n     int
}

// newBar lays the shares out on a scale that ends at total.
func newBar(label, text string, total int, shares ...share) bar {
	b := bar{Label: label, Text: text}
	at := 0.0
	for _, s := range shares {
		if total <= 0 || s.n <= 0 {
			continue
		}
		width := 100 * float64(s.n) / float64(total)
		b.Parts = append(b.Parts, newPart(s.class, at, width))
		at += width
	}
	return b
}

func newPart(class string, x, width float64) barPart {
	return barPart{class, fmt.Sprintf("%.3f", x), fmt.Sprintf("%.3f", width)}
}

// spanBar shows of a source where in the interval it has data.
type spanBar struct {
	Label, Text string
	Gaps        []barPart
}

func newSpanBar(s *evidence.Source, iv interval.Interval) spanBar {
	b := spanBar{Label: s.Name, Text: "no gap"}
	missing := time.Duration(0)
	for _, g := range s.Gaps {
		start, end := g.Start, g.End
		if start.Before(iv.Start) {
			start = iv.Start
		}
		if end.After(iv.End) {
			end = iv.End
		}
		if !end.After(start) || iv.Duration() <= 0 {
			continue
		}
		missing += end.Sub(start)
		scale := 100 / float64(iv.Duration())
		b.Gaps = append(b.Gaps, newPart("gap", float64(start.Sub(iv.Start))*scale, float64(end.Sub(start))*scale))
	}
	if len(b.Gaps) > 0 {
		b.Text = plural(len(b.Gaps), "gap", "gaps") + ", " + span(missing) + " without data"
	}
	return b
}
