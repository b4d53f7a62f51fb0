package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/probity/probity/internal/resource"
)

// Entry is one request to the API server, reduced to what reports need of it. Entries are ordered by Time; entries of one
// time have an order of their own that depends on nothing but their contents.
type Entry struct {
	// Time is the event's stageTimestamp: when the answer was complete; UTC, microseconds.
	Time time.Time `json:"time"`
	// AuditID, Verb and URI name the request. The client may choose the audit ID, so it alone names nothing (AL 34).
	AuditID string `json:"auditID,omitempty"`
	Verb    string `json:"verb"`
	URI     string `json:"uri,omitempty"`
	Code    int    `json:"code"`
	// Answer says which object was answered, and Version its resourceVersion, so that copies of one event are told from
	// different events of one audit ID. Answer is a uid, or a digest of the uids in a list; both are "" where the event has no
	// body that says so.
	Answer  string `json:"answer,omitempty"`
	Version string `json:"version,omitempty"`
	// Changes are what the request did to followed resources; a deletecollection gives one for each object.
	Changes []resource.Change `json:"changes,omitempty"`
	// Who made the request; set for selected events only.
	Who *Who `json:"who,omitempty"`
	// Event is the whole audit.k8s.io/v1 event; set for selected events only.
	Event json.RawMessage `json:"event,omitempty"`
	// Prior is true for a selected event before the interval: it is no part of the report and only gives the state that a
	// later change is compared with.
	Prior bool `json:"prior,omitempty"`
	// Refused is true for an attempt on a selected resource that the API server refused: it changed nothing.
	Refused bool `json:"refused,omitempty"`
	// Inferred is true for the end of a namespace that no event shows; see NamespaceEnd.
	Inferred bool `json:"inferred,omitempty"`
	// Recorded is true for what a recorder's watch told, or its list: who did it is unknown.
	Recorded bool `json:"recorded,omitempty"`
}

// Who says who made a request and from where. All of it but User is told by the client or by proxies.
type Who struct {
	User string `json:"user,omitempty"` // the authenticated user
	// As is the impersonated user, "" without impersonation (AL 32).
	As    string   `json:"as,omitempty"`
	From  []string `json:"from,omitempty"` // source addresses, the client's first
	Agent string   `json:"agent,omitempty"`
}

// order is the entry's rank among entries of the same time. Inferred ends come last: they happen together with the last
// thing that ended; a whole list comes behind them, as it speaks about all of them. One object's changes stand by version, its end after them.
func (e *Entry) order() string {
	var b strings.Builder
	b.WriteByte('0')
	if e.Inferred {
		b.Reset()
		b.WriteByte('1')
	}
	if e.closesList() {
		b.Reset()
		b.WriteByte('2')
	}
	if len(e.Changes) > 0 {
		writeChangeOrder(&b, &e.Changes[0])
	} else {
		b.WriteByte(0xff)
	}
	for _, part := range []string{e.AuditID, e.Verb, e.URI, strconv.Itoa(e.Code), e.Answer} {
		b.WriteByte(0)
		b.WriteString(part)
	}
	return b.String()
}

// closesList tells whether the entry is the end of a recorder's list.
func (e *Entry) closesList() bool { return len(e.Changes) == 1 && e.Changes[0].Whole != nil }

// ofList tells whether the entry is part of a recorder's list: no change by itself.
func (e *Entry) ofList() bool { return len(e.Changes) == 1 && e.Changes[0].List != 0 }

func writeChangeOrder(b *strings.Builder, c *resource.Change) {
	b.WriteByte(byte(c.ID.Kind))
	for _, part := range []string{c.ID.Namespace, c.ID.Name, c.ID.UID} {
		b.WriteString(part)
		b.WriteByte(0)
	}
	if c.Ends() {
		b.WriteByte('1')
	} else {
		b.WriteByte('0')
	}
	// Versions are decimal numbers without leading zeros: the longer one is the greater one.
	b.WriteByte(byte(min(len(c.Version), 255)))
	b.WriteString(c.Version)
}

// encode writes the entry as one line of JSON, without the line end.
func (e *Entry) encode() ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // so that a kept event stays as it was written
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("encode audit entry %s: %w", e.AuditID, err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte{'\n'}), nil
}

// compareVersions orders two resourceVersions: decimal numbers of any length. A missing one is the lowest.
func compareVersions(a, b string) int {
	if len(a) != len(b) {
		if len(a) < len(b) {
			return -1
		}
		return 1
	}
	return strings.Compare(a, b)
}
