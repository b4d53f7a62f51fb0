package receive_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/opensearch"
	"github.com/probity/probity/internal/receive"
	"github.com/probity/probity/internal/receive/receivetest"
)

// documents is a server in memory: it has each line once, and does not take those that hold "poison".
type documents struct {
	has    map[string]bool
	writes int
	err    error // of all writes but the first ones
	good   int   // how many those are
}

func (d *documents) Write(_ context.Context, lines [][]byte, aside opensearch.Aside) (opensearch.Stored, error) {
	var done opensearch.Stored
	if d.writes++; d.err != nil && d.writes > d.good {
		return done, d.err
	}
	for _, line := range lines {
		done.Read++
		switch {
		case bytes.Contains(line, []byte("poison")):
			done.Refused++
			if err := aside(line, "mapper_parsing_exception"); err != nil {
				return done, err
			}
		case d.has[string(line)]:
			done.Present++
		default:
			d.has[string(line)] = true
			done.Stored++
		}
	}
	return done, nil
}

// lines are all documents, sorted.
func (d *documents) lines() []string {
	var all []string
	for line := range d.has {
		all = append(all, line)
	}
	slices.Sort(all)
	return all
}

func search(t *testing.T, d *documents) *receive.Search {
	t.Helper()
	return receive.NewSearch(receive.SearchOptions{Documents: d, Ping: func(context.Context) error { return d.err }, Scratch: t.TempDir()})
}

func TestSearchStoresEachLineOnce(t *testing.T) {
	d := &documents{has: map[string]bool{}}
	sink := search(t, d)
	body := receivetest.Flows("web", noon, 9001) // more than fits memory, and than is written at a time
	for _, want := range []bool{false, true} {
		duplicate, err := store(t, sink, body)
		require.NoError(t, err)
		require.Equal(t, want, duplicate)
	}
	want := strings.Split(body, "\n")
	slices.Sort(want)
	require.Equal(t, want, d.lines())
	require.Greater(t, d.writes, 4)
	require.NoError(t, sink.Check(t.Context()))
}

func TestSearchIsCompletedByAPushThatComesAgain(t *testing.T) {
	away := errors.New("no node answers")
	d := &documents{has: map[string]bool{}, err: away, good: 1}
	sink := search(t, d)
	body := receivetest.Flows("web", noon, 5000) + "\n{"
	_, err := store(t, sink, body)
	var failed *receive.SinkError
	require.ErrorAs(t, err, &failed)
	require.ErrorIs(t, err, away)
	require.ErrorIs(t, sink.Check(t.Context()), away)
	require.NotEmpty(t, d.has, "a part is there")
	d.err = nil
	for _, want := range []bool{false, true} {
		duplicate, err := store(t, sink, body)
		require.NoError(t, err)
		require.Equal(t, want, duplicate)
	}
	require.Len(t, d.has, 5001, "with one line for the bad one")
}

func TestLinesThatTheServerDoesNotTake(t *testing.T) {
	for _, test := range []struct {
		name     string
		poisoned int
		stored   bool
	}{{"some", 3, true}, {"as many as may be", receive.MaxBad, true}, {"too many", receive.MaxBad + 1, false}} {
		t.Run(test.name, func(t *testing.T) {
			d := &documents{has: map[string]bool{}}
			body := receivetest.Flows("web", noon, 10) + "\n" + receivetest.Flows("poison", noon, test.poisoned)
			p, err := receive.ReadPush(strings.NewReader(body), limit, t.TempDir(), time.Now())
			require.NoError(t, err)
			defer p.Release()
			_, err = search(t, d).Store(t.Context(), p)
			if !test.stored {
				require.ErrorContains(t, err, "mapper_parsing_exception")
				return
			}
			require.NoError(t, err)
			require.EqualValues(t, 10, p.Lines)
			require.Len(t, p.Dropped, test.poisoned)
			require.Len(t, d.has, 10+test.poisoned)
			require.Len(t, slices.DeleteFunc(d.lines(), func(line string) bool { return !strings.Contains(line, receive.ReasonUnwanted) }), test.poisoned)
		})
	}
}
