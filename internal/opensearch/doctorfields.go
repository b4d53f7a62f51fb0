package opensearch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// group looks at indices that are mapped alike.
func (x *examination) group(ctx context.Context, p *planner, g *group) error {
	for _, name := range x.needed() {
		x.field(name, g)
	}
	name, at, ok := p.timeOf(g)
	times := []string{name}
	if x.source.Kind == Flows {
		times = []string{startTime, endTime}
		end := g.Fields[endTime]
		ok = ok && end.isTime() && !end.Hidden
	}
	for _, indices := range batches(g.Indices) {
		total, err := x.spread(ctx, indices, at, ok)
		if err != nil {
			return err
		}
		if total == 0 {
			continue
		}
		samples, err := x.samples(ctx, indices, at, ok)
		if err != nil {
			return err
		}
		nested := x.records(samples, ok)
		if !ok && !nested {
			x.timeless(g, p)
		}
		if ok {
			x.times(g, times, samples)
		}
	}
	x.speed(g)
	return nil
}

// field notes how a field is kept.
func (x *examination) field(name string, g *group) {
	f, mapped := g.Fields[name]
	how := f.Type
	switch path := x.source.Log.Mapping.path(name); {
	case !mapped:
		how = "not mapped"
	case f.Path != path:
		how += ", as " + f.Path
	case f.Format != "":
		how += " (" + f.Format + ")"
	}
	if f.Hidden {
		how += ", not searchable"
	}
	if !slices.Contains(x.found.Fields[how], name) {
		x.found.Fields[how] = append(x.found.Fields[how], name)
	}
}

// spread counts the documents, and finds the first and the last time.
func (x *examination) spread(ctx context.Context, indices string, at field, timed bool) (int64, error) {
	body := m{}
	read := map[string]func(*json.Decoder) error{}
	var first, last struct {
		Value *float64 `json:"value"`
	}
	if timed {
		body["aggs"] = m{"first": m{"min": m{"field": at.Path}}, "last": m{"max": m{"field": at.Path}}}
		read["first"], read["last"] = into(&first), into(&last)
	}
	total, faults, err := x.client.ask(ctx, indices, body, &reading{aggs: read})
	if err != nil {
		return 0, err
	}
	for _, fault := range faults {
		x.found.problem(true, fault, "")
	}
	x.found.Documents += total
	if first.Value == nil || last.Value == nil {
		return total, nil
	}
	begin, end := time.UnixMilli(when(*first.Value)).UTC(), time.UnixMilli(when(*last.Value)).UTC()
	if end.Year() > farYear {
		x.found.problem(true, fmt.Sprintf("field %s of %s has times in the year %d: its mapping reads seconds, and documents have milliseconds",
			at.Path, short(indices), end.Year()), "")
		return total, nil
	}
	if x.found.First.IsZero() || begin.Before(x.found.First) {
		x.found.First = begin
	}
	if end.After(x.found.Last) {
		x.found.Last = end
	}
	return total, nil
}

// farYear is later than any log: milliseconds that are read as seconds are beyond it.
const farYear = 2200

// sampled is how many documents are looked at in each set of indices.
const sampled = 20

// samples are the newest documents.
func (x *examination) samples(ctx context.Context, indices string, at field, timed bool) ([]json.RawMessage, error) {
	body := m{"size": sampled, "track_total_hits": false}
	if timed {
		body["sort"] = []m{{at.Path: m{"order": "desc"}}}
	}
	var docs []json.RawMessage
	_, err := x.client.search(ctx, "/"+indices+"/_search", body, &reading{hit: func(h *hit) error {
		docs = append(docs, slices.Clone(h.Source))
		return nil
	}})
	if none := noShards(err, indices); none != nil {
		return nil, nil //nolint:nilerr // spread has told
	}
	return docs, err
}

// timeless tells of indices whose documents cannot be found by their time.
func (x *examination) timeless(g *group, p *planner) {
	names := []string{p.times[0]}
	if x.source.Kind == AuditEvents {
		names = []string{stageTime}
	} else {
		names = append(names, endTime)
	}
	for _, name := range names {
		f, mapped := g.Fields[name]
		if !mapped || !f.isTime() || f.Hidden {
			x.found.problem(true, needTime(strings.Join(g.Indices, ","), x.source.Log.Mapping.path(name), f, mapped).Error(), "")
		}
	}
}

// times says how documents write the times.
func (x *examination) times(g *group, names []string, samples []json.RawMessage) {
	mapping := &x.source.Log.Mapping
	for _, name := range names {
		f := g.Fields[name]
		path := mapping.path(name)
		switch name {
		case mappedTime:
			path = mapping.Time
		case stamp:
			path = stamp
		}
		kind := f.Type
		if f.Format != "" {
			kind += " " + f.Format
		}
		forms := map[string]bool{}
		for _, doc := range samples {
			if value, ok := dig(unnestOnly(doc, mapping.Event, path), path); ok {
				forms[form(value)] = true
			}
		}
		text := path + ": " + kind
		if len(forms) > 0 {
			text += ", written as " + strings.Join(sortedKeys(forms), ", ")
		}
		x.found.Times = append(x.found.Times, text)
	}
}

// unnestOnly makes a record that was stored as text an object at its path, so that a path leads into it.
func unnestOnly(doc json.RawMessage, event, path string) json.RawMessage {
	if event == "" || !strings.HasPrefix(path, event+".") {
		return doc
	}
	inner, err := json.Marshal(map[string]json.RawMessage{event: unnest(doc, event)})
	if err != nil {
		return doc
	}
	return inner
}

// form is how a time is written.
func form(value json.RawMessage) string {
	text := strings.Trim(string(value), `"`)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if n < millisFrom {
			return "seconds"
		}
		return "milliseconds"
	}
	if _, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return "RFC 3339"
	}
	return "text"
}

// speed tells what makes reports read more than they need.
func (x *examination) speed(g *group) {
	if x.source.Kind == Flows {
		p := &Partition{Fields: g.Fields}
		if NewFlowLog(x.client, x.source.Log).sumsUp(p) {
			return
		}
		x.found.problem(false, fmt.Sprintf("flow records in %s are read one by one, because the server cannot add up %s: reports take longer",
			short(strings.Join(g.Indices, ",")), strings.Join(x.unsummed(g), ", ")), "")
		return
	}
	var slow []string
	for _, name := range []string{"verb", "stage", "objectRef.resource"} {
		if f := g.Fields[name]; f.Type != "keyword" || f.Hidden {
			slow = append(slow, x.source.Log.Mapping.path(name))
		}
	}
	if len(slow) > 0 {
		x.found.problem(false, fmt.Sprintf("all audit events in %s are read, because they cannot be searched by %s: map these as keyword",
			short(strings.Join(g.Indices, ",")), strings.Join(slow, ", ")), "")
	}
}

// unsummed are the fields because of which sums are not exact.
func (x *examination) unsummed(g *group) []string {
	if x.source.Log.Mapping.Event != "" {
		return []string{"what is nested under " + x.source.Log.Mapping.Event}
	}
	var out []string
	for _, name := range x.needed() {
		f, ok := g.Fields[name]
		isTime := name == startTime || name == endTime
		switch {
		case !ok, f.Hidden, f.Type == "text", f.Type == "float", f.Type == "double", isTime && (!f.isTime() || f.fine()):
			out = append(out, x.source.Log.Mapping.path(name))
		}
	}
	if len(out) == 0 {
		return []string{"fields of these types"}
	}
	if len(out) > 6 {
		return append(out[:6:6], fmt.Sprintf("and %d others", len(out)-6))
	}
	return out
}
