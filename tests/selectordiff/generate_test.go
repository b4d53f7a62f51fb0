package selectordiff

import (
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/probity/probity/internal/selector"
)

// casesPerCheck is how many texts one of rapid's hundred checks compares.
const casesPerCheck = 300

// isBeyondBounds tells the texts that only Probity refuses.
func isBeyondBounds(text string) bool {
	return len(text) > selector.MaxLength || strings.Count(text, "(") > selector.MaxDepth
}

var (
	names     = rapid.SampledFrom([]string{"a", "b", "a/b.c_d-e", "in", "has", "not", "all", "global", "contains", "starts", "with"})
	values    = rapid.SampledFrom([]string{"", "b", "bc", "cb", "b c", "é", "&&", "in", "!!", "\n"})
	blanks    = rapid.SampledFrom([]string{" ", " ", " ", "  ", "\t", " \t "})
	noBlanks  = rapid.SampledFrom([]string{"", "", " ", "\t"})
	labelMaps = rapid.MapOfN(names, values, 0, 6)
)

func quoted(t *rapid.T) string {
	quote := rapid.SampledFrom([]string{"'", `"`}).Draw(t, "quote")
	other := map[string]string{"'": `"`, `"`: "'"}[quote]
	return quote + values.Draw(t, "value") + rapid.SampledFrom([]string{"", "", "", other}).Draw(t, "inner quote") + quote
}

// validSelectors draws selectors with every operator, blank and spelling that the language has.
func validSelectors(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		kinds := 10
		if depth == 0 {
			kinds = 6
		}
		gap := func() string { return noBlanks.Draw(t, "blanks") }
		name := names.Draw(t, "label")
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			call := rapid.SampledFrom([]string{"all(", "global(", "has(" + gap() + name}).Draw(t, "call")
			return call + gap() + ")"
		case 1:
			return name + gap() + rapid.SampledFrom([]string{"==", "!="}).Draw(t, "sign") + gap() + quoted(t)
		case 2, 3:
			word := rapid.SampledFrom([]string{"contains", "starts with", "startswith", "starts  \twith", "endswith", "ends with"}).Draw(t, "word")
			return name + blanks.Draw(t, "blanks") + word + gap() + quoted(t)
		case 4, 5:
			return name + blanks.Draw(t, "blanks") + rapid.SampledFrom([]string{"in", "not in", "notin", "not \t in"}).Draw(t, "word") + gap() + drawSet(t)
		case 6, 7:
			return strings.Repeat("!"+gap(), rapid.IntRange(1, 3).Draw(t, "negations")) + validSelectors(depth-1).Draw(t, "negated")
		}
		parts := rapid.SliceOfN(validSelectors(depth-1), 1, 3).Draw(t, "parts")
		joined := strings.Join(parts, gap()+rapid.SampledFrom([]string{"&&", "||"}).Draw(t, "operator")+gap())
		if rapid.Bool().Draw(t, "parentheses") {
			return "(" + gap() + joined + gap() + ")" + gap()
		}
		return joined
	})
}

func drawSet(t *rapid.T) string {
	var items []string
	for range rapid.IntRange(0, 3).Draw(t, "members") {
		items = append(items, quoted(t))
	}
	set := strings.Join(items, ","+noBlanks.Draw(t, "blanks"))
	if len(items) > 0 && rapid.Bool().Draw(t, "trailing comma") {
		set += ","
	}
	return "{" + noBlanks.Draw(t, "blanks") + set + "}"
}

// tokens are the pieces of the language and of what people write by mistake.
var tokens = []string{
	"a", "b", "in", "not", "not in", "notin", "has", "has(", "all", "all()", "global()", "all(", "contains", "starts", "ends", "with",
	"starts with", "==", "!=", "=", "!", "&&", "||", "&", "|", "(", ")", "{", "}", ",", "'b'", `"b"`, "'", `"`, " ", " ", " ", "\t", "\n",
	"\r", "\v", "\f", "é", "\xff", "$", "*", "[", "]", "\\",
}

var tokenSoups = rapid.Map(rapid.SliceOfN(rapid.SampledFrom(tokens), 0, 9), func(parts []string) string { return strings.Join(parts, "") })

// damagedSelectors are valid ones with a piece cut out or put in somewhere.
var damagedSelectors = rapid.Custom(func(t *rapid.T) string {
	text := []byte(validSelectors(2).Draw(t, "valid"))
	at := rapid.IntRange(0, len(text)).Draw(t, "at")
	if rapid.Bool().Draw(t, "cut") {
		return string(slices.Delete(text, at, min(len(text), at+rapid.IntRange(1, 3).Draw(t, "length"))))
	}
	return string(slices.Insert(text, at, []byte(rapid.SampledFrom(tokens).Draw(t, "token"))...))
})
