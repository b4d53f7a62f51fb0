package render

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bombs are templates that would take the memory or the time of the machine.
var bombs = map[string]string{
	"loops within loops":           `{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}`,
	"a loop over a number":         `{{ range 1000000000000 }}{{ end }}`,
	"loops over the data":          `{{ range $a := until 1000 }}{{ range $b := until 1000 }}{{ range $.Endpoints }}{{ $x := .Endpoint }}{{ end }}{{ end }}{{ end }}`,
	"calls that double":            doubling(40),
	"calls without end":            `{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}`,
	"repeat":                       `{{ repeat 1000000000 "abcdefgh" }}`,
	"repeat of repeat":             `{{ $x := "x" }}{{ range until 30 }}{{ $x = repeat 16 $x }}{{ end }}`,
	"text that grows":              `{{ $x := "0123456789abcdef" }}{{ range until 60 }}{{ $x = print $x $x }}{{ end }}`,
	"text that grows by replacing": `{{ $x := "aaaaaaaa" }}{{ range until 30 }}{{ $x = replace "a" $x $x }}{{ end }}`,
	"regular replacing":            `{{ $x := repeat 10000 "a" }}{{ regexReplaceAll "a" $x $x }}`,
	"regular matching":             `{{ $x := repeat 500000 "a" }}{{ regexMatch "(a{1,900}){1,1}b(c{900})d(e{900})" $x }}`,
	"a long pattern":               `{{ regexMatch (repeat 5000 "a") "x" }}`,
	"until":                        `{{ until 1000000000 }}`,
	"until below zero":             `{{ until -1000000000 }}`,
	"untilStep":                    `{{ untilStep 0 9000000000000000000 1 }}`,
	"untilStep that overflows":     `{{ untilStep 0 9223372036854775807 9223372036854775806 }}`,
	"seq":                          `{{ seq 1 1000000000 }}`,
	"indent":                       `{{ indent 1000000000 "x" }}`,
	"nindent":                      `{{ nindent 100000 (repeat 10000 "\n") }}`,
	"wrapWith":                     `{{ wrapWith 1 (repeat 100000 "x") (repeat 100000 "a ") }}`,
	"join":                         `{{ join (repeat 100000 "x") (until 100000) }}`,
	"joinN":                        `{{ joinN (repeat 100000 "x") 100000 (until 100000) }}`,
	"printf width":                 `{{ printf "%999999999d" 1 }}`,
	"printf width by argument":     `{{ printf "%*d" 999999 1 }}`,
	"printf repeats":               `{{ $x := repeat 1000000 "x" }}{{ printf (repeat 1000 "%[1]s") $x }}`,
	"a list that doubles":          `{{ $l := list "x" }}{{ range until 60 }}{{ $l = list $l $l }}{{ end }}`,
	"a list that nests":            `{{ $l := list }}{{ range until 100000 }}{{ $l = list $l }}{{ end }}`,
	"a list of long texts":         `{{ $s := repeat 1000000 "x" }}{{ $l := list }}{{ range until 1000 }}{{ $l = append $l $s }}{{ end }}{{ $l }}`,
	"a list of long texts as JSON": `{{ $s := repeat 1000000 "x" }}{{ $l := list }}{{ range until 1000 }}{{ $l = append $l $s }}{{ end }}{{ toJson $l }}`,
	"a list of the whole data":     `{{ $l := list }}{{ range until 100000 }}{{ $l = append $l $ }}{{ end }}{{ $l }}`,
	"a dictionary in itself":       `{{ $d := dict }}{{ $_ := set $d "self" $d }}{{ $d }}`,
	"a dictionary deep in itself":  `{{ $d := dict "a" (dict "b" (dict)) }}{{ $_ := set $d.a.b "c" $d }}{{ toJson $d }}`,
	"dictionaries merged":          `{{ $d := dict }}{{ $_ := merge $d (dict "x" $d) }}{{ $d }}`,
	"split":                        `{{ splitList "" (repeat 4000000 "x") }}`,
	"fromJson that nests":          `{{ fromJson (print (repeat 5000 "[") (repeat 5000 "]")) }}`,
	"uniq":                         `{{ uniq (until 100000) }}`,
	"output":                       `{{ range until 1000000 }}0123456789012345678901234567890123456789{{ end }}`,
	"a column that loops":          "{{ $c := csv }}{{ $c = $c.AddColumn \"a\" `{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}` }}{{ $c.Render . }}",
	"a cell that grows":            "{{ $c := csv }}{{ $c = $c.AddColumn \"a\" `{{ range until 1000000 }}0123456789{{ end }}` }}{{ $c.Render . }}",
	"a cell of a long list":        "{{ $c := csv }}{{ $c = $c.AddColumn \"a\" `{{ with dict \"l\" (list) }}{{ $s := repeat 1000000 \"x\" }}{{ $l := list }}{{ range until 100 }}{{ $l = append $l $s }}{{ end }}{{ $_ := set . \"l\" $l }}{{ .l }}{{ end }}` }}{{ $c.Render . }}",
	"rows that are long lists":     "{{ $c := csv }}{{ $c = $c.AddColumn \"a\" `{{ .l }}` }}{{ $s := repeat 1000000 \"x\" }}{{ $l := list }}{{ range until 100 }}{{ $l = append $l $s }}{{ end }}{{ $c.Render (list (dict \"l\" $l)) }}",
	"columns without end":          "{{ $c := csv }}{{ range until 100000 }}{{ $_ := $c.AddColumn \"a\" `x` }}{{ end }}",
}

