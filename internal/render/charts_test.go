package render

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/evidence"
)

func TestNewRing(t *testing.T) {
	for name, c := range map[string]struct {
		part, total int
		want        ring
	}{
		"none":    {0, 0, ring{"h", "none in scope", "–", "0 251.33"}},
		"a third": {1, 3, ring{"h", "1 of 3 protected", "33%", "83.78 251.33"}},
		"all":     {3, 3, ring{"h", "3 of 3 protected", "100%", "251.33 251.33"}},
		"broken":  {9, 3, ring{"h", "9 of 3 protected", "300%", "251.33 251.33"}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, newRing("h", c.part, c.total, "protected")) })
	}
}

func TestNewBar(t *testing.T) {
	for name, c := range map[string]struct {
		total  int
		shares []share
		want   []barPart
	}{
		"nothing": {0, []share{{"a", 1}}, nil},
		"zero":    {4, []share{{"a", 0}, {"b", 4}}, []barPart{{"b", "0.000", "100.000"}}},
		"in turn": {4, []share{{"a", 1}, {"b", 2}}, []barPart{{"a", "0.000", "25.000"}, {"b", "25.000", "50.000"}}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, newBar("l", "t", c.total, c.shares...).Parts) })
	}
}

func TestNewSpanBar(t *testing.T) {
	gap := func(from, to time.Time) evidence.Gap { return evidence.Gap{Start: from, End: to} }
	for name, c := range map[string]struct {
		gaps []evidence.Gap
		text string
		want []barPart
	}{
		"none":                     {nil, "no gap", nil},
		"one":                      {[]evidence.Gap{gap(at(6, 0, 0), at(12, 0, 0))}, "1 gap, 6 h without data", []barPart{{"gap", "25.000", "25.000"}}},
		"longer than the interval": {[]evidence.Gap{gap(day.Start.Add(-time.Hour), day.End.Add(time.Hour))}, "1 gap, 1 d without data", []barPart{{"gap", "0.000", "100.000"}}},
		"outside":                  {[]evidence.Gap{gap(day.End, day.End.Add(time.Hour))}, "no gap", nil},
		"two":                      {[]evidence.Gap{gap(at(0, 0, 0), at(1, 0, 0)), gap(at(12, 0, 0), at(13, 0, 0))}, "2 gaps, 2 h without data", []barPart{{"gap", "0.000", "4.167"}, {"gap", "50.000", "4.167"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := newSpanBar(&evidence.Source{Name: "s", Gaps: c.gaps}, day)
			require.Equal(t, c.text, got.Text)
			require.Equal(t, c.want, got.Gaps)
		})
	}
}
