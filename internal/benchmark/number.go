package benchmark

import (
	"cmp"
	"slices"
	"strings"
)

// CompareNumbers orders the numbers of tests and sections part by part: 1.2.9 comes before 1.2.10. A part that is no number
// comes after all that are.
func CompareNumbers(a, b string) int {
	return cmp.Or(slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), compareParts), strings.Compare(a, b))
}

func compareParts(a, b string) int {
	isTextA, isTextB := !isNumber(a), !isNumber(b)
	switch {
	case isTextA && isTextB:
		return strings.Compare(a, b)
	case isTextA:
		return 1
	case isTextB:
		return -1
	}
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

func isNumber(part string) bool { return part != "" && strings.Trim(part, "0123456789") == "" }
