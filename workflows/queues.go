package workflows

import "github.com/probity/probity/internal/report"

// TaskQueue is the queue of a cluster: its workflows, and the activities of reports without a jobNodeSelector. A cluster's workers
// are the only ones that reach it, so no other may take its work.
func TaskQueue(base, cluster string) string { return base + "." + cluster }

// SelectorQueue is the queue of the activities of reports with a jobNodeSelector, given the cluster's queue; without a selector it
// is the cluster's own.
func SelectorQueue(queue string, selector map[string]string) string {
	key := report.NodeSelectorKey(selector)
	if key == "" {
		return queue
	}
	return queue + "." + key
}
