package logfile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/resource"
)

func gather(text string, asJSON bool) (*gathered, error) {
	found := &gathered{entries: map[resource.Key]*entry{}, other: map[string]int64{}}
	if asJSON {
		return found, newJSONReader(strings.NewReader(text), place{}, found.add).readAll()
	}
	return found, newYAMLReader(strings.NewReader(text), place{}, found.add).readAll()
}

// What is read from any text is an object that resource.Read takes, and is read again from the bytes that are given for it.
func FuzzDocuments(f *testing.F) {
	f.Add(`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"}}`+"\n{}", true)
	f.Add(`{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"x"}}]}`, true)
	f.Add("kind: Pod\napiVersion: v1\nmetadata: {name: a, labels: {b: c}}\n---\n", false)
	f.Add("[{},[]]", true)
	f.Fuzz(func(t *testing.T, text string, asJSON bool) {
		found, err := gather(text, asJSON)
		if err != nil {
			return
		}
		var again strings.Builder
		for _, e := range found.sorted() {
			raw, err := e.unpack()
			require.NoError(t, err)
			require.True(t, json.Valid(raw))
			obj, err := resource.Read(raw)
			require.NoError(t, err)
			require.Equal(t, e.id, obj.ID)
			again.Write(append(raw, '\n'))
		}
		second, err := gather(again.String(), true)
		require.NoError(t, err)
		require.Len(t, second.entries, len(found.entries))
		for key, e := range found.entries {
			require.Equal(t, e.sum, second.entries[key].sum)
		}
	})
}

func TestCompareVersions(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{{"9", "10", -1}, {"10", "9", 1}, {"7", "7", 0}, {"", "1", -1}, {"007", "7", 0}, {"18446744073709551616", "18446744073709551615", 1}} {
		t.Run(tc.a+" and "+tc.b, func(t *testing.T) { require.Equal(t, tc.want, compareVersions(tc.a, tc.b)) })
	}
}
