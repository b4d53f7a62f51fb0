package audit

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMembers(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want map[string]string
	}{
		"any order, any space":     {" {\t\"b\" : [1, {\"c\":\"]}\"}] ,\r\n\"a\":\"x\"} ", map[string]string{"a": `"x"`, "b": `[1, {"c":"]}"}]`}},
		"nothing":                  {"{}", map[string]string{}},
		"escaped quotes":           {`{"a":"\"\\","b":"\\\""}`, map[string]string{"a": `"\"\\"`, "b": `"\\\""`}},
		"escaped names":            {`{"st\u0061ge":1}`, map[string]string{"stage": "1"}},
		"scalars":                  {`{"a":-1.5e3,"b":true,"c":null}`, map[string]string{"a": "-1.5e3", "b": "true", "c": "null"}},
		"the last of equal names":  {`{"a":1,"a":2}`, map[string]string{"a": "2"}},
		"brackets in strings":      {`{"a":{"b":"}}]]"},"c":"{"}`, map[string]string{"a": `{"b":"}}]]"}`, "c": `"{"`}},
		"no object":                {`[]`, nil},
		"no end":                   {`{"a":1`, nil},
		"no colon":                 {`{"a" 1}`, nil},
		"no value":                 {`{"a":}`, nil},
		"no name":                  {`{1:2}`, nil},
		"an open string":           {`{"a":"x\"}`, nil},
		"an open object":           {`{"a":{"b":1}`, nil},
		"something behind":         {`{} x`, nil},
		"a comma too many":         {`{"a":1,}`, nil},
		"two values":               {`{"a":1 2}`, nil},
		"only a backslash follows": {`{"a\`, nil},
		"empty":                    {``, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string]string{}
			err := members([]byte(c.data), func(name, value []byte) { got[string(name)] = string(value) })
			if c.want == nil {
				require.ErrorIs(t, err, errSyntax)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestElements(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want []string
	}{
		"several":          {` [1, "a]" ,{"b":[]}] `, []string{"1", `"a]"`, `{"b":[]}`}},
		"none":             {`[ ]`, []string{}},
		"no array":         {`{}`, nil},
		"no end":           {`[1`, nil},
		"a comma too many": {`[1,]`, nil},
		"something behind": {`[1]]`, nil},
		"no comma":         {`[1 2]`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := []string{}
			err := elements([]byte(c.data), func(value []byte) { got = append(got, string(value)) })
			if c.want == nil {
				require.ErrorIs(t, err, errSyntax)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

// FuzzMembers compares with the standard library: whatever it accepts is read the same.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{"a":"x","b":[1,{"c":null}]}`, `{"\u0061":"\"\\"}`, `{"a":1,"a":[]}`, `{} `, `{"a":"` + "\xff" + `"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := map[string]string{}
		err := members(data, func(name, value []byte) { got[string(bytes.ToValidUTF8(name, nil))] = string(value) })
		var want map[string]json.RawMessage
		if json.Unmarshal(data, &want) != nil || want == nil {
			return // members need not refuse everything, it must only end
		}
		require.NoError(t, err)
		if !bytes.Equal(data, bytes.ToValidUTF8(data, nil)) {
			return // names with invalid UTF-8 are spelled differently
		}
		require.Len(t, got, len(want))
		for name, value := range want {
			require.Equal(t, string(value), got[name])
		}
	})
}
