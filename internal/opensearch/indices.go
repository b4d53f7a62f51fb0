package opensearch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// field is a mapped field of an index.
type field struct {
	// Path is what a query names: the field, or its sub-field of type keyword where the field itself is analyzed text.
	Path string `json:"path"`
	Type string `json:"type"`
	// Format is that of a date, "" for the default.
	Format string `json:"format,omitempty"`
	// Hidden tells that the field is not in the columns by which a server groups and sorts.
	Hidden bool `json:"hidden,omitempty"`
}

// group is indices in which the fields are mapped alike. Fields that are not mapped are absent.
type group struct {
	Indices []string         `json:"indices"`
	Fields  map[string]field `json:"fields"`
}

// resolved is what a pattern of index names stands for.
type resolved struct {
	open, closed []string // sorted
}

// resolve finds the indices behind a pattern, aliases and data streams. A name that does not exist is no index.
func (c *Client) resolve(ctx context.Context, pattern string) (*resolved, error) {
	var found struct {
		Indices []struct {
			Name       string   `json:"name"`
			Attributes []string `json:"attributes"`
		} `json:"indices"`
		Aliases []struct {
			Indices []string `json:"indices"`
		} `json:"aliases"`
		DataStreams []struct {
			BackingIndices json.RawMessage `json:"backing_indices"`
		} `json:"data_streams"`
	}
	err := c.get(ctx, "/_resolve/index/"+pattern, url.Values{"expand_wildcards": {"all"}}, &found)
	if notFound(err) {
		return &resolved{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", pattern, err)
	}
	states := map[string]bool{} // whether open
	for _, alias := range found.Aliases {
		for _, name := range alias.Indices {
			states[name] = true
		}
	}
	for _, stream := range found.DataStreams {
		for _, name := range names(stream.BackingIndices) {
			states[name] = true
		}
	}
	for _, index := range found.Indices {
		states[index.Name] = !slices.Contains(index.Attributes, "closed")
	}
	out := &resolved{}
	for name, open := range states {
		if open {
			out.open = append(out.open, name)
		} else {
			out.closed = append(out.closed, name)
		}
	}
	slices.Sort(out.open)
	slices.Sort(out.closed)
	return out, nil
}

// names reads one name or a list of them.
func names(raw json.RawMessage) []string {
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}
	}
	return nil
}

// groups reads how the fields are mapped in the open indices behind the pattern, and puts those together where that is the same.
// paths are the fields' paths by the names that the result has them under.
func (c *Client) groups(ctx context.Context, pattern string, paths map[string]string) ([]group, error) {
	wanted := make([]string, 0, len(paths))
	for _, path := range paths {
		wanted = append(wanted, path)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	var found map[string]struct {
		Mappings map[string]struct {
			Mapping map[string]fieldMapping `json:"mapping"`
		} `json:"mappings"`
	}
	query := url.Values{"ignore_unavailable": {"true"}, "allow_no_indices": {"true"}, "expand_wildcards": {"open,hidden"}}
	err := c.get(ctx, "/"+pattern+"/_mapping/field/"+strings.Join(wanted, ","), query, &found)
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read mapping of %s: %w", pattern, err)
	}
	bySignature := map[string]*group{}
	for index, body := range found {
		fields := map[string]field{}
		for name, path := range paths {
			for _, mapped := range body.Mappings[path].Mapping {
				fields[name] = mapped.field(path)
			}
		}
		signature, err := json.Marshal(fields)
		if err != nil {
			return nil, fmt.Errorf("encode mapping of %s: %w", index, err)
		}
		if bySignature[string(signature)] == nil {
			bySignature[string(signature)] = &group{Fields: fields}
		}
		own := bySignature[string(signature)]
		own.Indices = append(own.Indices, index)
	}
	var out []group
	for _, own := range bySignature {
		slices.Sort(own.Indices)
		out = append(out, *own)
	}
	slices.SortFunc(out, func(a, b group) int { return strings.Compare(a.Indices[0], b.Indices[0]) })
	return out, nil
}

// fieldMapping is a field as the server describes it.
type fieldMapping struct {
	Type      string                  `json:"type"`
	Format    string                  `json:"format"`
	Index     *bool                   `json:"index"`
	DocValues *bool                   `json:"doc_values"`
	Fields    map[string]fieldMapping `json:"fields"`
}

func (f fieldMapping) field(path string) field {
	if f.Type == "text" {
		for _, name := range sortedNames(f.Fields) {
			if sub := f.Fields[name]; sub.Type == "keyword" {
				return sub.field(path + "." + name)
			}
		}
	}
	off := func(b *bool) bool { return b != nil && !*b }
	return field{Path: path, Type: f.Type, Format: f.Format, Hidden: off(f.DocValues) || off(f.Index)}
}

func sortedNames(fields map[string]fieldMapping) []string {
	out := make([]string, 0, len(fields))
	for name := range fields {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// get reads a small answer.
func (c *Client) get(ctx context.Context, path string, query url.Values, to any) error {
	return c.send(ctx, &call{http.MethodGet, path, query, nil}, func(in io.Reader) error {
		return json.NewDecoder(&bounded{in: in, left: maxMappings}).Decode(to)
	})
}

// maxMappings bounds what is read about indices: thousands of them.
const maxMappings = 64 << 20

func notFound(err error) bool {
	var refused *Error
	return errors.As(err, &refused) && refused.Status == http.StatusNotFound
}

// maxNames bounds the names of indices in one request; a server reads a first line of 4,096 bytes (http.max_initial_line_length).
const maxNames = 3000

// batches joins names by commas to lists that fit into a request.
func batches(names []string) []string {
	var out []string
	for _, name := range names {
		if n := len(out) - 1; n >= 0 && len(out[n])+1+len(name) <= maxNames {
			out[n] += "," + name
			continue
		}
		out = append(out, name)
	}
	return out
}
