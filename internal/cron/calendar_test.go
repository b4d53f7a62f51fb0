package cron

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCalendars(t *testing.T) {
	one := func(value int) []Range { return []Range{{value, value, 1}} }
	everyHour, everyDay, everyMonth, everyWeekday := []Range{{0, 23, 1}}, []Range{{1, 31, 1}}, []Range{{1, 12, 1}}, []Range{{0, 6, 1}}
	for _, c := range []struct {
		schedule string
		want     []Calendar
	}{
		{"0 0 * * *", []Calendar{{one(0), one(0), everyDay, everyMonth, everyWeekday}}},
		{"0,30 * * * 0", []Calendar{{[]Range{{0, 0, 1}, {30, 30, 1}}, everyHour, everyDay, everyMonth, one(0)}}},
		{"*/10 * 1 * *", []Calendar{{[]Range{{0, 50, 10}}, everyHour, one(1), everyMonth, everyWeekday}}},
		{"0 0 13 * 5", []Calendar{
			{one(0), one(0), one(13), everyMonth, everyWeekday},
			{one(0), one(0), everyDay, everyMonth, one(5)},
		}},
		{"0 0 */2 * *", []Calendar{{one(0), one(0), []Range{{1, 31, 2}}, everyMonth, everyWeekday}}},
		{"0 9-17 * 1,2,6-8 5-7", []Calendar{{one(0), []Range{{9, 17, 1}}, everyDay, []Range{{1, 2, 1}, {6, 8, 1}}, []Range{{0, 0, 1}, {5, 6, 1}}}}},
	} {
		t.Run(c.schedule, func(t *testing.T) {
			s, err := Parse(c.schedule)
			require.NoError(t, err)
			require.Equal(t, c.want, s.Calendars())
		})
	}
}
