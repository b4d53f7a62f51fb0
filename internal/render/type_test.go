package render

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	v3 "github.com/tigera/api/pkg/apis/projectcalico/v3"
	"pgregory.net/rapid"
)

// oldStyle are templates as people wrote them for the removed product: builders that are declared anew on each line, headings padded
// with blanks, indentation of the manifest, quotes within quotes, and tables written by hand.
var oldStyle = map[string]struct{ text, want string }{
	"a builder": {`
      {{ $t := csv }}
      {{- $t := $t.AddColumn "who"    "{{ .Endpoint }}" }}
      {{- $t := $t.AddColumn "safe"   "{{ .IngressProtected }}" }}
      {{- $t := $t.AddColumn "rules"  "{{ join \";\" .AppliedPolicies }}" }}
      {{- $t := $t.AddColumn "prefix" "{{ flowsPrefix . }}" }}
      {{- $t := $t.AddColumn "sends"  "{{ joinN \";\" 5 (flowsEgress .) }}" }}
      {{- $t.Render .Endpoints }}
`, `who,safe,rules,prefix,sends
HostEndpoint(node-1-eth0),false,,,
Pod.v1(pay/ledger-0),false,,ledger-0,
Pod.v1(shop/cart-5d4b6-9kq7d),true,GlobalNetworkPolicy(security.deny-all);NetworkPolicy(shop/app.cart),cart-5d4b6-*,Public;Pod.v1(pay/ledger-0)
Pod.v1(shop/web-7c9d5-x8z2q),true,GlobalNetworkPolicy(security.deny-all);NetworkPolicy.networking.k8s.io/v1(shop/web),web-7c9d5-*,Pod.v1(shop/cart-5d4b6-*)
`},
	"one line": {`
      {{ $t := csv }}
      {{- $t := $t.AddColumn "from"  "{{ dateRfc3339 .StartTime }}" }}
      {{- $t := $t.AddColumn "which" "{{ if .ReportSpec.Endpoints }}{{ .ReportSpec.Endpoints.Selector }}{{ end }}" }}
      {{- $t := $t.AddColumn "left"  "{{ sub .EndpointsSummary.NumTotal .EndpointsSummary.NumEgressProtected }}" }}
      {{- $t.Render . }}
`, "from,which,left\n2026-02-13T00:00:00Z,\"pci == \"\"true\"\" && zone in {'a', 'b'}\",3\n"},
	"a table by hand": {`host,nr,text,hint
{{ range $i, $n := .CISBenchmark }}
{{- range $j, $s := $n.Results }}
{{- range $k, $r := $s.Results }}
{{- if eq $r.Status "WARN" }}
{{- $n.NodeName }},{{ $r.TestNumber }},{{ $r.TestDesc }},"{{ $r.TestInfo }}"
{{ end }}
{{- end }}
{{- end }}
{{- end }}`, "host,nr,text,hint\nnode-1,1.1.10,Look,\"\"\nnode-2,1.1.10,Look,\"\"\n"},
	"a builder on one line": {`{{ $c := csv }}{{ $c := $c.AddColumn "n" "{{ .Namespace.Name }}" }}{{ $c.Render .Namespaces }}`, "n\npay\nshop\n"},
	"a column that quotes":  {`{{ $c := csv }}{{ $c := $c.AddColumn "n" "{{ quote .Namespace.Name }}" }}{{ $c.Render .Namespaces }}`, "n\n\"pay\"\n\"shop\"\n"},
	"no rows":               {`{{ $c := csv }}{{ $c := $c.AddColumn "a,b" "x" }}{{ $c.Render (list) }}`, "\"a,b\"\n"},
}

func TestOldTemplatesRender(t *testing.T) {
	for name, c := range oldStyle {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, rendered(t, "x.csv", c.text)) })
	}
}

func TestBuilderOutsideCSV(t *testing.T) {
	got := rendered(t, "x.txt", `{{ $c := csv }}{{ $c.AddColumn "n" "{{ .ReportName }}" }}{{ $c.Render . }}`)
	require.Equal(t, "n\ndaily-shop", got, "one line of data has no newline at its end, and the builder itself prints nothing")
}

