package flow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// oracle splits a line in the most obvious way: the raw value of each field by its exact name.
func oracle(line []byte) (map[string]string, Reason) {
	if !bytes.Equal(bytes.ToValidUTF8(line, []byte("?")), line) {
		return nil, BadUTF8
	}
	if !json.Valid(line) || bytes.TrimLeft(line, " \t\r\n")[0] != '{' {
		return nil, BadJSON
	}
	out := map[string]string{}
	in := json.NewDecoder(bytes.NewReader(line))
	if _, err := in.Token(); err != nil {
		return nil, BadJSON
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return nil, BadJSON
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return nil, BadJSON
		}
		if _, read := fieldByName[name.(string)]; !read {
			continue
		}
		if _, twice := out[name.(string)]; twice {
			return nil, BadField
		}
		out[name.(string)] = string(value)
	}
	return out, ""
}

func values(r *record) map[string]string {
	out := map[string]string{}
	for f, name := range fieldNames {
		if v := r.value(field(f)); len(v) > 0 {
			out[name] = string(v)
		}
	}
	return out
}

// check compares both ways to split a line with the oracle; layout has learned from other lines. It tells whether the fast
// way took the line.
func check(t require.TestingT, l *layout, line []byte) bool {
	want, reason := oracle(line)
	var r record
	require.Equal(t, reason, r.splitGeneral(line), "general: %q", line)
	if reason == "" {
		require.Equal(t, want, values(&r), "general: %q", line)
	}
	var fast record
	var spans keySpans
	if !l.split(line, &fast, &spans) {
		return false
	}
	require.Empty(t, reason, "the fast form took %q", line)
	require.Equal(t, want, values(&fast), "fast: %q", line)
	require.Equal(t, want, membersOfSpans(t, line, &spans, want), "the spans hold the key: %q", line)
	return true
}

// membersOfSpans reads the members back from the spans, and takes what is not of the key from rest.
func membersOfSpans(t require.TestingT, line []byte, spans *keySpans, rest map[string]string) map[string]string {
	var parts []string
	for _, s := range spans.at[:spans.n] {
		parts = append(parts, string(line[s.from:s.to]))
	}
	out := map[string]string{}
	object := []byte("{" + strings.Join(parts, ",") + "}")
	require.True(t, json.Valid(object), "%s", object)
	members(object, func(name []byte, from, to int) { out[string(name)] = string(object[from:to]) })
	for f := keyFields; f < fields; f++ {
		if v, ok := rest[fieldNames[f]]; ok {
			out[fieldNames[f]] = v
		}
	}
	return out
}

// genValue draws a JSON value, as text.
func genValue(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		kinds := 7
		if depth == 0 {
			kinds = 5
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return rapid.SampledFrom([]string{"null", "true", "false", `"-"`, `""`, "0", "-0", "80", "-1", "1.5", "1e9", "01", "1.", "-", "+1", "nul"}).Draw(t, "word")
		case 1:
			return fmt.Sprint(rapid.Int64().Draw(t, "number"))
		case 2:
			return `"` + rapid.StringMatching(`[a-z0-9*./ -]{0,30}`).Draw(t, "text") + `"`
		case 3:
			quoted, _ := json.Marshal(rapid.String().Draw(t, "any text"))
			return string(quoted)
		case 4:
			return `"` + rapid.SampledFrom([]string{`\"`, `\\`, `\u0041`, `\q`, "\x01", "\xff", "é", "\x7f"}).Draw(t, "odd") + `"`
		case 5:
			return "[" + strings.Join(rapid.SliceOfN(genValue(depth-1), 0, 3).Draw(t, "array"), genComma(t)) + "]"
		}
		return "{" + strings.Join(rapid.SliceOfN(genMember(depth-1), 0, 3).Draw(t, "object"), genComma(t)) + "}"
	})
}

func genComma(t *rapid.T) string {
	return rapid.SampledFrom([]string{",", ", ", " , ", ""}).Draw(t, "comma")
}

func genMember(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		name := rapid.SampledFrom(append(fieldNames[:], "x", "y", "labels", "sourcé_name", `\u0061ction`, "Action", "a b")).Draw(t, "name")
		colon := rapid.SampledFrom([]string{":", ":", ": ", " :", ""}).Draw(t, "colon")
		return `"` + name + `"` + colon + genValue(depth).Draw(t, "value")
	})
}

func TestBothWaysToSplitAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLayout()
		var parts []string
		for range rapid.IntRange(1, 6).Draw(t, "lines") {
			// A line keeps much of the one before, so that the layout has something to know again.
			for i := range parts {
				if rapid.IntRange(0, 4).Draw(t, "change") == 0 {
					parts[i] = genMember(3).Draw(t, "member")
				}
			}
			parts = append(parts, rapid.SliceOfN(genMember(3), 0, 4).Draw(t, "more")...)
			if rapid.Bool().Draw(t, "warm") {
				l.lines = warmUp // from here on it learns whole stretches
			}
			check(t, l, []byte("{"+strings.Join(parts, genComma(t))+"}"))
		}
	})
}

