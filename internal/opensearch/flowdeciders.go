package opensearch

import (
	"encoding/json"
	"slices"
)

// policySource is the name of the policy in the key of a group that has one.
const policySource = "policy"

// deciders are the policies that decide the records of a query: one of all of them, or the one in the key of each group.
type deciders struct {
	all   string          // "" when nothing decides
	inKey map[string]bool // those that can decide
	each  int64           // how many policies a record names, where the key has one
}

// oneOf are deciders of which each group's key has one.
func oneOf(texts []string, each int64) *deciders {
	d := &deciders{inKey: map[string]bool{}, each: each}
	for _, text := range texts {
		d.inKey[text] = true
	}
	return d
}

// member is the list of a group's policy, as a record has it behind other members. It is false for a group that is none: its records are
// in the group of the policy that decides them.
func (d *deciders) member(key json.RawMessage) (member []byte, ok bool) {
	text := d.all
	if d.inKey != nil {
		eachMember(key, func(name, value []byte) {
			if string(name) == policySource {
				ok = json.Unmarshal(value, &text) == nil
			}
		})
		if !ok || !d.inKey[text] {
			return nil, false
		}
	}
	if text == "" {
		return nil, true
	}
	list, err := json.Marshal(text)
	return slices.Concat([]byte(`,"policies":{"enforced_policies":[`), list, []byte("]}")), err == nil
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
		if policy, ok := values[policySource]; ok {
			have = append(have, m{"term": m{s.part.Fields[s.policy].Path: policy}})
		}
		for _, name := range keyFields {
			f := s.part.Fields[name]
			value, ok := values[name]
			if !ok {
				value, ok = s.constants.values[name]
			}
			if ok && len(value) > 0 && string(value) != "null" {
				have = append(have, m{"term": m{f.Path: value}})
			} else {
				lack = append(lack, f.present())
			}
		}
		any = append(any, m{"bool": m{"filter": have, "must_not": lack}})
	}
	return either(any...)
}
