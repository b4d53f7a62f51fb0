package sample_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/probity/probity/internal/benchmark"
	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/logfile"
	"github.com/probity/probity/internal/resource"
)

var theDay = interval.Interval{Start: day, End: day.AddDate(0, 0, 1)}

func events(t *testing.T, out folder) []auditv1.Event {
	t.Helper()
	var all []auditv1.Event
	for _, line := range out.lines(t, "audit/") {
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		var event auditv1.Event
		require.NoError(t, decoder.Decode(&event), string(line))
		all = append(all, event)
	}
	return all
}

// answered is the object of an event's answer; nil when the answer is none of a followed kind.
func answered(t *testing.T, e auditv1.Event) *resource.Object {
	t.Helper()
	if e.ResponseObject == nil {
		return nil
	}
	var meta struct {
		Kind       string `json:"kind"`
		APIVersion string `json:"apiVersion"`
	}
	require.NoError(t, json.Unmarshal(e.ResponseObject.Raw, &meta))
	if resource.KindOf(meta.APIVersion, meta.Kind) == resource.NoKind {
		return nil
	}
	obj, err := resource.Read(e.ResponseObject.Raw)
	require.NoError(t, err)
	return obj
}

func TestAuditEvents(t *testing.T) {
	out, _ := theSample(t)
	verbs := map[string]int{}
	groups := map[string]int{}
	codes := map[int32]int{}
	for _, e := range events(t, out) {
		require.Equal(t, "audit.k8s.io/v1", e.APIVersion)
		require.NotEmpty(t, e.AuditID)
		require.WithinRange(t, e.StageTimestamp.Time, day.Add(-10*time.Minute), day.Add(24*time.Hour+11*time.Minute))
		require.False(t, e.StageTimestamp.Time.Before(e.RequestReceivedTimestamp.Time))
		verbs[e.Verb]++
		groups[e.ObjectRef.APIGroup]++
		if e.ResponseStatus != nil {
			codes[e.ResponseStatus.Code]++
		}
		if obj := answered(t, e); obj != nil && e.Level == auditv1.LevelRequestResponse {
			require.Equal(t, e.ObjectRef.Resource, obj.ID.Kind.Plural())
			require.NotEmpty(t, obj.ID.UID)
		}
	}
	for _, verb := range []string{"create", "update", "patch", "delete", "deletecollection", "get", "list", "watch"} {
		require.NotZero(t, verbs[verb], verb)
	}
	for _, group := range []string{"", "projectcalico.org", "crd.projectcalico.org", "networking.k8s.io", "discovery.k8s.io", "apps"} {
		require.NotZero(t, groups[group], group)
	}
	for _, code := range []int32{200, 201, 403, 404, 409} {
		require.NotZero(t, codes[code], code)
	}
}

// In the order of their versions an object's changes never go back in time, but for the one race that is scripted.
func TestAuditVersionsIncrease(t *testing.T) {
	out, _ := theSample(t)
	type seen struct {
		version uint64
		at      time.Time
	}
	type state struct{ byVersion []seen }
	lives := map[resource.ID]*state{}
	late := map[string]bool{}
	for _, e := range events(t, out) {
		obj := answered(t, e)
		if obj == nil || e.ResponseStatus.Code >= 300 {
			continue
		}
		version, err := strconv.ParseUint(obj.Version, 10, 64)
		require.NoError(t, err)
		if lives[obj.ID] == nil {
			lives[obj.ID] = &state{}
		}
		life := lives[obj.ID]
		for _, other := range life.byVersion {
			if other.version < version && other.at.After(e.StageTimestamp.Time) || other.version > version && other.at.Before(e.StageTimestamp.Time) {
				late[e.Verb+" "+obj.ID.String()] = true
			}
		}
		if len(life.byVersion) == 0 || life.byVersion[len(life.byVersion)-1].version != version {
			life.byVersion = append(life.byVersion, seen{version, e.StageTimestamp.Time})
		}
	}
	for which := range late {
		if !strings.Contains(which, "NetworkPolicy(shop/application.currency)") {
			require.True(t, strings.HasPrefix(which, "update ") || strings.HasPrefix(which, "patch "), which)
		}
	}
	require.True(t, late["patch NetworkPolicy(shop/application.currency)"], "the race is not there: %v", late)
}

