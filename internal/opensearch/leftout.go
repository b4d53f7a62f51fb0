package opensearch

import (
	"context"
	"encoding/json"
	"time"

	"github.com/probity/probity/internal/audit"
)

const hour = int64(3_600_000)

// leftOut counts the events that a query finds, and when they were, without reading them.
func (a *AuditLog) leftOut(ctx context.Context, p *Partition, at field, query m, stats *ReadStats) (*audit.LeftOut, error) {
	out := &audit.LeftOut{}
	for _, indices := range batches(p.Indices) {
		hours := map[string]int64{}
		var first, last struct {
			Value *float64 `json:"value"`
		}
		aggs := at.histograms("hours", steps{p.From, p.To, hour, 0})
		aggs["first"], aggs["last"] = m{"min": m{"field": at.Path}}, m{"max": m{"field": at.Path}}
		read := map[string]func(*json.Decoder) error{"first": into(&first), "last": into(&last)}
		readHistograms(read, "hours", func() { clear(hours) }, func(at, docs int64) {
			hours[time.UnixMilli(at).UTC().Format("2006-01-02T15")] += docs
		})
		count, faults, err := a.client.ask(ctx, indices, m{"query": query, "aggs": aggs}, &reading{aggs: read})
		if err != nil {
			return nil, err
		}
		stats.Faults = append(stats.Faults, faults...)
		out.Count += count
		if count == 0 || first.Value == nil || last.Value == nil {
			continue
		}
		if err := a.widen(ctx, out, &ends{indices, at, query, *first.Value, *last.Value}); err != nil {
			return nil, err
		}
		if !p.After {
			out.Hours = merged(out.Hours, hours)
		}
	}
	return out, nil
}

func merged(into, from map[string]int64) map[string]int64 {
	if into == nil {
		return from
	}
	for hour, n := range from {
		into[hour] += n
	}
	return into
}

// ends are the first and last time of what a query finds, as the server keeps them.
type ends struct {
	indices     string
	at          field
	query       m
	first, last float64
}

// widen takes the first and last time over. A server keeps milliseconds and an event has microseconds, so the events of these two
// milliseconds are looked at, as far as one page goes.
func (a *AuditLog) widen(ctx context.Context, out *audit.LeftOut, e *ends) error {
	for i, kept := range []float64{e.first, e.last} {
		best := time.UnixMilli(when(kept)).UTC()
		found := false
		one := m{"query": all(e.query, exactly(e.at, kept)), "size": firstPage, "_source": []string{a.options.Mapping.path(stageTime)}}
		if event := a.options.Mapping.Event; event != "" {
			one["_source"] = []string{event, event + "." + stageTime}
		}
		_, err := a.client.search(ctx, "/"+e.indices+"/_search", one, &reading{hit: func(h *hit) error {
			raw, _ := dig(unnest(h.Source, a.options.Mapping.Event), stageTime)
			var text string
			if json.Unmarshal(raw, &text) != nil {
				return nil //nolint:nilerr // the number that the server keeps stands
			}
			t, err := time.Parse(time.RFC3339Nano, text)
			known := err == nil && t.UnixMilli() == when(kept) // else the server's own number stands
			if t = t.UTC().Truncate(time.Microsecond); known && (!found || t.Before(best) == (i == 0)) {
				best, found = t, true
			}
			return nil
		}})
		if err != nil {
			return err
		}
		if out.First.IsZero() || best.Before(out.First) {
			out.First = best
		}
		if best.After(out.Last) {
			out.Last = best
		}
	}
	return nil
}

// exactly finds the documents with a number as the server keeps it.
func exactly(f field, kept float64) m {
	r := m{"gte": int64(kept), "lte": int64(kept)}
	if f.isDate() {
		r["format"] = "epoch_millis"
	}
	return m{"range": m{f.Path: r}}
}
