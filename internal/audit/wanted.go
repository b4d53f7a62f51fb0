package audit

import (
	"slices"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
)

// Wanted says which events can become entries or facts, for a source that can leave out the others itself. It is wider than what a
// Collector takes, never narrower.
type Wanted struct {
	Verbs  []string `json:"verbs"`
	Stages []string `json:"stages"`
	// Resources are plural names, sorted; nil stands for all.
	Resources []string `json:"resources,omitempty"`
}

// WantedFor is what a Collector with the selection wants.
func WantedFor(selected []v3.AuditResource) Wanted {
	w := Wanted{Verbs: writeVerbs[:], Stages: []string{stageComplete, stageStarted}}
	w.Verbs = slices.Clone(w.Verbs)
	names := []string{"bindings"} // what old schedulers bind pods with
	for plural := range followed {
		names = append(names, plural)
	}
	for i := range selected {
		if selected[i].Resource == "" {
			return w
		}
		names = append(names, selected[i].Resource)
	}
	slices.Sort(names)
	w.Resources = slices.Compact(names)
	return w
}

// LeftOut are events that a source counted and did not give, because WantedFor leaves them out. They are a part of what the log
// holds: a quiet hour is one without any event.
type LeftOut struct {
	Count int64     `json:"count"`
	First time.Time `json:"first,omitzero"` // earliest stageTimestamp, UTC
	Last  time.Time `json:"last,omitzero"`  // latest stageTimestamp, UTC
	// Hours counts them by the hour's start in UTC ("2026-11-21T05"), those between From and the interval's end alone.
	Hours map[string]int64 `json:"hours,omitempty"`
}

// AddLeftOut counts events as read that the source did not give.
func (c *Collector) AddLeftOut(out *LeftOut) {
	c.facts.Lines += out.Count
	c.facts.Events += out.Count
	c.facts.seeTimes(out.First, out.Last)
	for hour, n := range out.Hours {
		if at, err := time.Parse(hourLayout, hour); err == nil {
			c.hours[at.Unix()/3600] += n
		}
	}
}
