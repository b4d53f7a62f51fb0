package opensearch

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// planner splits a log.
type planner struct {
	client  *Client
	pattern string
	mapping *Mapping
	fields  []string // those of the record that are looked up
	// times are the names of the fields that may hold the record's time, the best first.
	times []string
	// byKey tells whether the partitions' records are summed up, so that they are better split by what they are grouped by; may be nil.
	byKey  func(*Partition) bool
	lead   bool // whether a record lasts, so that one that began before the span may belong to it
	end    string
	docs   int64 // for one partition; 0 makes so many shares, of no fewer than least and no more than most documents
	shares int64
	least  int64
	most   int64

	from, to int64
	notes    []string
	faults   []string
	parts    []Partition
}

// stamp is the field that most shippers add.
const stamp = "@timestamp"

// plan makes the partitions of [from, to), in the order of indices and time.
func (p *planner) plan(ctx context.Context, from, to time.Time) ([]Partition, error) {
	if !to.After(from) {
		return nil, fmt.Errorf("split %s: end %s is not after start %s", p.pattern, to.Format(time.RFC3339), from.Format(time.RFC3339))
	}
	p.from, p.to = millis(from), millis(to)
	known, err := p.client.resolve(ctx, p.pattern)
	if err != nil {
		return nil, err
	}
	if len(known.open)+len(known.closed) == 0 {
		p.notes = append(p.notes, "no index has a name like "+p.pattern)
	}
	for _, name := range known.closed {
		if mayHold(name, from, to) {
			p.faults = append(p.faults, fmt.Sprintf("index %s is closed: what it holds was not read", name))
		}
	}
	if err := p.split(ctx, known.open); err != nil {
		return nil, err
	}
	if len(p.parts) == 0 && len(p.notes)+len(p.faults) > 0 {
		p.parts = []Partition{{}}
	}
	if len(p.parts) > 0 {
		slices.Sort(p.faults)
		p.parts[0].Notes, p.parts[0].Faults = p.notes, slices.Compact(p.faults)
	}
	return p.parts, nil
}

func (p *planner) split(ctx context.Context, open []string) error {
	paths := map[string]string{stamp: stamp}
	for _, name := range p.fields {
		paths[name] = p.mapping.path(name)
	}
	if p.mapping.Time != "" {
		paths[mappedTime] = p.mapping.Time
	}
	groups, err := p.client.groups(ctx, p.pattern, paths)
	if err != nil {
		return err
	}
	answered := map[string]bool{}
	for i := range groups {
		for _, index := range groups[i].Indices {
			answered[index] = true
		}
		if err := p.group(ctx, &groups[i]); err != nil {
			return err
		}
	}
	// An index of which no node has a shard is left out of the answer about its mapping (seen with 2.19.6).
	for _, index := range open {
		if !answered[index] && mayHold(index, time.UnixMilli(p.from), time.UnixMilli(p.to)) {
			p.faults = append(p.faults, fmt.Sprintf("index %s did not answer: what it holds was not read", index))
		}
	}
	return nil
}

// mappedTime is the name of the time that the configuration names.
const mappedTime = "time"

// timeOf is the field by which the group's documents are found.
func (p *planner) timeOf(g *group) (name string, f field, ok bool) {
	for _, name := range p.times {
		if f, ok := g.Fields[name]; ok && f.isTime() && !f.Hidden {
			return name, f, true
		}
	}
	return "", field{}, false
}

// weight is how many documents begin in a short time.
type weight struct{ at, docs int64 }

// weighed are the documents of a group of indices: those that begin in the span, and how many there are with those that began before.
type weighed struct {
	weights     []weight
	total, lead int64
}

// group splits the documents of indices that are mapped alike.
func (p *planner) group(ctx context.Context, g *group) error {
	name, at, ok := p.timeOf(g)
	if ok && p.lead {
		end, mapped := g.Fields[p.end]
		ok = mapped && end.isTime() && !end.Hidden
	}
	if !ok {
		return p.timeless(ctx, g)
	}
	base := Partition{Fields: g.Fields, From: p.from, To: p.to, Lead: p.lead}
	query := p.query(&base, name)
	if err := p.holders(ctx, g, query, &base); err != nil || base.Docs == 0 {
		return err
	}
	if err := p.cut(ctx, &base, query, at); err != nil {
		return err
	}
	return p.untimed(ctx, &base, name)
}

// holders counts the documents that a query finds in the group's indices, and keeps those that have some.
func (p *planner) holders(ctx context.Context, g *group, query m, part *Partition) error {
	holders := map[string]bool{}
	for _, indices := range batches(g.Indices) {
		var found buckets
		body := m{"query": query, "aggs": m{"holders": m{"terms": m{"field": "_index", "size": maxHolders}}}}
		docs, faults, err := p.client.ask(ctx, indices, body, &reading{aggs: map[string]func(*json.Decoder) error{"holders": into(&found)}})
		if err != nil {
			return err
		}
		for i := range found.Buckets {
			holders[found.Buckets[i].name()] = true
		}
		part.Docs += docs
		p.faults = append(p.faults, faults...)
	}
	part.Indices = sortedKeys(holders)
	return nil
}

