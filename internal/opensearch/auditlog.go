package opensearch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/probity/probity/internal/audit"
)

// AuditLog is the audit events in some indices.
type AuditLog struct {
	client  *Client
	options LogOptions
	want    *audit.Wanted
}

// NewAuditLog returns the audit log in the indices. It gives every event; see Wanting.
func NewAuditLog(c *Client, o LogOptions) *AuditLog { return &AuditLog{client: c, options: o} }

// Wanting is the log without the events that w leaves out: those are counted instead.
func (a *AuditLog) Wanting(w audit.Wanted) *AuditLog {
	return &AuditLog{client: a.client, options: a.options, want: &w}
}

// auditFields are those of an event by which documents are found.
var auditFields = []string{"kind", "verb", "stage", "objectRef.resource", stageTime, "requestReceivedTimestamp"}

const stageTime = "stageTimestamp"

// auditDocs is how many events a partition is about: with the few that are read of them some seconds of work.
const auditDocs = 2_000_000

// slack is how far a shipper's stamp may lie from the event's own time, where only the stamp is a date.
const slack = time.Hour

// Partitions splits the events of [from, to), and those of the time behind to in which a Collector still looks for the ends of
// namespaces. The same documents give the same partitions.
func (a *AuditLog) Partitions(ctx context.Context, from, to time.Time) ([]Partition, error) {
	p := a.planner()
	parts, err := p.plan(ctx, from, to)
	if err != nil {
		return nil, fmt.Errorf("split audit log: %w", err)
	}
	after := a.planner()
	behind, err := after.plan(ctx, to, to.Add(audit.DefaultLookAhead+slack))
	if err != nil {
		return nil, fmt.Errorf("split audit log: %w", err)
	}
	before := a.planner()
	ahead, err := before.plan(ctx, from.Add(-slack), from)
	if err != nil {
		return nil, fmt.Errorf("split audit log: %w", err)
	}
	return slices.Concat(parts, beside(ahead, to, false), beside(behind, to, true)), nil
}

// beside keeps of the partitions beside the span what may matter: where events are found by their own time, only what is behind the
// end, for as long as a Collector looks there.
func beside(parts []Partition, end time.Time, after bool) []Partition {
	until := millis(end.Add(audit.DefaultLookAhead))
	var out []Partition
	for _, part := range parts {
		part.Notes, part.Faults, part.After = nil, nil, true
		_, exact := (&planner{times: []string{mappedTime, stageTime}}).exact(&part)
		switch {
		case part.Untimed || len(part.Indices) == 0:
		case !exact:
			out = append(out, part)
		case after && part.From < until:
			part.To = min(part.To, until)
			out = append(out, part)
		}
	}
	return out
}

func (a *AuditLog) planner() *planner {
	return &planner{
		client: a.client, pattern: a.options.pattern(), mapping: &a.options.Mapping, fields: auditFields,
		times: []string{mappedTime, stageTime, "requestReceivedTimestamp", stamp}, docs: defaulted(a.options.PartitionDocs, auditDocs),
	}
}

// exact tells by which field the partition's events are found, and whether that is the events' own time.
func (p *planner) exact(part *Partition) (field, bool) {
	name, f, ok := p.timeOf(&group{Fields: part.Fields})
	return f, ok && name == stageTime
}

// Read gives the events of the partition in the order of their time, each as one line of JSON that is valid during the call, without
// a line end. On an error of line the reading ends with it.
func (a *AuditLog) Read(ctx context.Context, p *Partition, line func([]byte) error) (ReadStats, *audit.LeftOut, error) {
	stats := newStats(p)
	planner := a.planner()
	name, at, ok := planner.timeOf(&group{Fields: p.Fields})
	if len(p.Indices) == 0 || !ok {
		return stats, nil, ctx.Err()
	}
	query := planner.query(p, name)
	if p.Untimed {
		query = planner.withoutTime(p, name)
	}
	wanted := a.wanted(p)
	if wanted == nil || p.Untimed {
		err := a.scan(ctx, p, &scan{query: query, sort: at.Path, give: a.giver(&stats, line)}, &stats)
		stats.tidy()
		return stats, nil, err
	}
	// What is left out is counted meanwhile: for the server it is as much work as the reading.
	counting, cancel := context.WithCancel(ctx)
	defer cancel()
	var out *audit.LeftOut
	var counted ReadStats
	var count errgroup.Group
	count.Go(func() (err error) {
		out, err = a.leftOut(counting, p, at, without(query, wanted), &counted)
		return err
	})
	err := a.scan(ctx, p, &scan{query: all(query, wanted), sort: at.Path, give: a.giver(&stats, line)}, &stats)
	if err != nil {
		cancel()
	}
	if countErr := count.Wait(); err == nil && countErr != nil {
		err = fmt.Errorf("count audit log: %w", countErr)
	}
	stats.Faults = append(stats.Faults, counted.Faults...)
	stats.tidy()
	return stats, out, err
}

// scan reads what the scan finds in the partition's indices.
func (a *AuditLog) scan(ctx context.Context, p *Partition, of *scan, stats *ReadStats) error {
	for _, indices := range batches(p.Indices) {
		s := *of
		s.client, s.indices = a.client, indices
		if p.Untimed {
			s.sort = ""
		}
		found, err := s.run(ctx)
		stats.add(found)
		if err != nil {
			return fmt.Errorf("read audit log: %w", err)
		}
	}
	return ctx.Err()
}

func (a *AuditLog) giver(stats *ReadStats, line func([]byte) error) func(*hit) error {
	return func(h *hit) error {
		event := oneLine(a.event(h.Source))
		if len(event) > MaxLine {
			stats.TooLong++
			return nil
		}
		stats.Lines++
		return line(event)
	}
}

// event is the audit event of a document. What the shipper took as its stamp is put back.
func (a *AuditLog) event(source json.RawMessage) json.RawMessage {
	event := unnest(source, a.options.Mapping.Event)
	if a.options.Mapping.Event == "" {
		return event
	}
	return restore(event, source)
}

// wanted finds the events that are to be read; nil when all are. An index that does not have the fields as such that it can be
// searched by is not searched by them. Events that lack a stage are read too, since they are counted as bad.
func (a *AuditLog) wanted(p *Partition) m {
	if a.want == nil {
		return nil
	}
	var queries []m
	add := func(name string, values []string) (field, bool) {
		f := p.Fields[name]
		if f.Type != "keyword" || f.Hidden || values == nil {
			return f, false
		}
		queries = append(queries, m{"terms": m{f.Path: values}})
		return f, true
	}
	add("verb", a.want.Verbs)
	add("objectRef.resource", a.want.Resources)
	stage, searchable := add("stage", a.want.Stages)
	if len(queries) == 0 {
		return nil
	}
	wanted := []m{all(queries...)}
	if searchable {
		wanted = append(wanted, without(everything, stage.present()))
	}
	if kind, ok := p.Fields["kind"]; ok && kind.Type == "keyword" {
		wanted = append(wanted, without(kind.present(), m{"term": m{kind.Path: "Event"}}))
	}
	return either(wanted...)
}
