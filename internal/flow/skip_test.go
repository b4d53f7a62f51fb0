package flow

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSkipString(t *testing.T) {
	for length := range 40 {
		text := strings.Repeat("a", length)
		for _, c := range []struct {
			name, line string
			want       int
		}{
			{"plain", text + `"`, length + 1},
			{"with more after it", text + `","b":"\"`, length + 1},
			{"no end", text, -1},
			{"an escape", text + `\"`, -1},
			{"a control character", text + "\x1f\"", -1},
			{"beyond ASCII", text + "é\"", -1},
			{"the last of ASCII", text + "\x7f\"", length + 2},
			{"a blank", text + ` "`, length + 2},
		} {
			t.Run(fmt.Sprint(length, c.name), func(t *testing.T) { require.Equal(t, c.want, skipString([]byte(c.line), 0)) })
		}
	}
}

// TestSkipValueTakesValidJSONOnly compares with the standard library: what is skipped is valid, and ends where its value does.
func TestSkipValueTakesValidJSONOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := genValue(4).Draw(t, "value")
		rest := rapid.SampledFrom([]string{"", ",", "}", `,"next":1}`, " ", "0", "x"}).Draw(t, "rest")
		end := skipValue([]byte(value+rest), 0, 0)
		if end < 0 {
			return
		}
		skipped := (value + rest)[:end]
		require.True(t, json.Valid([]byte(skipped)), "%q of %q", skipped, value+rest)
		if json.Valid([]byte(value)) && (rest == "" || strings.ContainsAny(rest[:1], ",}")) {
			if end < len(value) {
				// A number with an exponent is left to the general way: it ends at a byte that no caller takes for a value's end.
				require.Contains(t, "eE", value[end:end+1])
				return
			}
			require.Equal(t, value, skipped)
		}
	})
}

func TestSkipValue(t *testing.T) {
	for _, c := range []struct {
		line string
		want int
	}{
		{`null,`, 4}, {`true,`, 4}, {`false,`, 5}, {`0,`, 1}, {`-12.50,`, 6}, {`12345678901234567890,`, 20}, {`1e5,`, 1}, {`01,`, 1},
		{`-,`, -1}, {`1.,`, -1}, {`nul,`, -1}, {``, -1}, {`,`, -1}, {`[],`, 2}, {`{},`, 2}, {`[1, "a", {"b": [null]}],`, 23}, {`[1,,2]`, -1},
		{`[1`, -1}, {`[`, -1}, {`{`, -1}, {`{"a"`, -1}, {`{"a":`, -1}, {`{"a":1`, -1}, {`{"a":1,`, -1}, {`{a:1}`, -1}, {`[1  ,2]`, -1},
	} {
		t.Run(c.line, func(t *testing.T) { require.Equal(t, c.want, skipValue([]byte(c.line), 0, 0)) })
	}
}

// TestMembersAndElements compares with the standard library on valid JSON.
func TestMembersAndElements(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := genValue(4).Draw(t, "value")
		blank := rapid.StringMatching(`[ \t\r\n]{0,2}`).Draw(t, "blank")
		value = blank + value + blank
		if !json.Valid([]byte(value)) {
			return
		}
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(value), &object) != nil {
			object = nil
		}
		got := map[string]json.RawMessage{}
		members([]byte(value), func(name []byte, from, to int) { got[string(name)] = json.RawMessage(value[from:to]) })
		require.Len(t, got, len(object))
		for name := range object {
			require.Equal(t, string(object[name]), string(got[name]))
		}
		var array, elementsGot []json.RawMessage
		if json.Unmarshal([]byte(value), &array) != nil {
			array = nil
		}
		elements([]byte(value), func(element []byte) { elementsGot = append(elementsGot, element) })
		require.Len(t, elementsGot, len(array))
		for i := range array {
			require.Equal(t, string(array[i]), string(elementsGot[i]))
		}
	})
}
