package opensearch

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
)

// FlowLog is the flow records in some indices.
type FlowLog struct {
	client  *Client
	options LogOptions
	page    *atomic.Int64 // groups in one answer, as far as the server was found to give
}

// NewFlowLog returns the flow log in the indices.
func NewFlowLog(c *Client, o LogOptions) *FlowLog {
	l := &FlowLog{client: c, options: o, page: &atomic.Int64{}}
	l.page.Store(sumPage)
	return l
}

// flowFields are the fields of a flow record that are read.
var flowFields = flow.FieldNames()

// The lists of policies within a record.
const (
	enforced = "policies.enforced_policies"
	listed   = "policies.all_policies"
)

const (
	startTime = "start_time"
	endTime   = "end_time"
)

// Bounds of the documents of a partition, when nothing says how many there shall be. Each partition gives its groups anew, so there are
// no more of them than keep a server of two cores busy, as long as none takes more than some seconds.
const (
	leastFlowDocs = 500_000
	mostFlowDocs  = 3_000_000
	flowShares    = 2
)

// Partitions splits the records that overlap the interval. The same documents give the same partitions.
func (l *FlowLog) Partitions(ctx context.Context, iv interval.Interval) ([]Partition, error) {
	parts, err := l.planner().plan(ctx, iv.Start, iv.End)
	if err != nil {
		return nil, fmt.Errorf("split flow log: %w", err)
	}
	return parts, nil
}

func (l *FlowLog) planner() *planner {
	return &planner{
		client: l.client, pattern: l.options.pattern(), mapping: &l.options.Mapping, fields: append([]string{enforced, listed}, flowFields...),
		times: []string{startTime}, lead: true, end: endTime,
		docs: l.options.PartitionDocs, least: leastFlowDocs, most: mostFlowDocs, shares: flowShares, byKey: l.sumsUp,
	}
}

// Reduce adds the partition's records to r; progress is told bytes so far, and may be nil. On an error r holds a part of them and
// must be thrown away.
func (l *FlowLog) Reduce(ctx context.Context, p *Partition, r *flow.Reducer, progress func(int64)) (ReadStats, error) {
	stats := newStats(p)
	if len(p.Indices) == 0 {
		return stats, ctx.Err()
	}
	planner := l.planner()
	query := p.Keys.of(planner.query(p, startTime), p.Fields[pageField])
	if p.Untimed {
		query = planner.withoutTime(p, startTime)
	}
	read := l.documents
	if !p.Untimed && l.sumsUp(p) {
		read = l.sums
	}
	for _, indices := range batches(p.Indices) {
		if err := read(ctx, &part{p, indices, query}, &sink{r, &stats, progress}); err != nil {
			return stats, fmt.Errorf("read flow log: %w", err)
		}
	}
	stats.tidy()
	return stats, firstOf(ctx.Err(), r.Err())
}

// part is what a query finds in some of a partition's indices.
type part struct {
	*Partition
	indices string
	query   m
}

// where narrows the part down.
func (p *part) where(query m) *part { return &part{p.Partition, p.indices, query} }

// sink is what records go to; progress may be nil.
type sink struct {
	*flow.Reducer
	stats    *ReadStats
	progress func(int64)
}

// documents reads the records of the part, one by one.
func (l *FlowLog) documents(ctx context.Context, p *part, to *sink) error {
	before := to.stats.Bytes
	s := &scan{client: l.client, indices: p.indices, query: p.query, sort: p.Fields[startTime].Path, fields: l.read(), give: func(h *hit) error {
		line := l.record(h.Source)
		if len(line) > MaxLine {
			to.stats.TooLong++
			to.AddTooLong(1)
			return nil
		}
		to.stats.Lines++
		to.AddLine(line)
		return to.Err()
	}}
	if to.progress != nil {
		s.told = func(bytes int64) { to.progress(before + bytes) }
	}
	if p.Untimed {
		s.sort = ""
	}
	found, err := s.run(ctx)
	to.stats.add(found)
	return err
}

// read are the paths that are asked for.
func (l *FlowLog) read() []string {
	mapping := &l.options.Mapping
	if mapping.Event != "" {
		return nil // a record that was stored as text has no fields
	}
	paths := make([]string, len(flowFields))
	for i, name := range flowFields {
		paths[i] = mapping.path(name)
	}
	return paths
}

// record is the flow record of a document as one line.
func (l *FlowLog) record(source json.RawMessage) []byte {
	mapping := &l.options.Mapping
	record := unnest(source, mapping.Event)
	if len(mapping.Fields) == 0 {
		return oneLine(record)
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(record, &members) != nil {
		return oneLine(record)
	}
	for name, path := range mapping.Fields {
		if value, ok := dig(source, path); ok {
			members[name] = value
		}
	}
	line, err := json.Marshal(members)
	if err != nil {
		return oneLine(record)
	}
	return line
}
