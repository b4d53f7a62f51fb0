package starter

import (
	"fmt"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/kube"
	"github.com/probity/probity/internal/report"
)

// Events writes Kubernetes Events about objects.
type Events interface {
	Write(about runtime.Object, event kube.Event)
}

// told writes the events about reports, each thing once.
type told struct {
	events    Events
	namespace string            // Temporal's
	last      map[string]string // by report, what was last said of its standing
}

func (t *told) forget(name string) { delete(t.last, name) }

// changes are what a change of a schedule is called.
var changes = map[Change]string{
	Created: "a Temporal Schedule was created", Updated: "the Temporal Schedule follows the definition again",
	Suspended: "the Temporal Schedule is paused", Resumed: "the Temporal Schedule goes on; intervals that fell due meanwhile are reported now",
}

func (t *told) change(s *standing, change Change) {
	if change != Unchanged {
		t.events.Write(s.object, kube.Event{
			Reason: string(change), Action: "Schedule", Note: fmt.Sprintf("%s: %s", changes[change], s.def.Schedule),
		})
	}
}

// standing tells what keeps a report from being scheduled or run, when that is new.
func (t *told) standing(s *standing) {
	if s.ready {
		delete(t.last, s.name)
		return
	}
	if t.last[s.name] == s.message {
		return
	}
	t.last[s.name] = s.message
	if s.stood(s.message) {
		return // another process, or this one before it was started again, has said it
	}
	t.events.Write(s.object, kube.Event{Warning: true, Reason: s.reason, Action: "Schedule", Note: s.message})
}

// stood tells whether the report's status says so already.
func (s *standing) stood(message string) bool {
	var known struct {
		Status struct {
			Message string `json:"message"`
		} `json:"status"`
	}
	return fromObject(s.object, &known) == nil && known.Status.Message == message
}

// outcomes tells of the runs that have ended since the status was last written.
func (t *told) outcomes(s *standing, before, after *v3.ReportStatus, records []evidence.Outcome) {
	known := map[types.UID]bool{}
	for _, jobs := range [][]v3.CompletedReportJob{before.LastSuccessfulReportJobs, before.LastFailedReportJobs} {
		for i := range jobs {
			known[runOf(&jobs[i])] = true
		}
	}
	for _, jobs := range [][]v3.CompletedReportJob{after.LastSuccessfulReportJobs, after.LastFailedReportJobs} {
		for i := range jobs {
			if run := runOf(&jobs[i]); !known[run] {
				t.outcome(s, run, records)
			}
		}
	}
}

func runOf(job *v3.CompletedReportJob) types.UID {
	if job.Job == nil {
		return ""
	}
	return job.Job.UID
}

func (t *told) outcome(s *standing, run types.UID, records []evidence.Outcome) {
	for i := range records {
		o := &records[i]
		if o.Run.RunID != string(run) {
			continue
		}
		note := fmt.Sprintf("%s, workflow %s", o.Interval, o.Run.WorkflowID)
		event := kube.Event{
			Warning: o.State != evidence.StateComplete, Action: "Report", Note: note + reasons(o),
			Related: report.Reference(t.namespace, o.Run),
		}
		switch o.State {
		case evidence.StateComplete:
			event.Reason = "ReportComplete"
		case evidence.StatePartial:
			event.Reason = "ReportPartial"
			event.Note += "; `probity reports show` has the provenance"
		case evidence.StateInsufficient:
			event.Reason = "ReportInsufficient"
			event.Note += "; nothing could be evaluated: put that right and run it again with `probity run`"
		default:
			event.Reason = "ReportFailed"
			event.Note += "; look at the workflow in the Temporal UI, then run it again with `probity run`"
		}
		t.events.Write(s.object, event)
		return
	}
}

func reasons(o *evidence.Outcome) string {
	switch {
	case o.Cause != nil:
		return ": " + o.Cause.Message
	case len(o.Reasons) > 0:
		return ": " + o.Reasons[0].Text
	}
	return ""
}