// cut makes partitions of the documents of a query.
func (p *planner) cut(ctx context.Context, base *Partition, query m, at field) error {
	parts := p.parted(base.Docs)
	if parts == 1 {
		p.parts = append(p.parts, *base)
		return nil
	}
	if p.byKey != nil && p.byKey(base) {
		if done, err := p.cutByKey(ctx, base, query, parts); err != nil || done {
			return err
		}
	}
	var all weighed
	for _, indices := range batches(base.Indices) {
		w := &weighing{at: at, from: p.from, to: p.to}
		found, faults, err := p.client.ask(ctx, indices, m{"query": query, "aggs": w.aggs()}, w.reading())
		if err != nil {
			return err
		}
		all.total, all.lead, all.weights = all.total+found, all.lead+found-w.sum, append(all.weights, w.weights...)
		p.faults = append(p.faults, faults...)
	}
	p.cutByTime(base, &all, parts)
	return nil
}

// query finds the documents of a partition whose times are in the field of that name.
func (p *planner) query(part *Partition, name string) m {
	at := part.Fields[name]
	within := at.span(&part.From, &part.To, false)
	if !p.lead || !part.Lead {
		return all(within)
	}
	end := part.Fields[p.end]
	return all(either(within, all(at.span(nil, &part.From, false), end.span(&part.From, nil, !end.fine()))))
}

// timeless tells of indices whose documents cannot be found by time, unless they hold none.
func (p *planner) timeless(ctx context.Context, g *group) error {
	for _, indices := range batches(g.Indices) {
		holders := &buckets{}
		body := m{"aggs": m{"holders": m{"terms": m{"field": "_index", "size": maxHolders}}}}
		_, faults, err := p.client.ask(ctx, indices, body, &reading{aggs: map[string]func(*json.Decoder) error{"holders": into(holders)}})
		if err != nil {
			return err
		}
		p.faults = append(p.faults, faults...)
		name := p.times[0]
		for _, b := range holders.Buckets {
			if !mayHold(b.name(), time.UnixMilli(p.from), time.UnixMilli(p.to)) {
				continue
			}
			f, mapped := g.Fields[name]
			p.faults = append(p.faults, needTime(b.name(), p.mapping.path(name), f, mapped).Error())
		}
	}
	return nil
}

// parted is how many partitions the documents make.
func (p *planner) parted(total int64) int64 {
	docs := p.docs
	if docs <= 0 {
		docs = min(max(total/p.shares+1, p.least), p.most)
	}
	return (total + docs - 1) / docs
}

// cutByTime makes partitions in time, of about the same number of documents.
func (p *planner) cutByTime(base *Partition, w *weighed, parts int64) {
	slices.SortFunc(w.weights, func(a, b weight) int { return int(min(max(a.at-b.at, -1), 1)) })
	part := *base
	part.From, part.Lead, part.Docs = p.from, p.lead && w.lead > 0, w.lead
	made, sum := int64(0), w.lead
	for _, next := range w.weights {
		if share := (made + 1) * w.total / parts; part.Docs > 0 && sum+next.docs/2 > share && next.at > part.From {
			part.To = next.at
			p.parts = append(p.parts, part)
			made++
			part.From, part.Lead, part.Docs = next.at, false, 0
		}
		part.Docs, sum = part.Docs+next.docs, sum+next.docs
	}
	part.To = p.to
	p.parts = append(p.parts, part)
}

// untimed adds a partition of the documents that lack a time, where there are any: the reducers count them as what they are.
func (p *planner) untimed(ctx context.Context, base *Partition, name string) error {
	part := *base
	part.Untimed, part.Lead, part.Docs = true, false, 0
	for _, indices := range batches(part.Indices) {
		found, faults, err := p.client.ask(ctx, indices, m{"query": p.withoutTime(&part, name)}, &reading{})
		if err != nil {
			return err
		}
		part.Docs += found
		p.faults = append(p.faults, faults...)
	}
	if part.Docs > 0 {
		p.parts = append(p.parts, part)
	}
	return nil
}

// withoutTime finds the documents that lack a time, and are in no other partition for that; of these, where the shipper's stamp says
// more, those of the partition's span.
func (p *planner) withoutTime(part *Partition, name string) m {
	lacks := []m{without(everything, part.Fields[name].present())}
	if p.lead {
		lacks = append(lacks, without(everything, part.Fields[p.end].present()))
	}
	query := without(either(lacks...), p.query(&Partition{Fields: part.Fields, From: part.From, To: part.To, Lead: true}, name))
	if f, ok := part.Fields[stamp]; ok && f.isTime() && !f.Hidden && name != stamp {
		return all(query, either(f.span(&part.From, &part.To, false), without(everything, f.present())))
	}
	return query
}

// dated finds the day in the names that rolled-over indices get: "…linseed-20261121-000001", "logstash-2026.11.21".
var dated = regexp.MustCompile(`(20\d{2})[-._]?(0[1-9]|1[0-2])[-._]?(0[1-9]|[12]\d|3[01])(?:\D|$)`)

// rollover is the longest time that an index is written to; Calico Enterprise's are rolled over within days.
const rollover = 31 * 24 * time.Hour

// mayHold tells whether an index may hold records of [from, to), by the day in its name: that on which it was begun.
func mayHold(name string, from, to time.Time) bool {
	match := dated.FindStringSubmatch(name)
	if match == nil {
		return true
	}
	day, err := time.Parse("20060102", match[1]+match[2]+match[3])
	return err != nil || day.Before(to.Add(24*time.Hour)) && day.Add(rollover).After(from)
}
