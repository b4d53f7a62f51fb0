package opensearch

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// span is texts from Lower on and before Upper; nil is no bound. Without a lower bound it has the documents that lack the field, too.
type span struct {
	Lower *string `json:"lower,omitempty"`
	Upper *string `json:"upper,omitempty"`
}

// of finds the documents of a query that are in the span.
func (s *span) of(query m, f field) m {
	switch {
	case s == nil || s.Lower == nil && s.Upper == nil:
		return query
	case s.Lower == nil:
		return without(query, m{"range": m{f.Path: m{"gte": *s.Upper}}})
	case s.Upper == nil:
		return all(query, m{"range": m{f.Path: m{"gte": *s.Lower}}})
	}
	return all(query, m{"range": m{f.Path: m{"gte": *s.Lower, "lt": *s.Upper}}})
}

// value is one that a field has, with the number of its documents.
type value struct {
	text string
	docs int64
}

// maxValues bounds the values that are looked at; between them, spans are just less even.
const maxValues = 10_000

// values lists the values of a field, sorted as a server sorts them. docs is how many documents all of them have together, more than
// there are when one has several.
func (c *Client) values(ctx context.Context, indices string, query m, f field) (list []value, docs int64, err error) {
	var found struct {
		buckets
		Other int64 `json:"sum_other_doc_count"`
	}
	read := map[string]func(*json.Decoder) error{"values": func(d *json.Decoder) error {
		found.Buckets = nil
		return into(&found)(d)
	}}
	body := m{"query": query, "aggs": m{"values": m{"terms": m{"field": f.Path, "size": maxValues}}}, "track_total_hits": false}
	_, _, err = c.ask(ctx, indices, body, &reading{aggs: read})
	if tooMany(err) {
		return nil, 0, nil // spans are an economy: without them all is read at once
	}
	if err != nil {
		return nil, 0, err
	}
	docs = found.Other
	for i := range found.Buckets {
		list = append(list, value{found.Buckets[i].name(), found.Buckets[i].Docs})
		docs += found.Buckets[i].Docs
	}
	slices.SortFunc(list, func(a, b value) int { return strings.Compare(a.text, b.text) })
	return list, docs, nil
}

// cutByKey makes partitions by the values of what groups are sorted by. It is false when that cannot be done: a document has several
// values, or too many have one.
func (p *planner) cutByKey(ctx context.Context, base *Partition, query m, parts int64) (bool, error) {
	f := base.Fields[pageField]
	docs := map[string]int64{}
	var sum int64
	for _, indices := range batches(base.Indices) {
		list, n, err := p.client.values(ctx, indices, query, f)
		if err != nil {
			return false, err
		}
		have, faults, err := p.client.ask(ctx, indices, m{"query": all(query, f.present())}, &reading{})
		if err != nil || n != have {
			return false, err
		}
		p.faults = append(p.faults, faults...)
		for _, v := range list {
			docs[v.text] += v.docs
		}
		sum += have
	}
	part, total := *base, base.Docs
	part.Keys = &span{}
	part.Docs = total - sum
	var made []Partition
	done := part.Docs
	for _, text := range sortedKeys(docs) {
		if share := int64(len(made)+1) * total / parts; part.Docs > 0 && done+docs[text]/2 > share {
			part.Keys.Upper = &text
			made = append(made, part)
			part.Keys, part.Docs = &span{Lower: &text}, 0
		}
		part.Docs, done = part.Docs+docs[text], done+docs[text]
	}
	made = append(made, part)
	if largest := slices.MaxFunc(made, func(a, b Partition) int { return int(min(max(a.Docs-b.Docs, -1), 1)) }); largest.Docs > 2*total/parts {
		return false, nil
	}
	p.parts = append(p.parts, made...)
	return true, nil
}
