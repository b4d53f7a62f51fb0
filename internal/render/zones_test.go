package render

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestZones(t *testing.T) {
	summer := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	t.Setenv("TZ", "Asia/Tokyo")
	for _, test := range []struct{ name, fails string }{
		{name: ""}, {name: "UTC"}, {name: "GMT"}, {name: "Local"},
		{name: "Europe/Berlin", fails: `time zone "Europe/Berlin" is not available: reports print times in UTC`},
		{name: "../../etc/passwd", fails: "is not available"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := dateInZone("15:04 MST", summer, test.name)
			if test.fails != "" {
				require.ErrorContains(t, err, test.fails)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "12:00 UTC", got)
		})
	}
}
