package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/workflows"
)

// idsOf are all ids that a report of a cluster has over an interval.
func idsOf(cluster, report string, iv interval.Interval) []string {
	return []string{
		workflows.SnapshotScheduleID(cluster), workflows.ScheduleID(cluster, report),
		workflows.TickID(cluster, report) + "-" + iv.End.Format(time.RFC3339), workflows.BackfillID(cluster, report, iv),
		workflows.ReportID(cluster, report, evidence.Scheduled, iv), workflows.ReportID(cluster, report, evidence.Manual, iv),
		workflows.ReportID(cluster, report, evidence.Backfill, iv),
	}
}

func TestIDs(t *testing.T) {
	iv := interval.Interval{Start: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}
	require.Equal(t, []string{
		"snapshot/east", "report/east/daily", "tick/east/daily-2026-11-21T00:00:00Z",
		"backfill/east/daily/2026-11-20T00:00:00Z--2026-11-21T00:00:00Z",
		"report/east/daily/2026-11-21T00:00:00Z", "report/east/daily/manual/2026-11-20T00:00:00Z--2026-11-21T00:00:00Z",
		"report/east/daily/backfill/2026-11-20T00:00:00Z--2026-11-21T00:00:00Z",
	}, idsOf("east", "daily", iv))
}

// Names are short words that look like the parts of ids, so that they would meet where they can.
func TestNoTwoReportsShareAnID(t *testing.T) {
	cluster := rapid.StringMatching(`(a|b|manual|report|2026-11-21T00)([.-](a|b|manual|backfill|2026-11-21T00)){0,2}`)
	name := rapid.StringMatching(`(a|b|manual|snapshot)([.-](a|b|manual|2026-11-21)){0,2}`)
	days := rapid.IntRange(0, 2)
	rapid.Check(t, func(t *rapid.T) {
		type subject struct {
			cluster, report string
			day             int
		}
		draw := func(label string) subject {
			s := subject{cluster.Draw(t, label), name.Draw(t, label), days.Draw(t, label)}
			require.NoError(t, evidence.ValidateCluster(s.cluster))
			require.NoError(t, evidence.ValidateReport(s.report))
			return s
		}
		a, b := draw("a"), draw("b")
		ids := func(s subject) []string {
			end := time.Date(2026, 11, 21+s.day, 0, 0, 0, 0, time.UTC)
			return idsOf(s.cluster, s.report, interval.Interval{Start: end.AddDate(0, 0, -1), End: end})
		}
		for i, left := range ids(a) {
			for j, right := range ids(b) {
				same := i == j && a.cluster == b.cluster && (i == 0 || a.report == b.report && (i == 1 || a.day == b.day))
				require.Equal(t, same, left == right, "%s and %s", left, right)
			}
		}
	})
}

func TestQueues(t *testing.T) {
	queue := workflows.TaskQueue("compliance", "east")
	require.Equal(t, "compliance.east", queue)
	require.Equal(t, queue, workflows.SelectorQueue(queue, nil))
	require.Equal(t, "compliance.east.nodetype=infrastructure,zone=a",
		workflows.SelectorQueue(queue, map[string]string{"zone": "a", "nodetype": "infrastructure"}))
}

// The queue of a selector is never the queue of a cluster, whatever the cluster is called.
func TestQueuesOfSelectorsAreNoClusters(t *testing.T) {
	label := rapid.StringMatching(`[a-z][a-z0-9.-]{0,60}[a-z]`)
	rapid.Check(t, func(t *rapid.T) {
		selector := rapid.MapOfN(label, label, 1, 6).Draw(t, "selector")
		queue := workflows.SelectorQueue(workflows.TaskQueue("compliance", "east"), selector)
		require.Error(t, evidence.ValidateCluster(queue), "%s could be a cluster's", queue)
		require.LessOrEqual(t, len(queue), 250)
	})
}
