package audit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"

	"github.com/probity/probity/internal/audit"
	"github.com/probity/probity/internal/interval"
)

func TestBadLinesAreCounted(t *testing.T) {
	good := string(logged{verb: "patch", ref: gnpRef("a"), response: gnp("a", "u1", "5")}.line())
	for name, c := range map[string]struct {
		line string
		bad  string
	}{
		"rubbish":              {"rubbish", audit.BadJSON},
		"nothing":              {"", audit.BadJSON},
		"a list":               {"[" + good + "]", audit.BadJSON},
		"cut off":              {good[:len(good)/2], audit.BadJSON},
		"two on a line":        {good + good, audit.BadJSON},
		"broken inside":        {strings.Replace(good, `"groups":["system:authenticated"]`, `"groups":[tru]`, 1), audit.BadJSON},
		"something else":       {`{"kind":"Pod","stage":"ResponseComplete"}`, audit.BadEvent},
		"a list of events":     {`{"kind":"EventList","items":[]}`, audit.BadEvent},
		"no stage":             {strings.Replace(good, `"stage":`, `"age":`, 1), audit.BadStage},
		"no time":              {strings.Replace(good, `"stageTimestamp":`, `"tamp":`, 1), audit.BadTime},
		"a time of its own":    {strings.Replace(good, `"stageTimestamp":"2026-11-21T`, `"stageTimestamp":"21 Nov 2026 `, 1), audit.BadTime},
		"an objectRef of text": {strings.Replace(good, `"objectRef":{`, `"objectRef":"x","was":{`, 1), audit.BadReference},
		"a code of text":       {strings.Replace(good, `"code":200`, `"code":"ok"`, 1), audit.BadReference},
		"numbers for texts":    {`{"kind":5,"stage":7}`, audit.BadEvent},
	} {
		t.Run(name, func(t *testing.T) {
			entries, facts := merge(t, options(), [][]byte{[]byte(c.line)})
			require.Empty(t, entries)
			require.Equal(t, map[string]int64{c.bad: 1}, facts.Bad)
			require.EqualValues(t, 1, facts.Lines)
		})
	}
}

func TestInvalidUTF8IsRepaired(t *testing.T) {
	line := logged{verb: "patch", ref: gnpRef("a"), user: "jXne", response: gnp("a", "u1", "5", `"labels":{"a":"bX"}`)}.line()
	entries, facts := merge(t, options(), [][]byte{[]byte(strings.ReplaceAll(string(line), "X", "\xff"))})
	require.EqualValues(t, 1, facts.Repaired)
	require.Equal(t, "b\uFFFD", entries[0].Changes[0].Object.Labels["a"])
	require.Equal(t, "j\uFFFDne", entries[0].Who.User)
}

func TestUninterestingEventsAreSkipped(t *testing.T) {
	for reason, e := range map[string]logged{
		audit.SkippedBefore:      {at: -1 * time.Hour, verb: "patch", ref: gnpRef("a"), response: gnp("a", "u1", "5")},
		audit.SkippedAfter:       {at: 30 * time.Hour, verb: "patch", ref: gnpRef("a"), response: gnp("a", "u1", "5")},
		audit.SkippedNoObject:    {verb: "create", uri: "/healthz"},
		audit.SkippedStage:       {verb: "create", stage: "RequestReceived", ref: gnpRef("a")},
		audit.SkippedVerb:        {verb: "get", ref: gnpRef("a")},
		audit.SkippedNotFollowed: {verb: "patch", ref: coreRef("configmaps", "shop", "a")},
		audit.SkippedDryRun:      {verb: "patch", uri: "/x?dryRun=All", ref: gnpRef("a"), response: gnp("a", "u1", "5")},
		audit.SkippedCode:        {verb: "patch", code: 409, ref: coreRef("pods", "shop", "a")},
		audit.SkippedNoChange:    {verb: "create", code: 201, ref: coreRef("pods", "shop", "a").sub("eviction")},
	} {
		t.Run(reason, func(t *testing.T) {
			entries, facts := merge(t, options(), lines(e))
			require.Empty(t, entries)
			require.Equal(t, map[string]int64{reason: 1}, facts.Skipped)
			require.EqualValues(t, 1, facts.Events)
			require.Zero(t, facts.Used)
		})
	}
}

