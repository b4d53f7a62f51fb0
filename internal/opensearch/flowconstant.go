package opensearch

import (
	"context"
	"encoding/json"
	"slices"
)

// constants are the fields of the key that all records of a part have alike. The server need not group by them, which saves it a third
// of the work where it is half of the fields (measured).
type constants struct {
	values  map[string]json.RawMessage // by field; nil for one that no record has
	members []byte                     // of those that have a value, as the end of a key
}

// varying are the fields that are left, in order.
func (c *constants) varying() []string {
	return slices.DeleteFunc(slices.Clone(keyFields), func(name string) bool {
		_, known := c.values[name]
		return known
	})
}

// settle finds the constants. Which terms a field has is known without reading documents: at most two are listed, also those of no
// record that the search came to, which ends with the first of each shard. Whether all records of the part have the only one is
// counted.
func (s *summing) settle(ctx context.Context) error {
	aggs, read, found := m{}, map[string]func(*json.Decoder) error{}, map[string]*buckets{}
	for _, name := range keyFields[1:] { // pages need the first
		if f := s.part.Fields[name]; f.Type == "keyword" {
			found[name] = &buckets{}
			aggs[name] = m{"terms": m{"field": f.Path, "size": 2, "min_doc_count": 0}}
			read[name] = into(found[name])
		}
	}
	body := m{"query": everything, "aggs": aggs, "terminate_after": 1, "track_total_hits": false}
	_, faults, err := s.log.client.ask(ctx, s.part.indices, body, &reading{aggs: read})
	if err != nil || len(faults) > 0 {
		s.stats.Faults = append(s.stats.Faults, faults...)
		return err
	}
	var alike []m
	same := constants{values: map[string]json.RawMessage{}}
	for _, name := range sortedKeys(found) {
		f := s.part.Fields[name]
		switch list := found[name].Buckets; len(list) {
		case 0:
			same.values[name] = nil
			alike = append(alike, without(everything, f.present()))
		case 1:
			same.values[name] = list[0].Key
			same.members = slices.Concat(same.members, []byte(`,"`+name+`":`), list[0].Key)
			alike = append(alike, m{"term": m{f.Path: list[0].Key}})
		}
	}
	if len(alike) == 0 {
		return nil
	}
	others, err := s.count(ctx, without(s.part.query, all(alike...)))
	if err == nil && others == 0 {
		s.constants = same
	}
	return err
}
