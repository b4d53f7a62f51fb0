package evidence

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/probity/probity/internal/interval"
)

// OutcomeSchema names the form of [Outcome].
const OutcomeSchema = "probity.outcome/v1"

// State tells what became of an interval. The first three are the verdicts of a sealed bundle.
type State string

// The states. An interval that falls due while its report is suspended has none yet: when the report is resumed it is reported
// (calico-compliance.md section 5), and gets one of these then.
const (
	StateComplete     = State(Complete)
	StatePartial      = State(Partial)
	StateInsufficient = State(Insufficient)
	StateFailed       = State("failed") // the run gave up; the cause tells why
)

// Sealed tells whether the state comes with a bundle.
func (s State) Sealed() bool {
	return s == StateComplete || s == StatePartial || s == StateInsufficient
}

// Cause tells why a run failed or was not made.
type Cause struct {
	Message  string `json:"message"`
	Type     string `json:"type,omitempty"`     // the failure's type, as activities name it
	Step     string `json:"step,omitempty"`     // the step that failed
	Attempts int    `json:"attempts,omitempty"` // how often it was tried
}

// Run names the workflow run that an outcome speaks about.
type Run struct {
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId"`
}

// BundleRef points to a sealed bundle.
type BundleRef struct {
	Key      string `json:"key"`    // of its manifest, relative to the cluster's folder
	SHA256   string `json:"sha256"` // of its manifest's bytes
	Revision int    `json:"revision"`
}

// Outcome records what became of one interval of one report in one run. Records are written once and never changed; [Current]
// picks the one that counts.
type Outcome struct {
	Schema   string            `json:"schema"`
	Report   string            `json:"report"`
	Type     string            `json:"reportType"`
	Cluster  string            `json:"cluster"`
	Interval interval.Interval `json:"interval"`
	State    State             `json:"state"`
	Reasons  []Reason          `json:"reasons"` // of the verdict, when there is a bundle
	Cause    *Cause            `json:"cause,omitempty"`
	Trigger  Trigger           `json:"trigger"`
	By       string            `json:"by,omitempty"` // who asked for it, when it was not the schedule
	Run      Run               `json:"run"`
	Started  time.Time         `json:"started"`
	Finished time.Time         `json:"finished"`
	Bundle   *BundleRef        `json:"bundle,omitempty"`
	Tool     Tool              `json:"tool"`
}

// OutcomeID names the record, for [Layout.Outcome].
func (o *Outcome) OutcomeID() OutcomeID {
	return OutcomeID{Report: o.Report, End: o.Interval.End, Trigger: o.Trigger, Run: o.Run.RunID}
}

// Encode checks the record and gives its one encoding. o is not changed.
func (o Outcome) Encode() ([]byte, error) {
	o.Schema, o.Interval = OutcomeSchema, utc(o.Interval)
	o.Started, o.Finished = o.Started.UTC(), o.Finished.UTC()
	o.Reasons = append([]Reason{}, o.Reasons...)
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("encode outcome: %w", err)
	}
	return encode(o)
}

// ReadOutcome reads and checks an encoded record.
func ReadOutcome(raw []byte) (Outcome, error) {
	var o Outcome
	if err := decode(raw, OutcomeSchema, &o); err != nil {
		return Outcome{}, fmt.Errorf("read outcome: %w", err)
	}
	o.Interval = utc(o.Interval)
	if err := o.validate(); err != nil {
		return Outcome{}, fmt.Errorf("read outcome: %w", err)
	}
	return o, nil
}

func (o *Outcome) validate() error {
	if err := ValidateReport(o.Report); err != nil {
		return err
	}
	if _, err := interval.New(o.Interval.Start, o.Interval.End); err != nil {
		return err
	}
	if err := o.Trigger.validate(); err != nil {
		return err
	}
	switch {
	case !o.State.Sealed() && o.State != StateFailed:
		return fmt.Errorf("state is %q: it must be %q, %q, %q or %q", shown(string(o.State)),
			StateComplete, StatePartial, StateInsufficient, StateFailed)
	case o.State.Sealed() != (o.Bundle != nil):
		return fmt.Errorf("state %q: exactly a sealed state has a bundle", o.State)
	case o.State == StateFailed && (o.Cause == nil || o.Cause.Message == ""):
		return fmt.Errorf("state %q needs a cause with a message", o.State)
	case o.Run.RunID == "":
		return fmt.Errorf("run id is empty: the record's key needs it")
	}
	return nil
}

// Current picks the outcome of a due interval among its records, whatever their order: the newest revision when any run sealed
// a bundle, since a later failure does not undo it, else the record that finished last. Records of manual runs and of other
// intervals that end at the same time are ignored. It is not ok when nothing is left.
func Current(due interval.Interval, records []Outcome) (current Outcome, ok bool) {
	for _, o := range records {
		if o.Trigger == Manual || !o.Interval.Start.Equal(due.Start) || !o.Interval.End.Equal(due.End) {
			continue
		}
		if !ok || current.before(o) {
			current, ok = o, true
		}
	}
	return current, ok
}

func (o *Outcome) before(other Outcome) bool {
	return cmp.Or(o.revision()-other.revision(), o.Finished.Compare(other.Finished), strings.Compare(o.Run.RunID, other.Run.RunID)) < 0
}

func (o *Outcome) revision() int {
	if o.Bundle == nil {
		return 0
	}
	return o.Bundle.Revision
}
