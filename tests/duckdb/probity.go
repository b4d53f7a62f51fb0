package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/logfile"
)

// probity groups with Probity, through the adapter that the product uses.
type probity struct {
	dir     string
	workers int
	reducer *flow.Reducer
}

func (p *probity) group(ctx context.Context) error {
	day := interval.Interval{Start: dayStart, End: dayEnd}
	log, err := logfile.NewFlowLog(logfile.FlowLogOptions{Dir: p.dir, Workers: p.workers})
	if err != nil {
		return err
	}
	parts, err := log.Partitions(ctx, day)
	if err != nil {
		return err
	}
	p.reducer = flow.NewReducer(flow.Options{Interval: day, MaxGroups: 1 << 20})
	for _, part := range parts {
		if _, err := log.Reduce(ctx, part, p.reducer); err != nil {
			return err
		}
	}
	return nil
}

func (p *probity) rows() (map[string]row, error) {
	out := map[string]row{}
	for g, err := range p.reducer.Groups() {
		if err != nil {
			return nil, err
		}
		policy, err := asLogged(g.Policy, g.Action)
		if err != nil {
			return nil, err
		}
		r := row{
			source: end(g.Source), dest: end(g.Dest), port: strconv.Itoa(g.Port), protocol: g.Protocol, action: g.Action,
			service:  strings.Join([]string{dash(g.Service.Namespace), dash(g.Service.Name), dash(g.Service.Port)}, "/"),
			reporter: g.Reporter, policy: policy, connections: g.Connections, bytesIn: g.BytesIn, bytesOut: g.BytesOut,
			packetsIn: g.PacketsIn, packetsOut: g.PacketsOut, records: g.Records, first: g.First.Unix(), last: g.Last.Unix(),
		}
		out[r.key()] = r
	}
	return out, nil
}

func dash(s string) string { return cmp.Or(s, "-") }

func end(e flow.End) string {
	return strings.Join([]string{string(e.Type), dash(e.Namespace), dash(e.Name), dash(e.AggregateName)}, "/")
}

// asLogged turns "NetworkPolicy(ns/app.name) rule 2" back into the entry that the generator wrote, which counts from 0.
func asLogged(policy, action string) (string, error) {
	var name string
	var rule int
	if _, err := fmt.Sscanf(strings.NewReplacer("NetworkPolicy(", "", ")", "").Replace(policy), "%s rule %d", &name, &rule); err != nil {
		return "", fmt.Errorf("policy %q: %w", policy, err)
	}
	return fmt.Sprintf("1|app|%s|%s|%d", name, action, rule-1), nil
}

// same tells how the two sides differ.
func same(ctx context.Context, theirs *duck, ours *probity) error {
	want, err := theirs.rows(ctx)
	if err != nil {
		return fmt.Errorf("read DuckDB's groups: %w", err)
	}
	got, err := ours.rows()
	if err != nil {
		return fmt.Errorf("read Probity's groups: %w", err)
	}
	if len(want) != len(got) {
		return fmt.Errorf("DuckDB has %d groups, Probity has %d", len(want), len(got))
	}
	for key, w := range want {
		if g := got[key]; g != w {
			return fmt.Errorf("group %s: DuckDB has %+v, Probity has %+v", key, w, g)
		}
	}
	fmt.Printf("both have the same %d groups, with the same sums and times\n", len(want))
	return nil
}
