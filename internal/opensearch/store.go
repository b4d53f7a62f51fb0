package opensearch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Kind is what the lines of a log are.
type Kind string

// The kinds of logs.
const (
	// Flows are flow records, one a line, as Calico Enterprise or the emitter of Goldmane writes them.
	Flows Kind = "flows"
	// AuditEvents are events of audit.k8s.io/v1, one a line.
	AuditEvents Kind = "audit"
)

// Store puts the lines of a log into daily indices, each line as it stands as one document. It is safe for concurrent use.
//
// A document's identity is the SHA-256 of its line, and it is only ever created: sending a line again, in the same file or in another
// run, changes nothing. The day of the index is that of a flow's start or of an event's stageTimestamp, in UTC.
type Store struct {
	client *Client
	kind   Kind
	prefix string
	daily  bool
	work   sync.Pool // of *batch
}

// NewStore returns a store into the indices that a pattern stands for: "{cluster}" in it is the cluster's name, and one "*" at its
// end the day, as in "tigera_secure_ee_flows.{cluster}.*". Without a "*" it is the one index, alias or data stream of that name.
func NewStore(c *Client, kind Kind, pattern, cluster string) (*Store, error) {
	if kind != Flows && kind != AuditEvents {
		return nil, fmt.Errorf("store into %s: kind is %q: use %s or %s", pattern, kind, Flows, AuditEvents)
	}
	name, daily := strings.CutSuffix(strings.ReplaceAll(pattern, "{cluster}", cluster), "*")
	if name == "" || strings.ContainsAny(name, `*?,"\/|<> #`) {
		return nil, fmt.Errorf("store into %q: give one name with at most one * at its end, as %s", pattern, DefaultFlows)
	}
	s := &Store{client: c, kind: kind, prefix: name, daily: daily}
	s.work.New = func() any { return newBatch(s) }
	return s, nil
}

// Pattern is the name of the indices, with "*" for their day.
func (s *Store) Pattern() string {
	if s.daily {
		return s.prefix + "*"
	}
	return s.prefix
}

// Stored counts what became of lines. Read is the sum of all others.
type Stored struct {
	Read    int64 `json:"read"`    // lines that are not empty
	Stored  int64 `json:"stored"`  // documents that are new
	Present int64 `json:"present"` // lines whose document was there already
	Bad     int64 `json:"bad"`     // lines that were not sent: no JSON object, or without a time
	Refused int64 `json:"refused"` // documents that the server does not take
	// Why counts bad and refused lines by their reason.
	Why map[string]int64 `json:"why,omitempty"`
}

// Add sums two counts up.
func (s *Stored) Add(other *Stored) {
	s.Read += other.Read
	s.Stored += other.Stored
	s.Present += other.Present
	s.Bad += other.Bad
	s.Refused += other.Refused
	for why, n := range other.Why {
		s.because(why, n)
	}
}

func (s *Stored) because(why string, n int64) {
	if s.Why == nil {
		s.Why = map[string]int64{}
	}
	if _, known := s.Why[why]; !known && len(s.Why) >= maxWhys {
		why = "other reasons"
	}
	s.Why[why] += n
}

// maxWhys bounds the reasons that are told apart: a server's own texts are among them.
const maxWhys = 100

// Aside is given a line that could not be stored, and why; the line is valid during the call.
type Aside func(line []byte, why string) error

// Write stores the lines with as few requests as the server allows, and returns when each of them is stored or counted as what it is.
// It sends again what a busy server refuses, for as long as the client is patient after the last document that was taken. On an error
// some lines may be stored: writing all of them again completes them. A line whose document was stored by a request that went
// unanswered counts as present. aside may be nil.
func (s *Store) Write(ctx context.Context, lines [][]byte, aside Aside) (Stored, error) {
	b := s.work.Get().(*batch)
	defer s.work.Put(b)
	defer b.end()
	b.begin(aside)
	for _, line := range lines {
		if err := b.take(line); err != nil {
			return b.done, err
		}
	}
	if err := b.send(ctx, b.docs); err != nil {
		return b.done, fmt.Errorf("store into %s: %w", s.Pattern(), err)
	}
	return b.done, nil
}

// Refresh makes what was stored visible to searches, which it is a second later by itself.
func (s *Store) Refresh(ctx context.Context) error {
	query := url.Values{"ignore_unavailable": {"true"}, "allow_no_indices": {"true"}}
	err := s.client.send(ctx, &call{http.MethodPost, "/" + s.Pattern() + "/_refresh", query, nil}, drain)
	var refused *Error
	if errors.As(err, &refused) {
		return nil // who may write need not be allowed to refresh
	}
	return err
}

// template is an index template (composable, OpenSearch 1.0 and newer).
type template struct {
	Patterns []string `json:"index_patterns"`
	Priority int      `json:"priority"`
	Template m        `json:"template"`
	Meta     m        `json:"_meta"`
}

// priority is above those that other templates are likely to have: what they say of these indices would make them unreadable.
const priority = 500

// textTimes ends the names of indices for flows whose times are not in whole seconds. A server adds up those in seconds to the
// byte, so that they are kept apart from others.
const textTimes = "-times"

// Prepare puts the index templates of the indices, so that those that are made from now on can be searched by what reports ask for.
// Documents are kept whole; fields that nobody asks for are not indexed.
func (s *Store) Prepare(ctx context.Context) error {
	templates := map[string]*template{s.prefix: s.template(s.Pattern(), secondsFormat)}
	if s.kind == Flows && s.daily {
		other := s.template(s.prefix+"*"+textTimes, anyFormat)
		other.Priority++
		templates[s.prefix+textTimes] = other
	}
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		raw, err := json.Marshal(templates[name])
		if err != nil {
			return fmt.Errorf("make index template: %w", err)
		}
		path := "/_index_template/probity-" + url.PathEscape(strings.Trim(name, ".-"))
		if err := s.client.send(ctx, &call{http.MethodPut, path, nil, raw}, drain); err != nil {
			return fmt.Errorf("put index template for %s: %w", s.Pattern(), err)
		}
	}
	return nil
}

func (s *Store) template(pattern, format string) *template {
	properties := auditProperties()
	if s.kind == Flows {
		properties = flowProperties(format)
	}
	return &template{
		Patterns: []string{pattern}, Priority: priority, Meta: m{"by": "probity"},
		Template: m{
			"settings": m{"index": m{
				"number_of_shards": 1, "auto_expand_replicas": "0-1",
				// A value of the wrong kind is kept and marked, and does not keep the document out. Nothing is rounded.
				"mapping": m{"ignore_malformed": true, "coerce": false},
			}},
			"mappings": m{"dynamic": false, "properties": properties},
		},
	}
}
