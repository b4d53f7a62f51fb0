package opensearch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Server is what a server says of itself.
type Server struct {
	Name         string `json:"name"` // of the cluster
	Version      string `json:"version"`
	Distribution string `json:"distribution"` // "opensearch"; Elasticsearch says nothing
}

// Server asks the server what it is.
func (c *Client) Server(ctx context.Context) (*Server, error) {
	var said struct {
		Name    string `json:"cluster_name"`
		Version struct {
			Number       string `json:"number"`
			Distribution string `json:"distribution"`
		} `json:"version"`
	}
	if err := c.get(ctx, "/", nil, &said); err != nil {
		return nil, fmt.Errorf("ask for version: %w", err)
	}
	return &Server{said.Name, said.Version.Number, said.Version.Distribution}, nil
}

// Source is a log as it is configured.
type Source struct {
	Kind    Kind
	Setting string // the setting that names its indices, as "opensearch.flows"
	Log     LogOptions
	// Optional tells that reports are complete without any such index.
	Optional bool
}

// Diagnosis is what was found of a source.
type Diagnosis struct {
	Setting   string    `json:"setting"`
	Pattern   string    `json:"pattern"`
	Open      []string  `json:"open"`   // indices, sorted
	Closed    []string  `json:"closed"` // indices, sorted
	Documents int64     `json:"documents"`
	First     time.Time `json:"first,omitzero"` // earliest time of a document, UTC
	Last      time.Time `json:"last,omitzero"`  // latest, UTC
	// Times are the fields by which documents are found, with their types and how documents write them.
	Times []string `json:"times"`
	// Record says where in a document the record lies: "document" for the document itself, else the path of a field.
	Record string `json:"record"`
	// Fields are the fields that are asked for by how they are kept: "keyword", "date (epoch_second)", "keyword, as action.keyword",
	// "not mapped". Where indices differ a field is under several.
	Fields   map[string][]string `json:"fields"`
	Problems []Problem           `json:"problems"`
}

// Problem is what is wrong, or slow.
type Problem struct {
	Text string `json:"text"`
	// Change is the line of the configuration, or the request to the server, that would mend it; "" when there is none.
	Change string `json:"change,omitempty"`
	// Partial tells that reports would be partial, or lack what they should have; else they only take longer.
	Partial bool `json:"partial"`
}

// Partial tells whether reports from this source would be partial.
func (d *Diagnosis) Partial() bool {
	return slices.ContainsFunc(d.Problems, func(p Problem) bool { return p.Partial })
}

func (d *Diagnosis) problem(partial bool, text, change string) {
	p := Problem{text, change, partial}
	if !slices.Contains(d.Problems, p) {
		d.Problems = append(d.Problems, p)
	}
}

// Diagnose looks at a source as reports will: its indices, their mappings, and a few documents. What the server refuses is a problem of
// the source; an error is a server that cannot be reached.
func (c *Client) Diagnose(ctx context.Context, s *Source) (*Diagnosis, error) {
	d := &Diagnosis{Setting: s.Setting, Pattern: s.Log.pattern(), Fields: map[string][]string{}}
	x := &examination{client: c, source: s, found: d}
	err := x.run(ctx)
	var refused *Error
	if errors.As(err, &refused) {
		change := ""
		if errors.Is(err, fs.ErrPermission) {
			change = "give the user the rights read and indices:admin/* (view_index_metadata, monitor) on " + d.Pattern
		}
		d.problem(true, err.Error(), change)
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", s.Setting, err)
	}
	return d, nil
}

// examination is the making of a diagnosis.
type examination struct {
	client *Client
	source *Source
	found  *Diagnosis
}

func (x *examination) run(ctx context.Context) error {
	known, err := x.client.resolve(ctx, x.found.Pattern)
	if err != nil {
		return err
	}
	x.found.Open, x.found.Closed = known.open, known.closed
	if len(known.open)+len(known.closed) == 0 {
		return x.nothing(ctx)
	}
	for _, name := range known.closed {
		x.found.problem(true, "index "+name+" is closed: what it holds is not read", "POST /"+name+"/_open")
	}
	if err := x.health(ctx); err != nil {
		return err
	}
	planner := x.planner()
	groups, err := x.client.groups(ctx, x.found.Pattern, x.paths())
	if err != nil {
		return err
	}
	for i := range groups {
		if err := x.group(ctx, planner, &groups[i]); err != nil {
			return err
		}
	}
	slices.Sort(x.found.Times)
	x.found.Times = slices.Compact(x.found.Times)
	return nil
}

