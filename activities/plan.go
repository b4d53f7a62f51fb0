package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
)

// PlanName is the activity type of Plan.
const PlanName = "Plan"

// PlanParams says what is asked for.
type PlanParams struct {
	Definition json.RawMessage   `json:"definition"` // the GlobalReport, JSON
	Interval   interval.Interval `json:"interval"`
	Trigger    evidence.Trigger  `json:"trigger"`
	// HadSnapshot is set when a first snapshot was just taken: then the plan goes on with what there is.
	HadSnapshot bool `json:"hadSnapshot,omitempty"`
}

// PlanResult says what there is to do. Everything that may be large is in the staged plan.
type PlanResult struct {
	Plan            Ref    `json:"plan"`
	Type            string `json:"type"`
	AuditPartitions int    `json:"auditPartitions,omitempty"`
	FlowPartitions  int    `json:"flowPartitions,omitempty"`
	Benchmarks      bool   `json:"benchmarks,omitempty"`
	// WantsSnapshot asks for the cluster's first snapshot: there is none at all. Nothing else is set then.
	WantsSnapshot bool `json:"wantsSnapshot,omitempty"`
}

// planned is the staged plan, which every later step reads.
type planned struct {
	Report     string            `json:"report"`
	Type       string            `json:"type"`
	Definition json.RawMessage   `json:"definition"`
	TypeAsWas  json.RawMessage   `json:"typeAsWas"`
	Interval   interval.Interval `json:"interval"`
	Trigger    evidence.Trigger  `json:"trigger"`
	// From is the time of the first audit event that matters: the baseline's, else the interval's start.
	From     time.Time    `json:"from"`
	Baseline *snapshotRef `json:"baseline,omitempty"`
	// Later is the newest snapshot within the interval: what is replayed is compared with it.
	Later *snapshotRef `json:"later,omitempty"`
	Audit []Partition  `json:"audit,omitempty"`
	// Recorded are the keys of a recorder's segments, in parts like those of Audit, behind which their indices follow.
	Recorded   [][]string  `json:"recorded,omitempty"`
	Flows      []Partition `json:"flows,omitempty"`
	Benchmarks bool        `json:"benchmarks,omitempty"`
}

// gathers tells what a report type asks for.
type gathers struct {
	endpoints, flows, audit, benchmarks bool
}

func gathersOf(spec *v3.ReportTypeSpec) gathers {
	return gathers{
		endpoints:  spec.IncludeEndpointData || spec.IncludeEndpointFlowLogData,
		flows:      spec.IncludeEndpointFlowLogData,
		audit:      spec.AuditEventsSelection != nil,
		benchmarks: spec.IncludeCISBenchmarkData,
	}
}

// state tells whether the cluster's state is replayed.
func (g gathers) state() bool { return g.endpoints || g.audit }

// needsState tells whether the report cannot be made without the cluster's state at the interval's start: it speaks about
// endpoints, or about the policies that apply to some of them.
func (g gathers) needsState(def *report.Definition) bool {
	return g.endpoints || g.audit && def.SelectsEndpoints()
}

// Types gives the report types that definitions may name, built-in ones included. It fails when the wanted one is there and cannot
// be used.
type Types interface {
	Types(ctx context.Context, wanted string) (map[string]*v3.GlobalReportType, error)
}

// Plan checks the definition, finds the snapshots, and splits the logs.
type Plan struct {
	Store      *Store
	Types      Types
	Cluster    Cluster    // nil = no snapshot can be taken
	Audit      AuditLog   // nil = there is none
	Flows      FlowLog    // nil = there is none
	Benchmarks Benchmarks // nil = there is none
	Limits     report.Limits
}

