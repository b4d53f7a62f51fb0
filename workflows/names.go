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
	ClusterKey       = temporal.NewSearchAttributeKeyKeyword("Cluster")
	GlobalReportKey  = temporal.NewSearchAttributeKeyKeyword("GlobalReport")
	ReportTypeKey    = temporal.NewSearchAttributeKeyKeyword("ReportType")
	ReportTriggerKey = temporal.NewSearchAttributeKeyKeyword("ReportTrigger")
	ReportStartKey   = temporal.NewSearchAttributeKeyTime("ReportStart")
	ReportEndKey     = temporal.NewSearchAttributeKeyTime("ReportEnd")
)

// Every id begins with the cluster, since one Temporal namespace may serve many: the names of clusters and of reports have no
// slash in them (evidence.ValidateCluster; reports are DNS subdomains), so no two of them give the same id.

// ScheduleID is the Temporal Schedule of a report.
func ScheduleID(cluster, report string) string { return "report/" + cluster + "/" + report }

// SnapshotScheduleID is the Temporal Schedule of a cluster's snapshots.
func SnapshotScheduleID(cluster string) string { return "snapshot/" + cluster }

// TickID is the workflow id that a report's Schedule gives its ticks; Temporal appends the nominal time.
func TickID(cluster, report string) string { return "tick/" + cluster + "/" + report }

// ReportID is the workflow id of one run: the same cluster, report, interval and trigger give the same id, so that a second
// start finds the first (temporal-practice.md 3.2).
func ReportID(cluster, report string, trigger evidence.Trigger, iv interval.Interval) string {
	start, end := iv.Start.UTC().Format(time.RFC3339), iv.End.UTC().Format(time.RFC3339)
	if trigger == evidence.Scheduled {
		return "report/" + cluster + "/" + report + "/" + end
	}
	return "report/" + cluster + "/" + report + "/" + string(trigger) + "/" + start + "--" + end
}

// BackfillID is the workflow id of a backfill over a range.
func BackfillID(cluster, report string, iv interval.Interval) string {
	return "backfill/" + cluster + "/" + report + "/" + iv.Start.UTC().Format(time.RFC3339) + "--" + iv.End.UTC().Format(time.RFC3339)
}

// Subject is what a run is about.
type Subject struct {
	Cluster, Report, Type string
	Trigger               evidence.Trigger
	Interval              interval.Interval
}

// Attributes are the search attributes of a run about the subject.
func (s Subject) Attributes() temporal.SearchAttributes {
	return temporal.NewSearchAttributes(
		ClusterKey.ValueSet(s.Cluster),
		GlobalReportKey.ValueSet(s.Report),
		ReportTypeKey.ValueSet(s.Type),
		ReportTriggerKey.ValueSet(string(s.Trigger)),
		ReportStartKey.ValueSet(s.Interval.Start.UTC()),
		ReportEndKey.ValueSet(s.Interval.End.UTC()),
	)
}
