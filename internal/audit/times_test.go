package audit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/audit"
)

func TestTimeOf(t *testing.T) {
	at := time.Date(2026, 11, 24, 16, 0, 0, 123456000, time.UTC)
	for line, want := range map[string]string{
		`{"kind":"Event","stage":"ResponseComplete","requestReceivedTimestamp":"2026-11-24T15:00:00.000000Z","stageTimestamp":"2026-11-24T16:00:00.123456Z"}`: "",
		`{"kind":"Event","stageTimestamp":"2026-11-24T17:00:00.123456789+01:00"}`:                                                                             "",
		`{"kind":"Event","stageTimestamp":null}`:                                                 audit.BadTime,
		`{"kind":"Event","requestReceivedTimestamp":"2026-11-24T16:00:00.123456Z"}`:              audit.BadTime,
		`{"kind":"Event","stageTimestamp":1795536000}`:                                           audit.BadTime,
		`{"kind":"EventList","items":[{"stageTimestamp":"2026-11-24T16:00:00.123456Z"}]}`:        audit.BadTime,
		`{"kind":"Event","stageTimestamp":"2026-11-24T16:00:00.123456Z","requestObject":{"a":}}`: audit.BadJSON,
		`["2026-11-24T16:00:00.123456Z"]`:                                                        audit.BadJSON,
		`{"kind":"Event","stageTimest`:                                                           audit.BadJSON,
		``:                                                                                       audit.BadJSON,
	} {
		got, why := audit.TimeOf([]byte(line))
		require.Equal(t, want, why, line)
		if want == "" {
			require.Equal(t, at, got, line)
		}
	}
}
