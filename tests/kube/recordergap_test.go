package kube

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/probity/probity/internal/config"
	"github.com/probity/probity/internal/devstack"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/recording"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/tests/integration/harness"
	"github.com/probity/probity/tests/kube/cluster"
	"github.com/probity/probity/workflows"
)

// TestRecorderAfterALongAbsence: an API server that was restarted does not know what happened before; a recorder that was away
// meanwhile names the gap, finds what is there and what is gone, and goes on. The report says so.
func TestRecorderAfterALongAbsence(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	server := cluster.Start(t, devstack.KubeOptions{Folder: folder})
	e := stackWith(t, server)
	e.Config.Inputs.Audit, e.Config.Kube = "", config.Kube{}
	e.Config.Recorder = config.Recorder{Scratch: t.TempDir(), SegmentAge: 2 * time.Second, SegmentMiB: 64, WaitingMiB: 1024}
	makeSpace(t, clientOf(t, server), raceSpace)
	for _, name := range []string{"stays", "goes", "changes"} {
		server.Apply(t, policyNamed(name))
	}
	stop := recordInto(t, e, server)
	require.Eventually(t, func() bool { return len(recordedIn(t, e).coverage.Spans) == len(resource.Kinds()) }, time.Minute, 200*time.Millisecond)
	e.Config.Kube = config.Kube{Access: "kubeconfig", Config: server.Kubeconfig}
	e.Worker(t, nil)
	run, err := e.Runs().Snapshot(t.Context(), e.Config.Cluster)
	require.NoError(t, err)
	first := manifest(t, e, run)
	require.Eventually(t, func() bool { return time.Now().After(first.Holds()) }, time.Minute, 20*time.Millisecond)
	server.Kubectl(t, "-n", raceSpace, "label", "networkpolicies.networking.k8s.io/stays", "seen=yes")
	stop()

	server.Kubectl(t, "-n", raceSpace, "delete", "networkpolicies.networking.k8s.io/goes")
	server.Kubectl(t, "-n", raceSpace, "patch", "networkpolicies.networking.k8s.io/changes", "--type=merge", "-p", `{"spec":{"podSelector":{"matchLabels":{"app":"other"}}}}`)
	server.Apply(t, policyNamed("comes"))
	server.StopNow(t)
	server = cluster.Start(t, devstack.KubeOptions{Folder: folder})
	server.Kubectl(t, "-n", raceSpace, "label", "networkpolicies.networking.k8s.io/stays", "again=yes")

	recordInto(t, e, server)
	require.Eventually(t, func() bool {
		return slices.ContainsFunc(recordedIn(t, e).coverage.Gaps, func(gap recording.Gap) bool { return gap.Kind == "networking.k8s.io.networkpolicies" })
	}, time.Minute, 200*time.Millisecond, "the kind is listed anew")
	server.Kubectl(t, "-n", raceSpace, "label", "networkpolicies.networking.k8s.io/comes", "later=yes")
	again := time.Now()
	all := followedUntil(t, e, again)
	var gaps []string
	for _, gap := range all.coverage.Gaps {
		gaps = append(gaps, gap.Kind+": "+gap.Why)
	}
	require.Contains(t, strings.Join(gaps, "\n"), "networking.k8s.io.networkpolicies: the API server does not keep changes for that long")

	def := e.Define(t, "after", harness.Spec{"reportType": "policy-audit"})
	report, err := e.Runs().Report(t.Context(), def.Definition, def.Raw, interval.Interval{Start: first.Holds(), End: again.UTC()}, "tester")
	require.NoError(t, err)
	var sealed workflows.ReportResult
	require.NoError(t, report.Get(t.Context(), &sealed))
	bundle, err := evidence.ReadManifest(read(t, e, sealed.Key))
	require.NoError(t, err)
	require.Equal(t, evidence.Partial, bundle.Provenance.Verdict)
	for _, reason := range bundle.Provenance.Reasons {
		require.Equal(t, evidence.ReasonGap, reason.Code, reason.Text)
	}
	what := map[string]string{}
	for _, row := range rows(t, e.Download(t, def.Name, "changes.csv")) {
		require.True(t, strings.HasPrefix(row["user"], "unknown"), row["user"])
		what[row["verb"]+" "+row["object"]] = row["changed"]
	}
	name := func(policy string) string {
		return resource.Key{Kind: resource.KubernetesNetworkPolicy, Namespace: raceSpace, Name: policy}.String()
	}
	require.Contains(t, what["delete "+name("goes")], "deleted while no recorder followed it")
	require.Contains(t, what["update "+name("changes")], "changed while no recorder followed it")
	require.Contains(t, what["create "+name("comes")], "created while no recorder followed it")
}

func policyNamed(name string) string {
	return `{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"` + name + `","namespace":"` + raceSpace +
		`"},"spec":{"podSelector":{}}}`
}
