package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/probity/probity/internal/evidence"
)

// compareTexts compares pairs of texts, the first pair first.
func compareTexts(pairs ...string) int {
	for i := 0; i+1 < len(pairs); i += 2 {
		if c := strings.Compare(pairs[i], pairs[i+1]); c != 0 {
			return c
		}
	}
	return 0
}

func distinctTexts(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
}

func sortedDifferences(all []evidence.Difference) []evidence.Difference {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b evidence.Difference) int {
		return cmp.Or(strings.Compare(a.Object, b.Object), a.Time.Compare(b.Time), strings.Compare(a.What, b.What))
	})
	return slices.Compact(all)
}
