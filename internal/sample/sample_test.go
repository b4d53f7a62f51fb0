package sample_test

import (
	"testing"

	"github.com/probity/probity/internal/sample"
)

func TestShow(t *testing.T) {
	out, s := generate(t, sample.Options{Seed: 1, Day: day})
	s.Story = nil
	t.Logf("%+v", s)
	total := map[string]int{}
	for _, n := range out.names("") {
		l := len(out.text(t, n))
		t.Log(n, len(out[n]), l)
		for i, c := range n { if c == '/' { total[n[:i]] += l; break } }
	}
	t.Log(total)
}
