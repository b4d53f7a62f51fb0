package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"k8s.io/apimachinery/pkg/types"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

// Life is one endpoint's life within the interval, as timeline.Life has it, with resources named as reports name them.
type Life struct {
	Endpoint v3.ResourceID `json:"endpoint"`
	// From and To bound the life within the interval, UTC.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// InScope are the spans during which the report's selection held, sorted and merged.
	InScope []interval.Interval `json:"inScope"`
	// HostNetwork marks a pod on its node's network, which no workload policy can protect.
	HostNetwork    bool   `json:"hostNetwork,omitempty"`
	ServiceAccount string `json:"serviceAccount,omitempty"`
	Node           string `json:"node,omitempty"`
	// AggregateName is the name under which flow logs aggregate the endpoint.
	AggregateName string         `json:"aggregateName,omitempty"`
	Flags         timeline.Flags `json:"flags"`
	// Policies, Staged and Services are all that applied to, would have applied to, or contained the endpoint at any moment,
	// sorted.
	Policies []v3.ResourceID `json:"policies,omitempty"`
	Staged   []v3.ResourceID `json:"staged,omitempty"`
	Services []v3.ResourceID `json:"services,omitempty"`
	Ingress  timeline.Truth  `json:"ingress"`
	Egress   timeline.Truth  `json:"egress"`
}

// livesOf converts and sorts what a timeline found.
func livesOf(found []timeline.Life) []Life {
	lives := make([]Life, len(found))
	for i := range found {
		f := &found[i]
		endpoint := resourceID(f.ID.Key)
		endpoint.UUID = types.UID(f.ID.UID)
		lives[i] = Life{
			Endpoint: endpoint, From: f.From.UTC(), To: f.To.UTC(), InScope: f.Scope, HostNetwork: f.HostNetwork,
			ServiceAccount: f.ServiceAccount, Node: f.Node, AggregateName: f.AggregateName, Flags: f.Flags,
			Policies: resourceIDs(f.Policies), Staged: resourceIDs(f.Staged), Services: resourceIDs(f.Services),
			Ingress: f.Ingress, Egress: f.Egress,
		}
	}
	slices.SortFunc(lives, compareLives)
	return lives
}

// compareLives orders by name, then time, so that the lives of one name stand together, the last one last.
func compareLives(a, b Life) int {
	x, y := a.Endpoint, b.Endpoint
	x.UUID, y.UUID = "", ""
	return cmp.Or(compareResources(x, y), a.From.Compare(b.From), a.To.Compare(b.To), cmp.Compare(a.Endpoint.UUID, b.Endpoint.UUID))
}

func resourceIDs(keys []resource.Key) []v3.ResourceID {
	var ids []v3.ResourceID
	for _, key := range keys {
		ids = append(ids, resourceID(key))
	}
	return sortedResources(ids)
}

// warningsOf prints a timeline's warnings.
func warningsOf(found []timeline.Warning) []string {
	var texts []string
	for _, w := range found {
		texts = append(texts, fmt.Sprintf("%s: %s", w.Object, w.Reason))
	}
	return texts
}

// Differences prints what a timeline found to be different in the snapshot taken at the given time, for a Document and for
// the provenance.
func Differences(found []timeline.Difference, at time.Time) []evidence.Difference {
	var out []evidence.Difference
	for _, d := range found {
		out = append(out, evidence.Difference{Object: d.Object.String(), Time: at.UTC(), What: d.What})
	}
	return out
}
