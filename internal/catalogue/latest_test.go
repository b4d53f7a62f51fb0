package catalogue_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/evidence"
)

// counting counts how often an object is read.
type counting struct {
	*archive
	reads map[string]int
}

func (c counting) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	c.reads[key]++
	return c.archive.Get(ctx, key)
}

func TestRecentReadsWhatIsNeededAndOnce(t *testing.T) {
	a := newArchive(t)
	for n := 1; n <= 28; n++ {
		a.outcome(t, "daily", n, evidence.StateComplete, fmt.Sprint("r", n))
	}
	bucket := counting{a, map[string]int{}}
	recent := catalogue.NewRecent(catalogue.New(bucket, a.Layout))
	atLeast := func(n int) func([]evidence.Outcome) bool {
		return func(o []evidence.Outcome) bool { return len(o) >= n }
	}
	first, err := recent.Outcomes(t.Context(), "daily", atLeast(1))
	require.NoError(t, err)
	require.Equal(t, day(28), first[0].Interval, "the newest first")
	require.Less(t, len(bucket.reads), 28, "not all of a year's records for two of them")

	all, err := recent.Outcomes(t.Context(), "daily", atLeast(100))
	require.NoError(t, err)
	require.Len(t, all, 28)
	require.Equal(t, day(1), all[27].Interval)

	a.outcome(t, "daily", 29, evidence.StateFailed, "r29")
	again, err := recent.Outcomes(t.Context(), "daily", atLeast(100))
	require.NoError(t, err)
	require.Len(t, again, 29, "a new record is seen")
	require.Equal(t, evidence.StateFailed, again[0].State)
	for key, n := range bucket.reads {
		require.Equal(t, 1, n, "%s is never changed", key)
	}

	recent.Forget("daily")
	_, err = recent.Outcomes(t.Context(), "daily", atLeast(1))
	require.NoError(t, err)
	require.Equal(t, 2, bucket.reads[a.Outcome(again[0].OutcomeID())])
}

func TestRecentNamesTheRecordThatCannotBeRead(t *testing.T) {
	a := newArchive(t)
	a.outcome(t, "daily", 1, evidence.StateComplete, "r1")
	key := a.Outcome(evidence.OutcomeID{Report: "daily", End: day(1).End, Trigger: evidence.Scheduled, Run: "r1"})
	a.put(t, key, []byte("{}"))
	_, err := catalogue.NewRecent(catalogue.New(a, a.Layout)).Outcomes(t.Context(), "daily", func([]evidence.Outcome) bool { return false })
	require.ErrorContains(t, err, key)
}
