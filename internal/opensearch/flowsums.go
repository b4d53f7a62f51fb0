package opensearch

import (
	"context"
	"errors"
	"strings"

	"github.com/probity/probity/internal/flow"
)

// sumPage is how many groups are asked for at a time, of the 65,535 that a server gives (search.max_buckets). Larger pages are not
// faster where the groups that are left are found without reading what is done (see pager), and take more memory.
const sumPage = 10_000

// leastPage is where asking for fewer groups ends.
const leastPage = 500

// The counters of a record, by their names in an answer.
var counters = map[string]string{
	"c": "num_flows_started", "i": "bytes_in", "o": "bytes_out", "p": "packets_in", "q": "packets_out",
}

// pageField is the first of the key: groups are read by spans of its values, so that each document is read once.
const pageField = "source_name_aggr"

// keyFields say which group a record belongs to, but for its policies. Servers sort groups by them in this order.
var keyFields = []string{
	pageField, "source_namespace", "source_name", "source_type", "dest_namespace", "dest_name_aggr", "dest_name", "dest_type",
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
	for _, name := range []string{startTime, endTime} {
		if f := fields[name]; f.isDate() { // of before 1973, or seconds that were taken for milliseconds
			queries = append(queries, m{"range": m{f.Path: m{"lt": millisFrom, "format": "epoch_millis"}}})
		}
	}
	return either(queries...)
}

// sums adds the records of the part as the server adds them up. What it cannot add up to the byte is read one by one.
func (l *FlowLog) sums(ctx context.Context, p *part, to *sink) error {
	odd := unclear(p.Fields)
	// The enforced policies decide; records of older releases have all_policies only.
	isEnforced := p.Fields[enforced].present()
	clear := without(p.query, odd)
	for _, class := range []struct {
		query  m
		policy string
	}{{all(clear, isEnforced), enforced}, {without(clear, isEnforced), listed}} {
		if err := l.class(ctx, p.where(class.query), class.policy, to); err != nil {
			return err
		}
	}
	rest, faults, err := l.client.ask(ctx, p.indices, m{"query": all(p.query, odd)}, &reading{})
	to.stats.Faults = append(to.stats.Faults, faults...)
	if err != nil || rest == 0 {
		return err
	}
	return l.documents(ctx, p.where(all(p.query, odd)), to)
}

// errInexact tells that the server's sums would not be those of the records.
var errInexact = errors.New("the sums are not exact")

// errMoved tells that documents came or went while they were added up.
var errMoved = errors.New("the documents changed while they were added up")

// changedOften is how often sums are asked for again because documents changed meanwhile.
const changedOften = 3

// class adds the records that have their policies in one field.
func (l *FlowLog) class(ctx context.Context, p *part, policy string, to *sink) error {
	err := errInexact
	for range changedOften {
		own := flow.NewReducer(to.Options())
		s := &summing{log: l, part: p, policy: policy, into: own, told: to.progress, before: to.stats.Bytes}
		if err = s.run(ctx); err == nil {
			to.stats.merge(&s.stats)
			return to.Merge(own)
		}
		if closeErr := own.Close(); closeErr != nil && ctx.Err() == nil {
			return closeErr
		}
		if !errors.Is(err, errMoved) {
			break
		}
	}
	if errors.Is(err, errInexact) || errors.Is(err, errMoved) {
		return l.documents(ctx, p, to)
	}
	return err
}
