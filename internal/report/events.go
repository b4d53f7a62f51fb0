package report

import (
	"encoding/json"
	"fmt"

	auditapi "k8s.io/apiserver/pkg/apis/audit"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

// Trail gives what the audit log says about the objects that keep wants; nil wants all. The method audit.Differ.Finish is one.
type Trail func(keep func(resource.Key) bool) audit.Trail

// addEvents fills in the audit events in scope, in the order of time.
func (d *Document) addEvents(trail Trail, keep func(resource.Key) bool) error {
	if trail == nil {
		return nil
	}
	found := trail(keep)
	for i, raw := range found.Events {
		event, err := publishedEvent(raw)
		if err != nil {
			return fmt.Errorf("decode audit event %d: %w", i+1, err)
		}
		d.Data.AuditEvents = append(d.Data.AuditEvents, event)
	}
	d.Data.AuditSummary = found.Summary
	d.Changes, d.Refused = found.Changes, found.Refused
	return nil
}

// publishedEvent reads an event of the audit.k8s.io/v1 form into the type without JSON names that the published ReportData
// holds. The names differ in case only, which encoding/json does not mind (calico-compliance.md section 3).
func publishedEvent(raw []byte) (auditapi.Event, error) {
	var event auditapi.Event
	err := json.Unmarshal(raw, &event)
	return event, err
}

// keepInScope says which objects' events belong to a report: all of them when the report selects no endpoints. Otherwise
// they are the policies that applied to an endpoint in scope at any instant, the endpoints in scope, and everything that is
// neither, because nothing says whom that concerns; so is a request that names no object (decisions.md, "Policy-audit
// restricted to endpoints").
func keepInScope(definition *Definition, found *timeline.Result) func(resource.Key) bool {
	if !definition.SelectsEndpoints() {
		return nil
	}
	inScope := map[resource.Key]bool{}
	for _, use := range found.Policies {
		inScope[use.Key] = use.InScope
	}
	for i := range found.Lives {
		inScope[found.Lives[i].ID.Key] = true
	}
	return func(key resource.Key) bool {
		if key.Kind.IsPolicy() || key.Kind == resource.Pod || key.Kind == resource.HostEndpoint {
			return inScope[key] || key.Name == ""
		}
		return true
	}
}
