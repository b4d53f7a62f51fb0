package render

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func testRun(t *testing.T, limits Limits) *run {
	return &run{meter: meter{ctx: t.Context(), limits: limits.filled()}, src: &source{}}
}

// TestGuardsKnowTheirFunctions fails when a guard would read arguments that its function does not have.
func TestGuardsKnowTheirFunctions(t *testing.T) {
	funcs := library()
	for name := range guards {
		require.Contains(t, funcs, name)
	}
	for name := range prints {
		require.Contains(t, funcs, name)
	}
}

func TestGuards(t *testing.T) {
	limits := Limits{Value: 1000, Output: 5000, Work: 1 << 40}
	for name, c := range map[string]struct {
		function string
		args     []any
		fits     bool
	}{
		"repeat that fits":           {"repeat", []any{100, "0123456789"}, true},
		"repeat that does not":       {"repeat", []any{101, "0123456789"}, false},
		"repeat of nothing":          {"repeat", []any{math.MaxInt, ""}, true},
		"repeat a negative time":     {"repeat", []any{-5, "x"}, true},
		"until":                      {"until", []any{maxElements}, true},
		"until more":                 {"until", []any{maxElements + 1}, false},
		"until the least number":     {"until", []any{math.MinInt}, false},
		"untilStep":                  {"untilStep", []any{0, 10, 3}, true},
		"untilStep by nothing":       {"untilStep", []any{0, 10, 0}, true},
		"untilStep down":             {"untilStep", []any{10, -10, -1}, true},
		"untilStep far":              {"untilStep", []any{0, 1 << 50, 1}, false},
		"seq down":                   {"seq", []any{[]int{10, -2, 0}}, true},
		"seq by default":             {"seq", []any{[]int{5}}, true},
		"seq from to":                {"seq", []any{[]int{0, maxElements + 1}}, false},
		"indent":                     {"indent", []any{10, "a\nb"}, true},
		"indent much":                {"indent", []any{600, "a\nb"}, false},
		"replace with less":          {"replace", []any{"aaa", "b", strings.Repeat("a", 5000)}, false},
		"replace little":             {"replace", []any{"a", "bb", "banana"}, true},
		"replace what is not there":  {"replace", []any{"z", strings.Repeat("b", 900), "banana"}, true},
		"join":                       {"join", []any{"; ", []string{"a", "b"}}, true},
		"join a text":                {"join", []any{"; ", "a"}, true},
		"join nothing":               {"join", []any{"; ", nil}, true},
		"join with much":             {"join", []any{strings.Repeat(";", 600), []string{"a", "b"}}, false},
		"printf":                     {"printf", []any{"%05d of 2026 at %.2f", []any{1, 2.0}}, false},
		"printf short":               {"printf", []any{"2026, 1234567 items", []any{}}, true},
		"printf wide":                {"printf", []any{"%1001d", []any{1}}, false},
		"printf by argument":         {"printf", []any{"%[1]*d", []any{1}}, false},
		"split":                      {"splitList", []any{",", "a,b"}, true},
		"a regular expression":       {"regexMatch", []any{"^a+$", "aaa"}, true},
		"a broken one is not ours":   {"regexMatch", []any{"(", "aaa"}, true},
		"a long text":                {"regexMatch", []any{"a", strings.Repeat("a", 126)}, false},
		"a long pattern":             {"regexFind", []any{strings.Repeat("a", maxPattern+1), "a"}, false},
		"a replacement that fits":    {"regexReplaceAll", []any{"a", "banana", "xx"}, true},
		"a replacement that is long": {"regexReplaceAll", []any{"a", "banana", strings.Repeat("x", 200)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var args []reflect.Value
			for _, a := range c.args {
				v := reflect.ValueOf(a)
				if a == nil {
					v = reflect.Zero(reflect.TypeFor[any]())
				}
				args = append(args, v)
			}
			err := guards[c.function](testRun(t, limits), args)
			require.Equal(t, c.fits, err == nil, "%v", err)
		})
	}
}

func TestGuardsCountWork(t *testing.T) {
	r := testRun(t, Limits{Work: 1000})
	require.NoError(t, guards["has"](r, []reflect.Value{reflect.ValueOf("x"), reflect.ValueOf(make([]any, 900))}))
	require.EqualValues(t, 900, r.spent)
	require.Error(t, guards["uniq"](r, []reflect.Value{reflect.ValueOf(make([]any, 900))}))
}

func TestScale(t *testing.T) {
	nested := func(depth int) any {
		var v any = "x"
		for range depth {
			v = []any{v}
		}
		return v
	}
	self := map[string]any{}
	self["me"] = []any{self}
	for name, c := range map[string]struct {
		value   any
		measure bool
		weigh   bool
	}{
		"a text":                  {strings.Repeat("x", 99), true, true},
		"a text that is too long": {strings.Repeat("x", 101), true, false},
		"many texts":              {[]string{strings.Repeat("x", 60), strings.Repeat("x", 60)}, true, false},
		"bytes":                   {make([]byte, 101), true, false},
		"numbers":                 {make([]int, 7), true, false},
		"nested":                  {nested(40), true, true},
		"nested too deep":         {nested(120), false, false},
		"in itself":               {self, false, false},
		"the data":                {shopData(), true, false},
		"nothing":                 {nil, true, true},
		"a time":                  {day.Start, true, true},
		"a nil pointer":           {(*int)(nil), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := testRun(t, Limits{Output: 100})
			require.Equal(t, c.measure, r.measure(reflect.ValueOf(c.value)) == nil)
			require.Equal(t, c.weigh, r.weigh(reflect.ValueOf(c.value)) == nil)
		})
	}
}
