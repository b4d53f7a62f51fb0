package report_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"pgregory.net/rapid"

	"github.com/probity/probity/internal/flow"
	"github.com/probity/probity/internal/interval"
	"github.com/probity/probity/internal/report"
	"github.com/probity/probity/internal/resource"
	"github.com/probity/probity/internal/timeline"
)

var anyFlags = rapid.Custom(func(t *rapid.T) timeline.Flags {
	bit := func(name string) bool { return rapid.Bool().Draw(t, name) }
	return timeline.Flags{
		IngressProtected: bit("ip"), EgressProtected: bit("ep"), IngressFromInternet: bit("ii"), EgressToInternet: bit("ei"),
		IngressFromOtherNamespace: bit("io"), EgressToOtherNamespace: bit("eo"), Envoy: bit("envoy"),
	}
})

// anyLives draws lives of a few names, so that names are shared, with a uid of their own each.
func anyLives(t *rapid.T) []timeline.Life {
	var lives []timeline.Life
	for n := range rapid.IntRange(0, 12).Draw(t, "lives") {
		namespace := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "namespace")
		name := rapid.SampledFrom([]string{"p", "q", "r"}).Draw(t, "name")
		life := pod(namespace, name, flags(anyFlags.Draw(t, "flags")))
		life.ID.UID = fmt.Sprintf("uid-%d", n)
		life.From = whole.Start.Add(time.Duration(rapid.IntRange(0, 10).Draw(t, "from")) * time.Hour)
		life.To = life.From.Add(time.Hour)
		life.Scope = []interval.Interval{{Start: life.From, End: life.To}}
		life.ServiceAccount = rapid.SampledFrom([]string{"x", "y"}).Draw(t, "account")
		life.AggregateName = name + "-*"
		for _, service := range []string{"s1", "s2"} {
			if rapid.Bool().Draw(t, service) {
				life.Services = append(life.Services, key(resource.Service, namespace, service))
			}
		}
		for _, policy := range []string{"t.p1", "t.p2"} {
			if rapid.Bool().Draw(t, policy) {
				life.Policies = append(life.Policies, key(resource.GlobalNetworkPolicy, "", policy))
			}
		}
		lives = append(lives, life)
	}
	return lives
}

func anyGroups(t *rapid.T) []flow.Group {
	var all []flow.Group
	end := rapid.SampledFrom([]flow.End{wep("a", "", "p-*"), wep("a", "p", "p-*"), wep("b", "", "q-*"), wep("c", "", "z-*"), public})
	for range rapid.IntRange(0, 10).Draw(t, "groups") {
		action := rapid.SampledFrom([]string{"allow", "deny"}).Draw(t, "action")
		all = append(all, between(end.Draw(t, "source"), end.Draw(t, "dest"), action))
	}
	return all
}

func shuffled[T any](random *rand.Rand, all []T) []T {
	all = slices.Clone(all)
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func TestBuildDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lives, flows := anyLives(t), anyGroups(t)
		warnings := []string{"w1", "w2", "w3"}
		in := input(t, "network-access", lives...)
		in.Flows, in.Warnings = groups(flows...), warnings
		want := encoded(t, build(t, in))
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for i := range lives {
			lives[i].Services, lives[i].Policies = shuffled(random, lives[i].Services), shuffled(random, lives[i].Policies)
		}
		again := input(t, "network-access", shuffled(random, lives)...)
		again.Flows, again.Warnings = groups(shuffled(random, flows)...), shuffled(random, warnings)
		require.Equal(t, want, encoded(t, build(t, again)))
	})
}

// The merged rows and the roll-ups are compared with what the definitions say, read off the lives one by one.
func TestBuildMergesToTheWorstCase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lives := anyLives(t)
		d := build(t, input(t, "inventory", lives...))
		names := map[resource.Key]bool{}
		for _, life := range lives {
			names[life.ID.Key] = true
		}
		require.Len(t, d.Data.Endpoints, len(names))
		require.Len(t, d.Lives, len(lives))
		for _, e := range d.Data.Endpoints {
			checkRow(t, e, lives)
		}
		for _, n := range d.Data.Namespaces {
			checkNamespace(t, n, d.Data.Endpoints)
		}
		for _, s := range d.Data.Services {
			checkService(t, s, d.Data.Endpoints)
		}
	})
}