func TestTheTimeOfEntries(t *testing.T) {
	o := options()
	o.From = day.Start.Add(-2 * time.Hour)
	var events []logged
	for _, at := range []time.Duration{-2*time.Hour - 1000, -2 * time.Hour, -time.Hour, 0, 24*time.Hour - 1000, 24 * time.Hour, 24*time.Hour + time.Minute} {
		events = append(events, logged{at: at, verb: "patch", ref: gnpRef("a"), response: gnp("a", "u1", "5")})
	}
	entries, facts := merge(t, o, lines(events...))
	require.Len(t, entries, 4, "from the snapshot on, up to the end of the interval")
	require.True(t, entries[1].Prior)
	require.False(t, entries[2].Prior)
	require.EqualValues(t, 2, facts.Selected, "those within the interval")
	require.Equal(t, o.From.Add(-1000), facts.First)
	require.Equal(t, day.End.Add(time.Minute), facts.Last)
}

func TestHours(t *testing.T) {
	o := options()
	o.Interval = interval.Interval{Start: day.Start.Add(30 * time.Minute), End: day.Start.Add(4 * time.Hour)}
	get := logged{verb: "get", ref: gnpRef("a")}
	var events []logged
	for _, at := range []time.Duration{31 * time.Minute, 59 * time.Minute, 2*time.Hour + time.Minute} {
		get.at = at
		events = append(events, get)
	}
	_, facts := merge(t, o, lines(events[0]), lines(events[1:]...))
	require.Equal(t, map[string]int64{"2026-11-21T00": 2, "2026-11-21T02": 1}, facts.Hours)
	require.Equal(t, []time.Time{day.Start.Add(time.Hour), day.Start.Add(3 * time.Hour)}, facts.SilentHours(o.Interval))
}

func TestStagesAreBounded(t *testing.T) {
	_, facts := merge(t, options(), lines(
		logged{verb: "get", ref: gnpRef("a")}, logged{verb: "get", stage: "RequestReceived", ref: gnpRef("a")},
		logged{verb: "get", stage: "x1", ref: gnpRef("a")}, logged{verb: "get", stage: "x2", ref: gnpRef("a")}))
	require.Equal(t, map[string]int64{"ResponseComplete": 1, "RequestReceived": 1, "other": 2}, facts.Stages)
}

// AL 27: an audit policy that names pods without pods/* never shows the node.
func TestPodsNeedNode(t *testing.T) {
	binding := logged{verb: "create", code: 201, ref: coreRef("pods", "shop", "a").sub("binding"), request: `{"target":{"name":"n1"}}`}
	bare := binding
	bare.request = ""
	state := logged{verb: "patch", ref: coreRef("pods", "shop", "a").sub("status"), response: pod("shop", "a", "u1", "5")}
	plain := logged{verb: "patch", ref: coreRef("pods", "shop", "a"), response: pod("shop", "a", "u1", "5")}
	for name, c := range map[string]struct {
		event logged
		want  bool
	}{
		"a binding": {binding, true}, "a status": {state, true}, "a binding at level Metadata": {bare, false}, "a pod": {plain, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, facts := merge(t, options(), lines(c.event))
			require.Equal(t, c.want, facts.PodsNeedNode())
		})
	}
}

func TestWarnings(t *testing.T) {
	whole := logged{verb: "patch", ref: gnpRef("a"), response: gnp("a", "u1", "5")}
	bare := logged{verb: "patch", ref: gnpRef("a")}
	for name, c := range map[string]struct {
		events []logged
		want   []string
	}{
		"bodies everywhere":                      {[]logged{whole}, nil},
		"a front server's log beside the bodies": {[]logged{whole, bare}, nil},
		"no bodies of policies": {[]logged{bare},
			[]string{`the audit policy does not log "patch projectcalico.org.globalnetworkpolicies" with bodies (1 of 1): log it at level RequestResponse`}},
		"no bodies of sub-resources, some of pods": {[]logged{
			{verb: "create", code: 201, ref: coreRef("pods", "shop", "a").sub("binding")},
			{verb: "create", code: 201, ref: coreRef("pods", "shop", "a")},
			{verb: "create", code: 201, ref: coreRef("pods", "shop", "b"), response: pod("shop", "b", "u1", "5")},
			{verb: "create", code: 201, ref: coreRef("pods", "shop", "b").sub("odd")},
		}, []string{
			`the audit policy does not log "create core.pods" with bodies (1 of 2): log it at level RequestResponse`,
			`the audit policy does not log "create core.pods/binding" with bodies (1 of 1): log it at level RequestResponse`,
			`the audit policy does not log "create core.pods/other" with bodies (1 of 1): log it at level RequestResponse`,
		}},
		"refusals have none": {[]logged{{verb: "patch", code: 403, ref: gnpRef("a")}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, facts := merge(t, options(), lines(c.events...))
			require.Equal(t, c.want, facts.Warnings())
		})
	}
}

