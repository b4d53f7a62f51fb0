package evidence

import (
	"fmt"
	"strings"
	"time"

	"github.com/probity/probity/internal/interval"
)

// Names of objects that every bundle or snapshot has, relative to its folder.
const (
	ManifestName   = "manifest.json"      // written last; makes the bundle exist
	SignatureName  = "manifest.dsse.json" // signature over the manifest, beside it; never listed in it
	ProvenanceName = "provenance.json"
	DataName       = "data.json.zst"
	HTMLName       = "report.html"
	DownloadsName  = "downloads/" // folder of the rendered downloads
)

// The four folders of a cluster's archive.
const (
	snapshots = "snapshots/"
	reports   = "reports/"
	outcomes  = "outcomes/"
	staging   = "staging/"
)

// Layout makes the keys of one cluster's archive. The zero value has neither prefix nor cluster; use [NewLayout].
// All folders end in "/". Keys are a pure function of their arguments: a step that is done again writes the same keys.
type Layout struct{ root string }

// NewLayout returns the layout below "<prefix>/<cluster>/"; prefix may be empty, slashes around it are ignored.
func NewLayout(prefix, cluster string) (Layout, error) {
	prefix = strings.Trim(prefix, "/")
	if err := validatePrefix(prefix); err != nil {
		return Layout{}, err
	}
	if err := ValidateCluster(cluster); err != nil {
		return Layout{}, err
	}
	if prefix != "" {
		prefix += "/"
	}
	return Layout{root: prefix + cluster + "/"}, nil
}

// Root is the cluster's folder: "<prefix>/<cluster>/".
func (l Layout) Root() string { return l.root }

// Key is the full key of a path relative to the cluster's folder, as links between manifests have it.
func (l Layout) Key(path string) string { return l.root + path }

// Snapshots is the folder of all snapshots; their keys sort by time.
func (l Layout) Snapshots() string { return l.root + snapshots }

// SnapshotDay is the folder of the snapshots of t's day (UTC): "snapshots/2026/11/21/".
func (l Layout) SnapshotDay(t time.Time) string {
	return l.Snapshots() + t.UTC().Format("2006/01/02/")
}

// Snapshot is the folder of the snapshot taken at t: "snapshots/2026/11/21/20261121T000000Z/".
func (l Layout) Snapshot(t time.Time) string { return l.SnapshotDay(t) + stamp(t) + "/" }

// Reports is the folder of all reports' bundles.
func (l Layout) Reports() string { return l.root + reports }

// Report is the folder of one report's bundles: "reports/<report>/".
func (l Layout) Report(report string) string { return l.Reports() + segment(report) + "/" }

// Revisions is the folder of all bundles of one report and interval: "reports/<report>/<start>_<end>/".
func (l Layout) Revisions(report string, iv interval.Interval) string {
	return l.Report(report) + intervalName(iv) + "/"
}

// Bundle is a bundle's folder: "reports/<report>/<start>_<end>/r<N>/".
func (l Layout) Bundle(id BundleID) string { return l.root + id.Path() }

// Outcomes is the folder of one report's outcome records: "outcomes/<report>/".
func (l Layout) Outcomes(report string) string { return l.root + outcomes + segment(report) + "/" }

// AllOutcomes is the folder of every report's outcome records.
func (l Layout) AllOutcomes() string { return l.root + outcomes }

// OutcomesAt is the folder of the records about intervals of one report that end at end: "outcomes/<report>/<end>/".
func (l Layout) OutcomesAt(report string, end time.Time) string {
	return l.Outcomes(report) + stamp(end) + "/"
}

// Outcome is the key of an outcome record: "outcomes/<report>/<end>/<trigger>.<run id>.json". A run writes one record about an
// interval, so a retried write meets its own key, and the records of other runs are never overwritten.
func (l Layout) Outcome(id OutcomeID) string {
	return l.OutcomesAt(id.Report, id.End) + segment(string(id.Trigger)) + "." + segment(id.Run) + ".json"
}

// Staging is the folder for one workflow run's working objects: "staging/<workflow id>/<run id>/".
func (l Layout) Staging(workflow, run string) string {
	return l.StagingRoot() + segment(workflow) + "/" + segment(run) + "/"
}

// StagingRoot is the folder that a lifecycle rule or a sweep empties.
func (l Layout) StagingRoot() string { return l.root + staging }

// BundleID names a bundle: one revision of one report over one interval.
type BundleID struct {
	Report   string
	Interval interval.Interval
	Revision int // counts from 1
}

// Path is the bundle's folder relative to the cluster's: "reports/<report>/<start>_<end>/r<N>/".
func (id BundleID) Path() string {
	return fmt.Sprintf("%s%s/%s/r%d/", reports, segment(id.Report), intervalName(id.Interval), id.Revision)
}

// String is the path without the folder "reports" and the final slash: "<report>/<start>_<end>/r<N>".
func (id BundleID) String() string {
	return strings.TrimSuffix(strings.TrimPrefix(id.Path(), reports), "/")
}

// OutcomeID names an outcome record.
type OutcomeID struct {
	Report  string
	End     time.Time
	Trigger Trigger
	Run     string // id of the workflow run that wrote it
}

// stampLayout is the compact form of times in keys; a fraction of a second is kept, so two different times never share a key.
const stampLayout = "20060102T150405.999999999Z"

func stamp(t time.Time) string { return t.UTC().Format(stampLayout) }

func intervalName(iv interval.Interval) string { return stamp(iv.Start) + "_" + stamp(iv.End) }
