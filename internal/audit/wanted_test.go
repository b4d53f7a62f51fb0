package audit_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/interval"
)

func TestWantedFor(t *testing.T) {
	none := audit.WantedFor(nil)
	require.Equal(t, []string{"create", "update", "patch", "delete", "deletecollection"}, none.Verbs)
	require.Equal(t, []string{"ResponseComplete", "ResponseStarted"}, none.Stages)
	require.Contains(t, none.Resources, "pods")
	require.Contains(t, none.Resources, "bindings")
	require.NotContains(t, none.Resources, "secrets")
	require.IsIncreasing(t, none.Resources)
	require.Contains(t, audit.WantedFor([]v3.AuditResource{{Resource: "secrets"}, {Resource: "pods"}}).Resources, "secrets")
	require.Nil(t, audit.WantedFor([]v3.AuditResource{{Resource: "pods"}, {APIGroup: "apps"}}).Resources, "a blank resource is a wildcard")
}

// A source that leaves out what is not wanted, and counts it, gives the same facts as one that gives everything, but for the
// grounds on which events were passed over.
func TestLeftOutCounts(t *testing.T) {
	day := interval.Interval{Start: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}
	line := func(hour int, verb string) []byte {
		return fmt.Appendf(nil, `{"kind":"Event","auditID":"%s-%d","stage":"ResponseComplete","verb":"%s","stageTimestamp":"2026-11-24T%02d:00:00.5Z",`+
			`"objectRef":{"resource":"pods","namespace":"shop","name":"a","apiVersion":"v1"},"responseStatus":{"code":200}}`, verb, hour, verb, hour)
	}
	whole, part := audit.NewCollector(audit.CollectorOptions{Interval: day}), audit.NewCollector(audit.CollectorOptions{Interval: day})
	out := &audit.LeftOut{Hours: map[string]int64{}}
	for hour := range 20 {
		whole.AddLine(line(hour, "get"))
		at := day.Start.Add(time.Duration(hour)*time.Hour + 500*time.Millisecond)
		out.Count++
		out.Hours[at.Format("2006-01-02T15")]++
		if hour == 0 {
			out.First = at
		}
		out.Last = at
	}
	for _, c := range []*audit.Collector{whole, part} {
		c.AddLine(line(7, "create"))
	}
	part.AddLeftOut(out)
	want, err := whole.Encode(io.Discard)
	require.NoError(t, err)
	got, err := part.Encode(io.Discard)
	require.NoError(t, err)
	require.Equal(t, int64(2), got.Hours["2026-11-24T07"])
	want.Skipped, got.Skipped, want.Stages, got.Stages = nil, nil, nil, nil
	require.Equal(t, want, got)
}