func TestCompileTypeRefuses(t *testing.T) {
	template := func(name, text string) v3.ReportTemplate { return v3.ReportTemplate{Name: name, Template: text} }
	for name, c := range map[string]struct {
		change func(*v3.ReportTypeSpec)
		want   string
	}{
		"a slash in a name":  {func(s *v3.ReportTypeSpec) { s.DownloadTemplates[0].Name = "../x" }, `spec.downloadTemplates[0].name "../x" is not usable`},
		"no name":            {func(s *v3.ReportTypeSpec) { s.DownloadTemplates[0].Name = "" }, `spec.downloadTemplates[0].name "" is not usable`},
		"a long name":        {func(s *v3.ReportTypeSpec) { s.DownloadTemplates[0].Name = strings.Repeat("n", 101) }, "is not usable"},
		"a name used twice":  {func(s *v3.ReportTypeSpec) { s.DownloadTemplates = append(s.DownloadTemplates, template("x.txt", "y")) }, `spec.downloadTemplates[1].name "x.txt" is used twice`},
		"the summary's name": {func(s *v3.ReportTypeSpec) { s.DownloadTemplates[0].Name = SummaryName }, `name "ui-summary.json" is used twice`},
		"no summary":         {func(s *v3.ReportTypeSpec) { s.UISummaryTemplate = v3.ReportTemplate{} }, `spec.uiSummaryTemplate ("ui-summary.json") has no template`},
		"an empty template":  {func(s *v3.ReportTypeSpec) { s.DownloadTemplates[0].Template = " \n" }, `spec.downloadTemplates[0] ("x.txt") has no template`},
		"a huge template":    {func(s *v3.ReportTypeSpec) { s.DownloadTemplates[0].Template = strings.Repeat("x", 1<<20+1) }, "at most 1048576 are allowed"},
		"too many":           {func(s *v3.ReportTypeSpec) { s.DownloadTemplates = make([]v3.ReportTemplate, 65) }, "at most 64 are allowed"},
		"a syntax error":     {func(s *v3.ReportTypeSpec) { s.DownloadTemplates[0].Template = "a\n{{ if }}" }, `template "x.txt", line 2: missing value for if`},
		"a wrong field": {func(s *v3.ReportTypeSpec) {
			s.DownloadTemplates[0].Template = "a\nb\n{{ range .Endpoints }}{{ .Endpont }}{{ end }}"
		}, `template "x.txt", line 3, at .Endpont: can't evaluate field Endpont`},
		"a wrong column": {func(s *v3.ReportTypeSpec) {
			s.DownloadTemplates[0].Template = "\n{{ $c := csv }}\n{{ $c = $c.AddColumn \"e\" `{{ .Nam }}` }}\n{{ $c.Render .Endpoints }}"
		}, `template "x.txt", line 4, column "e", at .Nam: can't evaluate field Nam`},
		"a column that breaks": {func(s *v3.ReportTypeSpec) {
			s.DownloadTemplates[0].Template = "{{ $c := csv }}\n{{ $c = $c.AddColumn \"e\" `{{ .Nam ` }}"
		}, `template "x.txt", line 2, column "e": unclosed action`},
		"an optional part":    {func(s *v3.ReportTypeSpec) { s.DownloadTemplates[0].Template = "{{ .ReportSpec.CIS.HighThreshold }}" }, `with data that lacks optional parts: template "x.txt", line 1, at .ReportSpec.CIS.HighThreshold: nil pointer evaluating`},
		"a memory address":    {func(s *v3.ReportTypeSpec) { s.DownloadTemplates[0].Template = "{{ .ReportSpec }}" }, "it does not print the same twice"},
		"an unknown template": {func(s *v3.ReportTypeSpec) { s.DownloadTemplates[0].Template = `{{ template "nope" }}` }, `template "x.txt", line 1, at {{template "nope"}}: template "nope" not defined`},
	} {
		t.Run(name, func(t *testing.T) {
			gt := typeWith("x.txt", "fine")
			c.change(&gt.Spec)
			_, err := CompileType(gt)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, `report type "mine"`)
		})
	}
}

func TestCompileTypeReportsEveryTemplate(t *testing.T) {
	gt := typeWith("x.txt", "{{ nope }}")
	gt.Spec.DownloadTemplates = append(gt.Spec.DownloadTemplates, v3.ReportTemplate{Name: "y.txt", Template: "{{ if }}"})
	_, err := CompileType(gt)
	require.ErrorContains(t, err, `template "x.txt"`)
	require.ErrorContains(t, err, `template "y.txt"`)
}

func TestTemplatesThatLookLikeBase64AreText(t *testing.T) {
	require.Equal(t, "e3sgLlJlcG9ydE5hbWUgfX0=", rendered(t, "x.txt", "e3sgLlJlcG9ydE5hbWUgfX0="))
}

func TestWriteDownload(t *testing.T) {
	compiled := builtIn(t, "inventory")
	require.Equal(t, []string{"summary.csv", "endpoints.csv", "namespaces.csv", "services.csv"}, compiled.Downloads())
	out, err := compiled.Render(t.Context(), shopData())
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, compiled.WriteDownload(t.Context(), &b, shopData(), "endpoints.csv"))
	require.Equal(t, string(out.Downloads[1].Content), b.String())
	require.ErrorContains(t, compiled.WriteDownload(t.Context(), &b, shopData(), "nope.csv"), `no download "nope.csv": it has summary.csv, endpoints.csv`)
	require.ErrorIs(t, compiled.WriteDownload(t.Context(), brokenWriter{}, shopData(), "endpoints.csv"), errBroken)
}

