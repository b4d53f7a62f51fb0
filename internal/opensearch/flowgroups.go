package opensearch

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/probity/probity/internal/flow"
)

// summing is the adding of what a server has added up.
type summing struct {
	log    *FlowLog
	part   *part
	policy string // the field with the policies
	into   *flow.Reducer
	stats  ReadStats
	told   func(int64)
	before int64

	total       int64
	summed      int64 // records of the groups so far
	first, last time.Time
	after       json.RawMessage
	cover       *cover
	// mixed are the keys of groups whose records do not all have the same policies, or that are no groups at all.
	mixed     []json.RawMessage
	mixedDocs int64
}

// run reads all groups.
func (s *summing) run(ctx context.Context) error {
	s.cover = newCover(s.part, s.into)
	for {
		size := s.log.page.Load()
		groups, err := s.page(ctx, size)
		var refused *Error
		if errors.As(err, &refused) && refused.has(tooManyBuckets) {
			if size /= 2; size < leastPage {
				return errInexact
			}
			s.log.page.Store(size)
			continue
		}
		if err != nil {
			return err
		}
		for i := range groups {
			if err := s.add(&groups[i]); err != nil {
				return err
			}
		}
		if int64(len(groups)) < size || s.after == nil {
			break
		}
	}
	switch {
	case s.total == 0:
		return nil
	case s.summed != s.total: // a field with several values in one record
		return errInexact
	case s.mixedDocs > s.total/2:
		return errInexact
	}
	return s.finish(ctx)
}

// page asks for the next groups. The first page also tells how the records are spread over time.
func (s *summing) page(ctx context.Context, size int64) ([]sumGroup, error) {
	aggs := m{"groups": s.composite(size)}
	first := s.after == nil
	read := map[string]func(*json.Decoder) error{}
	if first {
		s.cover.ask(aggs, read)
	}
	var groups []sumGroup
	var after json.RawMessage
	read["groups"] = func(d *json.Decoder) error {
		groups, after = groups[:0], nil
		return object(d, func(name string) error {
			switch name {
			case "after_key":
				return into(&after)(d)
			case "buckets":
				return array(d, func() error {
					groups = append(groups, sumGroup{})
					return transferred(d.Decode(&groups[len(groups)-1]))
				})
			}
			return skip(d)
		})
	}
	bytes := int64(0)
	told := func(n int64) {
		if bytes = n; s.told != nil {
			s.told(s.before + s.stats.Bytes + n)
		}
	}
	total, faults, err := s.log.client.ask(ctx, s.part.indices, m{"query": s.part.query, "aggs": aggs}, &reading{aggs: read, told: told})
	if err != nil {
		return nil, err
	}
	s.stats.Bytes += bytes
	s.stats.Faults = append(s.stats.Faults, faults...)
	if !first && total != s.total {
		return nil, errMoved
	}
	s.total, s.after, s.cover.total = total, after, total
	return groups, ctx.Err()
}

// add takes a group, or puts it aside.
func (s *summing) add(g *sumGroup) error {
	s.summed += g.Docs
	line, uniform := g.line(s.policy)
	sum, ok := g.sum()
	if !ok {
		return errInexact
	}
	if !uniform || s.into.AddSum(line, sum) != "" {
		s.mixed = append(s.mixed, g.Key)
		s.mixedDocs += g.Docs
		return s.into.Err()
	}
	if s.first.IsZero() || sum.First.Before(s.first) {
		s.first = sum.First
	}
	if sum.Last.After(s.last) {
		s.last = sum.Last
	}
	return s.into.Err()
}

// line is the group's key as a record has it. It is false when not all records of the group have the same policies: then some policy
// is in fewer of them than there are.
func (g *sumGroup) line(field string) ([]byte, bool) {
	key := g.Key
	if len(key) < 2 || g.Policies.Other != 0 || g.Policies.Error != 0 {
		return nil, false
	}
	names := make([]string, len(g.Policies.Buckets))
	for i := range g.Policies.Buckets {
		if g.Policies.Buckets[i].Docs != g.Docs {
			return nil, false
		}
		names[i] = g.Policies.Buckets[i].Key
	}
	if len(names) == 0 {
		return key, true
	}
	member := "enforced_policies"
	if field == listed {
		member = "all_policies"
	} else if !flow.NamesPolicies(names) {
		return nil, false // the other list may decide
	}
	list, err := json.Marshal(m{member: names})
	if err != nil {
		return nil, false
	}
	line := append(append([]byte{}, key[:len(key)-1]...), `,"policies":`...)
	return append(append(line, list...), '}'), true
}

// sum is what the group's records add up to; false when the server's numbers are not exact or contradict each other.
func (g *sumGroup) sum() (*flow.Sum, bool) {
	if g.First.Value == nil || g.Last.Value == nil {
		return nil, false
	}
	sum := &flow.Sum{First: time.UnixMilli(when(*g.First.Value)).UTC(), Last: time.UnixMilli(when(*g.Last.Value)).UTC(), Records: g.Docs}
	for _, one := range []struct {
		from number
		to   *int64
	}{
		{g.Started, &sum.Connections}, {g.In, &sum.BytesIn}, {g.Out, &sum.BytesOut}, {g.PacketsIn, &sum.PacketsIn}, {g.PacketsOut, &sum.PacketsOut},
	} {
		n, ok := one.from.exact()
		if !ok || n < 0 {
			return nil, false
		}
		*one.to = n
	}
	return sum, !sum.Last.Before(sum.First)
}

// keysAtOnce is how many groups one query names: a query has at most 1,024 clauses (indices.query.bool.max_clause_count).
const keysAtOnce = 40

// finish reads the records of the groups that were put aside, and counts all others.
func (s *summing) finish(ctx context.Context) error {
	if err := s.cover.zeros(ctx, s); err != nil {
		return err
	}
	for from := 0; from < len(s.mixed); from += keysAtOnce {
		some := s.part.where(all(s.part.query, s.named(s.mixed[from:min(from+keysAtOnce, len(s.mixed))])))
		own := &summing{log: s.log, part: some, into: s.into}
		own.cover = newCover(some, s.into)
		if err := own.cover.count(ctx, own); err != nil {
			return err
		}
		s.stats.Faults = append(s.stats.Faults, own.stats.Faults...)
		s.cover.subtract(own.cover)
		if err := s.log.documents(ctx, some, s.into, &s.stats, nil); err != nil {
			return err
		}
	}
	counted, ok := s.cover.stats(s.into)
	if !ok {
		return errInexact
	}
	if s.summed > s.mixedDocs {
		counted.First, counted.Last = s.first, s.last
	}
	s.into.AddStats(counted)
	s.stats.Lines += counted.Lines
	return nil
}

// named finds the records of the groups with the keys.
func (s *summing) named(keys []json.RawMessage) m {
	var any []m
	for _, key := range keys {
		var values map[string]json.RawMessage
		if err := json.Unmarshal(key, &values); err != nil {
			continue // the server's own text
		}
		var have, lack []m
		for _, name := range keyFields {
			f := s.part.Fields[name]
			if value, ok := values[name]; ok && string(value) != "null" {
				have = append(have, m{"term": m{f.Path: value}})
			} else {
				lack = append(lack, f.present())
			}
		}
		any = append(any, m{"bool": m{"filter": have, "must_not": lack}})
	}
	return either(any...)
}