// TestFastWayTakesRealLines guards the speed: lines as the two emitters write them must not fall to the general form.
func TestFastWayTakesRealLines(t *testing.T) {
	l := newLayout()
	for i := range 50 {
		require.True(t, check(t, l, enterpriseLine(i, i*7)))
		require.True(t, check(t, l, goldmaneLine(i, i*7)))
	}
	spaced := bytes.ReplaceAll(bytes.ReplaceAll(enterpriseLine(1, 1), []byte(`":`), []byte(`": `)), []byte(`,"`), []byte(`, "`))
	require.True(t, check(t, l, spaced), "%s", spaced)
}

// TestLinesNearARealOne damages a real line at every byte.
func TestLinesNearARealOne(t *testing.T) {
	for _, line := range []func(group, n int) []byte{enterpriseLine, goldmaneLine} {
		l := learned(t, 2*warmUp, func(i int) []byte { return line(i, i) })
		whole := line(3, 4)
		for i := range whole {
			check(t, l, whole[:i])
			check(t, l, append(bytes.Clone(whole), whole[i:]...))
			check(t, l, whole)
			for _, c := range []byte{'"', '\\', ',', ':', '{', '}', '[', ']', ' ', '0', '-', 'e', '.', 0x01, 0x7f, 0x80, 0xc3} {
				damaged := bytes.Clone(whole)
				damaged[i] = c
				check(t, l, damaged)
				check(t, l, damaged)
			}
		}
	}
}

// TestOddMembers are lines that a wrong turn in the fast form would take.
func TestOddMembers(t *testing.T) {
	for _, line := range []string{
		`{"x":,"y":1}`, `{"x":}`, `{"x"}`, `{"x":1,}`, `{,"x":1}`, `{"x":1}}`, `{"x":1 }`, `{ "x":1}`, `{}`, `{`, `{"`, `{"x":1`, `{"x":"a`,
		`{"x":1,"x":2}`, `{"action":"allow","action":"allow"}`, `{"x":tru}`, `{"x":nullx}`, `{"x":1x}`, `{"x":[1,]}`, `{"x":[,1]}`, `{"x":{"a"}}`,
		`{"x":{"a":}}`, `{"x":{,}}`, `{"x":{"a":1,}}`, `{"x":[1 2]}`, `{"x":"\u00"}`, `{"x":-}`, `{"x":00}`, `{"x":0.}`, `{"x":.5}`,
	} {
		t.Run(line, func(t *testing.T) {
			l := newLayout()
			l.lines = warmUp
			for _, other := range []string{line, `{"x":1,"y":1,"action":"deny"}`, line, line, line} {
				check(t, l, []byte(other))
			}
		})
	}
}

func TestLayoutLearnsNoMoreThanItsLimit(t *testing.T) {
	l := newLayout()
	for i := range 2 * maxNames {
		check(t, l, fmt.Appendf(nil, `{"name-%d":1}`, i))
	}
	require.LessOrEqual(t, len(l.byName), maxNames)
	require.True(t, check(t, l, enterpriseLine(1, 1)) || len(l.byName) == maxNames)
	require.False(t, check(t, l, []byte(`{"one-too-many":1}`)))
}

func TestDeepValuesAreReadTheGeneralWay(t *testing.T) {
	l := newLayout()
	deep := strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1)
	require.False(t, check(t, l, []byte(`{"x":`+deep+`}`)))
	require.True(t, check(t, l, []byte(`{"x":`+deep[1:len(deep)-1]+`}`)))
}

// FuzzSplit takes two lines, so that the second one meets what the first has taught.
func FuzzSplit(f *testing.F) {
	f.Add([]byte(`{"action":"allow"}`), []byte(`{"action":"allow","x":[1,{"a":"b"}]}`))
	f.Add(enterpriseLine(1, 2), enterpriseLine(2, 3))
	f.Add(goldmaneLine(1, 2), enterpriseLine(2, 3))
	f.Add([]byte(`{"x":1,"Key":{}}`), []byte(`{"x":10,"Key":{},"Key":1}`))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		l := newLayout()
		for _, line := range [][]byte{first, first, second, first} {
			check(t, l, line)
		}
		l.lines = warmUp
		for _, line := range [][]byte{first, second, first, first, second, second} {
			check(t, l, line)
		}
	})
}

// FuzzReducer compares a reducer that has seen a line before with one that reads it the general way only.
func FuzzReducer(f *testing.F) {
	f.Add(enterpriseLine(1, 2))
	f.Add(goldmaneLine(1, 2))
	f.Add(enterprise(f, map[string]any{"action": "deny"}))
	f.Add(goldmane(f, map[string]any{"source_type": 4}, map[string]any{"bytes_in": -1}))
	f.Fuzz(func(t *testing.T, line []byte) {
		var lines [][]byte
		for i := range warmUp {
			lines = append(lines, enterpriseLine(i, i), goldmaneLine(i, i))
		}
		lines = append(lines, line, line, enterpriseLine(1, 2), line, goldmaneLine(1, 2), line, line)
		fast := reduce(t, Options{}, lines...)
		slow := NewReducer(Options{Interval: day})
		for _, l := range lines {
			slow.AddLine(append([]byte("\t"), l...)) // the fast form knows no white space in front
		}
		require.Equal(t, encoded(t, slow), encoded(t, fast), "%q", line)
	})
}