// Execute plans one run.
func (a *Plan) Execute(ctx context.Context, params PlanParams) (PlanResult, error) {
	plan, def, err := a.read(ctx, params)
	if err != nil {
		return PlanResult{}, err
	}
	want := gathersOf(&def.TypeSpec)
	some, err := a.Store.findSnapshots(ctx, plan)
	if err != nil {
		return PlanResult{}, err
	}
	// Benchmarks alone are worth a report without a snapshot too, which tells only what nodes have no result. One is asked for
	// all the same: else the report would depend on whether another one asked first.
	if !some && a.Cluster != nil && !params.HadSnapshot {
		return PlanResult{Type: plan.Type, WantsSnapshot: true}, nil
	}
	if plan.Baseline == nil && want.needsState(def) {
		// Nothing can be evaluated: the logs need not be read to say so.
		return a.stage(ctx, plan)
	}
	if err := a.split(ctx, plan, want); err != nil {
		return PlanResult{}, err
	}
	return a.stage(ctx, plan)
}

func (a *Plan) read(ctx context.Context, params PlanParams) (*planned, *report.Definition, error) {
	var manifest v3.GlobalReport
	if err := json.Unmarshal(params.Definition, &manifest); err != nil {
		return nil, nil, fmt.Errorf("decode definition: %w", invalid(err))
	}
	types, err := a.Types.Types(ctx, manifest.Spec.ReportType)
	if err != nil {
		return nil, nil, err
	}
	def, err := report.Validate(&manifest, types, a.Limits)
	if err != nil {
		return nil, nil, err
	}
	typeAsWas, err := json.Marshal(types[def.TypeName])
	if err != nil {
		return nil, nil, fmt.Errorf("encode report type %s: %w", def.TypeName, err)
	}
	iv, err := interval.New(params.Interval.Start, params.Interval.End)
	if err != nil {
		return nil, nil, fmt.Errorf("interval of %s: %w", def.Name, invalid(err))
	}
	return &planned{
		Report: def.Name, Type: def.TypeName, Definition: params.Definition, TypeAsWas: typeAsWas,
		Interval: iv, Trigger: params.Trigger, From: iv.Start,
	}, def, nil
}

func (a *Plan) split(ctx context.Context, plan *planned, want gathers) error {
	var err error
	if a.Audit != nil && want.state() {
		plan.Audit, err = a.Audit.Partitions(ctx, plan.From, plan.Interval.End)
		if err != nil {
			return fmt.Errorf("list audit logs: %w", err)
		}
	}
	if want.state() {
		plan.Recorded, err = a.Store.findSegments(ctx, plan.From, plan.Interval.End)
		if err != nil {
			return err
		}
	}
	if a.Flows != nil && want.flows {
		plan.Flows, err = a.Flows.Partitions(ctx, plan.Interval)
		if err != nil {
			return fmt.Errorf("list flow logs: %w", err)
		}
	}
	plan.Benchmarks = a.Benchmarks != nil && want.benchmarks
	return nil
}

func (a *Plan) stage(ctx context.Context, plan *planned) (PlanResult, error) {
	ref, err := a.Store.writeJSON(ctx, a.Store.staging(ctx)+"plan.json", plan)
	if err != nil {
		return PlanResult{}, err
	}
	return PlanResult{
		Plan: ref, Type: plan.Type,
		AuditPartitions: len(plan.Audit) + len(plan.Recorded), FlowPartitions: len(plan.Flows), Benchmarks: plan.Benchmarks,
	}, nil
}

// PartParams names one part of a plan's work.
type PartParams struct {
	Plan  Ref `json:"plan"`
	Index int `json:"index"`
}

func (s *Store) readPlan(ctx context.Context, ref Ref) (*planned, error) {
	plan := &planned{}
	if err := s.readJSON(ctx, ref, plan); err != nil {
		return nil, err
	}
	return plan, nil
}

// definition reads back what Plan validated.
func (p *planned) definition() (*report.Definition, error) {
	var manifest v3.GlobalReport
	if err := json.Unmarshal(p.Definition, &manifest); err != nil {
		return nil, fmt.Errorf("decode definition: %w", invalid(err))
	}
	var reportType v3.GlobalReportType
	if err := json.Unmarshal(p.TypeAsWas, &reportType); err != nil {
		return nil, fmt.Errorf("decode report type: %w", invalid(err))
	}
	// The limits were checked when the run was planned.
	return report.Validate(&manifest, map[string]*v3.GlobalReportType{p.Type: &reportType}, report.Limits{MaxPerHour: 60})
}