// doubling defines n templates of which each calls the next one twice.
func doubling(n int) string {
	var b strings.Builder
	for i := range n {
		name, next := strings.Repeat("a", i+1), strings.Repeat("a", i+2)
		b.WriteString(`{{ define "` + name + `" }}{{ template "` + next + `" }}{{ template "` + next + `" }}{{ end }}`)
	}
	return b.String() + `{{ define "` + strings.Repeat("a", n+1) + `" }}{{ end }}{{ template "a" }}`
}

func TestBombsAreStopped(t *testing.T) {
	for name, text := range bombs {
		t.Run(name, func(t *testing.T) {
			_, err := CompileType(typeWith("x.csv", text))
			var te *TemplateError
			require.ErrorAs(t, err, &te)
			require.Equal(t, "mine", te.Type)
			require.Equal(t, "x.csv", te.Template)
		})
	}
}

func TestLoopsAreStoppedWhereTheyStand(t *testing.T) {
	_, err := CompileType(typeWith("x.txt", "one\ntwo\n{{ range 1000000 }}\n{{ range 1000000 }}{{ end }}\n{{ end }}"))
	require.EqualError(t, err, `try report type "mine": template "x.txt", line 4: `+
		"it does more work than the limit of 2000000 units allows: look for loops within loops")
}

func TestLimitsCanBeSet(t *testing.T) {
	compiled, err := CompileType(typeWith("x.txt", `{{ range .Endpoints }}{{ .Endpoint }}{{ end }}`))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		limits Limits
		want   string
	}{
		"output": {Limits{Output: 60}, "it prints more than the limit of 60 bytes"},
		"work":   {Limits{Work: 25}, "it does more work than the limit of 25 units allows"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := compiled.WithLimits(c.limits).Render(t.Context(), shopData())
			require.ErrorContains(t, err, c.want)
		})
	}
	t.Run("zero is the default", func(t *testing.T) {
		require.Equal(t, DefaultLimits(), compiled.WithLimits(Limits{}).limits)
	})
}

func TestContextStopsALongTemplate(t *testing.T) {
	compiled, err := CompileType(typeWith("x.txt", `{{ range .Endpoints }}{{ range until 1000 }}{{ end }}{{ end }}`))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	w := &cancelling{cancel: cancel}
	big := typeWith("y.txt", `{{ range .Endpoints }}{{ . }}{{ range until 1000 }}{{ end }}{{ end }}`)
	stopped, err := CompileType(big)
	require.NoError(t, err)
	require.ErrorIs(t, stopped.WriteDownload(ctx, w, manyEndpoints(2000), "y.txt"), context.Canceled)

	_, err = compiled.Render(ctx, shopData())
	require.ErrorIs(t, err, context.Canceled)
	var te *TemplateError
	require.NotErrorAs(t, err, &te, "a cancelled run is not the template's fault")
}

// cancelling ends the context at the first write.
type cancelling struct {
	bytes.Buffer
	cancel context.CancelFunc
}

func (c *cancelling) Write(p []byte) (int, error) {
	c.cancel()
	return c.Buffer.Write(p)
}