func checkRow(t *rapid.T, e v3.EndpointsReportEndpoint, lives []timeline.Life) {
	protected, exposed, envoy := true, false, true
	all := map[string]bool{}
	for _, life := range lives {
		if life.ID.Namespace != e.Endpoint.Namespace || life.ID.Name != e.Endpoint.Name {
			continue
		}
		protected = protected && life.Flags.IngressProtected
		exposed = exposed || life.Flags.EgressToInternet
		envoy = envoy && life.Flags.Envoy
		for _, k := range slices.Concat(life.Policies, life.Services) {
			all[k.String()] = true
		}
	}
	require.Equal(t, protected, e.IngressProtected)
	require.Equal(t, exposed, e.EgressToInternet)
	require.Equal(t, envoy, e.EnvoyEnabled)
	require.Len(t, all, len(e.AppliedPolicies)+len(e.Services))
	for _, id := range slices.Concat(e.AppliedPolicies, e.Services) {
		require.True(t, all[id.String()])
	}
}

func checkNamespace(t *rapid.T, n v3.EndpointsReportNamespace, endpoints []v3.EndpointsReportEndpoint) {
	inside := slices.DeleteFunc(slices.Clone(endpoints), func(e v3.EndpointsReportEndpoint) bool { return e.Endpoint.Namespace != n.Namespace.Name })
	require.NotEmpty(t, inside, "a namespace has an endpoint in scope")
	every := func(f func(v3.EndpointsReportEndpoint) bool) bool {
		return !slices.ContainsFunc(inside, func(e v3.EndpointsReportEndpoint) bool { return !f(e) })
	}
	require.Equal(t, every(func(e v3.EndpointsReportEndpoint) bool { return e.EgressProtected }), n.EgressProtected)
	require.Equal(t, every(func(e v3.EndpointsReportEndpoint) bool { return e.EnvoyEnabled }), n.EnvoyEnabled)
	require.Equal(t, slices.ContainsFunc(inside, func(e v3.EndpointsReportEndpoint) bool { return e.IngressFromInternet }), n.IngressFromInternet)
	require.Equal(t, slices.ContainsFunc(inside, func(e v3.EndpointsReportEndpoint) bool { return e.EgressToOtherNamespace }), n.EgressToOtherNamespace)
}

func checkService(t *rapid.T, s v3.EndpointsReportService, endpoints []v3.EndpointsReportEndpoint) {
	members, protected, exposed := 0, true, false
	for _, e := range endpoints {
		if slices.Contains(e.Services, s.Service) {
			members++
			protected = protected && e.IngressProtected
			exposed = exposed || e.IngressFromOtherNamespace
		}
	}
	require.Positive(t, members, "a service has an endpoint in scope")
	require.Equal(t, protected, s.IngressProtected)
	require.Equal(t, exposed, s.IngressFromOtherNamespace)
}

func TestDocumentRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := input(t, "network-access", anyLives(t)...)
		in.Flows = groups(anyGroups(t)...)
		want := encoded(t, build(t, in))
		back, err := report.Decode([]byte(want))
		require.NoError(t, err)
		require.Equal(t, want, encoded(t, back))
	})
}

func TestDocumentRoundTripWithEvents(t *testing.T) {
	in := input(t, "policy-audit")
	in.Trail = trail(t, in.Definition.TypeSpec.AuditEventsSelection.Resources, policyLog...)
	want := encoded(t, build(t, in))
	back, err := report.Decode([]byte(want))
	require.NoError(t, err)
	require.Equal(t, want, encoded(t, back))
	require.Equal(t, "patch", back.Data.AuditEvents[1].Verb)
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct{ name, raw, says string }{
		{"no JSON", "{", "decode report document"},
		{"another schema", `{"schema":"probity.report/v9"}`, `schema is "probity.report/v9"`},
		{"no schema", `{}`, `schema is ""`},
		{"wrong type", `{"schema":"probity.report/v1","data":{"endpoints":7}}`, "endpoints"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := report.Decode([]byte(c.raw))
			require.ErrorContains(t, err, c.says)
		})
	}
	t.Run("unknown fields are tolerated", func(t *testing.T) {
		d, err := report.Decode([]byte(`{"schema":"probity.report/v1","data":{"reportName":"x","new":1},"newer":[]}`))
		require.NoError(t, err)
		require.Equal(t, "x", d.Data.ReportName)
	})
}

func BenchmarkBuild(b *testing.B) {
	var lives []timeline.Life
	for n := range 10_000 {
		namespace := fmt.Sprintf("ns-%d", n%50)
		lives = append(lives, pod(namespace, fmt.Sprintf("pod-%05d", n), services(fmt.Sprintf("s-%d", n%7))))
	}
	var flows []flow.Group
	for n := range 100_000 {
		l := &lives[n%len(lives)]
		flows = append(flows, between(wep(l.ID.Namespace, "", l.ID.Name), wep(fmt.Sprintf("ns-%d", n%13), "", "x-*"), "allow"))
	}
	for b.Loop() {
		in := input(b, "network-access", lives...)
		in.Flows = groups(flows...)
		var out bytes.Buffer
		require.NoError(b, build(b, in).Encode(&out))
		b.SetBytes(int64(out.Len()))
	}
}
