package report_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/cron"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
)

// day is the interval of the nth day of November 2026.
func day(n int) interval.Interval {
	start := time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC)
	return interval.Interval{Start: start, End: start.AddDate(0, 0, 1)}
}

func job(n int) report.Job {
	return report.Job{
		Interval: day(n), Trigger: evidence.Scheduled,
		Run: evidence.Run{WorkflowID: fmt.Sprintf("report/daily/%d", n), RunID: fmt.Sprintf("run-%d", n)},
	}
}

func outcome(n int, state evidence.State) evidence.Outcome {
	j := job(n)
	o := evidence.Outcome{Report: "daily", Interval: j.Interval, Trigger: j.Trigger, Run: j.Run, State: state, Finished: j.Interval.End.Add(time.Hour)}
	if state.Sealed() {
		o.Bundle = &evidence.BundleRef{Revision: 1}
	}
	return o
}

func days(jobs []v3.ReportJob) []int {
	var out []int
	for _, j := range jobs {
		out = append(out, j.Start.Day())
	}
	return out
}

func completedDays(jobs []v3.CompletedReportJob) []int {
	var out []int
	for _, j := range jobs {
		out = append(out, j.Start.Day())
	}
	return out
}

func TestStatus(t *testing.T) {
	manual := func(j report.Job) report.Job { j.Trigger = evidence.Manual; return j }
	by := func(o evidence.Outcome, trigger evidence.Trigger) evidence.Outcome { o.Trigger = trigger; return o }
	again := func(o evidence.Outcome, run string, later time.Duration) evidence.Outcome {
		o.Run.RunID, o.Finished = run, o.Finished.Add(later)
		return o
	}
	for _, c := range []struct {
		name                       string
		jobs                       report.Jobs
		active, failed, successful []int
		last                       int // the day of the last scheduled job; 0 = none
	}{
		{name: "nothing yet"},
		{
			name:   "accepted but waiting for a slot counts as scheduled, not as active",
			jobs:   report.Jobs{Accepted: []report.Job{job(3), job(4)}, Running: []report.Job{job(2)}},
			active: []int{2}, last: 4,
		},
		{
			name: "five active, newest first",
			jobs: report.Jobs{Running: []report.Job{job(3), job(1), job(2), job(6), job(4), job(5)}}, active: []int{6, 5, 4, 3, 2}, last: 6,
		},
		{
			name: "three failed and two successful are kept",
			jobs: report.Jobs{Outcomes: []evidence.Outcome{
				outcome(1, evidence.StateComplete), outcome(2, evidence.StatePartial), outcome(3, evidence.StateComplete),
				outcome(4, evidence.StateFailed), outcome(5, evidence.StateFailed), outcome(6, evidence.StateFailed), outcome(7, evidence.StateFailed),
			}},
			failed: []int{7, 6, 5}, successful: []int{3, 2}, last: 7,
		},
		{
			name:   "an insufficient report is no success",
			jobs:   report.Jobs{Outcomes: []evidence.Outcome{outcome(1, evidence.StateInsufficient), outcome(2, evidence.StatePartial)}},
			failed: []int{1}, successful: []int{2}, last: 2,
		},
		{
			name: "manual runs and backfills never enter",
			jobs: report.Jobs{
				Accepted: []report.Job{manual(job(9))}, Running: []report.Job{manual(job(8)), job(1)},
				Outcomes: []evidence.Outcome{by(outcome(6, evidence.StateComplete), evidence.Manual), by(outcome(5, evidence.StateFailed), evidence.Backfill)},
			},
			active: []int{1}, last: 1,
		},
		{
			name:   "a run that the catalogue knows to have ended is not active",
			jobs:   report.Jobs{Running: []report.Job{job(1), job(2)}, Outcomes: []evidence.Outcome{outcome(1, evidence.StateComplete)}},
			active: []int{2}, successful: []int{1}, last: 2,
		},
		{
			name: "a run listed twice is one",
			jobs: report.Jobs{Running: []report.Job{job(1), job(1)}}, active: []int{1}, last: 1,
		},
		{
			name: "a later success takes the place of a failure of the same interval",
			jobs: report.Jobs{Outcomes: []evidence.Outcome{
				again(outcome(1, evidence.StateComplete), "second", time.Hour), outcome(1, evidence.StateFailed), outcome(2, evidence.StateFailed),
			}},
			failed: []int{2}, successful: []int{1}, last: 2,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			status := report.Status(c.jobs)
			require.Equal(t, c.active, days(status.ActiveReportJobs))
			require.Equal(t, c.failed, completedDays(status.LastFailedReportJobs))
			require.Equal(t, c.successful, completedDays(status.LastSuccessfulReportJobs))
			if c.last == 0 {
				require.Nil(t, status.LastScheduledReportJob)
				return
			}
			require.Equal(t, c.last, status.LastScheduledReportJob.Start.Day())
		})
	}
}

