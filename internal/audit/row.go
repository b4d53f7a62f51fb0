package audit

import (
	"encoding/json"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/resource"
)

// Row is one line of changes.csv, or of refused.csv: what one request did, or tried to do, to one object.
type Row struct {
	// Time is when the answer was complete; UTC, microseconds.
	Time time.Time `json:"time"`
	// User is the authenticated user, As the user that was impersonated, "" without impersonation.
	User string `json:"user,omitempty"`
	As   string `json:"as,omitempty"`
	// From has the source addresses, the client's first; all but the last can be made up by the client, and so can Agent.
	From  []string `json:"from,omitempty"`
	Agent string   `json:"agent,omitempty"`
	// Verb is create, update, patch or delete. An apply or a PUT that created the object is a create, and what a
	// deletecollection removed is a delete for each object (decisions.md).
	Verb string `json:"verb"`
	// Object is printed as reports print resources: "NetworkPolicy(shop/default.cart)". A name that the log does not show is "-".
	Object    string `json:"object"`
	Namespace string `json:"namespace,omitempty"`
	Code      int    `json:"code"`
	// What says what changed: "spec.order: 10 → 20". For a create and a delete it lists what the object says. For a refused
	// attempt it is the API server's reason. At most about 2,000 bytes.
	What string `json:"what,omitempty"`
	// AuditID leads to the whole event.
	AuditID string `json:"auditID,omitempty"`
}

// Trail is what a Differ found within the interval.
type Trail struct {
	// Changes and Refused are sorted by time.
	Changes []Row
	Refused []Row
	// Events are the whole events behind Changes, in the same order: the policy-audit report's events.
	Events []json.RawMessage
	// Summary counts Events as the old report does: a deletecollection is one event, a patch that changed nothing is none.
	Summary v3.AuditSummary
}

// outcome is what one request came to.
type outcome struct {
	time    time.Time
	keys    []resource.Key // of each row
	rows    []Row
	event   json.RawMessage
	count   count
	refused bool
}

type count uint8

const (
	countCreate count = iota
	countModify
	countDelete
)

// add puts the outcome into the trail as far as keep wants its objects.
func (t *Trail) add(o *outcome, keep func(resource.Key) bool) {
	var rows []Row
	for i, row := range o.rows {
		if keep == nil || keep(o.keys[i]) {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return
	}
	if o.refused {
		t.Refused = append(t.Refused, rows...)
		return
	}
	t.Changes = append(t.Changes, rows...)
	t.Events = append(t.Events, o.event)
	t.Summary.NumTotal++
	switch o.count {
	case countCreate:
		t.Summary.NumCreate++
	case countDelete:
		t.Summary.NumDelete++
	default:
		t.Summary.NumModify++
	}
}
