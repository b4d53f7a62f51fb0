package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/activities"
	"github.com/probity/probity/activities/porttest"
	"github.com/probity/probity/internal/interval"
)

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*pipeline)
		want   string
	}{
		"a definition that is none": {func(p *pipeline) { p.definition = json.RawMessage(`"x"`) }, "decode definition"},
		"an unknown report type": {func(p *pipeline) {
			p.definition = json.RawMessage(strings.Replace(string(p.definition), `"inventory"`, `"inventroy"`, 1))
		}, "inventroy"},
		"a bad schedule": {func(p *pipeline) {
			p.definition = json.RawMessage(strings.Replace(string(p.definition), "0 0 * * *", "0 25 * * *", 1))
		}, "0 25 * * *"},
		"an end before the start": {func(p *pipeline) {
			p.interval = interval.Interval{Start: p.interval.End, End: p.interval.Start}
		}, "interval of daily-inventory"},
	} {
		t.Run(name, func(t *testing.T) {
			p := shop(t, inventory)
			c.change(p)
			_, err := p.plan(t)
			_ = requireFailure(t, err, activities.FailureInvalidInput, true)
			require.ErrorContains(t, err, c.want)
			require.Empty(t, keysBelow(t, p.bucket, ""), "nothing half-written")
		})
	}
}

func TestPlanAsksForTheFirstSnapshot(t *testing.T) {
	t.Parallel()
	params := func(p *pipeline) activities.PlanParams {
		return activities.PlanParams{Definition: p.definition, Interval: p.interval, Trigger: p.trigger}
	}
	plan := func(t *testing.T, p *pipeline, params activities.PlanParams) activities.PlanResult {
		planned, err := step[activities.PlanResult](t, p, activities.PlanName, params)
		require.NoError(t, err)
		return planned
	}
	for _, name := range reportTypes {
		t.Run(name, func(t *testing.T) {
			p := shop(t, name)
			require.True(t, plan(t, p, params(p)).WantsSnapshot)
			after := params(p)
			after.HadSnapshot = true
			require.False(t, plan(t, p, after).WantsSnapshot, "once is enough")
			p.snapshot(t)
			require.False(t, plan(t, p, params(p)).WantsSnapshot)
			p.bucket, p.cluster = shop(t, name).bucket, nil
			require.False(t, plan(t, p, params(p)).WantsSnapshot, "there is none to be had")
		})
	}
}

// TestPlanTakesTheNewestSnapshotBefore looks at which snapshot a bundle names.
func TestPlanTakesTheNewestSnapshotBefore(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	for _, at := range []time.Time{midnight.AddDate(0, 0, -3), midnight.Add(-time.Hour), midnight.Add(time.Second)} {
		p.cluster = clusterOf(shopObjects(t), at)
		p.snapshot(t)
	}
	use := p.run(t).manifest.Provenance.Snapshot
	require.Equal(t, midnight.Add(-time.Hour), use.Time)
	require.Equal(t, int64(3600), use.AgeSeconds)
}

type failingTypes struct{ err error }

func (f failingTypes) Types(context.Context, string) (map[string]*v3.GlobalReportType, error) {
	return nil, f.err
}

func TestPlanFailsWithItsSources(t *testing.T) {
	t.Parallel()
	gone := porttest.Folder{Gone: "the share"}
	for name, c := range map[string]struct {
		change func(*pipeline)
		want   string
	}{
		"types": {func(p *pipeline) { p.types = failingTypes{errors.New("no folder")} }, "Plan: no folder"},
		"audit": {func(p *pipeline) { p.audit = &porttest.AuditLog{Folder: gone} }, "Plan: list audit logs: list folder the share"},
		"flows": {func(p *pipeline) { p.flows = &porttest.FlowLog{Folder: gone} }, "Plan: list flow logs: list folder the share"},
	} {
		t.Run(name, func(t *testing.T) {
			p := shop(t, networkAccess)
			p.snapshot(t)
			c.change(p)
			_, err := p.plan(t)
			_ = requireFailure(t, err, activities.FailureUnavailable, false)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestTemplateAtFault(t *testing.T) {
	t.Parallel()
	p := shop(t, inventory)
	types, err := p.types.Types(t.Context(), "inventory")
	require.NoError(t, err)
	types["inventory"].Spec.DownloadTemplates[0].Template = "line 1\n{{ .NoSuchField }}"
	p.types = fixedTypes(types)
	_, err = p.try(t)
	failure := requireFailure(t, err, activities.FailureInvalidInput, true)
	require.Contains(t, failure.Message(), "line 2")
	require.Contains(t, failure.Message(), "NoSuchField")
	require.Empty(t, keysBelow(t, p.bucket, layout(t).Reports()), "nothing half-written")
}

type fixedTypes map[string]*v3.GlobalReportType

func (f fixedTypes) Types(context.Context, string) (map[string]*v3.GlobalReportType, error) {
	return f, nil
}
