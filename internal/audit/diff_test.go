package audit

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func parse(t require.TestingT, text string) map[string]any {
	doc, err := document([]byte(text))
	require.NoError(t, err)
	return doc
}

func TestDifferences(t *testing.T) {
	for name, c := range map[string]struct{ before, after, want string }{
		"nothing":                   {`{"spec":{"a":1}}`, `{"spec":{"a":1}}`, ""},
		"a value":                   {`{"spec":{"order":10}}`, `{"spec":{"order":20}}`, "spec.order: 10 → 20"},
		"a value that comes":        {`{}`, `{"spec":{"order":0}}`, "spec.order: (none) → 0"},
		"a value that goes":         {`{"spec":{"on":false}}`, `{"spec":{}}`, "spec.on: false → (none)"},
		"null is nothing":           {`{"spec":{"a":null}}`, `{"spec":{}}`, ""},
		"an empty list is nothing":  {`{"spec":{"a":[]}}`, `{"spec":{}}`, ""},
		"paths are sorted":          {`{"b":1,"a":1}`, `{"a":2,"b":2}`, "a: 1 → 2; b: 1 → 2"},
		"odd names":                 {`{}`, `{"metadata":{"labels":{"a/b":"x","":"y","ü":"z"}}}`, `metadata.labels[""]: (none) → y; metadata.labels["a/b"]: (none) → x; metadata.labels["ü"]: (none) → z`},
		"a rule's field":            {`{"ingress":[{"action":"Allow"},{"action":"Pass"}]}`, `{"ingress":[{"action":"Deny"},{"action":"Pass"}]}`, "ingress[0].action: Allow → Deny"},
		"a rule that is put before": {`{"ingress":[{"action":"Allow"}]}`, `{"ingress":[{"action":"Log"},{"action":"Allow"}]}`, `ingress[0] added: {"action":"Log"}`},
		"a rule that is taken out":  {`{"ingress":[{"a":1},{"a":2},{"a":3}]}`, `{"ingress":[{"a":1},{"a":3}]}`, `ingress[1] removed: {"a":2}`},
		"rules become none":         {`{"ingress":[{"a":1}]}`, `{}`, `ingress[0] removed: {"a":1}`},
		"values of a set":           {`{"nets":["a","b","b"]}`, `{"nets":["b","c"]}`, "nets: −a, −b, +c"},
		"a set in another order":    {`{"nets":["a","b"]}`, `{"nets":["b","a"]}`, "nets: reordered"},
		"a long set":                {`{}`, `{"nets":[1,2,3,4,5,6,7,8,9,10,11,12]}`, "nets: +1, +2, +3, +4, +5, +6, +7, +8, +9, +10, +and 2 more"},
		"another shape":             {`{"a":{"b":1}}`, `{"a":[1]}`, `a: {"b":1} → [1]`},
		"large numbers":             {`{"a":12345678901234567890}`, `{"a":12345678901234567891}`, "a: 12345678901234567890 → 12345678901234567891"},
		"texts that need quotes":    {`{"a":"","b":"x; y","c":" x","d":"x\ny","e":"<b>"}`, `{}`, `a: "" → (none); b: "x; y" → (none); c: " x" → (none); d: "x\ny" → (none); e: <b> → (none)`},
		"bookkeeping": {
			`{"kind":"A","metadata":{"name":"x","resourceVersion":"1","generation":1,"managedFields":[{}],"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"a","b":"c"}},"status":{"a":1}}`,
			`{"kind":"B","metadata":{"name":"x","resourceVersion":"2","generation":2,"annotations":{"b":"d"}},"status":{"a":2}}`, "metadata.annotations.b: c → d"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, differences(parse(t, c.before), parse(t, c.after)))
		})
	}
}

func TestContents(t *testing.T) {
	for name, c := range map[string]struct{ doc, want string }{
		"leaves":           {`{"spec":{"order":10,"ingress":[{"action":"Allow","source":{"nets":["10.0.0.0/8"]}},{"action":"Deny"}]}}`, "spec.ingress[0].action: Allow; spec.ingress[0].source.nets: 10.0.0.0/8; spec.ingress[1].action: Deny; spec.order: 10"},
		"nothing":          {`{"metadata":{"name":"x"}}`, ""},
		"lists in a list":  {`{"a":[[1,2],[]]}`, "a[0]: 1, 2"},
		"null in a list":   {`{"a":[null,{"b":1}]}`, "a[1].b: 1"},
		"an empty text":    {`{"a":""}`, `a: ""`},
		"a value too long": {`{"a":"` + string(make160('x')) + `yz"}`, "a: " + string(make160('x')) + "…"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, contents(parse(t, c.doc))) })
	}
}

func make160(r rune) []rune {
	all := make([]rune, maxValue)
	for i := range all {
		all[i] = r
	}
	return all
}

func TestDocumentsMustBeObjects(t *testing.T) {
	_, err := document([]byte(`[1]`))
	require.ErrorContains(t, err, "decode object")
}

// Two documents differ exactly when something is said to differ, and what is said does not depend on who asks first.
func TestDifferencesAreComplete(t *testing.T) {
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		leaves := []*rapid.Generator[any]{
			rapid.Just[any]("x"), rapid.Just[any]("y"), rapid.Just[any](true), rapid.Map(rapid.IntRange(0, 3), func(i int) any { return i }),
		}
		if depth == 0 {
			return rapid.OneOf(leaves...)
		}
		nested := rapid.OneOf(
			rapid.Map(rapid.SliceOfN(value(depth-1), 1, 3), func(list []any) any { return list }),
			rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), value(depth-1), 1, 3), func(m map[string]any) any { return m }))
		return rapid.OneOf(append(leaves, nested)...)
	}
	rapid.Check(t, func(t *rapid.T) {
		docs := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), value(2), 1, 3)
		before, after := docs.Draw(t, "before"), docs.Draw(t, "after")
		oldJSON, newJSON := marshal(before), marshal(after)
		found := differences(parse(t, oldJSON), parse(t, newJSON))
		require.Equal(t, oldJSON == newJSON, found == "", "%s → %s: %q", oldJSON, newJSON, found)
		require.Equal(t, found, differences(parse(t, oldJSON), parse(t, newJSON)))
		require.LessOrEqual(t, len(found), maxWhat+20)
		require.True(t, json.Valid([]byte(oldJSON)))
	})
}
