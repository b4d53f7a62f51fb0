package flow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// narrow takes so many bytes, and fails from then on.
type narrow struct{ room int }

func (w *narrow) Write(b []byte) (int, error) {
	if len(b) > w.room {
		return 0, errDisk
	}
	w.room -= len(b)
	return len(b), nil
}

// TestEncodeTellsWhereverItCannotWrite has the writer fail at each of the writes that an encoding takes.
func TestEncodeTellsWhereverItCannotWrite(t *testing.T) {
	r := reduce(t, Options{})
	for i := range 500 {
		r.AddLine(enterpriseLine(i, i))
	}
	whole := encoded(t, r)
	require.Greater(t, len(whole), 3<<16, "several times what is buffered")
	for room := 0; room < len(whole); room += 1 << 16 {
		require.ErrorIs(t, r.Encode(&narrow{room}), errDisk, "%d bytes", room)
	}
	require.ErrorIs(t, r.Encode(&narrow{len(whole) - 1}), errDisk)
	require.NoError(t, r.Encode(&narrow{len(whole)}))

	// The statistics of so many hours alone are more than what is buffered.
	years := day
	years.End = years.End.AddDate(2, 0, 0)
	require.ErrorIs(t, NewReducer(Options{Interval: years}).Encode(&narrow{1 << 10}), errDisk)
}

// encodedOf is an encoding of one group per key, in the order given.
func encodedOf(t testing.TB, keys ...Key) string {
	head, err := json.Marshal(header{Schema, day, NewReducer(Options{Interval: day}).Stats()})
	require.NoError(t, err)
	lines := []string{string(head)}
	for _, key := range keys {
		group := standard()
		group.Key = key
		text, err := json.Marshal(group)
		require.NoError(t, err)
		lines = append(lines, string(text))
	}
	return strings.Join(append(lines, fmt.Sprintf(`{"groups":%d}`, len(keys))), "\n") + "\n"
}

func TestWhichKeysAreDecoded(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Key)
		bad    bool
	}{
		{"a usual one", func(*Key) {}, false},
		{"the longest text", func(k *Key) { k.Dest.Name = strings.Repeat("x", maxText) }, false},
		{"a longer text", func(k *Key) { k.Dest.Name = strings.Repeat("x", maxText+1) }, true},
		{"a zero byte in a name", func(k *Key) { k.Source.Namespace = "a\x00b" }, true},
		{"a zero byte in the policy", func(k *Key) { k.Policy = "\x00" }, true},
		{"a port with zero bytes", func(k *Key) { k.Port = 0 }, false},
		{"a port with a low zero byte", func(k *Key) { k.Port = 256 }, false},
		{"the last port", func(k *Key) { k.Port = maxPort }, false},
		{"a negative port", func(k *Key) { k.Port = -1 }, true},
		{"no type", func(k *Key) { k.Dest.Type = "" }, true},
		{"all texts the longest", func(k *Key) {
			long := strings.Repeat("\x01", maxText) // which JSON writes as six bytes
			end := End{Type: Workload, Namespace: long, Name: long, AggregateName: long}
			*k = Key{end, end, Service{long, long, long}, maxPort, long, long, long, long}
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := standard().Key
			c.change(&key)
			r := NewReducer(Options{Interval: day})
			err := r.Decode(strings.NewReader(encodedOf(t, key)))
			if c.bad {
				require.ErrorContains(t, err, "group 1: ")
				require.Empty(t, all(t, r))
				return
			}
			require.NoError(t, err)
			require.Equal(t, key, all(t, r)[0].Key)
		})
	}
}

func TestDecodeIsOpenToWhatIsNewerAndBounded(t *testing.T) {
	key := standard().Key
	whole := encodedOf(t, key)
	r := NewReducer(Options{Interval: day})
	newer := strings.NewReplacer(`{"schema"`, `{"since":{"version":9},"schema"`, `{"source"`, `{"colour":[1],"source"`).Replace(whole)
	require.NoError(t, r.Decode(strings.NewReader(newer)), "members of a later version are passed over")
	require.Len(t, all(t, r), 1)

	require.ErrorContains(t, r.Decode(strings.NewReader(encodedOf(t, key, key))), "group 2: it is not after the one before")
	require.ErrorContains(t, r.Decode(strings.NewReader("[]\n")), "header")
	require.ErrorContains(t, r.Decode(strings.NewReader(strings.Replace(whole, `"port":7070`, `"port":"7070"`, 1))), "group 1")
	require.ErrorContains(t, r.Decode(strings.NewReader(strings.Replace(whole, `{"groups":1}`, `{"groups":-1}`, 1))), "trailer says -1")
	endless := io.MultiReader(strings.NewReader(whole[:len(whole)/2]), io.LimitReader(spaces{}, maxEncoded+1))
	require.ErrorContains(t, r.Decode(endless), "too long")
}

// spaces is a line without end.
type spaces struct{}

func (spaces) Read(b []byte) (int, error) { return copy(b, bytes.Repeat([]byte{' '}, len(b))), nil }

// TestAReadersFaultIsTold has the reader fail in the middle of a line, which must not look like bad JSON.
func TestAReadersFaultIsTold(t *testing.T) {
	whole := encoded(t, reduce(t, Options{}, enterprise(t, nil), enterprise(t, map[string]any{"action": "deny"})))
	for _, n := range []int{0, 1, len(whole) / 3, len(whole) / 2, len(whole) - 1, len(whole) - 2} {
		in := func() io.Reader { return io.MultiReader(strings.NewReader(whole[:n]), failing{errDisk}) }
		require.ErrorIs(t, NewReducer(Options{Interval: day}).Decode(in()), errDisk, "after %d bytes", n)
		runs, err := MergeRuns(in())
		if err == nil {
			err = runs.Encode(io.Discard)
		}
		require.ErrorIs(t, err, errDisk, "after %d bytes", n)
	}
}

// TestAReaderThatHasEnough stops in the middle of each way to iterate.
func TestAReaderThatHasEnough(t *testing.T) {
	r := NewReducer(Options{Interval: day, MaxGroups: 2, Spill: &memorySpill{}})
	for i := range 7 {
		r.AddLine(enterpriseLine(i, i))
	}
	want := all(t, r)
	require.Len(t, want, 7)
	for n := 1; n <= len(want); n++ {
		var got []Group
		for g, err := range r.Groups() {
			require.NoError(t, err)
			if got = append(got, g); len(got) == n {
				break
			}
		}
		require.Equal(t, want[:n], got)
		rows := 0
		for row, err := range Rows(r.Groups(), nil) {
			require.NoError(t, err)
			require.Equal(t, want[rows].Row(), row)
			if rows++; rows == n {
				break
			}
		}
		require.Equal(t, n, rows)
	}
}

func TestAnErrorAmongGroupsIsPassedOn(t *testing.T) {
	groups := func(yield func(Group, error) bool) {
		_ = yield(standard(), nil) && yield(Group{}, errDisk) && yield(standard(), nil)
	}
	pairs, err := Pairs(groups, nil)
	require.ErrorIs(t, err, errDisk)
	require.Nil(t, pairs)
	rows := 0
	for _, err = range Rows(groups, nil) {
		rows++
	}
	require.ErrorIs(t, err, errDisk)
	require.Equal(t, 2, rows, "nothing comes after the error")
}
