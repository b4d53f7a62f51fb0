package kube

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func scan(t require.TestingT, from io.Reader) (items []string, meta listMeta, err error) {
	err = scanPage(from, page{
		meta: func(m listMeta) error { meta = m; return nil },
		item: func(raw []byte) error { items = append(items, string(raw)); return nil },
	})
	return items, meta, err
}

func TestScanPage(t *testing.T) {
	for _, test := range []struct {
		name, body string
		items      []string
		meta       listMeta
	}{
		{"metadata first", `{"kind":"L","metadata":{"resourceVersion":"1","continue":"c"},"items":[{"a":1},{"b":[2,{}]}]}` + "\n",
			[]string{`{"a":1}`, `{"b":[2,{}]}`}, listMeta{"1", "c"}},
		{"metadata last", `{"items":[{"a":1}],"kind":"L","metadata":{"resourceVersion":"1"}}`, []string{`{"a":1}`}, listMeta{Version: "1"}},
		{"no items", `{"items":[],"metadata":{"resourceVersion":"1"}}`, nil, listMeta{Version: "1"}},
		{"items are null", `{"items":null,"metadata":{"resourceVersion":"1"}}`, nil, listMeta{Version: "1"}},
		{"no members", ` { } `, nil, listMeta{}},
		{"spread over lines", "{\n \"items\" : [\n {\n\"a\" : 1\n}\n ,\n{}\n]\n}\n", []string{"{\n\"a\" : 1\n}", "{}"}, listMeta{}},
		{"brackets and quotes in text", `{"items":[{"a":"]}\"\\"},{"b\"":"\\\""}]}`, []string{`{"a":"]}\"\\"}`, `{"b\"":"\\\""}`}, listMeta{}},
		{"unknown members of every kind", `{"a":1,"b":-1e5,"c":true,"d":null,"e":"x","f":[[]],"items":[{}],"g":{}}`, []string{"{}"}, listMeta{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, from := range []io.Reader{strings.NewReader(test.body), iotest.OneByteReader(strings.NewReader(test.body))} {
				items, meta, err := scan(t, from)
				require.NoError(t, err)
				require.Equal(t, test.items, items)
				require.Equal(t, test.meta, meta)
			}
		})
	}
}

func TestScanPageRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"no object": `[]`, "text": `<html>`, "a missing comma": `{"items":[{} {}]}`, "a missing colon": `{"items"[]}`, "items are no list": `{"items":{}}`,
		"a missing value": `{"items":[,]}`, "metadata is a word": `{"metadata":5}`, "a missing member": `{"a":}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := scan(t, strings.NewReader(body))
			require.ErrorIs(t, err, errList)
		})
	}
	whole := `{"metadata":{"resourceVersion":"1"},"items":[{"a":"x"},{}]}`
	for n := range len(whole) {
		_, _, err := scan(t, strings.NewReader(whole[:n]))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, whole[:n])
	}
	broken := errors.New("connection reset")
	_, _, err := scan(t, io.MultiReader(strings.NewReader(whole[:20]), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
}

// TestScanPageHoldsOneItem: what is held follows the largest item, and has a bound.
func TestScanPageHoldsOneItem(t *testing.T) {
	item := `{"a":"` + strings.Repeat("x", 1<<20) + `"}`
	s := &scanner{from: strings.NewReader(`[` + strings.Repeat(item+",", 40) + item + `]`), buffer: make([]byte, 64<<10)}
	count := 0
	require.NoError(t, s.items(func(raw []byte) error { count++; require.Len(t, raw, len(item)); return nil }))
	require.Equal(t, 41, count)
	require.LessOrEqual(t, len(s.buffer), 2<<20)

	_, _, err := scan(t, io.MultiReader(strings.NewReader(`{"items":[{"a":"`), endless{}))
	require.ErrorContains(t, err, "16777216 bytes")
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// FuzzScanPage: what encoding/json takes for a list is split as encoding/json splits it, whatever the pieces it comes in.
func FuzzScanPage(f *testing.F) {
	f.Add([]byte(`{"metadata":{"resourceVersion":"1","continue":"c"},"items":[{"a":1},{"b":"\"}"}]}`))
	f.Add([]byte(`{"items":[{"metadata":{"managedFields":[{}],"name":"x"},"kind":"Pod"}],"metadata":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		items, meta, err := scan(t, bytes.NewReader(body))
		again, metaAgain, errAgain := scan(t, iotest.OneByteReader(bytes.NewReader(body)))
		require.Equal(t, err == nil, errAgain == nil)
		if err != nil {
			return
		}
		require.Equal(t, items, again)
		require.Equal(t, meta, metaAgain)
		var want map[string]json.RawMessage
		if json.Unmarshal(body, &want) != nil {
			return // the scanner checks no more than it needs to
		}
		var wanted []json.RawMessage
		if len(want) != bytes.Count(body, []byte(`":`)) || json.Unmarshal(want["items"], &wanted) != nil {
			return // a member may be given twice, or spelled with escapes
		}
		require.Len(t, items, len(wanted))
		for i := range wanted {
			require.Equal(t, string(wanted[i]), items[i])
		}
	})
}

func TestShape(t *testing.T) {
	for _, test := range []struct{ name, item, want string }{
		{"kind and version are added", `{"metadata":{"name":"a"},"spec":{}}`, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{}}`},
		{"and given once", `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}`, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}`},
		{"managed fields are dropped", `{"metadata":{"name":"a","managedFields":[{"f:x":{}}],"uid":"1"},"status":{}}`,
			`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","uid":"1"},"status":{}}`},
		{"first and alone", `{"metadata":{"managedFields":[]}}`, `{"apiVersion":"v1","kind":"Pod","metadata":{}}`},
		{"elsewhere they stay", `{"spec":{"managedFields":[1]}}`, `{"apiVersion":"v1","kind":"Pod","spec":{"managedFields":[1]}}`},
		{"one line", "{\n \"metadata\": {\n  \"name\": \"a b\"\n }\n}", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a b"}}`},
		{"numbers and escapes stay as they are", `{"spec":{"a":1.0,"b":12345678901234567890,"c":"\u0041\/\n"}}`,
			`{"apiVersion":"v1","kind":"Pod","spec":{"a":1.0,"b":12345678901234567890,"c":"\u0041\/\n"}}`},
		{"empty", `{}`, `{"apiVersion":"v1","kind":"Pod"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := newShaper("v1", "Pod").shape([]byte(test.item))
			require.NoError(t, err)
			require.Equal(t, test.want, string(got))
		})
	}
	for _, item := range []string{`[]`, `5`, `{"metadata":[]}`, `{"a"}`, `{"a":1`, `{"a":1}}`, "{\n]"} {
		_, err := newShaper("v1", "Pod").shape([]byte(item))
		require.ErrorIs(t, err, errObject, item)
	}
}

// TestShapeKeepsTheRest: but for the three members, any object is what it was.
func TestShapeKeepsTheRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaf := rapid.OneOf(rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Float64(), func(f float64) any { return f }),
			rapid.Just[any](nil), rapid.Map(rapid.Bool(), func(b bool) any { return b }))
		names := rapid.SampledFrom([]string{"name", "managedFields", "labels", "kind", "metadata", "x"})
		inner := rapid.MapOf(names, rapid.OneOf(leaf, rapid.Map(rapid.SliceOf(leaf), func(l []any) any { return l }))).Draw(t, "inner")
		object := map[string]any{"metadata": inner, "kind": "Other", "spec": map[string]any{"metadata": inner}}
		raw, err := json.Marshal(object)
		require.NoError(t, err)
		shaped, err := newShaper("v1", "Pod").shape(raw)
		require.NoError(t, err)
		delete(inner, "managedFields")
		var got, want map[string]any
		require.NoError(t, json.Unmarshal(shaped, &got))
		object["apiVersion"], object["kind"] = "v1", "Pod"
		require.NoError(t, json.Unmarshal(raw, &want))
		want["apiVersion"], want["kind"], want["metadata"] = "v1", "Pod", got["metadata"]
		require.Equal(t, want, got)
		kept, err := json.Marshal(got["metadata"])
		require.NoError(t, err)
		expected, err := json.Marshal(inner)
		require.NoError(t, err)
		require.JSONEq(t, string(expected), string(kept))
	})
}

func BenchmarkScanAndShape(b *testing.B) {
	item := `{"metadata":{"name":"cart-5d4f8c7b9-x2p4q","namespace":"shop","managedFields":[` + strings.Repeat(`{"manager":"kubelet","f:status":{"f:conditions":{"k:{\"type\":\"Ready\"}":{}}}},`, 20) +
		`{}]},"spec":{"containers":[` + strings.Repeat(`{"name":"app","image":"registry.example/shop/cart:1.2.3","env":[{"name":"A","value":"b"}]},`, 30) + `{}]}}`
	body := []byte(`{"metadata":{"resourceVersion":"1"},"items":[` + strings.Repeat(item+",", 499) + item + `]}`)
	b.SetBytes(int64(len(body)))
	s := newShaper("v1", "Pod")
	for b.Loop() {
		require.NoError(b, scanPage(bytes.NewReader(body), page{meta: func(listMeta) error { return nil }, item: func(raw []byte) error {
			_, err := s.shape(raw)
			return err
		}}))
	}
}