func (x *examination) planner() *planner {
	if x.source.Kind == Flows {
		return NewFlowLog(x.client, x.source.Log).planner()
	}
	return NewAuditLog(x.client, x.source.Log).planner()
}

// paths are those of the fields that reports ask for, by their names.
func (x *examination) paths() map[string]string {
	mapping := &x.source.Log.Mapping
	out := map[string]string{stamp: stamp}
	for _, name := range x.needed() {
		out[name] = mapping.path(name)
	}
	if mapping.Time != "" {
		out[mappedTime] = mapping.Time
	}
	return out
}

// needed are the fields by which records are found and added up.
func (x *examination) needed() []string {
	if x.source.Kind == AuditEvents {
		return auditFields
	}
	return slices.Concat(keyFields, sortedValues(counters), []string{startTime, endTime, enforced, listed})
}

// likely finds indices that may be meant where the pattern finds none.
var likely = map[Kind]string{Flows: "*flow*", AuditEvents: "*audit*"}

// nothing tells of a pattern without indices, and looks for others.
func (x *examination) nothing(ctx context.Context) error {
	text := "no index has a name like " + x.found.Pattern
	if x.source.Optional {
		x.found.problem(false, text+": nothing is missing where another log has these events", "")
		return nil
	}
	change := ""
	o := x.source.Log
	if o.Cluster != "" && strings.Contains(strings.Join(o.Indices, ","), "{cluster}") {
		o.Cluster = "*"
		others, err := x.client.resolve(ctx, o.pattern())
		if err != nil {
			return err
		}
		if cluster, name := clusterOf(x.source.Log.Indices, others.open); cluster != "" {
			text, change = text+", and there is "+name, "cluster: "+cluster
		}
	}
	if change == "" {
		others, err := x.client.resolve(ctx, likely[x.source.Kind])
		if err != nil {
			return err
		}
		if n := len(others.open); n > 0 {
			text += ", and there is " + strings.Join(others.open[:min(n, 3)], ", ")
			change = x.source.Setting + ": " + undated(others.open[0])
		}
	}
	x.found.problem(true, text, change)
	return nil
}

// undated is the pattern of the names that differ from one in their day.
func undated(name string) string {
	if at := dated.FindStringIndex(name); at != nil {
		return name[:at[0]] + "*"
	}
	return name
}

// clusterOf finds the name that one of the indices has in the place of {cluster}.
func clusterOf(patterns, indices []string) (cluster, index string) {
	for _, pattern := range patterns {
		before, after, ok := strings.Cut(pattern, "{cluster}")
		after, _, _ = strings.Cut(after, "*")
		if !ok || after == "" {
			continue
		}
		for _, name := range indices {
			if rest, ok := strings.CutPrefix(name, before); ok {
				if cluster, _, ok := strings.Cut(rest, after); ok && cluster != "" {
					return cluster, name
				}
			}
		}
	}
	return "", ""
}

// health tells of indices that lack shards.
func (x *examination) health(ctx context.Context) error {
	var said struct {
		Indices map[string]struct {
			Status string `json:"status"`
		} `json:"indices"`
	}
	query := url.Values{"level": {"indices"}, "expand_wildcards": {"open,hidden"}}
	err := x.client.get(ctx, "/_cluster/health/"+x.found.Pattern, query, &said)
	var refused *Error
	if errors.As(err, &refused) {
		return nil // who may read need not be allowed to look at the cluster; searches tell of shards that are away
	}
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(said.Indices) {
		if said.Indices[name].Status == "red" {
			x.found.problem(true, "index "+name+" is red: it lacks shards, and what these hold is not read", "GET /_cluster/allocation/explain")
		}
	}
	return nil
}
