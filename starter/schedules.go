package starter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/probity/probity/internal/cron"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/workflows"
)

// Settings are what a schedule's ticks are told, beside the definition.
type Settings struct {
	// Namespace is Temporal's; the job references of a status name it.
	Namespace string
	// Cluster is whose reports these are. Schedules and runs of other clusters are not looked at.
	Cluster    string
	TaskQueue  string // the cluster's own, as workflows.TaskQueue gives it
	StartDelay time.Duration
	MaxActive  int
	Retry      workflows.Retry
	// Now is the clock by which a resumed report catches up; nil means the machine's.
	Now func() time.Time
}

// Schedules keeps one Temporal Schedule for each report. It must have only one user at a time: the SDK's update is a read
// followed by a write without a conflict token (temporal-practice.md 3.5).
type Schedules struct {
	client   client.Client
	settings Settings
	logger   *slog.Logger
}

// NewSchedules returns the keeper of the schedules behind the client.
func NewSchedules(c client.Client, settings Settings, logger *slog.Logger) *Schedules {
	return &Schedules{client: c, settings: settings, logger: logger}
}

// specMemo is the action memo that holds the digest of what the schedule was made from.
const specMemo = "probity.spec"

// Change is what Ensure did to a schedule.
type Change string

// The changes.
const (
	Unchanged Change = ""
	Created   Change = "ScheduleCreated"
	Updated   Change = "ScheduleUpdated"
	Suspended Change = "ReportSuspended"
	Resumed   Change = "ReportResumed"
)

// Ensure creates the report's schedule, or brings it in line with the definition; nothing is written when it is.
func (s *Schedules) Ensure(ctx context.Context, def *report.Definition, raw json.RawMessage) (Change, error) {
	want, err := s.schedule(def, raw)
	if err != nil {
		return Unchanged, err
	}
	handle := s.client.ScheduleClient().GetHandle(ctx, workflows.ScheduleID(s.settings.Cluster, def.Name))
	described, err := handle.Describe(ctx)
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &gone):
		return Created, s.create(ctx, def, want)
	case err != nil:
		return Unchanged, fmt.Errorf("describe schedule of %s: %w", def.Name, err)
	case upToDate(&described.Schedule, want):
		return Unchanged, nil
	}
	change := Unchanged
	err = handle.Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			have := &in.Description.Schedule
			if upToDate(have, want) {
				return nil, temporal.ErrSkipScheduleUpdate
			}
			change = changeOf(have, want)
			return &client.ScheduleUpdate{Schedule: want}, nil
		},
	})
	if err != nil {
		return Unchanged, fmt.Errorf("update schedule of %s: %w", def.Name, err)
	}
	if change != Unchanged {
		s.logger.Info("schedule updated", "report", def.Name, "schedule", def.Spec.Schedule, "suspended", def.Suspended())
	}
	if change == Resumed && described.Info.NumActions > 0 {
		s.catchUp(ctx, handle, def)
	}
	return change, nil
}

// catchUp has Temporal act for the newest due time, as if it were due now: the tick starts a report for each interval since the
// last one, or none. Before the first tick of all there is nothing to go on from, so nothing was missed. When this fails, or the
// starter dies just before it, the next due time does the same.
func (s *Schedules) catchUp(ctx context.Context, handle client.ScheduleHandle, def *report.Definition) {
	now := time.Now
	if s.settings.Now != nil {
		now = s.settings.Now
	}
	due, ok := def.Schedule.Previous(now().Add(1))
	if !ok {
		return
	}
	const around = 30 * time.Second // due times are whole minutes: no other one is so near
	err := handle.Backfill(ctx, client.ScheduleBackfillOptions{Backfill: []client.ScheduleBackfill{{
		Start: due.Add(-around), End: due.Add(around), Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL,
	}}})
	if err != nil {
		s.logger.Warn("a resumed report catches up at its next due time", "report", def.Name, "error", err)
	}
}

func changeOf(have, want *client.Schedule) Change {
	paused := have.State != nil && have.State.Paused
	switch {
	case paused == want.State.Paused:
		return Updated
	case want.State.Paused:
		return Suspended
	}
	return Resumed
}

func (s *Schedules) create(ctx context.Context, def *report.Definition, want *client.Schedule) error {
	_, err := s.client.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID:      workflows.ScheduleID(s.settings.Cluster, def.Name),
		Spec:    *want.Spec,
		Action:  want.Action,
		Overlap: want.Policy.Overlap,
		Paused:  want.State.Paused,
		Note:    want.State.Note,
	})
	if err != nil && !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return fmt.Errorf("create schedule of %s: %w", def.Name, err)
	}
	s.logger.Info("schedule created", "report", def.Name, "schedule", def.Spec.Schedule, "suspended", def.Suspended())
	return nil
}

