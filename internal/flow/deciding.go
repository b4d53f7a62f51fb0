package flow

import (
	"cmp"
	"slices"
	"strings"
)

// Deciding sorts policies of records by which would decide: a record's decision is that of the first class of which it names a policy.
// Policies of one class decide alike. silent are those that can be read and decide nothing; what is in neither cannot be read.
func Deciding(policies []string) (classes [][]string, silent []string) {
	type candidate struct {
		text, printed string
		index         int64
	}
	var all []candidate
	for _, text := range slices.Sorted(slices.Values(policies)) {
		h, ok := parseHit(text)
		switch {
		case !ok:
		case decide([]hit{h}) == "":
			silent = append(silent, text)
		default:
			all = append(all, candidate{text, h.String(), h.index})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.index, a.index), strings.Compare(a.printed, b.printed))
	})
	for i, c := range all {
		if i > 0 && all[i-1].index == c.index && all[i-1].printed == c.printed {
			classes[len(classes)-1] = append(classes[len(classes)-1], c.text)
			continue
		}
		classes = append(classes, []string{c.text})
	}
	return classes, silent
}
