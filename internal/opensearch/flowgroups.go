package opensearch

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/probity/probity/internal/flow"
)

// summing is the adding up of a part's records that have their policies in one field.
//
// Which policy decides a record cannot be summed, since a record names several. Where each names one that can decide, that one is a
// part of the key. Else the records are read by the policy that decides them: for each such policy, those that name it and none that
// goes before it. Each record is in exactly one of these queries.
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
	groups      int64
	first, last time.Time
	cover       *cover
	constants   constants
	// aside finds the records that have to be read one by one.
	aside     []m
	asideDocs int64
}

const (
	// maxPolicies bounds the policies of a part that are told apart.
	maxPolicies = 10_000
	// maxClasses bounds the queries for a part: each takes a server some milliseconds.
	maxClasses = 3_000
)

// run adds everything.
func (s *summing) run(ctx context.Context) error {
	policies, err := s.discover(ctx)
	if err != nil || s.total == 0 {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	classes, silent := flow.Deciding(sortedKeys(policies))
	deciding := slices.Concat(classes...)
	each, err := s.each(ctx, policies, classes)
	switch {
	case err != nil:
	case each > 0:
		err = s.read(ctx, all(s.part.query, s.naming(deciding)), oneOf(deciding, each))
	case len(classes) > maxClasses:
		err = errInexact
	default:
		err = s.byClass(ctx, classes)
	}
	if err != nil {
		return err
	}
	undecided := without(s.part.query, s.naming(deciding))
	if s.policy == enforced { // where none of these can be read, all of the record's policies decide
		unread := without(undecided, s.naming(silent))
		undecided = all(undecided, s.naming(silent))
		if err := s.putAside(ctx, unread); err != nil {
			return err
		}
	}
	if err := s.read(ctx, undecided, &deciders{}); err != nil {
		return err
	}
	return s.finish(ctx)
}

// naming finds the records that name one of the policies.
func (s *summing) naming(texts []string) m {
	return m{"terms": m{s.part.Fields[s.policy].Path: append([]string{}, texts...)}}
}

// each is how many policies a record names when the deciding one is to be a part of the key: no record names two that could decide,
// and it is worth it. A record then counts once for each policy that it names, all of them in one pass over documents that lie one
// after the other; each class reads documents that lie apart, which takes a server longer for each of them. Zero when it is not.
func (s *summing) each(ctx context.Context, policies map[string]int64, classes [][]string) (int64, error) {
	var named, decided int64
	for _, docs := range policies {
		named += docs
	}
	for _, class := range classes {
		for _, text := range class {
			decided += policies[text]
		}
	}
	if int64(len(classes))*s.total <= 4*named {
		return 0, nil
	}
	n, err := s.count(ctx, all(s.part.query, s.naming(slices.Concat(classes...))))
	if err != nil || n != decided {
		return 0, err
	}
	return (named + s.total - 1) / s.total, nil
}

// byClass reads the records of each class by themselves.
func (s *summing) byClass(ctx context.Context, classes [][]string) error {
	var earlier []string
	for _, class := range classes {
		query := without(all(s.part.query, s.naming(class)), s.naming(earlier))
		if err := s.read(ctx, query, &deciders{all: class[0]}); err != nil {
			return err
		}
		earlier = append(earlier, class...)
	}
	return nil
}

// discover counts the records, and asks for how they are spread over time and for the policies that they name.
func (s *summing) discover(ctx context.Context) (map[string]int64, error) {
	s.cover = newCover(s.part, s.into)
	aggs, read := m{"policies": m{"terms": m{"field": s.part.Fields[s.policy].Path, "size": maxPolicies}}}, map[string]func(*json.Decoder) error{}
	s.cover.ask(aggs, read)
	var found struct {
		buckets
		Other int64 `json:"sum_other_doc_count"`
	}
	read["policies"] = func(d *json.Decoder) error {
		found.Buckets = nil
		return into(&found)(d)
	}
	total, faults, err := s.log.client.ask(ctx, s.part.indices, m{"query": s.part.query, "aggs": aggs}, &reading{aggs: read})
	if tooMany(err) {
		return nil, errInexact
	}
	if err != nil {
		return nil, err
	}
	s.stats.Faults = append(s.stats.Faults, faults...)
	s.total, s.cover.total = total, total
	if found.Other > 0 {
		return nil, errInexact
	}
	policies := map[string]int64{}
	for i := range found.Buckets {
		policies[found.Buckets[i].name()] += found.Buckets[i].Docs
	}
	return policies, nil
}

// count is how many documents a query finds.
func (s *summing) count(ctx context.Context, query m) (int64, error) {
	n, faults, err := s.log.client.ask(ctx, s.part.indices, m{"query": query}, &reading{})
	s.stats.Faults = append(s.stats.Faults, faults...)
	return n, err
}

func (s *summing) putAside(ctx context.Context, query m) error {
	n, err := s.count(ctx, query)
	if err == nil && n > 0 {
		s.aside, s.asideDocs, s.summed = append(s.aside, query), s.asideDocs+n, s.summed+n
	}
	return err
}

// read adds the groups of the records that a query finds.
func (s *summing) read(ctx context.Context, query m, by *deciders) error {
	var odd []json.RawMessage
	var oddDocs int64
	pages := &pager{summing: s, query: query, named: by.each, add: func(g *sumGroup) error {
		member, ok := by.member(g.key)
		if !ok {
			return nil
		}
		ok, err := s.add(g, member)
		if err == nil && !ok {
			odd, oddDocs = append(odd, g.key), oddDocs+g.docs
		}
		return err
	}}
	if err := pages.run(ctx); err != nil {
		return err
	}
	for some := range slices.Chunk(odd, keysAtOnce) {
		s.aside = append(s.aside, all(query, s.named(some)))
	}
	s.asideDocs += oddDocs
	return nil
}

// add takes a group; it is false for one that is none, as one with an unknown action.
func (s *summing) add(g *sumGroup, policy []byte) (bool, error) {
	s.summed += g.docs
	s.groups++
	sum, ok := g.sum()
	if !ok || len(g.key) < 2 {
		return false, errInexact
	}
	line := slices.Concat(g.key[:len(g.key)-1], s.constants.members, policy, []byte("}"))
	if s.into.AddSum(line, sum) != "" {
		return false, s.into.Err()
	}
	if s.first.IsZero() || sum.First.Before(s.first) {
		s.first = sum.First
	}
	if sum.Last.After(s.last) {
		s.last = sum.Last
	}
	return true, s.into.Err()
}

// keysAtOnce is how many groups one query names: a query has at most 1,024 clauses (indices.query.bool.max_clause_count).
const keysAtOnce = 40

// finish reads the records that were put aside, and counts all others.
func (s *summing) finish(ctx context.Context) error {
	if s.summed != s.total { // as with a field that has several values in one record
		if now, err := s.count(ctx, s.part.query); err != nil || now != s.total {
			return firstOf(err, errMoved)
		}
		return errInexact
	}
	if s.asideDocs > s.total/2 {
		return errInexact
	}
	if err := s.cover.zeros(ctx, s); err != nil {
		return err
	}
	for _, query := range s.aside {
		some := s.part.where(query)
		counted := newCover(some, s.into)
		if err := counted.count(ctx, s); err != nil {
			return err
		}
		s.cover.subtract(counted)
		if err := s.log.documents(ctx, some, &sink{s.into, &s.stats, nil}); err != nil {
			return err
		}
	}
	counted, ok := s.cover.stats(s.into)
	if !ok {
		return errInexact
	}
	if s.total > s.asideDocs {
		counted.First, counted.Last = s.first, s.last
	}
	s.into.AddStats(counted)
	s.stats.Lines += counted.Lines
	return nil
}