// Remove deletes a report's schedule. Runs that are active finish, and nothing archived is touched.
func (s *Schedules) Remove(ctx context.Context, name string) error {
	err := s.client.ScheduleClient().GetHandle(ctx, workflows.ScheduleID(s.settings.Cluster, name)).Delete(ctx)
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("delete schedule of %s: %w", name, err)
	}
	if err == nil {
		s.logger.Info("schedule deleted", "report", name)
	}
	return nil
}

// Names lists the cluster's reports that have a schedule, in no order. The list lags behind by a moment.
func (s *Schedules) Names(ctx context.Context) ([]string, error) {
	list, err := s.client.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: 200})
	if err != nil {
		return nil, fmt.Errorf("list schedules: %w", err)
	}
	var names []string
	for list.HasNext() {
		entry, err := list.Next()
		if err != nil {
			return nil, fmt.Errorf("list schedules: %w", err)
		}
		if name, ok := strings.CutPrefix(entry.ID, workflows.ScheduleID(s.settings.Cluster, "")); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

func (s *Schedules) schedule(def *report.Definition, raw json.RawMessage) (*client.Schedule, error) {
	input := workflows.TickInput{
		Cluster: s.settings.Cluster, Report: def.Name, Type: def.TypeName, Definition: raw, Schedule: def.Schedule.String(),
		Delay: s.settings.StartDelay, MaxActive: s.settings.MaxActive, Retry: s.settings.Retry,
	}
	digest, err := digestOf([]any{s.settings.TaskQueue, input})
	if err != nil {
		return nil, err
	}
	state := &client.ScheduleState{Paused: def.Suspended()}
	if state.Paused {
		state.Note = "suspended by spec.suspend"
	}
	return &client.Schedule{
		Spec: &client.ScheduleSpec{Calendars: calendars(*def.Schedule)},
		Action: &client.ScheduleWorkflowAction{
			ID:        workflows.TickID(s.settings.Cluster, def.Name),
			Workflow:  workflows.TickName,
			Args:      []any{input},
			TaskQueue: s.settings.TaskQueue,
			Memo:      map[string]any{specMemo: digest, "cron": def.Schedule.String()},
			TypedSearchAttributes: temporal.NewSearchAttributes(
				workflows.ClusterKey.ValueSet(s.settings.Cluster), workflows.GlobalReportKey.ValueSet(def.Name), workflows.ReportTypeKey.ValueSet(def.TypeName)),
			StaticSummary: "tick of " + def.Name + " in " + s.settings.Cluster + " (" + def.Schedule.String() + ")",
		},
		Policy: &client.SchedulePolicies{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL},
		State:  state,
	}, nil
}

func upToDate(have, want *client.Schedule) bool {
	haveAction, ok := have.Action.(*client.ScheduleWorkflowAction)
	if !ok || have.State == nil || have.State.Paused != want.State.Paused {
		return false
	}
	wantAction := want.Action.(*client.ScheduleWorkflowAction)
	return memoText(haveAction.Memo[specMemo]) == wantAction.Memo[specMemo] && sameCalendars(have.Spec, want.Spec)
}

// sameCalendars compares what the calendars were made from: the server spells their fields in its own way, and keeps the
// comment. A schedule that was edited by hand has other comments, or intervals.
func sameCalendars(have, want *client.ScheduleSpec) bool {
	if have == nil || len(have.Intervals) > 0 || len(have.Skip) > 0 || have.Jitter > 0 || len(have.Calendars) != len(want.Calendars) {
		return false
	}
	for i := range want.Calendars {
		if have.Calendars[i].Comment != want.Calendars[i].Comment {
			return false
		}
	}
	return true
}

// memoText reads a memo field, which a description gives back as an encoded payload.
func memoText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case *commonpb.Payload:
		var text string
		if converter.GetDefaultDataConverter().FromPayload(v, &text) == nil {
			return text
		}
	}
	return ""
}

// calendars spells every field out: Temporal takes a missing minute or hour for zero.
func calendars(schedule cron.Schedule) []client.ScheduleCalendarSpec {
	var out []client.ScheduleCalendarSpec
	for _, c := range schedule.Calendars() {
		out = append(out, client.ScheduleCalendarSpec{
			Second:     []client.ScheduleRange{{Start: 0}},
			Minute:     ranges(c.Minute),
			Hour:       ranges(c.Hour),
			DayOfMonth: ranges(c.DayOfMonth),
			Month:      ranges(c.Month),
			DayOfWeek:  ranges(c.DayOfWeek),
			Comment:    schedule.String(),
		})
	}
	return out
}

func ranges(in []cron.Range) []client.ScheduleRange {
	out := make([]client.ScheduleRange, len(in))
	for i, r := range in {
		out[i] = client.ScheduleRange{Start: r.Start, End: r.End, Step: r.Step}
	}
	return out
}
