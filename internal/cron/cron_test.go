package cron

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return parsed
}

// TestSeedSchedules has the nine reports of the two documents that users come from.
func TestSeedSchedules(t *testing.T) {
	const now = "2026-11-24T10:30:00Z" // a Tuesday
	for _, c := range []struct{ report, schedule, previous, next, afterNext string }{
		{"weekly-full-inventory", "0 0 * * 0", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z", "2026-12-06T00:00:00Z"},
		{"daily-production-inventory", "0 0 * * *", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"},
		{"hourly-accounts-networkaccess", "0 * * * *", "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z", "2026-11-24T12:00:00Z"},
		{"daily-accounts-networkaccess", "0 0 * * *", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"},
		{"monthly-widgets-controller-tigera-policy-audit", "0 0 1 * *", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"daily-soc2-inventory", "8 6 * * *", "2026-11-24T06:08:00Z", "2026-11-25T06:08:00Z", "2026-11-26T06:08:00Z"},
		{"daily-soc2-network-access", "0 1 * * *", "2026-11-24T01:00:00Z", "2026-11-25T01:00:00Z", "2026-11-26T01:00:00Z"},
		{"daily-hipstershop-policy-audit", "0 0 * * *", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"},
		{"daily-cis-benchmark", "0 0 * * *", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"},
	} {
		t.Run(c.report, func(t *testing.T) {
			s, err := Validate(c.schedule, DefaultMaxPerHour)
			require.NoError(t, err)
			require.Equal(t, c.schedule, s.String())
			previous, ok := s.Previous(at(t, now))
			require.True(t, ok)
			require.Equal(t, at(t, c.previous), previous)
			next, ok := s.Next(at(t, now))
			require.True(t, ok)
			require.Equal(t, at(t, c.next), next)
			again, ok := s.Next(next)
			require.True(t, ok)
			require.Equal(t, at(t, c.afterNext), again)
		})
	}
}

func TestNext(t *testing.T) {
	for _, c := range []struct{ name, schedule, after, next string }{
		{"strictly after", "0 0 * * *", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"},
		{"an instant before", "0 0 * * *", "2026-11-23T23:59:59.999999999Z", "2026-11-24T00:00:00Z"},
		{"within the minute", "* * * * *", "2026-11-24T00:00:30Z", "2026-11-24T00:01:00Z"},
		{"another time zone", "0 0 * * *", "2026-11-24T00:30:00+02:00", "2026-11-24T00:00:00Z"},
		{"end of the year", "30 23 31 12 *", "2026-12-31T23:30:00Z", "2027-12-31T23:30:00Z"},
		{"short months are left out", "0 0 31 * *", "2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"},
		{"leap day", "0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"leap day over a century year", "0 0 29 2 *", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"},
		{"either day", "0 0 13 * 5", "2026-11-09T00:00:00Z", "2026-11-13T00:00:00Z"},
		{"either day, weekday first", "0 0 13 * 5", "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z"},
		{"a stepped day counts as restricted", "0 0 */10 * 1", "2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"a step of one does not", "0 0 */1 * 1", "2026-11-24T00:00:00Z", "2026-11-30T00:00:00Z"},
		{"a * in a list is unrestricted", "0 0 *,13 * 1", "2026-11-24T00:00:00Z", "2026-11-30T00:00:00Z"},
		{"a full range of days counts as restricted", "0 0 1-31 * 1", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"},
		{"seven is Sunday", "0 0 * * 7", "2026-11-24T00:00:00Z", "2026-11-29T00:00:00Z"},
		{"a range into Sunday", "0 0 * * 6-7", "2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z"},
		{"names", "0 0 * feb,JUN Mon-fri", "2026-11-24T00:00:00Z", "2027-02-01T00:00:00Z"},
		{"step", "*/20 * * * *", "2026-11-24T00:20:00Z", "2026-11-24T00:40:00Z"},
		{"step over a range", "10-50/20 * * * *", "2026-11-24T00:30:00Z", "2026-11-24T00:50:00Z"},
		{"open step", "5/20 * * * *", "2026-11-24T00:25:00Z", "2026-11-24T00:45:00Z"},
		{"list", "15,45 8,20 * * *", "2026-11-24T08:45:00Z", "2026-11-24T20:15:00Z"},
		{"extra blanks", "  0\t6   * * *\n", "2026-11-24T00:00:00Z", "2026-11-24T06:00:00Z"},
		{"leading zero", "05 06 * * *", "2026-11-24T00:00:00Z", "2026-11-24T06:05:00Z"},
		{"@hourly", "@hourly", "2026-11-24T10:30:00Z", "2026-11-24T11:00:00Z"},
		{"@daily", "@daily", "2026-11-24T10:30:00Z", "2026-11-25T00:00:00Z"},
		{"@midnight", "@midnight", "2026-11-24T10:30:00Z", "2026-11-25T00:00:00Z"},
		{"@weekly", "@weekly", "2026-11-24T10:30:00Z", "2026-11-29T00:00:00Z"},
		{"@monthly", "@monthly", "2026-11-24T10:30:00Z", "2026-12-01T00:00:00Z"},
		{"@yearly", "@yearly", "2026-11-24T10:30:00Z", "2027-01-01T00:00:00Z"},
		{"@annually", "@annually", "2026-11-24T10:30:00Z", "2027-01-01T00:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Parse(c.schedule)
			require.NoError(t, err)
			next, ok := s.Next(at(t, c.after))
			require.True(t, ok)
			require.Equal(t, at(t, c.next), next)
			require.Equal(t, time.UTC, next.Location())
		})
	}
}

func TestPrevious(t *testing.T) {
	for _, c := range []struct{ name, schedule, before, previous string }{
		{"strictly before", "0 0 * * *", "2026-11-24T00:00:00Z", "2026-11-23T00:00:00Z"},
		{"an instant after", "0 0 * * *", "2026-11-24T00:00:00.000000001Z", "2026-11-24T00:00:00Z"},
		{"another time zone", "0 0 * * *", "2026-11-24T01:30:00+02:00", "2026-11-23T00:00:00Z"},
		{"start of the year", "30 23 31 12 *", "2027-01-01T00:00:00Z", "2026-12-31T23:30:00Z"},
		{"leap day over a century year", "0 0 29 2 *", "2104-02-29T00:00:00Z", "2096-02-29T00:00:00Z"},
		{"either day", "0 0 13 * 5", "2026-11-20T00:00:00Z", "2026-11-13T00:00:00Z"},
		{"last minute of an earlier hour", "15,45 8,20 * * *", "2026-11-24T20:15:00Z", "2026-11-24T08:45:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Parse(c.schedule)
			require.NoError(t, err)
			previous, ok := s.Previous(at(t, c.before))
			require.True(t, ok)
			require.Equal(t, at(t, c.previous), previous)
			require.Equal(t, time.UTC, previous.Location())
		})
	}
}

func TestNeverFires(t *testing.T) {
	for _, schedule := range []string{"0 0 31 2 *", "0 0 30 FEB *", "0 0 31 2,4,6,9,11 *", "0 0 30,31 2 */1"} {
		t.Run(schedule, func(t *testing.T) {
			s, err := Parse(schedule)
			require.NoError(t, err)
			_, ok := s.Next(at(t, "2026-11-24T00:00:00Z"))
			require.False(t, ok)
			_, ok = s.Previous(at(t, "2026-11-24T00:00:00Z"))
			require.False(t, ok)
			_, err = Validate(schedule, DefaultMaxPerHour)
			require.ErrorContains(t, err, `"`+schedule+`" never fires`)
		})
	}
}

func TestValidateHourlyLimit(t *testing.T) {
	for _, c := range []struct {
		schedule string
		limit    int
		most     int
		ok       bool
	}{
		{"0,30 * * * *", DefaultMaxPerHour, 2, true},
		{"*/20 * * * *", DefaultMaxPerHour, 3, false},
		{"*/10 * * * *", DefaultMaxPerHour, 6, false},
		{"*/10 * * * *", 12, 6, true},
		{"*/5 * * * *", 12, 12, true},
		{"*/4 * * * *", 12, 15, false},
		{"* * * * *", 60, 60, true},
		{"0,10,20 3 * * *", DefaultMaxPerHour, 3, false}, // one hour a day is a clock hour too
		{"0,0,30,30 * * * *", DefaultMaxPerHour, 2, true},
		{"0 0 * * 13-15", DefaultMaxPerHour, 0, false},
	} {
		t.Run(c.schedule, func(t *testing.T) {
			s, err := Validate(c.schedule, c.limit)
			if c.ok {
				require.NoError(t, err)
				require.Equal(t, c.most, s.MostPerHour())
				return
			}
			require.ErrorContains(t, err, c.schedule)
			if c.most > 0 {
				require.ErrorContains(t, err, "raise the setting schedule.maxPerHour")
			}
		})
	}
	_, err := Validate("*/10 * * * *", DefaultMaxPerHour)
	require.EqualError(t, err, `schedule "*/10 * * * *" fires 6 times an hour, but schedule.maxPerHour is 2: `+
		`name at most 2 minutes in its first field, or raise the setting schedule.maxPerHour`)
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ schedule, want string }{
		{"", "it is empty: write five fields"},
		{" \n", "it is empty"},
		{"0 0 * *", "it has 4 fields: write five fields"},
		{"0 0 0 * * *", "it has 6 fields: fields for seconds or years are not supported"},
		{"0 0 0 * * * 2026", "it has 7 fields: fields for seconds"},
		{"CRON_TZ=Europe/Berlin 0 0 * * *", `a time zone is not supported, since every schedule is in UTC: leave "CRON_TZ=Europe/Berlin" out`},
		{"TZ=UTC 0 0 * * *", `leave "TZ=UTC" out`},
		{"@every 1h", "@every is not supported, since it has no fixed times"},
		{"@reboot", "@reboot is not supported"},
		{"@Daily", "unknown short form @Daily: use @hourly, @daily"},
		{"@daily 0", `@daily stands alone: leave "0" out`},
		{"60 0 * * *", `minute field "60": value 60 is out of range: write a number from 0 to 59`},
		{"0 24 * * *", `hour field "24": value 24 is out of range: write a number from 0 to 23`},
		{"0 0 0 * *", `day of month field "0": value 0 is out of range: write a number from 1 to 31`},
		{"0 0 32 * *", `day of month field "32"`},
		{"0 0 * 13 *", `month field "13": value 13 is out of range: write a number from 1 to 12 or a name from JAN to DEC`},
		{"0 0 * * 8", `day of week field "8": value 8 is out of range: write a number from 0 to 7 or a name from SUN to SAT`},
		{"0 0 L * *", `day of month field "L": "L": L (the last day or weekday of a month) is not supported`},
		{"0 0 L-3 * *", `L (the last day`},
		{"0 0 * * 5L", `day of week field "5L": "5L": L (the last day or weekday`},
		{"0 0 * * FRIL", `L (the last day`},
		{"0 0 15W * *", `"15W": W (the nearest weekday) is not supported`},
		{"0 0 LW * *", `W (the nearest weekday)`},
		{"0 0 ? * 1", `day of month field "?": ? is not supported: write *`},
		{"0 0 * * 5#3", `day of week field "5#3": "5#3": # (the n-th weekday of a month) is not supported`},
		{"0 0 * * January", `day of week field "January": unknown value "January"`},
		{"0 0 * wed *", `month field "wed": unknown value "wed": write a number from 1 to 12 or a name from JAN to DEC`},
		{"mon 0 * * *", `minute field "mon": unknown value "mon": write a number from 0 to 59`},
		{"*/0 * * * *", `minute field "*/0": step "0": write a number from 1 to 59`},
		{"*/90 * * * *", `step "90": write a number from 1 to 59`},
		{"*/ * * * *", `step "": write a number`},
		{"1/2/3 * * * *", `step "2/3": write a number`},
		{"*/x * * * *", `step "x": write a number`},
		{"50-10 * * * *", `minute field "50-10": range "50-10" runs backwards: write two ranges, 50-59,0-10`},
		{"0 0 * * FRI-MON", `write two ranges, FRI-6,0-MON`},
		{"1,,2 * * * *", `minute field "1,,2": a value is missing`},
		{"-5 * * * *", "a value is missing"},
		{"5- * * * *", "a value is missing"},
		{"1-2-3 * * * *", `unknown value "2-3"`},
		{"+5 * * * *", `unknown value "+5"`},
		{"1.5 * * * *", `unknown value "1.5"`},
		{"*5 * * * *", "* stands alone or before a step"},
		{"*-5 * * * *", "* stands alone or before a step"},
		{"99999999999999999999 * * * *", `unknown value "99999999999999999999"`},
		{strings.Repeat("0,", 600) + "0 * * * *", "a schedule has at most 1024"},
	} {
		t.Run(c.schedule, func(t *testing.T) {
			_, err := Parse(c.schedule)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "parse schedule ")
		})
	}
}
