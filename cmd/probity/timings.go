package main

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// stepTime is how long one step of a run took, from its first start to its end, waiting for the worker left out.
type stepTime struct {
	step  string
	times int
	took  time.Duration
}

// timings reads from a run's history where its time went: the steps in the order in which they were asked for, and the whole.
func timings(ctx context.Context, c client.Client, run client.WorkflowRun) (steps []stepTime, whole time.Duration, err error) {
	history := c.GetWorkflowHistory(ctx, run.GetID(), run.GetRunID(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	names, started, place := map[int64]string{}, map[int64]time.Time{}, map[string]int{}
	var began, last time.Time
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			return nil, 0, fmt.Errorf("read history of %s: %w", run.GetID(), err)
		}
		last = event.GetEventTime().AsTime()
		if began.IsZero() {
			began = last
		}
		if scheduled := event.GetActivityTaskScheduledEventAttributes(); scheduled != nil {
			name := scheduled.GetActivityType().GetName()
			names[event.GetEventId()] = name
			if _, known := place[name]; !known {
				place[name] = len(steps)
				steps = append(steps, stepTime{step: name})
			}
		}
		if start := event.GetActivityTaskStartedEventAttributes(); start != nil {
			started[start.GetScheduledEventId()] = last
		}
		if done := event.GetActivityTaskCompletedEventAttributes(); done != nil {
			step := &steps[place[names[done.GetScheduledEventId()]]]
			step.times++
			step.took += last.Sub(started[done.GetScheduledEventId()])
		}
	}
	return steps, last.Sub(began), nil
}

// timingRows prints the steps of one run.
func timingRows(name string, steps []stepTime, whole time.Duration) [][]string {
	rows := [][]string{{name, "whole run", "", milliseconds(whole)}}
	for _, s := range steps {
		rows = append(rows, []string{"", s.step, fmt.Sprint(s.times), milliseconds(s.took)})
	}
	return rows
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
