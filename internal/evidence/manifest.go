package evidence

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/probity/probity/internal/interval"
)

// ManifestSchema names the form of [Manifest]. A change that an older reader would misread gets a new version.
const ManifestSchema = "probity.manifest/v1"

// Trigger tells what started a run.
type Trigger string

// The triggers.
const (
	Scheduled Trigger = "scheduled" // by the report's own schedule
	Manual    Trigger = "manual"    // by a person, over any interval; never enters a report's status
	Backfill  Trigger = "backfill"  // as one of a range of due intervals
)

func (t Trigger) validate() error {
	switch t {
	case Scheduled, Manual, Backfill:
		return nil
	}
	return fmt.Errorf("trigger is %q: it must be %q, %q or %q", shown(string(t)), Scheduled, Manual, Backfill)
}

// Tool names the program and version that made a document.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Link points from a bundle to another one of the same report.
type Link struct {
	Key    string `json:"key"`    // of the other manifest, relative to the cluster's folder
	SHA256 string `json:"sha256"` // of the other manifest's bytes
}

func (l *Link) validate(field, report string) error {
	if l == nil {
		return nil
	}
	id, name, ok := parseBundlePath(l.Key)
	if !ok || name != ManifestName || id.Report != report {
		return fmt.Errorf("%s has key %q: it must be a manifest of report %q", field, shown(l.Key), report)
	}
	if !isDigest(l.SHA256) {
		return fmt.Errorf("%s has sha256 %q: it must be 64 lower-case hex digits", field, shown(l.SHA256))
	}
	return nil
}

// Manifest lists and describes a bundle. It has no times but those of its inputs and no run ids, so that the same report over
// the same inputs gives the same bytes; when the bundle was made, and by which run, is in its [Outcome].
type Manifest struct {
	Schema     string            `json:"schema"`
	Report     string            `json:"report"`
	Type       string            `json:"reportType"`
	Cluster    string            `json:"cluster"`
	Interval   interval.Interval `json:"interval"`
	ID         string            `json:"id"`      // [ReportID] of the report and interval
	Content    string            `json:"content"` // SHA-256 over the objects alone: equal when a rerun found the same
	Revision   int               `json:"revision"`
	Supersedes *Link             `json:"supersedes,omitempty"` // the sealed revision before this one, if there is one
	Previous   *Link             `json:"previous,omitempty"`   // the newest bundle over an earlier interval when this one was planned: the chain
	Trigger    Trigger           `json:"trigger"`
	Tool       Tool              `json:"tool"`
	Definition json.RawMessage   `json:"definition"`           // the GlobalReport as it was
	TypeAsWas  json.RawMessage   `json:"reportTypeDefinition"` // the GlobalReportType as it was
	Provenance Provenance        `json:"provenance"`           // sources, gaps, verdict and reasons
	Objects    []Object          `json:"objects"`              // sorted by key
}

// BundleID names the manifest's bundle.
func (m *Manifest) BundleID() BundleID {
	return BundleID{Report: m.Report, Interval: m.Interval, Revision: m.Revision}
}

// Encode fills the derived fields (schema, id, content), checks the manifest, and gives its one encoding. m is not changed.
func (m Manifest) Encode() ([]byte, error) {
	var err error
	if m.Objects, err = sortedObjects(m.Objects); err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	if m.Definition, err = canonical(m.Definition); err != nil {
		return nil, fmt.Errorf("encode manifest: definition: %w", err)
	}
	if m.TypeAsWas, err = canonical(m.TypeAsWas); err != nil {
		return nil, fmt.Errorf("encode manifest: report type: %w", err)
	}
	m.Interval = utc(m.Interval)
	m.Schema, m.ID, m.Content = ManifestSchema, ReportID(m.Report, m.Interval), contentDigest(m.Objects)
	m.Provenance = m.Provenance.sorted()
	if err := m.validate(); err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	return encode(m)
}

// ReadManifest reads and checks an encoded manifest; fields that this version does not know are tolerated. That the objects
// are what it says is for [Verify] to find out.
func ReadManifest(raw []byte) (Manifest, error) {
	var m Manifest
	if err := decode(raw, ManifestSchema, &m); err != nil {
		return Manifest{}, fmt.Errorf("read manifest: %w", err)
	}
	objects, err := sortedObjects(m.Objects)
	if err != nil {
		return Manifest{}, fmt.Errorf("read manifest: %w", err)
	}
	m.Objects, m.Interval = objects, utc(m.Interval)
	if err := m.validate(); err != nil {
		return Manifest{}, fmt.Errorf("read manifest: %w", err)
	}
	return m, nil
}

func (m *Manifest) validate() error {
	if err := ValidateReport(m.Report); err != nil {
		return err
	}
	if err := ValidateCluster(m.Cluster); err != nil {
		return err
	}
	if _, err := interval.New(m.Interval.Start, m.Interval.End); err != nil {
		return err
	}
	switch {
	case m.Type == "":
		return fmt.Errorf("report type is empty")
	case m.Revision < 1:
		return fmt.Errorf("revision is %d: revisions count from 1", m.Revision)
	case m.Supersedes != nil && m.Revision == 1:
		return fmt.Errorf("revision 1 is the first: it must not name what it supersedes")
	case m.ID != ReportID(m.Report, m.Interval):
		return fmt.Errorf("id %q does not belong to report %q over %s", shown(m.ID), m.Report, m.Interval)
	case m.Content != contentDigest(m.Objects):
		return fmt.Errorf("content digest %q does not belong to the listed objects", shown(m.Content))
	}
	if err := m.Supersedes.validate("supersedes", m.Report); err != nil {
		return err
	}
	if err := m.Previous.validate("previous", m.Report); err != nil {
		return err
	}
	if err := m.Trigger.validate(); err != nil {
		return err
	}
	return m.Provenance.validate()
}

// contentDigest is the SHA-256 over a line "<sha256>  <bytes>  <key>" for each object, sorted by key.
func contentDigest(sorted []Object) string {
	var b strings.Builder
	for _, o := range sorted {
		fmt.Fprintf(&b, "%s  %d  %s\n", o.SHA256, o.Bytes, o.Key)
	}
	return Digest([]byte(b.String()))
}

func utc(iv interval.Interval) interval.Interval {
	return interval.Interval{Start: iv.Start.UTC(), End: iv.End.UTC()}
}
