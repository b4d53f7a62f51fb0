package opensearch

import (
	"cmp"
	"slices"
	"strings"
)

// LogOptions say which documents are a log.
type LogOptions struct {
	// Indices are names or patterns of indices, aliases or data streams; {cluster} stands for Cluster.
	Indices []string
	Cluster string
	Mapping Mapping
	// PartitionDocs is about how many documents a partition holds; 0 means the log's own default.
	PartitionDocs int64
}

// The patterns of the product whose place Probity takes (calico-compliance.md section 8).
const (
	DefaultFlows     = "tigera_secure_ee_flows.{cluster}.*"
	DefaultAuditKube = "tigera_secure_ee_audit_kube.{cluster}.*"
	DefaultAuditEE   = "tigera_secure_ee_audit_ee.{cluster}.*"
)

// pattern is what a request names.
func (o *LogOptions) pattern() string {
	var all []string
	for _, index := range o.Indices {
		if index != "" {
			all = append(all, strings.ReplaceAll(index, "{cluster}", o.Cluster))
		}
	}
	return strings.Join(all, ",")
}

// Partition is a part of a log: the documents of some indices, whose fields are mapped alike, in a span of time.
type Partition struct {
	Indices []string         `json:"indices,omitempty"`
	Fields  map[string]field `json:"fields,omitempty"`
	// From and To bound the time, milliseconds since 1970; To is not in it.
	From int64 `json:"from,omitempty"`
	To   int64 `json:"to,omitempty"`
	// Lead adds what began before From and was not over then.
	Lead bool `json:"lead,omitempty"`
	// Keys bounds the values of a flow record's pageField: what is summed up is split by what it is grouped by, and not by time, since
	// each part in time has most of the groups anew.
	Keys *span `json:"keys,omitempty"`
	// After marks the time behind the interval's end.
	After bool `json:"after,omitempty"`
	// Untimed are the documents without a time instead, of about the span From to To.
	Untimed bool `json:"untimed,omitempty"`
	// Docs is how many documents there were when the partition was made.
	Docs int64 `json:"docs,omitempty"`
	// Notes and Faults were found when the log was split; the first partition has them.
	Notes  []string `json:"notes,omitempty"`
	Faults []string `json:"faults,omitempty"`
}

// ReadStats says what was read of a partition.
type ReadStats struct {
	Lines   int64 // documents given
	Bytes   int64 // their size
	TooLong int64 // documents over MaxLine, which were not given
	Faults  []string
	Notes   []string
}

// MaxLine is the size of the largest document that is given, in bytes; it is that of package logfile.
const MaxLine = 8 << 20

func newStats(p *Partition) ReadStats {
	return ReadStats{Notes: slices.Clone(p.Notes), Faults: slices.Clone(p.Faults)}
}

// add takes over what a scan found.
func (s *ReadStats) add(found scanned) {
	s.Bytes += found.Bytes
	s.Faults = append(s.Faults, found.Faults...)
}

// merge adds what another part of the partition had.
func (s *ReadStats) merge(o *ReadStats) {
	s.Lines, s.Bytes, s.TooLong = s.Lines+o.Lines, s.Bytes+o.Bytes, s.TooLong+o.TooLong
	s.Faults, s.Notes = append(s.Faults, o.Faults...), append(s.Notes, o.Notes...)
}

// tidy sorts the texts and leaves out copies.
func (s *ReadStats) tidy() {
	slices.Sort(s.Faults)
	slices.Sort(s.Notes)
	s.Faults, s.Notes = slices.Compact(s.Faults), slices.Compact(s.Notes)
}

func defaulted(docs, or int64) int64 { return cmp.Or(docs, or) }
