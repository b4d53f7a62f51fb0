package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
)

// The workflow types as they are registered. Renaming one breaks the replay of what runs.
const (
	TickName     = "Tick"
	ReportName   = "Report"
	SnapshotName = "Snapshot"
	BackfillName = "Backfill"
)

// The queries that a running workflow answers.
const (
	// QueryProgress answers with a Progress.
	QueryProgress = "progress"
)

// Search attributes of every run; register them before the first start (cmd/devstack does for a laptop).
var (
	GlobalReportKey  = temporal.NewSearchAttributeKeyKeyword("GlobalReport")
	ReportTypeKey    = temporal.NewSearchAttributeKeyKeyword("ReportType")
	ReportTriggerKey = temporal.NewSearchAttributeKeyKeyword("ReportTrigger")
	ReportStartKey   = temporal.NewSearchAttributeKeyTime("ReportStart")
	ReportEndKey     = temporal.NewSearchAttributeKeyTime("ReportEnd")
)

// ScheduleID is the Temporal Schedule of a report.
func ScheduleID(report string) string { return "report/" + report }

// SnapshotScheduleID is the Temporal Schedule of a cluster's snapshots.
func SnapshotScheduleID(cluster string) string { return "snapshot/" + cluster }

// TickID is the workflow id that a report's Schedule gives its ticks; Temporal appends the nominal time.
func TickID(report string) string { return "tick/" + report }

// ReportID is the workflow id of one run: the same report, interval and trigger give the same id, so that a second start
// finds the first (temporal-practice.md 3.2).
func ReportID(report string, trigger evidence.Trigger, iv interval.Interval) string {
	start, end := iv.Start.UTC().Format(time.RFC3339), iv.End.UTC().Format(time.RFC3339)
	if trigger == evidence.Scheduled {
		return "report/" + report + "/" + end
	}
	return "report/" + report + "/" + string(trigger) + "/" + start + "--" + end
}

// BackfillID is the workflow id of a backfill over a range.
func BackfillID(report string, iv interval.Interval) string {
	return "backfill/" + report + "/" + iv.Start.UTC().Format(time.RFC3339) + "--" + iv.End.UTC().Format(time.RFC3339)
}

// Attributes are the search attributes of a run.
func Attributes(report, reportType string, trigger evidence.Trigger, iv interval.Interval) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(
		GlobalReportKey.ValueSet(report),
		ReportTypeKey.ValueSet(reportType),
		ReportTriggerKey.ValueSet(string(trigger)),
		ReportStartKey.ValueSet(iv.Start.UTC()),
		ReportEndKey.ValueSet(iv.End.UTC()),
	)
}
