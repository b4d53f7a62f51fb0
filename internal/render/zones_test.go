package render

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestZones(t *testing.T) {
	summer := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for name, want := range map[string]string{
		"UTC": "12:00 UTC", "": "12:00 UTC", "Local": "12:00 UTC", "Mars/Olympus": "12:00 UTC", "../../etc/passwd": "12:00 UTC", "Europe/": "12:00 UTC",
		"Europe/Berlin": "14:00 CEST", "Asia/Tokyo": "21:00 JST", "America/New_York": "08:00 EDT", "Asia/Kathmandu": "17:45 +0545",
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, want, summer.In(zone(name)).Format("15:04 MST")) })
	}
	t.Setenv("TZ", "Asia/Tokyo")
	t.Setenv("ZONEINFO", "/nowhere")
	got, err := dateInZone("15:04", summer, "Europe/Berlin")
	require.NoError(t, err)
	require.Equal(t, "14:00", got)
	require.Greater(t, len(zoneFiles()), 500)
}
