package starter

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/probity/probity/deploy"
	"github.com/probity/probity/internal/definitions"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/workflows"
)

// Ready is the condition that says whether a report can be scheduled and run.
const Ready = "Ready"

// The reasons of the condition Ready.
const (
	ReasonScheduled = "Scheduled"
	ReasonSuspended = "Suspended"
	ReasonOnDemand  = "OnDemand"
	ReasonRefused   = "DefinitionRefused" // not ready
	ReasonNoWorker  = "NoWorker"          // not ready
)

// standing is how one report stands.
type standing struct {
	name    string
	object  *unstructured.Unstructured
	def     *definitions.Entry
	problem error // of the definition; def is nil then

	reason  string
	message string
	ready   bool
}

// status is the published form, and beside it what only Probity's own definition of GlobalReport has.
type status struct {
	published
	own
}

type (
	published struct{ v3.ReportStatus }
	own       struct{ deploy.ReportStatus }
)

// view shows how reports stand: in their status, and by events.
type view struct {
	controller *Controller
	active     remembered[map[string]Active]
	served     map[string]*remembered[bool]
}

// show derives the report's status from Temporal and the archive, and writes it where it differs.
func (v *view) show(ctx context.Context, s *standing) error {
	c := v.controller
	active, err := v.active.get(func() (map[string]Active, error) { return c.Runs.Active(ctx) })
	if err != nil {
		return err
	}
	outcomes, err := c.Outcomes.Outcomes(ctx, s.name, report.EnoughOutcomes)
	if err != nil {
		return err
	}
	if err := v.judge(ctx, s); err != nil {
		return err
	}
	before := statusOf(s.object)
	var def *report.Definition
	if s.def != nil {
		def = s.def.Definition
	}
	after := c.Runs.status(def, active[s.name], outcomes)
	c.told.standing(s)
	next := any(after)
	if c.ownStatus() {
		next = status{published{after}, own{v.ours(s, len(after.ActiveReportJobs), outcomes)}}
	}
	if same(s.object, next) {
		return nil
	}
	if err := c.Followed.WriteStatus(ctx, s.object, next); err != nil {
		return err // and nothing is told: it would be told again with the next attempt
	}
	c.told.outcomes(s, &before, &after, outcomes)
	return nil
}

// judge finds out whether the report can be scheduled and run.
func (v *view) judge(ctx context.Context, s *standing) error {
	switch {
	case s.def == nil:
		s.reason, s.message = ReasonRefused, s.problem.Error()+"; its schedule stays as it was until this is put right"
		return nil
	case s.def.Suspended():
		s.reason, s.message, s.ready = ReasonSuspended, "suspended: intervals that fall due meanwhile are reported when it is resumed", true
		return nil
	case s.def.Schedule == nil:
		s.reason, s.message, s.ready = ReasonOnDemand, "without a schedule: `probity run` reports on demand", true
	default:
		s.reason, s.message, s.ready = ReasonScheduled, "scheduled", true
	}
	queue := workflows.SelectorQueue(v.controller.Settings.TaskQueue, s.def.Spec.JobNodeSelector)
	served, err := v.isServed(ctx, queue)
	if err != nil || served {
		return err
	}
	s.reason, s.ready = ReasonNoWorker, false
	s.message = noWorker(queue, v.controller.Settings.Cluster, s.def.Spec.JobNodeSelector)
	return nil
}

func (v *view) isServed(ctx context.Context, queue string) (bool, error) {
	if v.served == nil {
		v.served = map[string]*remembered[bool]{}
	}
	known := v.served[queue]
	if known == nil {
		known = &remembered[bool]{}
		v.served[queue] = known
	}
	return known.get(func() (bool, error) {
		return QueueServed(ctx, v.controller.Client, v.controller.Settings.Namespace, queue)
	})
}

// ours are the fields that Probity's own definition adds.
func (v *view) ours(s *standing, active int, outcomes []evidence.Outcome) deploy.ReportStatus {
	var before struct {
		Status deploy.ReportStatus `json:"status"`
	}
	_ = fromObject(s.object, &before) // conditions that cannot be read begin anew
	out := deploy.ReportStatus{Conditions: before.Status.Conditions, Message: s.message}
	condition := metav1.Condition{
		Type: Ready, Status: metav1.ConditionFalse, Reason: s.reason, Message: s.message, ObservedGeneration: s.object.GetGeneration(),
	}
	if s.ready {
		condition.Status = metav1.ConditionTrue
	}
	meta.SetStatusCondition(&out.Conditions, condition)
	if newest, ok := report.Newest(outcomes); ok {
		end := metav1.NewTime(newest.Interval.End.UTC())
		out.LastOutcome, out.LastEnd = string(newest.State), &end
	}
	if s.def != nil && s.def.Schedule != nil && !s.def.Suspended() {
		if at, ok := s.def.Schedule.Next(time.Now()); ok {
			next := metav1.NewTime(at.UTC())
			out.Next = &next
		}
	}
	if s.ready && active > 0 {
		out.Message = fmt.Sprintf("%s; %d active", s.message, active)
	}
	return out
}

// same tells whether a report has that status already.
func same(object *unstructured.Unstructured, next any) bool {
	raw, err := json.Marshal(next)
	if err != nil {
		return false
	}
	var want map[string]any
	if err := json.Unmarshal(raw, &want); err != nil {
		return false
	}
	have, _, _ := unstructured.NestedMap(object.Object, "status")
	if len(have) == 0 && len(want) == 0 {
		return true
	}
	// Both as plain JSON: numbers in an unstructured object are of another type.
	rawHave, err := json.Marshal(have)
	if err != nil {
		return false
	}
	var plain map[string]any
	return json.Unmarshal(rawHave, &plain) == nil && reflect.DeepEqual(plain, want)
}

func fromObject(object *unstructured.Unstructured, into any) error {
	raw, err := object.MarshalJSON()
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// remembered is an answer that is good for a few seconds.
type remembered[T any] struct {
	value T
	until time.Time
}

const goodFor = 5 * time.Second

func (r *remembered[T]) get(ask func() (T, error)) (T, error) {
	if time.Now().Before(r.until) {
		return r.value, nil
	}
	value, err := ask()
	if err == nil {
		r.value, r.until = value, time.Now().Add(goodFor)
	}
	return value, err
}
