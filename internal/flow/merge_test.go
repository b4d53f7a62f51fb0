package flow

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// list makes a source of one-letter keys, each with one record.
func list(keys string) *entries {
	var out entries
	for _, k := range keys {
		out = append(out, entry{sums: sums{first: 1, records: 1}, key: string(k)})
	}
	return &out
}

type broken struct{ err error }

func (b broken) next() (*entry, error) { return nil, b.err }

// after gives what is in the list, then the error.
type after struct {
	*entries
	broken
}

func (a after) next() (*entry, error) {
	if len(*a.entries) > 0 {
		return a.entries.next()
	}
	return a.broken.next()
}

func TestMerge(t *testing.T) {
	for _, c := range []struct {
		name, want string
		lists      []string
	}{
		{"nothing", "", nil},
		{"empty lists", "", []string{"", ""}},
		{"one", "a1b1c1", []string{"abc"}},
		{"apart", "a1b1c1d1", []string{"cd", "ab"}},
		{"alike", "a3b2", []string{"ab", "ab", "a"}},
		{"mixed", "a1b2c1d2e1", []string{"bde", "", "abcd"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sources []source
			for _, keys := range c.lists {
				sources = append(sources, list(keys))
			}
			var got strings.Builder
			for e, err := range merge(sources) {
				require.NoError(t, err)
				got.WriteString(e.key)
				got.WriteByte('0' + byte(e.records))
			}
			require.Equal(t, c.want, got.String())
		})
	}
}

func TestMergeStops(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		name string
		from source
		want string
	}{
		{"at the start", broken{boom}, ""},
		{"in the middle", after{list("b"), broken{boom}}, "a"},
		{"within one key", after{list("a"), broken{boom}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			var last error
			for e, err := range merge([]source{list("abc"), c.from}) {
				if last = err; err == nil {
					got += e.key
				}
			}
			require.ErrorIs(t, last, boom)
			require.Equal(t, c.want, got)
		})
	}
	for range merge([]source{list("abc")}) { //nolint:errcheck // what is ranged over is no error
		break // a caller that has enough
	}
}

func TestRuns(t *testing.T) {
	a, b := reduce(t, Options{}, enterprise(t, nil), []byte("x")), reduce(t, Options{}, enterprise(t, nil), goldmane(t, map[string]any{"action": 2}, nil))
	open := func() *Runs {
		runs, err := MergeRuns(strings.NewReader(encoded(t, a)), strings.NewReader(encoded(t, b)))
		require.NoError(t, err)
		return runs
	}
	runs := open()
	require.Equal(t, day, runs.Interval())
	require.Equal(t, a.Stats().Merge(b.Stats()), runs.Stats(), "before the groups are read")
	var got []Group
	for g, err := range runs.Groups() {
		require.NoError(t, err)
		got = append(got, g)
	}
	require.Len(t, got, 2)
	require.Equal(t, int64(2), got[0].Records)
	for _, err := range runs.Groups() {
		require.ErrorContains(t, err, "were read already")
	}
	require.ErrorContains(t, runs.Encode(io.Discard), "were read already")

	text := encoded(t, a)
	cut, err := MergeRuns(strings.NewReader(text[:strings.LastIndex(text, `{"groups"`)]), strings.NewReader(encoded(t, b)))
	require.NoError(t, err, "the header is whole")
	require.ErrorIs(t, cut.Encode(io.Discard), io.ErrUnexpectedEOF)
	_, err = MergeRuns(strings.NewReader(text), strings.NewReader("{}"))
	require.ErrorContains(t, err, "reducer 2 of 2: ")
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestEncodeTellsThatItCouldNotWrite(t *testing.T) {
	full := errors.New("disk full")
	require.ErrorIs(t, reduce(t, Options{}, enterprise(t, nil)).Encode(failing{full}), full)
	require.ErrorIs(t, NewReducer(Options{Interval: day}).Decode(failing{full}), full)
}

// FuzzDecode gives a reducer anything: what it accepts, it writes again in the same way.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(encoded(f, reduce(f, Options{}, enterprise(f, nil), goldmane(f, nil, nil)))))
	f.Add([]byte(encoded(f, reduce(f, Options{}))))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := NewReducer(Options{Interval: day})
		if r.Decode(bytes.NewReader(text)) != nil {
			return
		}
		once := encoded(t, r)
		again := NewReducer(Options{Interval: day})
		require.NoError(t, again.Decode(strings.NewReader(once)))
		require.Equal(t, once, encoded(t, again))
	})
}
