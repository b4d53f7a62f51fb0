package report

import (
	"cmp"
	"slices"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/probity/probity/internal/cron"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
)

// How many jobs a status lists, as the removed product did (calico-compliance.md section 1, "status").
const (
	maxActive     = 5
	maxFailed     = 3
	maxSuccessful = 2
)

// Job is one run of a report.
type Job struct {
	Interval interval.Interval
	Trigger  evidence.Trigger
	Run      evidence.Run
}

// Jobs is everything that a status is derived from, in any order.
type Jobs struct {
	// Namespace is the Temporal namespace in which the workflows run; job references name it.
	Namespace string
	// Accepted are the newest intervals that a tick accepted; one that waits for a slot is among them.
	Accepted []Job
	// Running are the report workflows that run now.
	Running []Job
	// Outcomes are the catalogue's records about this report.
	Outcomes []evidence.Outcome
}

// Accept adds the interval that a tick accepted when it became due, and whose report it has not started yet: it waits for the
// logs to settle or for a slot. One that has nothing to start, as when someone triggered the Schedule by hand, adds nothing.
func (j *Jobs) Accept(schedule cron.Schedule, due time.Time, tick evidence.Run) {
	var after time.Time
	if started := allScheduled(*j); len(started) > 0 {
		after = started[0].Interval.End
	}
	// Of a tick that catches up, the newest interval counts.
	if accepted := Due(schedule, after, due); len(accepted) > 0 {
		j.Accepted = append(j.Accepted, Job{Interval: accepted[len(accepted)-1], Trigger: evidence.Scheduled, Run: tick})
	}
}

// Status derives a GlobalReport's status. Only scheduled runs enter it. The newest intervals come first in each list. The
// catalogue is believed over the list of running workflows, which lags behind, and of several outcomes of one interval
// evidence.Current picks the one that counts.
//
// A complete or partial report was successful. An insufficient one evaluated nothing, and whoever watches the status must
// not take it for evidence: it is listed as failed.
func Status(jobs Jobs) v3.ReportStatus {
	outcomes := currentOutcomes(jobs.Outcomes)
	status := v3.ReportStatus{
		ActiveReportJobs:         reportJobs(jobs.Namespace, stillRunning(jobs), maxActive),
		LastFailedReportJobs:     completedJobs(jobs.Namespace, outcomes, maxFailed, isFailure),
		LastSuccessfulReportJobs: completedJobs(jobs.Namespace, outcomes, maxSuccessful, isSuccess),
	}
	if last := reportJobs(jobs.Namespace, allScheduled(jobs), 1); len(last) == 1 {
		status.LastScheduledReportJob = &last[0]
	}
	return status
}

// EnoughOutcomes tells whether a status needs no older outcomes than these.
func EnoughOutcomes(outcomes []evidence.Outcome) bool {
	failed, successful := 0, 0
	for _, o := range currentOutcomes(outcomes) {
		switch {
		case isFailure(o.State):
			failed++
		case isSuccess(o.State):
			successful++
		}
	}
	// One more of each: the oldest interval's records may not all be among them yet.
	return failed > maxFailed && successful > maxSuccessful
}

// Newest is the scheduled outcome that counts for the newest interval that has one; not ok when none has.
func Newest(outcomes []evidence.Outcome) (newest evidence.Outcome, ok bool) {
	current := currentOutcomes(outcomes)
	if len(current) == 0 {
		return newest, false
	}
	return current[0], true
}

func isSuccess(s evidence.State) bool {
	return s == evidence.StateComplete || s == evidence.StatePartial
}

func isFailure(s evidence.State) bool {
	return s == evidence.StateFailed || s == evidence.StateInsufficient
}

// allScheduled is every scheduled job that is known, newest first. One interval may be there several times.
func allScheduled(jobs Jobs) []Job {
	all := slices.Concat(jobs.Accepted, jobs.Running)
	for i := range jobs.Outcomes {
		all = append(all, jobOf(&jobs.Outcomes[i]))
	}
	return scheduledOnly(all)
}

func jobOf(o *evidence.Outcome) Job { return Job{Interval: o.Interval, Trigger: o.Trigger, Run: o.Run} }

func scheduledOnly(jobs []Job) []Job {
	kept := slices.DeleteFunc(slices.Clone(jobs), func(j Job) bool { return j.Trigger != evidence.Scheduled })
	slices.SortFunc(kept, func(a, b Job) int {
		return cmp.Or(newestFirst(a.Interval, b.Interval), cmp.Compare(b.Run.WorkflowID, a.Run.WorkflowID),
			cmp.Compare(b.Run.RunID, a.Run.RunID))
	})
	return kept
}

func newestFirst(a, b interval.Interval) int {
	return cmp.Or(b.End.Compare(a.End), b.Start.Compare(a.Start))
}

// stillRunning is the scheduled running jobs, each run once, without those that the catalogue knows to have ended.
func stillRunning(jobs Jobs) []Job {
	over := map[evidence.Run]bool{}
	for i := range jobs.Outcomes {
		over[jobs.Outcomes[i].Run] = true
	}
	return slices.DeleteFunc(scheduledOnly(jobs.Running), func(j Job) bool {
		seen := over[j.Run]
		over[j.Run] = true
		return seen
	})
}

// currentOutcomes keeps the scheduled outcome that counts for each interval, newest intervals first.
func currentOutcomes(outcomes []evidence.Outcome) []evidence.Outcome {
	byInterval := map[interval.Interval][]evidence.Outcome{}
	for _, o := range outcomes {
		if o.Trigger == evidence.Scheduled {
			key := interval.Interval{Start: o.Interval.Start.UTC(), End: o.Interval.End.UTC()}
			byInterval[key] = append(byInterval[key], o)
		}
	}
	var current []evidence.Outcome
	for iv, records := range byInterval {
		if o, ok := evidence.Current(iv, records); ok {
			current = append(current, o)
		}
	}
	slices.SortFunc(current, func(a, b evidence.Outcome) int { return newestFirst(a.Interval, b.Interval) })
	return current
}

func reportJobs(namespace string, jobs []Job, most int) []v3.ReportJob {
	var out []v3.ReportJob
	for _, j := range jobs[:min(most, len(jobs))] {
		out = append(out, reportJob(namespace, j))
	}
	return out
}

func completedJobs(namespace string, outcomes []evidence.Outcome, most int, want func(evidence.State) bool) []v3.CompletedReportJob {
	var out []v3.CompletedReportJob
	for i := range outcomes {
		o := &outcomes[i]
		if len(out) < most && want(o.State) {
			finished := metav1.NewTime(o.Finished.UTC())
			out = append(out, v3.CompletedReportJob{ReportJob: reportJob(namespace, jobOf(o)), JobCompletionTime: &finished})
		}
	}
	return out
}

// reportJob always sets the job reference: the CRD requires it and refuses null (calico-compliance.md section 10).
func reportJob(namespace string, j Job) v3.ReportJob {
	return v3.ReportJob{
		Start: metav1.NewTime(j.Interval.Start.UTC()),
		End:   metav1.NewTime(j.Interval.End.UTC()),
		Job:   Reference(namespace, j.Run),
	}
}

// Reference names a workflow of a Temporal namespace where Kubernetes would name a Job.
func Reference(namespace string, run evidence.Run) *corev1.ObjectReference {
	return &corev1.ObjectReference{
		APIVersion: "temporal.io/v1",
		Kind:       "Workflow",
		Namespace:  namespace,
		Name:       run.WorkflowID,
		UID:        types.UID(run.RunID),
	}
}