func TestFlowRecords(t *testing.T) {
	out, summary := theSample(t)
	reducer := flow.NewReducer(flow.Options{Interval: theDay})
	forms := map[bool]int{}
	for _, line := range out.lines(t, "flows/") {
		require.True(t, json.Valid(line))
		forms[bytes.HasPrefix(line, []byte(`{"Key":`))]++
		reducer.AddLine(line)
	}
	require.NotZero(t, forms[true], "Goldmane's form")
	require.NotZero(t, forms[false], "Calico Enterprise's form")
	stats := reducer.Stats()
	require.Equal(t, summary.FlowRecords, stats.Lines)
	require.Zero(t, stats.BadLines())
	require.Empty(t, stats.Missing())
	require.Equal(t, summary.FlowRecords, stats.Used+stats.Outside)
	require.NotZero(t, stats.Outside)

	actions := map[string]int{}
	for group, err := range reducer.Groups() {
		require.NoError(t, err)
		require.NotEmpty(t, group.Policy)
		actions[group.Action]++
	}
	require.NotZero(t, actions["deny"])
	require.NotZero(t, actions["allow"])
}

// What flow logs name was there: pods that existed in the window, and policies that were in force in it.
func TestFlowsAgreeWithTheCluster(t *testing.T) {
	out, _ := theSample(t)
	existed := map[string]bool{} // "namespace/prefix" of pods and policies
	names := func(raw []byte) {
		obj, err := resource.Read(raw)
		require.NoError(t, err)
		if obj.ID.Kind == resource.Pod {
			prefix := obj.Pod.GenerateName + "*"
			if obj.Pod.GenerateName == "" {
				prefix = obj.ID.Name
			}
			existed[obj.ID.Namespace+"/"+prefix] = true
			existed[obj.ID.Namespace+"/"+obj.ID.Name] = true
		}
	}
	for _, line := range out.lines(t, "cluster/pods") {
		names(line)
	}
	for _, e := range events(t, out) {
		if e.ResponseObject != nil && answered(t, e) != nil {
			names(e.ResponseObject.Raw)
		}
	}
	gap := interval.Interval{Start: day.Add(9*time.Hour + 15*time.Minute), End: day.Add(10*time.Hour + 10*time.Minute)}
	cart := map[bool]int{}
	for _, line := range out.lines(t, "flows/flows-") {
		var f struct {
			Start      int64  `json:"start_time"`
			SourceType string `json:"source_type"`
			SourceNS   string `json:"source_namespace"`
			SourceName string `json:"source_name"`
			SourceAggr string `json:"source_name_aggr"`
			DestType   string `json:"dest_type"`
			DestNS     string `json:"dest_namespace"`
			DestName   string `json:"dest_name"`
			DestAggr   string `json:"dest_name_aggr"`
		}
		require.NoError(t, json.Unmarshal(line, &f))
		for _, end := range [][4]string{{f.SourceType, f.SourceNS, f.SourceName, f.SourceAggr}, {f.DestType, f.DestNS, f.DestName, f.DestAggr}} {
			if end[0] == "wep" {
				require.True(t, existed[end[1]+"/"+end[3]], end)
				require.True(t, end[2] == "-" || existed[end[1]+"/"+end[2]], end)
			}
		}
		if bytes.Contains(line, []byte("application.cart|")) {
			cart[gap.Contains(time.Unix(f.Start, 0))]++
		}
		if time.Unix(f.Start, 0).After(day.Add(14*time.Hour + 35*time.Minute)) {
			require.NotContains(t, string(line), "sandbox", "the namespace is gone")
		}
	}
	require.Zero(t, cart[true], "the cart's policy decides while it does not exist")
	require.NotZero(t, cart[false])
}

func TestBenchmarkResults(t *testing.T) {
	out, _ := theSample(t)
	require.Len(t, out.names("benchmarks/"), 10)
	failed := map[string]bool{}
	for _, name := range out.names("benchmarks/") {
		result, err := benchmark.ReadResult(out[name])
		require.NoError(t, err)
		for _, control := range result.Controls {
			require.Equal(t, "1.36", control.DetectedVersion)
			for _, section := range control.Sections {
				for _, test := range section.Tests {
					if test.Number == "4.2.1" && test.Status == "FAIL" {
						failed[name] = true
					}
				}
			}
		}
	}
	require.Equal(t, map[string]bool{"benchmarks/worker-3/20261120T021004Z.json": true}, failed)
}

func TestReportDefinitions(t *testing.T) {
	out, _ := theSample(t)
	found, err := logfile.ReadDefinitions(t.Context(), onDisk(t, out, "reports/"))
	require.NoError(t, err)
	types := map[string]string{}
	for _, def := range found.Reports {
		types[def.Name] = def.Object.Spec.ReportType
		require.Equal(t, "0 0 * * *", def.Object.Spec.Schedule)
	}
	require.Equal(t, map[string]string{
		"daily-inventory": "inventory", "daily-shop-network-access": "network-access", "daily-policy-audit": "policy-audit", "daily-cis-benchmark": "cis-benchmark",
	}, types)
}
