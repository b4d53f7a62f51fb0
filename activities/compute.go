package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/internal/resource"
)

// ComputeName is the activity type of Compute.
const ComputeName = "Compute"

// Gathered names what the gathering steps staged.
type Gathered struct {
	Changes    []ChangesResult  `json:"changes,omitempty"`
	Flows      []FlowsResult    `json:"flows,omitempty"`
	Benchmarks BenchmarksResult `json:"benchmarks,omitzero"`
}

// ComputeParams names the plan and everything that was gathered for it.
type ComputeParams struct {
	Plan     Ref      `json:"plan"`
	Gathered Gathered `json:"gathered"`
}

// ComputeResult names what was computed. An insufficient report has a provenance and nothing else: an empty table would look
// like evidence.
type ComputeResult struct {
	Document   Ref              `json:"document,omitzero"`
	Flows      Ref              `json:"flows,omitzero"` // the encoded groups of the endpoints in scope
	Provenance Ref              `json:"provenance"`
	Verdict    evidence.Verdict `json:"verdict"`
}

// Compute replays the timeline, joins the flows, and builds the report's document and provenance.
type Compute struct {
	Store *Store
	Rules Rules
	// Sources name where the inputs come from, for the provenance.
	Audit, Flows, Benchmarks string
}

// Execute computes one report. Its result depends on what was gathered alone.
func (a *Compute) Execute(ctx context.Context, params ComputeParams) (ComputeResult, error) {
	c, err := a.begin(ctx, params)
	if err != nil {
		return ComputeResult{}, err
	}
	for _, step := range []func(context.Context) error{c.loadState, c.replay, c.openFlows, c.readBenchmarks} {
		if err := step(ctx); err != nil {
			return ComputeResult{}, err
		}
	}
	provenance := c.provenance()
	var result ComputeResult
	if result.Verdict = provenance.Verdict; result.Verdict != evidence.Insufficient {
		if err := c.build(ctx, &result); err != nil {
			return ComputeResult{}, err
		}
	}
	encoded, err := provenance.Encode()
	if err != nil {
		return ComputeResult{}, err
	}
	result.Provenance, err = a.Store.write(ctx, a.Store.staging(ctx)+evidence.ProvenanceName, false,
		func(w io.Writer) (int64, error) {
			_, err := w.Write(encoded)
			return 0, err
		})
	return result, err
}

func (a *Compute) begin(ctx context.Context, params ComputeParams) (*computation, error) {
	plan, err := a.Store.readPlan(ctx, params.Plan)
	if err != nil {
		return nil, err
	}
	def, err := plan.definition()
	if err != nil {
		return nil, err
	}
	return &computation{
		Compute: a, plan: plan, def: def, want: gathersOf(&def.TypeSpec), gathered: params.Gathered, beat: newBeat(ctx),
	}, nil
}

// build makes the document. Flow groups are read twice, once for the old form's list and once for the rows of flows.csv, so
// that no more than one group is in memory.
func (c *computation) build(ctx context.Context, result *ComputeResult) error {
	input := report.Input{
		Definition: c.def, Interval: c.plan.Interval, Generated: report.ReadyAt(c.plan.Interval, c.Rules.StartDelay),
		Timeline: c.found, Benchmark: c.benchmark.Nodes, BenchmarkSummary: c.benchmark.Summary,
		Differences: c.differences, Warnings: c.notes,
	}
	if c.want.flows {
		runs, closeRuns, err := c.flowRuns(ctx)
		if err != nil {
			return err
		}
		defer closeRuns()
		input.Flows = runs.Groups()
	}
	if c.differ != nil {
		input.Trail = c.differ.Finish
	}
	document, err := report.Build(input)
	if err != nil {
		return err
	}
	folder := c.Store.staging(ctx)
	result.Document, err = c.Store.write(ctx, folder+evidence.DataName, true,
		func(w io.Writer) (int64, error) { return int64(len(document.Lives)), document.Encode(w) })
	if err != nil || !c.want.flows {
		return err
	}
	result.Flows, err = c.storeFlows(ctx)
	return err
}

// storeFlows keeps the groups that touch an endpoint in scope.
func (c *computation) storeFlows(ctx context.Context) (Ref, error) {
	scope := flow.NewEndpoints()
	for i := range c.found.Lives {
		life := &c.found.Lives[i]
		if life.ID.Kind == resource.HostEndpoint {
			scope.AddHost(life.ID.Name, life.AggregateName)
		} else {
			scope.AddPod(life.ID.Namespace, life.ID.Name, life.AggregateName)
		}
	}
	runs, closeRuns, err := c.flowRuns(ctx)
	if err != nil {
		return Ref{}, err
	}
	defer closeRuns()
	return c.Store.write(ctx, c.Store.staging(ctx)+"flows.ndjson.zst", true, func(w io.Writer) (int64, error) {
		encoder := json.NewEncoder(w)
		rows := int64(0)
		for group, err := range runs.Groups() {
			if err != nil {
				return rows, err
			}
			c.beat.tick()
			if !scope.Touch(group.Key) {
				continue
			}
			rows++
			if err := encoder.Encode(group); err != nil {
				return rows, err
			}
		}
		return rows, nil
	})
}

// flowRuns opens the encoded groups of all partitions as one.
func (c *computation) flowRuns(ctx context.Context) (*flow.Runs, func(), error) {
	var readers []io.Reader
	var bodies []io.Closer
	closeAll := func() {
		for _, body := range bodies {
			body.Close()
		}
	}
	for _, part := range c.gathered.Flows {
		body, err := c.Store.open(ctx, part.Groups, true)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		bodies, readers = append(bodies, body), append(readers, body)
	}
	runs, err := flow.MergeRuns(readers...)
	if err != nil {
		closeAll()
		return nil, nil, fmt.Errorf("merge flow groups: %w", err)
	}
	return runs, closeAll, nil
}

// openFlows reads the statistics of the flow logs; the groups are read when the report is built.
func (c *computation) openFlows(ctx context.Context) error {
	if !c.want.flows || len(c.gathered.Flows) == 0 {
		return nil
	}
	runs, closeRuns, err := c.flowRuns(ctx)
	if err != nil {
		return err
	}
	defer closeRuns()
	c.flowStats = runs.Stats()
	return nil
}

// Rules are the settings that decide how a report is computed.
type Rules struct {
	// StartDelay is the settle delay: a report states the interval's end plus this as its generation time.
	StartDelay time.Duration
	// AuditQuiet is the longest span without any audit event that is taken for a quiet cluster; a longer one makes a report
	// partial.
	AuditQuiet time.Duration
	// PrivateNets are the addresses that are not the internet, as CIDRs; none means RFC 1918.
	PrivateNets []string
}
