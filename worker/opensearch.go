package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/opensearch"
)

// fromOpenSearch is what a provenance calls logs in OpenSearch.
const fromOpenSearch = "opensearch"

// SearchPorts makes the logs in OpenSearch those that no folder gives, where the configuration has an address. partitionDocs is
// about how many documents a partition holds; zero means each log's own default. It does not talk to the server.
func SearchPorts(ctx context.Context, cfg *config.Config, ports *Ports, partitionDocs int64) error {
	o := &cfg.OpenSearch
	if len(o.Addresses) == 0 || ports.Audit != nil && ports.Flows != nil {
		return nil
	}
	flows, events, err := opensearch.Mappings(o.Preset, o.Mapping)
	if err != nil {
		return fmt.Errorf("configure opensearch: %w", err)
	}
	client, err := SearchClient(ctx, o)
	if err != nil {
		return err
	}
	log := opensearch.LogOptions{Cluster: cfg.Cluster, PartitionDocs: partitionDocs}
	if ports.Flows == nil && o.Flows != "" {
		log.Indices, log.Mapping = []string{o.Flows}, flows
		ports.Flows = flowSearch{opensearch.NewFlowLog(client, log)}
	}
	if ports.Audit == nil && o.AuditKube+o.AuditEE != "" {
		log.Indices, log.Mapping = []string{o.AuditKube, o.AuditEE}, events
		ports.Audit = auditSearch{opensearch.NewAuditLog(client, log)}
	}
	return nil
}

// SearchClient is a client of the configured server. It does not talk to it yet.
func SearchClient(ctx context.Context, o *config.OpenSearch) (*opensearch.Client, error) {
	password, err := o.Password()
	if err != nil {
		return nil, err
	}
	return opensearch.New(ctx, opensearch.Options{
		Addresses: o.Addresses, CAFile: o.CAFile, CertFile: o.CertFile, KeyFile: o.KeyFile, User: o.User, Password: password,
		Region: o.Region, Service: o.Service, MaxRequests: o.MaxRequests, Timeout: o.Timeout, Patience: o.Patience,
	})
}

// auditSearch is audit events in OpenSearch behind the activities' port.
type auditSearch struct{ *opensearch.AuditLog }

var _ activities.SelectiveAuditLog = auditSearch{}

func (a auditSearch) Describe() string { return fromOpenSearch }

// Wanting is the log without the events that w leaves out.
func (a auditSearch) Wanting(w audit.Wanted) activities.AuditLog {
	return auditSearch{a.AuditLog.Wanting(w)}
}

func (a auditSearch) Partitions(ctx context.Context, from, to time.Time) ([]activities.Partition, error) {
	parts, err := a.AuditLog.Partitions(ctx, from, to)
	return encodeParts(parts, err)
}

func (a auditSearch) Read(ctx context.Context, part activities.Partition, line func([]byte) error) (activities.ReadStats, error) {
	var own opensearch.Partition
	if err := json.Unmarshal(part, &own); err != nil {
		return activities.ReadStats{}, fmt.Errorf("decode partition: %w", err)
	}
	stats, out, err := a.AuditLog.Read(ctx, &own, line)
	read := searchStats(&stats)
	read.LeftOut = out
	return read, changed(err)
}

// flowSearch is flow records in OpenSearch behind the activities' port.
type flowSearch struct{ *opensearch.FlowLog }

func (f flowSearch) Describe() string { return fromOpenSearch }

func (f flowSearch) Partitions(ctx context.Context, iv interval.Interval) ([]activities.Partition, error) {
	parts, err := f.FlowLog.Partitions(ctx, iv)
	return encodeParts(parts, err)
}

func (f flowSearch) Reduce(
	ctx context.Context, part activities.Partition, into *flow.Reducer, progress func(int64),
) (activities.ReadStats, error) {
	var own opensearch.Partition
	if err := json.Unmarshal(part, &own); err != nil {
		return activities.ReadStats{}, fmt.Errorf("decode partition: %w", err)
	}
	stats, err := f.FlowLog.Reduce(ctx, &own, into, progress)
	return searchStats(&stats), changed(err)
}

func searchStats(stats *opensearch.ReadStats) activities.ReadStats {
	return activities.ReadStats{
		Lines: stats.Lines, Bytes: stats.Bytes, TooLong: stats.TooLong,
		Faults: slices.Clone(stats.Faults), Notes: slices.Clone(stats.Notes),
	}
}

// changed tells the activities that indices are gone since the run was planned.
func changed(err error) error {
	if errors.Is(err, opensearch.ErrChanged) {
		return fmt.Errorf("%w: %s", activities.ErrOutdated, err.Error())
	}
	return err
}
