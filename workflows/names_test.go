package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/workflows"
)

func TestIDsOfClustersDiffer(t *testing.T) {
	iv := interval.Interval{Start: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}
	seen := map[string]bool{}
	for _, cluster := range []string{"east", "west", "east.daily"} {
		for _, report := range []string{"daily", "daily.manual"} {
			ids := []string{
				workflows.ScheduleID(cluster, report), workflows.TickID(cluster, report), workflows.BackfillID(cluster, report, iv),
				workflows.ReportID(cluster, report, evidence.Scheduled, iv), workflows.ReportID(cluster, report, evidence.Manual, iv),
				workflows.ReportID(cluster, report, evidence.Backfill, iv),
			}
			for _, id := range ids {
				require.False(t, seen[id], "%s is given twice", id)
				seen[id] = true
			}
		}
	}
	require.Equal(t, "report/east/daily/2026-11-21T00:00:00Z", workflows.ReportID("east", "daily", evidence.Scheduled, iv))
}

func TestQueues(t *testing.T) {
	queue := workflows.TaskQueue("compliance", "east")
	require.Equal(t, "compliance.east", queue)
	require.Equal(t, queue, workflows.SelectorQueue(queue, nil))
	require.Equal(t, "compliance.east.nodetype=infrastructure,zone=a",
		workflows.SelectorQueue(queue, map[string]string{"zone": "a", "nodetype": "infrastructure"}))
}
