package flow

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// leaps tells how many steps a line takes, and how many of them go a way that is known.
func leaps(t *testing.T, l *layout, line []byte) (known, all int) {
	t.Helper()
	var r record
	var key keySpans
	w := walk{line: line, record: &r, key: &key}
	for last := l.start; last != nil; all++ {
		ok := w.knows(&last.way)
		if ok {
			known++
			last, ok = w.leap(&last.way)
		} else {
			last, ok = l.steps(&w, last)
		}
		require.True(t, ok, "%s", line)
	}
	return known, all
}

func learned(t *testing.T, lines int, line func(i int) []byte) *layout {
	t.Helper()
	l := newLayout()
	for i := range lines {
		require.True(t, check(t, l, line(i)))
	}
	return l
}

// TestRealLinesAreLeaptThrough guards the speed: once the layout is learned, no member of a usual line is looked at by itself.
func TestRealLinesAreLeaptThrough(t *testing.T) {
	for _, c := range []struct {
		name string
		line func(i int) []byte
		most int // steps
	}{
		{"enterprise", func(i int) []byte { return enterpriseLine(i*7919, i) }, 30},
		{"goldmane", func(i int) []byte { return goldmaneLine(i*7919, i) }, 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := learned(t, 500, c.line)
			known, all := leaps(t, l, c.line(501))
			require.Equal(t, all, known)
			require.LessOrEqual(t, all, c.most)
		})
	}
}

func TestAConstantThatChanges(t *testing.T) {
	usual := func(i int) []byte {
		return fmt.Appendf(nil, `{"start_time":%d,"action":"allow","x":null,"bytes_in":%d}`, i, i*i)
	}
	l := learned(t, 200, usual)
	known, all := leaps(t, l, usual(7))
	require.Equal(t, []int{3, 3}, []int{known, all}, "up to start_time, up to bytes_in, up to the end")
	denied := bytes.Replace(usual(8), []byte("allow"), []byte("deny"), 1)
	require.True(t, check(t, l, denied))
	require.True(t, check(t, l, usual(9)))
	require.True(t, check(t, l, denied))
	known, all = leaps(t, l, denied)
	require.Equal(t, all, known, "it is taken for one that varies now")
}

func TestMembersThatAreLeftOut(t *testing.T) {
	line := func(i int) []byte {
		text := fmt.Sprintf(`{"start_time":%d`, i)
		if i%3 != 0 {
			text += fmt.Sprintf(`,"bytes_in":%d`, i*17%1000)
		}
		if i%2 != 0 {
			text += `,"host":"n"`
		}
		return []byte(text + fmt.Sprintf(`,"end_time":%d}`, i+1))
	}
	l := learned(t, 1000, line)
	for i := range 12 {
		require.True(t, check(t, l, line(i)))
	}
}

func TestMembersInAnotherOrder(t *testing.T) {
	parts := strings.Split(strings.Trim(string(enterpriseLine(1, 2)), "{}"), `,"`)
	l := learned(t, 200, func(i int) []byte { return enterpriseLine(i, i) })
	for i := range parts {
		turned := append(append([]string{}, parts[i:]...), parts[:i]...)
		for j := range turned {
			turned[j] = strings.TrimPrefix(turned[j], `"`)
		}
		check(t, l, []byte(`{"`+strings.Join(turned, `,"`)+`}`))
	}
	require.True(t, check(t, l, enterpriseLine(3, 4)))
}

// TestAFieldTwiceOverAKnownWay gives a field a second time where a known way would pass over it.
func TestAFieldTwiceOverAKnownWay(t *testing.T) {
	line := func(i int) []byte { return fmt.Appendf(nil, `{"start_time":%d,"action":"allow","end_time":%d}`, i, i) }
	l := learned(t, 200, line)
	for _, twice := range []string{
		`{"start_time":1,"action":"allow","end_time":2,"action":"allow"}`, `{"action":"allow","start_time":1,"action":"allow","end_time":2}`,
		`{"start_time":1,"action":"allow","end_time":2,"start_time":1,"action":"allow","end_time":2}`,
	} {
		t.Run(twice, func(t *testing.T) { require.False(t, check(t, l, []byte(twice))) })
	}
}

func TestWhatIsTooLongIsNotRemembered(t *testing.T) {
	long := strings.Repeat("x", maxWay)
	line := func(i int) []byte { return fmt.Appendf(nil, `{"start_time":%d,"x":"%s","end_time":%d}`, i, long, i) }
	l := learned(t, 200, line)
	for _, m := range l.byName {
		require.LessOrEqual(t, len(m.value), maxConstant)
		require.LessOrEqual(t, len(m.way.text), maxWay)
	}
	require.True(t, check(t, l, line(1)))
}
