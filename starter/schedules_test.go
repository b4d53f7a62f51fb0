package starter

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/probity/probity/internal/cron"
	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/interval"
)

func TestCalendarsSpellEveryFieldOut(t *testing.T) {
	for _, test := range []struct {
		cron string
		want []client.ScheduleCalendarSpec
	}{
		{"8 6 * * *", []client.ScheduleCalendarSpec{calendar("8 6 * * *", nil)}},
		{"@daily", []client.ScheduleCalendarSpec{calendar("@daily", func(c *client.ScheduleCalendarSpec) {
			c.Minute, c.Hour = span(0, 0), span(0, 0)
		})}},
		// Either day is a due day to cron; Temporal's calendars want both.
		{"8 6 13 * 5", []client.ScheduleCalendarSpec{
			calendar("8 6 13 * 5", func(c *client.ScheduleCalendarSpec) { c.DayOfMonth = span(13, 13) }),
			calendar("8 6 13 * 5", func(c *client.ScheduleCalendarSpec) { c.DayOfWeek = span(5, 5) }),
		}},
	} {
		t.Run(test.cron, func(t *testing.T) {
			schedule, err := cron.Parse(test.cron)
			require.NoError(t, err)
			require.ElementsMatch(t, test.want, normal(calendars(schedule)))
		})
	}
}

func span(from, to int) []client.ScheduleRange {
	return []client.ScheduleRange{{Start: from, End: to, Step: 1}}
}

// calendar is 06:08 of every day, changed as the test wants.
func calendar(comment string, change func(*client.ScheduleCalendarSpec)) client.ScheduleCalendarSpec {
	c := client.ScheduleCalendarSpec{
		Second: span(0, 0), Minute: span(8, 8), Hour: span(6, 6), DayOfMonth: span(1, 31), Month: span(1, 12), DayOfWeek: span(0, 6),
		Comment: comment,
	}
	if change != nil {
		change(&c)
	}
	return c
}

// normal writes the defaults of ranges out: an end of zero is the start, a step of zero is one.
func normal(in []client.ScheduleCalendarSpec) []client.ScheduleCalendarSpec {
	for i := range in {
		for _, field := range [][]client.ScheduleRange{
			in[i].Second, in[i].Minute, in[i].Hour, in[i].DayOfMonth, in[i].Month, in[i].DayOfWeek,
		} {
			for j := range field {
				field[j].End, field[j].Step = max(field[j].End, field[j].Start), max(field[j].Step, 1)
			}
		}
	}
	return in
}

func TestMemoTextReadsWhatTheServerGives(t *testing.T) {
	payload, err := converter.GetDefaultDataConverter().ToPayload("abc")
	require.NoError(t, err)
	number, err := converter.GetDefaultDataConverter().ToPayload(7)
	require.NoError(t, err)
	for want, values := range map[string][]any{"abc": {"abc", payload}, "": {nil, 7, number}} {
		for _, value := range values {
			require.Equal(t, want, memoText(value))
		}
	}
}

func TestStartErrorsSayWhatToDo(t *testing.T) {
	iv := interval.Interval{}
	require.NoError(t, startError(nil, "daily", iv))
	err := startError(serviceerror.NewWorkflowExecutionAlreadyStarted("", "", ""), "daily", iv)
	require.ErrorIs(t, err, ErrRunning)
	require.ErrorContains(t, err, "wait for it, or cancel it")
	away := errors.New("connection refused")
	require.ErrorIs(t, startError(away, "daily", iv), away)
}

func TestEachProblemIsToldOnce(t *testing.T) {
	var out strings.Builder
	s := New(nil, nil, 0, slog.New(slog.NewTextHandler(&out, nil)))
	told := func(what string) int { return strings.Count(out.String(), what) }
	bad := func(problem string) *definitions.Set {
		return &definitions.Set{
			Invalid:     map[string]error{"daily": errors.New(problem)},
			BrokenTypes: map[string]error{"mine": errors.New("bad template")},
			Faults:      []error{errors.New("b.yaml: bad syntax")},
		}
	}
	s.tell(bad("bad cron"))
	s.tell(bad("bad cron"))
	require.Equal(t, 1, told("report daily"))
	require.Equal(t, 1, told("type mine"))
	require.Equal(t, 1, told("no schedule is deleted"))
	s.tell(bad("bad selector"))
	require.Equal(t, 2, told("report daily"), "another problem is news")
	require.Equal(t, 1, told("type mine"))
	s.tell(&definitions.Set{})
	s.tell(bad("bad selector"))
	require.Equal(t, 3, told("report daily"), "and so is one that came back")
}
