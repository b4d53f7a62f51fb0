package opensearch

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/probity/probity/internal/flow"
)

// pager reads the groups of the records that a query finds, page by page. A server reads all documents of a query again for each page
// (components.md D2). So where one page does not hold all groups, those that are left are asked for by spans of values of the first
// field of their key, of about as many groups as a page has: each document is then read about once, and each group comes once.
type pager struct {
	*summing
	query m
	add   func(*sumGroup) error
	// named is how many policies a record names, at most on average, where the key has one of them, too: a record then is in that many
	// groups. Else it is zero.
	named int64

	after        json.RawMessage // the last group of a page that was full
	span         span            // of values that is read
	values       []value         // those that are left, sorted
	weighed      bool            // whether values were asked for, as they are once a page was full
	docs, groups int64           // read so far
}

func (p *pager) run(ctx context.Context) error {
	for {
		size := p.log.page.Load()
		n, err := p.page(ctx, size)
		switch {
		case tooMany(err):
			if size /= 2; size < leastPage {
				return errInexact
			}
			p.log.page.Store(size)
		case err != nil:
			return err
		case n == size && p.after != nil:
			if err := p.narrow(ctx); err != nil {
				return err
			}
		case p.span.Upper == nil:
			return nil
		default:
			p.span.Lower, p.after = p.span.Upper, nil
			p.span.Upper = p.next(size)
		}
	}
}

// narrow goes on behind a page that was full.
func (p *pager) narrow(ctx context.Context) error {
	var key map[string]json.RawMessage
	var at *string
	if err := json.Unmarshal(p.after, &key); err != nil {
		return errInexact
	}
	if err := json.Unmarshal(key[pageField], &at); err != nil {
		return errInexact
	}
	p.span.Lower = at // nil among the groups that lack the field, which are the first
	if p.weighed {
		return nil
	}
	p.weighed = true
	var err error
	p.values, _, err = p.log.client.values(ctx, p.part.indices, p.query, p.part.Fields[pageField])
	p.span.Upper = p.next(p.log.page.Load())
	return err
}

// next is the end of the span that begins at lower: its documents make about three quarters of a page of groups, if they are like those
// that were read. It is nil when the rest fits.
func (p *pager) next(size int64) *string {
	room := size * 3 / 4 * max(p.docs, 1) / max(p.groups, 1) / max(p.named, 1)
	first := true
	for len(p.values) > 0 {
		v := p.values[0]
		switch {
		case p.span.Lower != nil && v.text < *p.span.Lower:
		case first || v.docs <= room:
			first = false
			room -= v.docs
		default:
			return &v.text
		}
		p.values = p.values[1:]
	}
	return nil
}

// page asks for the next groups and says how many there were.
func (p *pager) page(ctx context.Context, size int64) (int64, error) {
	var groups []sumGroup
	var after json.RawMessage
	r := &reading{aggs: map[string]func(*json.Decoder) error{"groups": func(d *json.Decoder) error {
		groups, after = groups[:0], nil
		return object(d, func(name string) error {
			switch name {
			case "after_key":
				return into(&after)(d)
			case "buckets":
				return array(d, func() error {
					var raw json.RawMessage
					if err := d.Decode(&raw); err != nil {
						return transferred(err)
					}
					groups = append(groups, readGroup(raw))
					return nil
				})
			}
			return skip(d)
		})
	}}}
	read := int64(0)
	r.told = func(n int64) {
		if read = n; p.told != nil {
			p.told(p.before + p.stats.Bytes + n)
		}
	}
	body := m{"query": p.span.of(p.query, p.part.Fields[pageField]), "aggs": m{"groups": p.composite(size)}, "track_total_hits": false}
	_, faults, err := p.log.client.ask(ctx, p.part.indices, body, r)
	if err != nil {
		return 0, err
	}
	p.stats.Bytes += read
	p.stats.Faults = append(p.stats.Faults, faults...)
	p.after = after
	for i := range groups {
		p.docs, p.groups = p.docs+groups[i].docs, p.groups+1
		if err := p.add(&groups[i]); err != nil {
			return 0, err
		}
	}
	return int64(len(groups)), ctx.Err()
}

// composite asks for groups, from behind the one that was last.
func (p *pager) composite(size int64) m {
	var sources []m
	for _, name := range p.constants.varying() {
		sources = append(sources, m{name: m{"terms": m{"field": p.part.Fields[name].Path, "missing_bucket": true}}})
	}
	if p.named > 0 {
		sources = append(sources, m{policySource: m{"terms": m{"field": p.part.Fields[p.policy].Path}}})
	}
	composite := m{"size": size, "sources": sources}
	if p.after != nil {
		composite["after"] = p.after
	}
	aggs := m{
		"f": m{"min": m{"field": p.part.Fields[startTime].Path}},
		"l": m{"max": m{"field": p.part.Fields[endTime].Path}},
	}
	for name, field := range counters {
		aggs[name] = m{"sum": m{"field": p.part.Fields[field].Path}}
	}
	return m{"composite": composite, "aggs": aggs}
}

// sumGroup is one group of an answer.
type sumGroup struct {
	key         json.RawMessage // as the members of a record
	docs        int64
	first, last float64
	sums        [5]float64 // connections, bytes in and out, packets in and out
	times       int        // how many of first and last there are
	bad         bool
}

// readGroup reads what composite asked for.
func readGroup(raw json.RawMessage) sumGroup {
	var g sumGroup
	eachMember(raw, func(name, value []byte) {
		switch string(name) {
		case "key":
			g.key = value
		case "doc_count":
			n, err := strconv.ParseInt(string(value), 10, 64)
			g.docs, g.bad = n, g.bad || err != nil
		case "f":
			g.first = g.value(value, &g.times)
		case "l":
			g.last = g.value(value, &g.times)
		case "c", "i", "o", "p", "q":
			var there int
			g.sums[strings.IndexByte("ciopq", name[0])] = g.value(value, &there)
		}
	})
	return g
}

// value reads the number of a sum, and counts it when it is there.
func (g *sumGroup) value(raw []byte, there *int) float64 {
	var out float64
	eachMember(raw, func(name, value []byte) {
		if string(name) != "value" || string(value) == "null" {
			return
		}
		n, err := strconv.ParseFloat(string(value), 64)
		out, g.bad = n, g.bad || err != nil
		*there++
	})
	return out
}

// sum is what the group's records add up to; false when the server's floating-point numbers are not exact or contradict each other.
func (g *sumGroup) sum() (*flow.Sum, bool) {
	if g.bad || g.times != 2 {
		return nil, false
	}
	const limit = 1 << 53
	for _, n := range g.sums {
		if n < 0 || n >= limit {
			return nil, false
		}
	}
	sum := &flow.Sum{
		First: time.UnixMilli(when(g.first)).UTC(), Last: time.UnixMilli(when(g.last)).UTC(), Records: g.docs,
		Connections: int64(g.sums[0]), BytesIn: int64(g.sums[1]), BytesOut: int64(g.sums[2]), PacketsIn: int64(g.sums[3]), PacketsOut: int64(g.sums[4]),
	}
	return sum, !sum.Last.Before(sum.First)
}