func TestSelection(t *testing.T) {
	calico := logged{verb: "patch", ref: &ref{Resource: "networkpolicies", Namespace: "shop", Name: "default.x", APIGroup: "projectcalico.org", APIVersion: "v3"}}
	stored := logged{verb: "patch", ref: &ref{Resource: "networkpolicies", Namespace: "shop", Name: "default.x", APIGroup: "crd.projectcalico.org", APIVersion: "v1"}}
	kubernetes := logged{verb: "patch", ref: knpRef("shop", "x")}
	generated := logged{verb: "create", code: 201, ref: knpRef("shop", ""), response: knp("shop", "x", "u1", "5")}
	several := logged{verb: "deletecollection", ref: knpRef("shop", ""), response: list("networking.k8s.io/v1", "NetworkPolicyList", knp("shop", "w", "u1", "5"), knp("shop", "x", "u1", "5"))}
	refused := logged{verb: "create", code: 422, ref: knpRef("shop", ""), request: knp("shop", "x", "", "")}
	unnamed := logged{verb: "create", code: 403, ref: knpRef("shop", "")}
	config := logged{verb: "create", code: 201, ref: coreRef("configmaps", "shop", "x")}
	all := []logged{calico, stored, kubernetes, generated, several, refused, unnamed, config}
	for name, c := range map[string]struct {
		selected []v3.AuditResource
		want     []bool
	}{
		"nothing":        {nil, []bool{false, false, false, false, false, false, false, false}},
		"everything":     {[]v3.AuditResource{{}}, []bool{true, true, true, true, true, true, true, true}},
		"a resource":     {[]v3.AuditResource{{Resource: "networkpolicies"}}, []bool{true, true, true, true, true, true, true, false}},
		"a group":        {[]v3.AuditResource{{APIGroup: "projectcalico.org"}}, []bool{true, true, false, false, false, false, false, false}},
		"a version":      {[]v3.AuditResource{{APIGroup: "projectcalico.org", APIVersion: "v3"}}, []bool{true, true, false, false, false, false, false, false}},
		"a long version": {[]v3.AuditResource{{APIVersion: "networking.k8s.io/v1"}}, []bool{false, false, true, true, true, true, true, false}},
		"a name":         {[]v3.AuditResource{{Resource: "networkpolicies", Name: "x"}}, []bool{false, true, true, true, true, true, false, false}},
		"a namespace":    {[]v3.AuditResource{{Namespace: "other"}, {Namespace: "shop", APIVersion: "v1"}}, []bool{false, true, true, true, true, true, true, true}},
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.Selection = c.selected
			for i, e := range all {
				entries, _ := merge(t, o, lines(e))
				kept := len(entries) == 1 && entries[0].Event != nil
				require.Equal(t, c.want[i], kept, "event %d", i)
				if kept {
					require.JSONEq(t, string(e.line()), string(entries[0].Event))
				}
			}
		})
	}
}

func TestRefusedAttemptsAreKeptApart(t *testing.T) {
	entries, facts := merge(t, options(), lines(
		logged{verb: "create", code: 403, ref: gnpRef("")},
		logged{at: 1000, verb: "update", code: 409, ref: gnpRef("a"), response: failure(409, "Conflict", "changed")},
		logged{at: 2000, verb: "create", code: 401, stage: "ResponseStarted", ref: gnpRef("")},
		logged{at: 3000, verb: "update", code: 403, uri: "/x?dryRun=All", ref: gnpRef("a")},
		logged{at: -time.Hour, verb: "update", code: 403, ref: gnpRef("a")},
		logged{at: 5000, verb: "update", code: 403, ref: coreRef("pods", "shop", "a")},
	))
	require.Len(t, entries, 3)
	for _, entry := range entries {
		require.True(t, entry.Refused)
		require.Empty(t, entry.Changes)
	}
	require.EqualValues(t, 3, facts.Refused)
}