func TestStatusOfAWaitingTick(t *testing.T) {
	schedule, err := cron.Parse("0 0 * * *")
	require.NoError(t, err)
	tick := evidence.Run{WorkflowID: "tick/daily", RunID: "t"}
	at := func(n int) time.Time { return day(n).Start }
	for _, c := range []struct {
		name string
		jobs report.Jobs
		due  time.Time
		want interval.Interval
		job  string
	}{
		{"the first one", report.Jobs{}, at(5), day(4), "tick/daily"},
		{"after one that runs", report.Jobs{Running: []report.Job{job(3)}}, at(5), day(4), "tick/daily"},
		{"a catch-up", report.Jobs{Outcomes: []evidence.Outcome{outcome(1, evidence.StateComplete)}}, at(7), day(6), "tick/daily"},
		{"one that has started its report", report.Jobs{Running: []report.Job{job(4)}}, at(5), day(4), "report/daily/4"},
		{"triggered by hand", report.Jobs{Running: []report.Job{job(4)}}, at(5).Add(time.Hour), day(4), "report/daily/4"},
		{"after an edit there is no gap", report.Jobs{Running: []report.Job{{Interval: interval.Interval{Start: at(3), End: at(3).Add(6 * time.Hour)}, Trigger: evidence.Scheduled}}},
			at(4), interval.Interval{Start: at(3).Add(6 * time.Hour), End: at(4)}, "tick/daily"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.jobs.Accept(schedule, c.due, tick)
			status := report.Status(c.jobs)
			last := status.LastScheduledReportJob
			require.Equal(t, c.want, interval.Interval{Start: last.Start.Time, End: last.End.Time})
			require.Equal(t, c.job, last.Job.Name)
			require.Len(t, status.ActiveReportJobs, len(c.jobs.Running), "a waiting tick is not active")
		})
	}
}

func TestStatusNamesTheWorkflow(t *testing.T) {
	status := report.Status(report.Jobs{
		Namespace: "compliance", Running: []report.Job{job(2)}, Outcomes: []evidence.Outcome{outcome(1, evidence.StateComplete)},
	})
	ref := status.ActiveReportJobs[0].Job
	require.Equal(t, "Workflow", ref.Kind)
	require.Equal(t, "compliance", ref.Namespace)
	require.Equal(t, "report/daily/2", ref.Name)
	require.Equal(t, "run-2", string(ref.UID))
	done := status.LastSuccessfulReportJobs[0]
	require.Equal(t, day(1).End.Add(time.Hour), done.JobCompletionTime.Time)
	require.Equal(t, day(1).Start, done.Start.Time)
	require.Equal(t, day(1).End, done.End.Time)
	raw, err := json.Marshal(status)
	require.NoError(t, err)
	require.NotContains(t, string(raw), `"job":null`, "the CRD refuses a null job")
}

func TestStatusDoesNotDependOnOrder(t *testing.T) {
	var jobs report.Jobs
	states := []evidence.State{evidence.StateComplete, evidence.StateFailed, evidence.StatePartial, evidence.StateInsufficient}
	for n := 1; n <= 20; n++ {
		jobs.Accepted = append(jobs.Accepted, job(n))
		jobs.Running = append(jobs.Running, job(n))
		jobs.Outcomes = append(jobs.Outcomes, outcome(n%15+1, states[n%len(states)]))
		jobs.Outcomes[n-1].Run.RunID = fmt.Sprint(n)
	}
	want := report.Status(jobs)
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		random.Shuffle(20, func(i, j int) { jobs.Accepted[i], jobs.Accepted[j] = jobs.Accepted[j], jobs.Accepted[i] })
		random.Shuffle(20, func(i, j int) { jobs.Running[i], jobs.Running[j] = jobs.Running[j], jobs.Running[i] })
		random.Shuffle(20, func(i, j int) { jobs.Outcomes[i], jobs.Outcomes[j] = jobs.Outcomes[j], jobs.Outcomes[i] })
		require.Equal(t, want, report.Status(jobs))
	}
}

// What EnoughOutcomes takes for enough gives the status that all outcomes give, wherever the records are cut.
func TestEnoughOutcomesGiveTheWholeStatus(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	states := []evidence.State{evidence.StateComplete, evidence.StateFailed, evidence.StatePartial, evidence.StateInsufficient}
	for range 300 {
		var all []evidence.Outcome // newest first, now and then several of one interval
		for n := 40; n > 0; n-- {
			for run := range 1 + random.IntN(2) {
				o := outcome(n, states[random.IntN(len(states))])
				o.Run.RunID = fmt.Sprint(n, "-", run)
				all = append(all, o)
			}
		}
		want := report.Status(report.Jobs{Outcomes: all})
		newest, ok := report.Newest(all)
		require.True(t, ok)
		for cut := 1; cut <= len(all); cut++ {
			if !report.EnoughOutcomes(all[:cut]) {
				continue
			}
			require.Equal(t, want, report.Status(report.Jobs{Outcomes: all[:cut]}), "the first %d of %d", cut, len(all))
			some, _ := report.Newest(all[:cut])
			require.Equal(t, newest, some)
			break
		}
	}
	require.False(t, report.EnoughOutcomes(nil))
	_, ok := report.Newest(nil)
	require.False(t, ok)
}