func TestRenderDoesNotDependOnTheOrderOfTheData(t *testing.T) {
	types := map[string]*Type{}
	for name := range headers {
		types[name] = builtIn(t, name)
	}
	wants := map[string]Rendered{}
	for name, compiled := range types {
		want, err := compiled.Render(t.Context(), shopData())
		require.NoError(t, err)
		wants[name] = want
	}
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		mixed := shopData()
		r.Shuffle(len(mixed.Endpoints), func(i, j int) { mixed.Endpoints[i], mixed.Endpoints[j] = mixed.Endpoints[j], mixed.Endpoints[i] })
		for _, e := range mixed.Endpoints {
			slices.Reverse(e.AppliedPolicies)
		}
		slices.Reverse(mixed.Services)
		slices.Reverse(mixed.Namespaces)
		r.Shuffle(len(mixed.Flows), func(i, j int) { mixed.Flows[i], mixed.Flows[j] = mixed.Flows[j], mixed.Flows[i] })
		slices.Reverse(mixed.CISBenchmark)
		for name, compiled := range types {
			got, err := compiled.Render(t.Context(), mixed)
			require.NoError(t, err)
			require.Equal(t, wants[name], got, name)
		}
	})
}

func TestRenderLeavesTheDataAlone(t *testing.T) {
	before, after := shopData(), shopData()
	_, err := builtIn(t, "network-access").Render(t.Context(), after)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

// TestMethodsOfTheDataAreKnown fails when a new version of the data's types brings a method that nobody has looked at.
func TestMethodsOfTheDataAreKnown(t *testing.T) {
	harmless := strings.Fields(`Add AddDate After AppendBinary AppendFormat AppendText Before BeforeTime Clock Compare Date Day Equal EqualTime Format
		GetContinue GetListMeta GetObjectKind GetRemainingItemCount GetResourceVersion GetSelfLink GetShardInfo GoString GobEncode GreaterOrEqual
		GroupVersionKind Hour ISOWeek In IsDST IsZero Less Location Marshal MarshalBinary MarshalCBOR MarshalJSON MarshalQueryParameter MarshalText
		Minute Month Nanosecond OpenAPIModelName OpenAPISchemaFormat OpenAPISchemaType ProtoMicroTime ProtoTime Rfc3339Copy Round Second Size String
		Sub SwaggerDoc ToUnstructured Truncate UTC Unix UnixMicro UnixMilli UnixNano Weekday Year YearDay Zone ZoneBounds`)
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		for i := range reflect.PointerTo(typ).NumMethod() {
			method := reflect.PointerTo(typ).Method(i)
			if method.Type.NumOut() == 0 {
				continue // a template cannot call it
			}
			name := method.Name
			require.True(t, refusedMethod(name) != "" || slices.Contains(harmless, name), "method %s of %s is neither refused nor known", name, typ)
		}
		switch typ.Kind() {
		case reflect.Slice, reflect.Pointer, reflect.Map, reflect.Array:
			walk(typ.Elem())
		case reflect.Struct:
			for f := range typ.Fields() {
				if f.IsExported() {
					walk(f.Type)
				}
			}
		}
	}
	walk(reflect.TypeFor[v3.ReportData]())
	require.Greater(t, len(seen), 40)
}

func FuzzTemplate(f *testing.F) {
	for _, c := range oldStyle {
		f.Add(c.text)
	}
	for _, text := range []string{`{{ range $k, $v := dict "a" 1 }}{{ $k }}{{ end }}`, `{{ toYaml . }}`, `{{ define "x" }}{{ . }}{{ end }}{{ block "y" . }}{{ end }}`,
		`{{ with $x := .Endpoints }}{{ (index $x 0).Endpoint }}{{ end }}`, `{{ csv }}`, "{{/* a */}}", `{{ $_ := set (dict) "a" (list 1) }}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return
		}
		compiled, err := CompileType(typeWith("x.csv", text))
		if err != nil {
			return
		}
		small := compiled.WithLimits(tryLimits)
		want, err1 := small.Render(t.Context(), shopData())
		got, err2 := small.Render(t.Context(), shopData())
		require.Equal(t, err1 == nil, err2 == nil)
		require.Equal(t, want, got)
	})
}

func BenchmarkEndpoints(b *testing.B) {
	compiled := builtIn(b, "network-access")
	data := manyEndpoints(10_000)
	b.ReportAllocs()
	for b.Loop() {
		var w bytes.Buffer
		require.NoError(b, compiled.WriteDownload(b.Context(), &w, data, "endpoints.csv"))
		b.SetBytes(int64(w.Len()))
	}
}
