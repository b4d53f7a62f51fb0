package opensearch

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/probity/probity/internal/flow"
)

// sumPage is how many groups are asked for at a time. Each is read in one pass over all documents, so a page is as large as a server
// allows: 65,535 buckets in all (search.max_buckets), of which a group takes one, and one more for each policy.
const sumPage = 20_000

// leastPage is where asking for fewer groups ends.
const leastPage = 500

// The counters of a record, by their names in an answer.
var counters = map[string]string{
	"started": "num_flows_started", "in": "bytes_in", "out": "bytes_out", "packetsIn": "packets_in", "packetsOut": "packets_out",
}

// keyFields say which group a record belongs to, but for its policies. Servers sort groups by them in this order.
var keyFields = []string{
	"source_namespace", "source_name_aggr", "source_name", "source_type", "dest_namespace", "dest_name_aggr", "dest_name", "dest_type",
	"dest_port", "proto", "action", "reporter", "dest_service_namespace", "dest_service_name", "dest_service_port", "dest_service_port_num",
}

// sumsUp tells whether the server's sums over the partition are exact: every field that is read must be there as something that is
// neither analyzed nor rounded. Of Goldmane's records the policies are objects, which a server does not keep together; and of times
// that are texts it keeps milliseconds.
func (l *FlowLog) sumsUp(p *Partition) bool {
	if l.options.Mapping.Event != "" {
		return false
	}
	is := func(name string, kinds ...string) bool {
		f, ok := p.Fields[name]
		for _, kind := range kinds {
			if ok && !f.Hidden && f.Type == kind {
				return true
			}
		}
		return false
	}
	for _, name := range keyFields {
		numeric := strings.HasSuffix(name, "port") || strings.HasSuffix(name, "port_num") || name == "proto"
		if !is(name, "keyword") && !(numeric && is(name, "long", "integer")) {
			return false
		}
	}
	for _, name := range counters {
		if !is(name, "long", "integer") {
			return false
		}
	}
	for _, name := range []string{startTime, endTime} {
		if f := p.Fields[name]; !f.isTime() || f.fine() {
			return false
		}
	}
	return is(enforced, "keyword") && is(listed, "keyword")
}

// unclear finds the records that have to be read one by one: those with a negative counter or no end, and those of which the server
// has left out a value, as one that is too long or no number.
func unclear(fields map[string]field) m {
	queries := []m{{"exists": m{"field": "_ignored"}}, without(everything, fields[endTime].present())}
	for _, name := range sortedValues(counters) {
		queries = append(queries, m{"range": m{fields[name].Path: m{"lt": 0}}})
	}
	return either(queries...)
}

// sums adds the records of the part as the server adds them up. What it cannot add up to the byte is read one by one.
func (l *FlowLog) sums(ctx context.Context, p *part, r *flow.Reducer, stats *ReadStats, progress func(int64)) error {
	odd := unclear(p.Fields)
	// The enforced policies decide; records of older releases have all_policies only.
	isEnforced := p.Fields[enforced].present()
	clear := without(p.query, odd)
	for _, class := range []struct {
		query  m
		policy string
	}{{all(clear, isEnforced), enforced}, {without(clear, isEnforced), listed}} {
		if err := l.class(ctx, p.where(class.query), class.policy, r, stats, progress); err != nil {
			return err
		}
	}
	rest, faults, err := l.client.ask(ctx, p.indices, m{"query": all(p.query, odd)}, &reading{})
	stats.Faults = append(stats.Faults, faults...)
	if err != nil || rest == 0 {
		return err
	}
	return l.documents(ctx, p.where(all(p.query, odd)), r, stats, progress)
}

// errInexact tells that the server's sums would not be those of the records.
var errInexact = errors.New("the sums are not exact")

// changedOften is how often sums are asked for again because documents came meanwhile.
const changedOften = 3

// class adds the records that have their policies in one field.
func (l *FlowLog) class(ctx context.Context, p *part, policy string, r *flow.Reducer, stats *ReadStats, progress func(int64)) error {
	err := errInexact
	for range changedOften {
		own := flow.NewReducer(r.Options())
		s := &summing{log: l, part: p, policy: policy, into: own, stats: newStats(&Partition{}), told: progress, before: stats.Bytes}
		if err = s.run(ctx); err == nil {
			stats.Lines, stats.Bytes, stats.TooLong = stats.Lines+s.stats.Lines, stats.Bytes+s.stats.Bytes, stats.TooLong+s.stats.TooLong
			stats.Faults = append(stats.Faults, s.stats.Faults...)
			return r.Merge(own)
		}
		if closeErr := own.Close(); closeErr != nil && ctx.Err() == nil {
			return closeErr
		}
		if !errors.Is(err, errMoved) {
			break
		}
	}
	if errors.Is(err, errInexact) || errors.Is(err, errMoved) {
		return l.documents(ctx, p, r, stats, progress)
	}
	return err
}

// errMoved tells that the documents changed from one page of groups to the next.
var errMoved = errors.New("documents came while groups were read")

// composite asks for groups, from behind the one that is given.
func (s *summing) composite(size int64) m {
	sources := make([]m, len(keyFields))
	for i, name := range keyFields {
		sources[i] = m{name: m{"terms": m{"field": s.part.Fields[name].Path, "missing_bucket": true}}}
	}
	composite := m{"size": size, "sources": sources}
	if s.after != nil {
		composite["after"] = s.after
	}
	aggs := m{
		"first":    m{"min": m{"field": s.part.Fields[startTime].Path}},
		"last":     m{"max": m{"field": s.part.Fields[endTime].Path}},
		"policies": m{"terms": m{"field": s.part.Fields[s.policy].Path, "size": maxPolicies}},
	}
	for name, field := range counters {
		aggs[name] = m{"sum": m{"field": s.part.Fields[field].Path}}
	}
	return m{"composite": composite, "aggs": aggs}
}

// maxPolicies bounds the policies of a group that are looked at; a record goes through a handful.
const maxPolicies = 50

// sumGroup is one group of an answer.
type sumGroup struct {
	Key        json.RawMessage `json:"key"`
	Docs       int64           `json:"doc_count"`
	First      number          `json:"first"`
	Last       number          `json:"last"`
	Started    number          `json:"started"`
	In         number          `json:"in"`
	Out        number          `json:"out"`
	PacketsIn  number          `json:"packetsIn"`
	PacketsOut number          `json:"packetsOut"`
	Policies   struct {
		Other   int64 `json:"sum_other_doc_count"`
		Error   int64 `json:"doc_count_error_upper_bound"`
		Buckets []struct {
			Key  string `json:"key"`
			Docs int64  `json:"doc_count"`
		} `json:"buckets"`
	} `json:"policies"`
}

type number struct {
	Value *float64 `json:"value"`
}

// exact is the value as a whole number; it is false for one that a server's floating point cannot hold exactly.
func (n number) exact() (int64, bool) {
	if n.Value == nil {
		return 0, true
	}
	const limit = 1 << 53
	return int64(*n.Value), *n.Value > -limit && *n.Value < limit
}
