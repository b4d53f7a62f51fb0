package deploy

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ReportStatus is what Probity's own definition of GlobalReport has in its status beside the published fields, which stay as
// they are (v3.ReportStatus). A definition of another maker drops these fields when they are written: what they say is then
// told by events only.
type ReportStatus struct {
	// Conditions say whether the report can be scheduled. The one of type Ready is always there: when it is False, its reason
	// and message say what is wrong and what to do.
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// Message says in one sentence how the report stands, for a person.
	Message string `json:"message,omitempty"`

	// LastOutcome is what became of the newest interval that is over: complete, partial, insufficient or failed.
	LastOutcome string `json:"lastOutcome,omitempty"`

	// LastEnd is the end of the interval of which LastOutcome speaks.
	LastEnd *metav1.Time `json:"lastEnd,omitempty"`

	// Next is when the schedule fires next, which is the end of the next interval; empty while the report is suspended.
	Next *metav1.Time `json:"next,omitempty"`
}
